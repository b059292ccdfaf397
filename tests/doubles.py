"""The one scripted seam: a Transport that answers as the test tells it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from newsletter.mail.envelope import Accepted, Deferred, Envelope, InDoubt, Outcome, TransportUnavailable

Line = Outcome | TransportUnavailable | Callable[[Envelope], Outcome]


class ScriptedTransport:
    """Answers each ``send`` with the next of *outcomes*, then with *then*; records every envelope. Thread safe.

    A ``TransportUnavailable`` in the script makes the next ``connect`` fail when its turn has come; a function is
    asked with the envelope. A 421, a lost line or an InDoubt ends the connection, as with a real server.
    """

    def __init__(self, *outcomes: Line, then: Line | None = None) -> None:
        self._mutex = threading.Lock()
        self._script = deque(outcomes)
        self._then = then if then is not None else Accepted("250 ok")
        self.envelopes: list[Envelope] = []
        self.connections = 0
        self.closed = 0

    @property
    def recipients(self) -> list[str]:
        """Every RCPT TO, in order, repeated ones too."""
        return [envelope.recipient for envelope in self.envelopes]

    def connect(self) -> ScriptedConnection:
        """Open a line, unless the script says that none can be had."""
        with self._mutex:
            if self._script and isinstance(self._script[0], TransportUnavailable):
                failure = self._script.popleft()
                assert isinstance(failure, TransportUnavailable)
                raise failure
            if not self._script and isinstance(self._then, TransportUnavailable):
                raise self._then
            self.connections += 1
        return ScriptedConnection(self)

    def next_outcome(self, envelope: Envelope) -> Outcome:
        """Record *envelope* and return its answer."""
        with self._mutex:
            self.envelopes.append(envelope)
            line = self._script.popleft() if self._script else self._then
        if isinstance(line, TransportUnavailable):
            return Deferred(421, str(line), "4.4.2", lost=True)
        return line(envelope) if callable(line) else line


class ScriptedConnection:
    """One line of a ``ScriptedTransport``."""

    def __init__(self, transport: ScriptedTransport) -> None:
        self._transport = transport
        self._open = True

    @property
    def usable(self) -> bool:
        """Whether another ``send`` can succeed."""
        return self._open

    def send(self, envelope: Envelope, *, then: Envelope | None = None) -> Outcome:
        """Return the next outcome of the script; it has no use for *then*."""
        if not self._open:
            return Deferred(421, "the connection is closed", "4.4.2", lost=True)
        outcome = self._transport.next_outcome(envelope)
        if isinstance(outcome, InDoubt) or (isinstance(outcome, Deferred) and outcome.code == 421):
            self._open = False
        return outcome

    def abort(self) -> None:
        """Break the line; what a function of the script does meanwhile is its own affair."""
        self._open = False

    def close(self) -> None:
        """Count the closing; never raises."""
        if self._open:
            self._transport.closed += 1
        self._open = False
