"""What a dispatcher is given: the line it sends through and the rules it obeys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.delivery.receivers import Receivers
from newsletter.delivery.settlement import OnDoubt, Settlement
from newsletter.mail.envelope import Transport

Recorded = Callable[[Sequence[Settlement]], None]
"""Told what has just been written down."""


@dataclass(frozen=True, slots=True)
class Line:
    """One route as the dispatcher needs it: the server, how many connections, how many messages a second."""

    name: str
    transport: Transport
    connections: int = 4
    pace: float | None = None
    receivers: Receivers = Receivers()


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator or a test decides."""

    on_doubt: OnDoubt
    commit_group: int
    dice: Callable[[], float]
