"""``newsletter serve`` and ``newsletter worker``: the long-running processes."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer

from newsletter.cli import output
from newsletter.cli.installation import opened

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.", min=0, max=65535)]


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the readers' pages and the archive, and send whatever is due."""
    import uvicorn

    from newsletter.app import create_app

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with opened() as here:
        for warning in here.settings.warnings():
            output.say(f"! {warning}")
        output.say(f"The archive: http://{host}:{port}/")
        if here.outbox is not None:
            output.say(
                f"The outbox:  http://{host}:{port}/outbox  (no mail server is named; nothing leaves this machine)"
            )
        # Log lines of requests would hold the readers' tokens.
        uvicorn.run(
            create_app(here, alongside=here.working), host=host, port=port, access_log=False, log_level="warning"
        )


def worker() -> None:
    """Send whatever is due, without serving pages; ends cleanly on SIGTERM, with nothing in doubt."""

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    with opened() as here, here.working():
        output.say("Working; SIGTERM or Ctrl-C ends it when what is on the wire has ended.")
        asked_to_stop.wait()
