"""``newsletter serve`` and ``newsletter worker``: the long-running processes."""

from __future__ import annotations

import logging
import time
from typing import Annotated

import typer

from newsletter.cli import output, signals

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.", min=0, max=65535)]

GOODBYE = 5
"""Seconds that open requests may take when the service ends."""


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the readers' pages and the archive, and send whatever is due."""
    import uvicorn

    from newsletter.app import create_app
    from newsletter.cli.installation import opened

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with opened() as here:
        for warning in here.settings.warnings():
            output.say(f"! {warning}")
        output.say(f"The archive: http://{host}:{port}/")
        if here.outbox is not None:
            output.say(
                f"The outbox:  http://{host}:{port}/outbox  (no mail server is named; nothing leaves this machine)"
            )
        # uvicorn ends as the signal would have ended it; noted, it comes back here and the sending drains.
        with signals.noted(), here.working():
            uvicorn.run(
                create_app(here), host=host, port=port, timeout_graceful_shutdown=GOODBYE, log_level="warning",
                access_log=False,  # lines of requests would hold the readers' tokens
            )  # fmt: skip


def worker() -> None:
    """Send whatever is due, without serving pages; on PostgreSQL as one of any number of workers, on any machines.

    Ends cleanly on SIGTERM, with nothing in doubt.
    """
    from newsletter.cli.installation import opened

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with opened() as here, signals.noted() as asked_to_stop, here.working():
        output.say("Working; SIGTERM or Ctrl-C ends it when what is on the wire has ended.")
        while not asked_to_stop():
            time.sleep(signals.LOOK_UP)
