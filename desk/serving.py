"""`wiredesk web`: the desk in a browser."""

from __future__ import annotations

import click

from desk.connect import located
from desk.failure import Exit, Failure


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
    from deploy.local import ports
    from desk.web import security
    from desk.web.app import serve
    from schemas.telemetry import configure

    settings = ctx.obj.settings
    if not security.is_loopback(settings.web_host) and settings.web_token is None:
        raise Failure(
            f"the desk would be open to everybody who reaches {settings.web_host}: web_host is not loopback, and there "
            "is no token",
            "set WIREDESK_WEB_TOKEN (or WIREDESK_WEB_TOKEN_FILE), or leave web_host at 127.0.0.1",
            Exit.USAGE,
        )
    here = located(ctx.obj)
    configure(here)
    port = ports.choose(here.web_port)[0]
    serve(here.model_copy(update={"web_port": port}), lambda text: click.echo(f"The desk is at {text}"))
