"""Two mail servers on loopback: one that misbehaves by script, and aiosmtpd as a receiver that is not ours."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DROP = "<drop>"
"""In a script: close the line without a word."""
STALL = "<stall>"
"""In a script: say nothing for as long as the client waits."""
TRICKLE = "<trickle>"
"""In a script: one octet every 50 ms, so that the line never falls silent and the reply never ends."""
RESET = "<reset>"
"""In a script: end the line with a TCP reset."""

DEFAULTS = {
    "GREETING": "220 scripted.test ESMTP",
    "HELO": "250 scripted.test",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 go on",
    "END": "250 2.0.0 queued",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass
class ScriptedSmtpServer:
    """A real SMTP server that answers by script and remembers what it was told.

    ``script`` maps a verb (GREETING, EHLO, MAIL, RCPT, DATA, END, RSET, AUTH, STARTTLS) to its answers in turn, then the
    usual one; an answer may hold several actions: ``["421 bye", DROP]``. ``body_limit`` drops the line after so many
    octets of a message, or with ``body_words`` says these first; ``STALL`` stops reading instead. DATA answered with anything but 354 reads no message, whatever the client sends.
    """

    script: dict[str, list[str | list[str]]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "ENHANCEDSTATUSCODES")
    tls_extensions: tuple[str, ...] | None = None
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    body_limit: int | None = None
    body_words: str = ""
    commands: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)
    messages: list[bytes] = field(default_factory=list)
    """Each with its dot-stuffing, up to and with its final dot."""
    connections: int = 0
    port: int = 0

    def __enter__(self) -> ScriptedSmtpServer:
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._admit, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for line in self._lines:
            line.close()

    def conversation(self, line: socket.socket, over: threading.Event) -> ScriptedLine:
        """Return what leads one client's conversation."""
        return ScriptedLine(self, line, over)

    def _admit(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            self._threads.append(thread)
            self._lines.append(line)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError, Dropped):
            if self.implicit_tls and self.tls is not None:
                line = self.tls.wrap_socket(line, server_side=True)
                self._lines.append(line)
            self.conversation(line, self._over).run()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()


class Dropped(Exception):
    """The script ended the line."""


class ScriptedLine:
    """One client's conversation."""

    def __init__(self, server: ScriptedSmtpServer, line: socket.socket, over: threading.Event) -> None:
        self.server = server
        self.line = line
        self.over = over
        self.buffer = b""
        self.extensions = server.extensions

    def run(self) -> None:
        self.say("GREETING")
        while True:
            command = self.until(b"\r\n").decode("utf-8").strip()
            self.server.commands.append(command)
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                lines = ["scripted.test", *self.extensions]
                usual = "".join(f"250{'-' if n < len(lines) - 1 else ' '}{word}\r\n" for n, word in enumerate(lines))
                self.say("EHLO", usual.removesuffix("\r\n"))
            elif verb == "STARTTLS":
                self.say("STARTTLS", "220 go on")
                assert self.server.tls is not None
                self.line = self.server.tls.wrap_socket(self.line, server_side=True)
                self.extensions = self.server.tls_extensions or self.extensions
                self.buffer = b""
                self.server._lines.append(self.line)
            elif verb == "DATA":
                if self.say("DATA").startswith("354"):
                    self.message()
            else:
                self.say(verb, "500 5.5.2 what?")
                if verb == "QUIT":
                    return

    def message(self) -> None:
        taken = b""
        limit = self.server.body_limit
        while not (taken.startswith(b".\r\n") or b"\r\n.\r\n" in taken):
            if limit is not None and len(taken) + len(self.buffer) > limit:
                if self.server.body_words == STALL:
                    self.over.wait(20)
                elif self.server.body_words:
                    self.line.sendall(self.server.body_words.encode() + b"\r\n")
                raise Dropped
            taken, self.buffer = taken + self.buffer, b""
            if not (taken.startswith(b".\r\n") or b"\r\n.\r\n" in taken):
                self.receive()
        end = 3 if taken.startswith(b".\r\n") else taken.index(b"\r\n.\r\n") + 5
        self.buffer = taken[end:]
        self.server.messages.append(taken[:end])
        self.say("END")

    def say(self, verb: str, usual: str = "") -> str:
        """Act as the script has it for *verb* and return what was said first."""
        answers = self.server.script.get(verb, [])
        answer = answers.pop(0) if answers else (DEFAULTS.get(verb) or usual)
        return self.act([answer] if isinstance(answer, str) else answer)

    def act(self, actions: list[str]) -> str:
        """Do one after the other, and return the first."""
        for action in actions:
            if action == STALL:
                self.over.wait(20)
                raise Dropped
            if action == TRICKLE:
                while not self.over.wait(0.05):
                    self.line.sendall(b"2")
                raise Dropped
            if action == RESET:
                self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                raise Dropped
            if action == DROP:
                raise Dropped
            self.line.sendall(action.encode() + b"\r\n")
        return actions[0]

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.receive()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    def receive(self) -> None:
        received = self.line.recv(65536)
        if not received:
            raise Dropped
        self.server.octets += received
        self.buffer += received


# --- a receiver that is not ours ---


@dataclass(frozen=True)
class Received:
    """A message as aiosmtpd took it."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


class Receiver:
    """Keeps what aiosmtpd hands it."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 taken"


@contextmanager
def receiver(**options: object) -> Iterator[Receiver]:
    """Run aiosmtpd on loopback for the block; *options* go to its server."""
    handler = Receiver()
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port(), **options)  # type: ignore[arg-type]
    controller.start()
    try:
        handler.port = controller.port
        yield handler
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Wait until *condition* holds; fail after *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def make_certificate(folder: Path, *, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """Write a self-signed certificate for *name* and 127.0.0.1; return its file and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return path, context
