"""The errors of `deploy/`: what stands in the way of running servers, in plain words."""


class ServersError(Exception):
    """Servers cannot be had, started or stopped; the message names the thing, the place and the way out."""


class RefusedError(ServersError):
    """A server answers and will not have us, or we not it: waiting cures nothing. The message names the setting."""
