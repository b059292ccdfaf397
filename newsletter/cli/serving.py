"""``newsletter serve`` and ``newsletter worker``: the long-running processes."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import output, signals
from newsletter.cli.installation import opened
from newsletter.kit.errors import SettingsError

if TYPE_CHECKING:
    from newsletter.worker import Installation

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535)]

GOODBYE = 5
"""Seconds that open requests may take when the service ends."""


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the desk, the readers' pages and the archive, and send whatever is due."""
    _log_to_standard_error()
    with opened() as here, listening(host, port) as door:
        for warning in here.settings.warnings():
            output.say(f"! {warning}")
        place = f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"
        output.say(f"The archive: {place}/")
        output.say(f"The desk:    {place}/desk/")
        say_first_link(here, place)
        if here.outbox is not None:
            output.say(f"The outbox:  {place}/outbox  (no mail server is named; nothing leaves this machine)")
        answer(here, door)


def say_first_link(here: Installation, place: str) -> None:
    """Print the link of the first administrator, as long as nobody works at the desk.

    Whoever tries the desk out on this machine is led to *place*, where it listens, whatever port the public URL names.
    """
    from urllib.parse import urlsplit

    from newsletter.cli.user import first_path
    from newsletter.mail.route import is_loopback

    path = first_path(here)
    if path is not None:
        public = here.settings.public_url
        base = place + here.settings.public_path if is_loopback(urlsplit(public).hostname or "") else public
        output.say("Nobody works at the desk yet. The first administrator comes in by this link, once, within a day:")
        output.say(f"  {base}{path}")


def worker() -> None:
    """Send whatever is due, without serving pages; on PostgreSQL as one of any number of workers, on any machines.

    Ends cleanly on SIGTERM, with nothing in doubt.
    """
    _log_to_standard_error()
    with signals.noted() as asked_to_stop, opened() as here, here.working():
        output.say("Working; SIGTERM or Ctrl-C ends it when what is on the wire has ended.")
        while not asked_to_stop():
            time.sleep(signals.LOOK_UP)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise ``SettingsError`` if the place is taken or not on this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python adds to the system's words what it tried; a host name that is not found has no errno of the system's.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise SettingsError(
            f"Nobody can listen on {host}, port {port}: {why}; choose another with --host or --port."
        ) from error


def answer(here: Installation, door: socket.socket) -> None:
    """Answer requests that come through *door*, and send what is due, until Ctrl-C or SIGTERM."""
    import uvicorn

    from newsletter.app import create_app
    from newsletter.rendering.warming import warm_up

    config = uvicorn.Config(
        create_app(here), timeout_graceful_shutdown=GOODBYE, log_level="warning",
        access_log=False,  # lines of requests would hold the readers' tokens
    )  # fmt: skip
    server = uvicorn.Server(config)
    threading.Thread(target=warm_up, name="warm-up").start()  # the first preview comes as fast as the next
    # uvicorn ends as the signal would have ended it; noted, it comes back here and the sending drains.
    with signals.noted(), here.working(), suppress(KeyboardInterrupt):
        server.run(sockets=[door])
    if not server.started:  # why is in the log
        raise typer.Exit(1)


def _log_to_standard_error() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
