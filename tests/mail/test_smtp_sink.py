"""A second witness: Postfix's ``smtp-sink`` takes, refuses and drops what our client sends."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, Refused
from newsletter.mail.smtp import SmtpConnection, SmtpRoute, SmtpTimeouts, SmtpTransport
from tests.smtp_server import wait_for

pytestmark = pytest.mark.wire
BODY = b"From: a@example.org\r\nSubject: t\r\n\r\n.\r\n..\r\n" + (b"y" * 74 + b"\r\n") * 600

Sink = Callable[..., SmtpConnection]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Start a sink with the given options and connect to it."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "smtp-sink is missing; it comes with Debian's postfix"
    with ExitStack() as stack:

        def start(*options: str) -> SmtpConnection:
            port = free_port()
            command = [program, "-u", getpass.getuser(), *options, f"127.0.0.1:{port}", "128"]
            process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            wait_for(lambda: listens(port))
            route = SmtpRoute(
                "127.0.0.1", port, timeouts=SmtpTimeouts(final_dot=5, command=5), messages_per_connection=None
            )
            connection = SmtpTransport(route, helo_name="desk.test").connect()
            stack.callback(connection.close)
            return connection

        yield start


def send(connection: SmtpConnection, data: bytes = BODY) -> Outcome:
    return connection.send(Envelope("bounce@example.org", "b@example.net", data))


@pytest.mark.parametrize("options", [(), ("-p",), ("-e",)], ids=["pipelined", "one by one", "helo only"])
def test_it_takes_every_message_whole(sink: Sink, tmp_path: Path, options: tuple[str, ...]):
    """Dumped to files by the sink: as many as were sent, the body as it was."""
    connection = sink("-d", f"{tmp_path}/%M.", *options)
    for _ in range(20):
        assert isinstance(send(connection), Accepted)
    connection.close()
    wait_for(lambda: len(list(tmp_path.iterdir())) == 20)
    for dump in tmp_path.iterdir():
        assert (
            dump.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n").endswith(BODY.replace(b"\r\n", b"\n").rstrip(b"\n"))
        )


@pytest.mark.parametrize(
    ("options", "kind", "usable"),
    [
        (("-f", "RCPT"), Refused, True),
        (("-f", "MAIL"), Refused, True),
        (("-f", "DATA"), Refused, True),
        (("-f", "."), Refused, True),
        (("-r", "RCPT"), Deferred, True),
        (("-r", "DATA"), Deferred, True),
        (("-r", "."), Deferred, True),
        (("-q", "MAIL"), Deferred, False),
        (("-q", "RCPT"), Deferred, False),
        (("-q", "DATA"), Deferred, False),
        (("-q", "."), InDoubt, False),
        (("-Q", "MAIL"), Deferred, False),
        (("-Q", "DATA"), Deferred, False),
        (("-Q", "."), Deferred, False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_its_refusals_and_disconnects_are_told_apart(
    sink: Sink, options: tuple[str, ...], kind: type[Outcome], usable: bool
):
    """Refused, deferred, or in doubt only where the final dot has left."""
    connection = sink(*options)
    assert isinstance(send(connection), kind)
    assert connection.usable is usable
