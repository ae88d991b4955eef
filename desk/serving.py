"""`wiredesk web`: the desk in a browser."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from desk.connect import located
from desk.failure import Exit, Failure

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings


@click.command()
@click.pass_context
def web(ctx: click.Context) -> None:
    """Serve the desk's pages and API: search, articles, sources, stream, dead letters.

    \b
    Examples:
      wiredesk web
      WIREDESK_WEB_HOST=0.0.0.0 WIREDESK_WEB_TOKEN_FILE=token wiredesk web

    At another address than loopback a token is needed, and asked of everybody.
    """
    permit(ctx.obj.settings)
    here = placed(located(ctx.obj))
    from desk.web.app import serve
    from schemas.telemetry import configure

    configure(here)
    serve(here, lambda: click.echo(f"The desk is at {address(here)}"))


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def permit(settings: Settings) -> None:
    """Lets the desk be served at the settings' address.

    Raises:
        Failure: others would reach it, and there is no token to ask them for.
    """
    if is_loopback(settings.web_host) or settings.web_token:
        return
    raise Failure(
        f"the desk would be open to everybody who reaches {settings.web_host}: that is no loopback address, and there "
        "is no token",
        "set WIREDESK_WEB_TOKEN (or WIREDESK_WEB_TOKEN_FILE), or leave WIREDESK_WEB_HOST at 127.0.0.1",
        Exit.USAGE,
    )


def placed(settings: Settings) -> Settings:
    """Settings with a port that is free: the wanted one where it is."""
    from deploy.local import ports

    return settings.model_copy(update={"web_port": ports.choose(settings.web_port)[0]})


def address(settings: Settings) -> str:
    """The address of the desk, as it is typed into a browser."""
    host = settings.web_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}/"
