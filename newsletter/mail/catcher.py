"""The catcher: a real SMTP server of ours, on loopback only, that keeps every message in a maildir.

Nothing leaves the machine through it. It is strict where receivers are lax, so that what passes here passes elsewhere.
One thread serves all lines: with a thread for each, handing the interpreter round costs more than the mail.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.kit.clock import Clock, utc_now
from newsletter.kit.errors import SettingsError
from newsletter.mail.conversation import DEFAULT_EXTENSIONS, Conversation
from newsletter.mail.maildir import Maildir
from newsletter.mail.route import is_loopback

MAX_CONNECTIONS = 200
"""More at once is a mistake of ours."""
PATIENCE = 300.0
"""Seconds an idle client is kept (RFC 5321 §4.5.3.2.7)."""
_RECEIVE = 256 * 1024
_SWEEP = 5.0


@dataclass(slots=True, eq=False)
class _Line:
    """One client: its socket, its conversation, the octets it has not taken yet, when it last spoke."""

    socket: socket.socket
    conversation: Conversation
    heard: float
    owed: bytearray = field(default_factory=bytearray)


class Catcher:
    """An SMTP server on loopback; ``start()`` it, send to ``port``, read ``maildir``, ``stop()`` it."""

    def __init__(
        self,
        maildir: Path | Maildir,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Clock = utc_now,
        extensions: tuple[str, ...] = DEFAULT_EXTENSIONS,
    ) -> None:
        """Prepare to listen on *host*:*port* (0: any free one); raise ``SettingsError`` if *host* is not loopback."""
        if not is_loopback(host):
            raise SettingsError(f"The mail catcher listens on this machine alone; {host} can be reached from others.")
        self.maildir = maildir if isinstance(maildir, Maildir) else Maildir(maildir)
        self.host = host
        self.port = port
        self._clock = clock
        self._extensions = extensions
        self._lines: set[_Line] = set()
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None

    def start(self) -> Catcher:
        """Listen; ``port`` is the real one from here on. Raises ``SettingsError`` if the port is taken."""
        self.maildir.create()
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            listener = socket.create_server((self.host, self.port), family=family, backlog=128)
        except OSError as error:
            raise SettingsError(
                f"The mail catcher cannot listen on {self.host}:{self.port}: {error.strerror}."
            ) from error
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._bell, ear = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(listener, ear), name="catcher", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the door and every line; a message whose final dot was read is kept, others are not."""
        if self._thread is None or self._bell is None:
            return
        self._bell.close()
        self._thread.join()
        self._thread = self._bell = None

    def __enter__(self) -> Catcher:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, listener: socket.socket, ear: socket.socket) -> None:
        with listener, ear, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(ear, selectors.EVENT_READ)
            while True:
                for key, events in selector.select(_SWEEP):
                    if key.fileobj is ear:  # it is closed at the other end: stop
                        for line in tuple(self._lines):
                            self._close(selector, line)
                        return
                    if key.fileobj is listener:
                        self._admit(selector, listener)
                    else:
                        self._attend(selector, key.data, events)
                self._sweep(selector)

    def _admit(self, selector: selectors.BaseSelector, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._lines) >= MAX_CONNECTIONS:
            with client, suppress(OSError):
                client.send(b"421 4.3.2 Too many connections\r\n")
            return
        conversation = Conversation(self.maildir, clock=self._clock, extensions=self._extensions)
        line = _Line(client, conversation, time.monotonic())
        self._lines.add(line)
        selector.register(client, selectors.EVENT_READ, line)
        self._say(selector, line, conversation.greeting())

    def _attend(self, selector: selectors.BaseSelector, line: _Line, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._say(selector, line, b"")
            return
        try:
            octets = line.socket.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._close(selector, line)
            return
        line.heard = time.monotonic()
        self._say(selector, line, line.conversation.hear(octets))

    def _say(self, selector: selectors.BaseSelector, line: _Line, answers: bytes) -> None:
        """Send what is owed and *answers*; what the client does not take now waits, and nothing is read meanwhile."""
        line.owed += answers
        try:
            if line.owed:
                del line.owed[: line.socket.send(line.owed)]
        except BlockingIOError:
            pass
        except OSError:
            self._close(selector, line)
            return
        if line.owed:
            selector.modify(line.socket, selectors.EVENT_WRITE, line)
        elif line.conversation.over:
            self._close(selector, line)
        elif selector.get_key(line.socket).events & selectors.EVENT_WRITE:
            selector.modify(line.socket, selectors.EVENT_READ, line)

    def _sweep(self, selector: selectors.BaseSelector) -> None:
        """Close the lines that have been silent for too long."""
        now = time.monotonic()
        for line in [line for line in self._lines if now - line.heard > PATIENCE]:
            with suppress(OSError):
                line.socket.send(b"421 4.4.2 Silent for too long\r\n")
            self._close(selector, line)

    def _close(self, selector: selectors.BaseSelector, line: _Line) -> None:
        if line in self._lines:
            self._lines.remove(line)
            selector.unregister(line.socket)
            line.socket.close()
