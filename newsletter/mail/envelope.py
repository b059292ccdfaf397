"""What goes to a mail server and what comes back: the frozen values between the dispatcher and the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Envelope:
    """One transaction: MAIL FROM, RCPT TO, and the complete message (RFC 5321 §3.3).

    ``data`` holds CRLF lines only and is *not* dot-stuffed; the transport does that (RFC 5321 §4.5.2).
    """

    sender: str
    recipient: str
    data: bytes
    shared: tuple[bytes, ...] = ()
    """Long stretches of ``data``, in order, that others of its sending have too: the transport looks at them once."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the message: 250 after the final dot. Accepted is not delivered."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now (4xx), or the connection was lost before the final dot: safe to send again later."""

    code: int
    reply: str
    enhanced: str = ""
    lost: bool = False
    """True where no server said so but the line broke: another line may be tried at once, within reason."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Never (5xx)."""

    code: int
    reply: str
    enhanced: str = ""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The connection was lost after the final dot left: the server may or may not have taken it (RFC 1047)."""

    reply: str


Outcome = Accepted | Deferred | Refused | InDoubt


class Connection(Protocol):
    """One open line to a mail server; used by one thread at a time."""

    @property
    def usable(self) -> bool:
        """Whether another ``send`` can succeed; False once the line is lost, was ended, or has carried its share."""

    def send(self, envelope: Envelope, *, then: Envelope | None = None) -> Outcome:
        """Run one transaction and return what became of it; network failures are outcomes, not exceptions.

        *Then* is what this line carries next: it may be proposed to the server in the same breath as the end of this
        one. While the line stays usable the next ``send`` must be of that very envelope.
        """

    def close(self) -> None:
        """Say QUIT if the line still stands; never raises."""

    def abort(self) -> None:
        """Break the line from another thread: a ``send`` under way ends at once, with what it knows; never raises."""


class Transport(Protocol):
    """Opens connections; the one seam that tests script."""

    def connect(self) -> Connection:
        """Open a line, or raise ``TransportUnavailable`` with what the server or the network said."""


class TransportUnavailable(Exception):
    """No line could be opened; the message holds what the server or the network said."""

    def __init__(self, message: str, *, permanent: bool = False, said: Deferred | None = None) -> None:
        super().__init__(message)
        self.said = said
        """The 4xx with which the server sent us away before anybody signed in; None where it was something else."""
        self.permanent = permanent
        """True where trying again is useless until a person mends it: bad credentials, TLS refused."""


Sign = Callable[[bytes], bytes]
"""Given a complete message, return the DKIM-Signature header line(s) to put before it."""
