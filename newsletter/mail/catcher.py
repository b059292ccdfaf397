"""The catcher: a real SMTP server of ours, on loopback only, that keeps every message in a maildir.

Nothing leaves the machine through it. It is strict where receivers are lax, so that what passes here passes elsewhere.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

from newsletter.kit.clock import Clock, utc_now
from newsletter.kit.errors import SettingsError
from newsletter.mail.conversation import DEFAULT_EXTENSIONS, Conversation
from newsletter.mail.maildir import Maildir
from newsletter.mail.route import is_loopback

MAX_CONNECTIONS = 200
"""More at once is a mistake of ours; each costs a thread."""
PATIENCE = 300.0
"""Seconds an idle client is kept (RFC 5321 §4.5.3.2.7)."""


class Catcher:
    """An SMTP server on loopback; ``start()`` it, send to ``port``, read the maildir, ``stop()`` it."""

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
        self._listener: socket.socket | None = None
        self._lines: dict[socket.socket, threading.Thread] = {}
        self._mutex = threading.Lock()
        self._doorkeeper: threading.Thread | None = None

    def start(self) -> Catcher:
        """Listen; ``port`` is the real one from here on. Raises ``SettingsError`` if the port is taken."""
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            listener = socket.create_server((self.host, self.port), family=family, backlog=128)
        except OSError as error:
            raise SettingsError(f"The mail catcher cannot listen on {self.host}:{self.port}: {error}.") from error
        self.maildir.create()
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._doorkeeper = threading.Thread(target=self._admit, args=(listener,), name="catcher", daemon=True)
        self._doorkeeper.start()
        return self

    def stop(self) -> None:
        """Close the door and every line; a message whose final dot has come is kept, others are not."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes the accept; close alone would not
        listener.close()
        if self._doorkeeper is not None:
            self._doorkeeper.join()
        with self._mutex:
            lines = dict(self._lines)
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RD)  # a reply on its way still leaves
        for thread in lines.values():
            thread.join()

    def __enter__(self) -> Catcher:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _admit(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with self._mutex:
                full = len(self._lines) >= MAX_CONNECTIONS
                if not full:
                    thread = threading.Thread(target=self._converse, args=(line,), name="catcher line", daemon=True)
                    self._lines[line] = thread
            if full:
                with line, suppress(OSError):
                    line.sendall(b"421 4.3.2 Too many connections\r\n")
            else:
                thread.start()

    def _converse(self, line: socket.socket) -> None:
        try:
            with line, suppress(OSError):
                line.settimeout(PATIENCE)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Conversation(line, self.maildir, clock=self._clock, extensions=self._extensions).run()
        finally:
            with self._mutex:
                self._lines.pop(line, None)
