"""Replies of an SMTP server: parsed strictly, with their enhanced status code, and turned into outcomes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from newsletter.mail.envelope import Deferred, Refused

REPLY_LIMIT = 64 * 1024
"""Octets of one reply, all its lines; RFC 5321 §4.5.3.1.5 allows 512 a line, and no server needs a hundred of them."""
TEXT_LIMIT = 500
"""Characters kept of a reply; more is advertising."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply (RFC 5321 §4.2): its code, and its lines without code."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one, control characters out, shortened to what can be stored."""
        joined = " ".join(line for line in self.lines if line)
        if not joined.isprintable():
            joined = "".join(character if character.isprintable() else " " for character in joined)
        return joined[:TEXT_LIMIT].strip()

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), empty if there is none or its class contradicts the code (RFC 2034)."""
        found = _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()

    def failure(self) -> Deferred | Refused:
        """Return this 4xx or 5xx as an outcome."""
        if self.code >= 500:
            return Refused(self.code, self.text, self.enhanced)
        return Deferred(self.code, self.text, self.enhanced)


@lru_cache(maxsize=64)  # nearly all of a server's replies are one of three lines
def single_reply(line: bytes) -> Reply | None:
    """Return the reply that *line* is on its own, None if more lines follow; raise ``NotAReply``."""
    code, more, text = parse_line(line)
    return None if more else Reply(code, (text,))


class NotAReply(Exception):
    """What the server said is no SMTP reply; the message quotes it."""


def parse_line(line: bytes) -> tuple[int, bool, str]:
    """Return code, whether more lines follow, and text of one reply line; raise ``NotAReply``."""
    found = _LINE.fullmatch(line.rstrip(b"\r\n"))
    if found is None:
        raise NotAReply(f"the server said {line[:80].decode('ascii', 'backslashreplace').strip()!r}")
    return int(found[1]), found[2] == b"-", (found[3] or b"").decode("utf-8", "replace")
