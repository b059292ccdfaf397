"""One client's conversation with the catcher: SMTP as RFC 5321 has it, with PIPELINING, strict about line ends."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from newsletter.kit.clock import Clock
from newsletter.kit.errors import BadInput
from newsletter.mail.address import wire_address
from newsletter.mail.maildir import Maildir

MESSAGE_LIMIT = 50 * 1024 * 1024
"""Octets; what the large providers take at most."""
RECIPIENT_LIMIT = 100
"""RFC 5321 §4.5.3.1.8 asks for at least that many."""
LINE_LIMIT = 2048
"""Octets of a command; 512 (§4.5.3.1.4) and room for what extensions add."""
DEFAULT_EXTENSIONS = ("PIPELINING", f"SIZE {MESSAGE_LIMIT}", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")

_RECEIVE = 256 * 1024
_PATH = re.compile(r"(FROM|TO):<([^<>]*)>((?: [A-Z0-9-]+(?:=[^ =]*)?)*)", re.IGNORECASE)
_END = b"\r\n.\r\n"


class LineClosed(Exception):
    """The client went away."""


class Conversation:
    """The state of one connection; ``run()`` returns when it ends."""

    def __init__(self, line: socket.socket, maildir: Maildir, *, clock: Clock, extensions: tuple[str, ...]) -> None:
        self._line = line
        self._maildir = maildir
        self._clock = clock
        self._extensions = extensions
        self._buffer = bytearray()
        self._answers: list[bytes] = []
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._verbs: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo, "HELO": self._helo, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "RSET": self._rset, "NOOP": self._noop, "VRFY": self._vrfy,
        }  # fmt: skip

    def run(self) -> None:
        """Greet, and obey until QUIT or the line closes."""
        self._answer("220 catcher.localhost ESMTP nothing leaves from here")
        try:
            while (command := self._command()) != "QUIT":
                self._obey(command)
        except LineClosed:
            return
        self._answer("221 2.0.0 Bye")
        self._flush()

    def _obey(self, command: str | None) -> None:
        if command is None:
            return
        verb, _, argument = command.partition(" ")
        act = self._verbs.get(verb.upper())
        if act is None:
            self._answer("500 5.5.2 Unknown command")
        else:
            act(argument.strip())

    # --- reading and writing ---

    def _command(self) -> str | None:
        """Return the next command line, None for one that was no command and has been answered."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LINE_LIMIT:
                self._answer("500 5.5.2 Line too long")
                self._flush()
                raise LineClosed
            self._receive()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line or len(line) > LINE_LIMIT:
            self._answer("500 5.5.2 A command is one line of at most 2048 octets that ends in CRLF")
            return None
        try:
            text = line[:-2].decode()
        except UnicodeDecodeError:
            self._answer("500 5.5.2 Not UTF-8")
            return None
        return "QUIT" if text.strip().upper() == "QUIT" else text

    def _receive(self) -> None:
        """Send what is owed (RFC 2920 §3.2: answers may wait while input does not) and wait for more."""
        self._flush()
        received = self._line.recv(_RECEIVE)
        if not received:
            raise LineClosed
        self._buffer += received

    def _answer(self, *lines: str) -> None:
        for index, line in enumerate(lines):
            more = index < len(lines) - 1
            self._answers.append(f"{line[:3]}{'-' if more else ' '}{line[4:]}\r\n".encode())

    def _flush(self) -> None:
        if self._answers:
            self._line.sendall(b"".join(self._answers))
            self._answers.clear()

    # --- verbs ---

    def _ehlo(self, argument: str) -> None:
        self._rset_state()
        self._greeted = bool(argument)
        if argument:
            self._answer("250 catcher.localhost", *(f"250 {name}" for name in self._extensions))
        else:
            self._answer("501 5.5.4 EHLO needs a name")

    def _helo(self, argument: str) -> None:
        self._rset_state()
        self._greeted = bool(argument)
        self._answer("250 catcher.localhost" if argument else "501 5.5.4 HELO needs a name")

    def _mail(self, argument: str) -> None:
        found = _PATH.fullmatch(argument)
        if not self._greeted:
            self._answer("503 5.5.1 Say EHLO first")
        elif self._sender is not None:
            self._answer("503 5.5.1 One sender at a time")
        elif found is None or found[1].upper() != "FROM":
            self._answer("501 5.5.4 MAIL FROM:<address>")
        elif (refusal := self._refusal(found[2], found[3].upper().split(), may_be_empty=True)) is not None:
            self._answer(refusal)
        else:
            self._sender = found[2]
            self._answer("250 2.1.0 Ok")

    def _rcpt(self, argument: str) -> None:
        found = _PATH.fullmatch(argument)
        if self._sender is None:
            self._answer("503 5.5.1 MAIL first")
        elif found is None or found[1].upper() != "TO":
            self._answer("501 5.5.4 RCPT TO:<address>")
        elif len(self._recipients) >= RECIPIENT_LIMIT:
            self._answer("452 4.5.3 Too many recipients")
        elif (refusal := self._refusal(found[2], found[3].upper().split(), may_be_empty=False)) is not None:
            self._answer(refusal)
        else:
            self._recipients.append(found[2])
            self._answer("250 2.1.5 Ok")

    def _refusal(self, address: str, parameters: list[str], *, may_be_empty: bool) -> str | None:
        names = {name.split()[0] for name in self._extensions}
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "SIZE" and value.isdigit() and int(value) > MESSAGE_LIMIT:
                return "552 5.3.4 Message too big"
            known = {"SIZE": "SIZE" in names, "BODY": "8BITMIME" in names, "SMTPUTF8": "SMTPUTF8" in names}
            if not known.get(name):
                return f"555 5.5.4 Unknown parameter {name}"
        if not address and may_be_empty:
            return None
        try:
            wire_address(address)
        except BadInput:
            return "553 5.1.3 No such form of address"
        return None

    def _data(self, argument: str) -> None:
        if argument:
            self._answer("501 5.5.4 DATA has no argument")
        elif self._sender is None:
            self._answer("503 5.5.1 MAIL first")
        elif not self._recipients:
            self._answer("554 5.5.1 No valid recipients")
        else:
            self._answer("354 End data with <CR><LF>.<CR><LF>")
            self._answer(self._keep(self._message()))
            self._rset_state()

    def _message(self) -> bytes | None:
        """Read up to the final dot and take the dot-stuffing out (RFC 5321 §4.5.2); None for one beyond the limit.

        Only CRLF.CRLF ends it, never a dot between bare line feeds: that is how one message is smuggled into another.
        """
        self._buffer[:0] = b"\r\n"  # so that a dot on the very first line is found by the same rule
        seen, too_big = 0, False
        while (end := self._buffer.find(_END, max(0, seen - len(_END)))) < 0:
            seen = len(self._buffer)
            if seen > MESSAGE_LIMIT:
                too_big = True
                del self._buffer[: -len(_END)]
                seen = 0
            self._receive()
        data = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_END)]
        return None if too_big else data.replace(b"\r\n.", b"\r\n")[2:]

    def _keep(self, data: bytes | None) -> str:
        if data is None:
            return "552 5.3.4 Message too big"
        if not data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n"):
            return "554 5.6.0 A bare CR or LF stands in the message"
        try:
            key = self._maildir.add(data, sender=self._sender or "", recipients=self._recipients, at=self._clock())
        except OSError as error:  # the disk is full
            return f"452 4.3.1 It cannot be kept: {error.strerror}"
        return f"250 2.0.0 Kept as {key}"

    def _rset(self, argument: str) -> None:
        self._rset_state()
        self._answer("250 2.0.0 Ok")

    def _rset_state(self) -> None:
        self._sender = None
        self._recipients = []

    def _noop(self, argument: str) -> None:
        self._answer("250 2.0.0 Ok")

    def _vrfy(self, argument: str) -> None:
        self._answer("252 2.1.5 Send it and see")
