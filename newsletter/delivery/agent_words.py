"""The words between a scribe and its delivery agents; tuples, since some are said for every few messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from newsletter.delivery.promise import Fill
from newsletter.delivery.trays import Trouble
from newsletter.mail.envelope import Outcome, Transport


class Serve(NamedTuple):
    """The first word to an agent: which server, over how many lines."""

    transport: Transport
    lines: int


class Learn(NamedTuple):
    """A compiled message, and the number by which it is called from now on."""

    number: int
    fill: Fill


class Forget(NamedTuple):
    """All compiled messages but those of deliveries in hand."""


class HandOver(NamedTuple):
    """Marked deliveries, each as the number of its message and the bare tuple of its promise."""

    marked: list[tuple[int, tuple[Any, ...]]]


class Withdraw(NamedTuple):
    """Give back whatever no lane has begun; the report that does so says that it was asked."""


class Close(NamedTuple):
    """Begin nothing more, and end when the last outcome is told."""


class GiveUp(NamedTuple):
    """Break the lines."""


class Report(NamedTuple):
    """All that an agent ever says."""

    done: Sequence[tuple[int, Outcome | str, datetime]]
    """Delivery, what became of it (of an accepted one the bare reply), and when."""
    back: list[int]
    """Deliveries that no lane has begun and none of this agent's will."""
    open_lanes: int
    trouble: Trouble | None
    asked: bool
    log: list[tuple[int, str]]
    """Level and words of what it would have written into the log."""
