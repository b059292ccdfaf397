"""One client's conversation with the catcher: SMTP as RFC 5321 has it, with PIPELINING, strict about line ends."""

from __future__ import annotations

import re
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

_PATH = re.compile(r"(FROM|TO):<([^<>]*)>((?: [A-Z0-9-]+(?:=[^ =]*)?)*)", re.IGNORECASE)
_END = b"\r\n.\r\n"


class Conversation:
    """The state of one connection: octets go in by ``hear``, answers come out; it owns no socket and no thread."""

    def __init__(self, maildir: Maildir, *, clock: Clock, extensions: tuple[str, ...] = DEFAULT_EXTENSIONS) -> None:
        self.over = False
        """Whether the line is to be closed once the answers have left."""
        self._maildir = maildir
        self._clock = clock
        self._extensions = extensions
        self._buffer = bytearray()
        self._answers: list[bytes] = []
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._in_data = False
        self._searched = 0
        self._too_big = False
        self._verbs: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo, "HELO": self._helo, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "RSET": self._rset, "NOOP": self._noop, "VRFY": self._vrfy, "QUIT": self._quit,
        }  # fmt: skip

    def greeting(self) -> bytes:
        """Return what is said first."""
        return b"220 catcher.localhost ESMTP nothing leaves from here\r\n"

    def hear(self, octets: bytes) -> bytes:
        """Take *octets* and return the answers to every command that is complete, in one go (RFC 2920 §3.2)."""
        self._buffer += octets
        while not self.over and (self._take_message() if self._in_data else self._take_command()):
            pass
        answers = b"".join(self._answers)
        self._answers.clear()
        return answers

    def _take_command(self) -> bool:
        """Obey the next command line; False where there is none yet."""
        end = self._buffer.find(b"\n", 0, LINE_LIMIT + 1)
        if end < 0:
            if len(self._buffer) > LINE_LIMIT:
                self._answer("500 5.5.2 Line too long")
                self.over = True
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            self._answer("500 5.5.2 A command is one line that ends in CRLF")
            return True
        verb, _, argument = line[:-2].decode("utf-8", "replace").partition(" ")
        act = self._verbs.get(verb.upper())
        if act is None:
            self._answer("500 5.5.2 Unknown command")
        else:
            act(argument.strip())
        return True

    def _answer(self, *lines: str) -> None:
        last = len(lines) - 1
        for index, line in enumerate(lines):
            self._answers.append(f"{line[:3]}{' ' if index == last else '-'}{line[4:]}\r\n".encode())

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
            self._in_data, self._too_big, self._searched = True, False, 0
            self._buffer[:0] = b"\r\n"  # so that a dot on the very first line is found by the same rule

    def _take_message(self) -> bool:
        """Read up to the final dot and take the dot-stuffing out (RFC 5321 §4.5.2); False where it has not come yet.

        Only CRLF.CRLF ends it, never a dot between bare line feeds: that is how one message is smuggled into another.
        """
        end = self._buffer.find(_END, max(0, self._searched - len(_END)))
        if end < 0:
            if len(self._buffer) > MESSAGE_LIMIT:
                self._too_big = True
                del self._buffer[: -len(_END)]
            self._searched = len(self._buffer)
            return False
        data = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_END)]
        self._in_data = False
        self._answer("552 5.3.4 Message too big" if self._too_big else self._keep(data.replace(b"\r\n.", b"\r\n")[2:]))
        self._rset_state()
        return True

    def _keep(self, data: bytes) -> str:
        if len(data) > MESSAGE_LIMIT:
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

    def _quit(self, argument: str) -> None:
        self._answer("221 2.0.0 Bye")
        self.over = True
