"""The one error of `deploy/`: what stands in the way of running servers, in plain words."""


class ServersError(Exception):
    """Servers cannot be had, started or stopped; the message names the thing, the place and the way out."""
