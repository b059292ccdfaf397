"""A promise in hand: what a worker must know of one delivery to keep it, and how its message is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from newsletter.delivery.states import Variant
from newsletter.mail.envelope import Envelope


class Promise(NamedTuple):  # a tuple, since one is made for each delivery and sent from process to process
    """One delivery as claimed."""

    id: int
    dispatch_id: int
    subscriber_id: int | None
    address: str
    name: str
    variant: Variant
    language: str
    attempts: int
    """Failed attempts before this one."""
    first_attempt_at: datetime | None
    domain: str = ""
    """The recipient's domain as an A-label."""


Fill = Callable[[Promise, datetime], Envelope]
"""Makes one recipient's envelope, at the given moment; raises ``BadInput`` for a value no mail can carry."""


class Messages(Protocol):
    """Where compiled messages come from."""

    def prepare(self, dispatch_id: int, variant: Variant, language: str) -> Fill:
        """Compile the message of a dispatch for one variant and language; raises ``DeskError`` if it cannot be made."""
