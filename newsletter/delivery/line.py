"""What a dispatcher is given: the line it sends through and the rules it obeys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.delivery.receivers import Receivers
from newsletter.delivery.settlement import OnDoubt, Settlement
from newsletter.mail.envelope import Transport

CLAIM_BATCH = 128
"""Deliveries taken in hand at once where nothing limits the pace."""
IN_HAND_SECONDS = 2.0
"""Of a paced route so much is in hand: a confirmation mail waits no longer behind an issue."""
UNREACHABLE = timedelta(minutes=10)
"""After so long without an answer a sending is paused with what the network said, so that somebody hears of it."""
FAIL_OVER = timedelta(minutes=1)
"""After so long it goes on by the next route, where there is one."""
Recorded = Callable[[Sequence[Settlement]], None]
"""Told what has just been written down."""


def _without_limit(at: datetime) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Line:
    """One route as the dispatcher needs it: the server, how many connections, how many messages a second."""

    name: str
    transport: Transport
    connections: int = 4
    agents: int = 0
    """How many processes of their own keep the connections when there is much to do; 0: always threads."""
    pace: float | None = None
    receivers: Receivers = Receivers()
    daily_limit: Callable[[datetime], int | None] = _without_limit
    """How many messages it may be given in the 24 hours up to a moment."""
    patience: timedelta = UNREACHABLE
    """How long it may be away before its sendings go elsewhere or stop."""

    @property
    def claim_batch(self) -> int:
        """How many deliveries to take in hand at once, of each dispatch in turn."""
        if self.pace is None:
            return CLAIM_BATCH
        return max(2, self.connections, min(CLAIM_BATCH, math.ceil(self.pace * IN_HAND_SECONDS)))


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator or a test decides."""

    on_doubt: OnDoubt
    commit_group: int
    dice: Callable[[], float]
