"""Tallies: each worker counts what it hands over, in the commit that records it, so that no page need count it.

Whatever is not accepted stands in small partial indexes and is counted there. Only sendings to readers are tallied;
they name their largest domains once they are planned. Tests and notices are small enough to be counted afresh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch, Tally
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.promise import Promise
from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DeliveryState
from newsletter.kit.statements import Statement

LARGEST = 20
"""Domains of a sending that are counted one by one; the rest together."""
OPTION = "domains"
"""Where ``Dispatch.options`` names them, each with how many deliveries are planned."""
MINUTE = timedelta(minutes=1)
_D = DELIVERIES.c
_T = Table(Tally.__tablename__, Tally.metadata)
_CHANGE = Statement(
    update(_T)
    .where(_T.c.dispatch_id == bindparam("of_dispatch"), _T.c.worker == bindparam("of_worker"))
    .values(
        {
            column: bindparam(f"now_{column.name}", type_=column.type)
            for column in (_T.c.accepted, _T.c.by_domain, _T.c.minute, _T.c.in_minute, _T.c.in_minute_before)
        }
    )
)
Said = tuple[Promise, Settlement]


def largest_domains(session: Session, dispatch_id: int) -> dict[str, int]:
    """Return the domains with most deliveries of the dispatch; reads all of them, so hold no lock meanwhile."""
    number = func.count()
    rows = session.execute(
        select(_D.domain, number)
        .where(_D.dispatch_id == dispatch_id)
        .group_by(_D.domain)
        .order_by(number.desc(), _D.domain)
        .limit(LARGEST)
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class _Count:
    """What one worker has handed over of one dispatch."""

    minute: datetime
    accepted: int = 0
    by_domain: Counter[str] = field(default_factory=Counter)
    in_minute: int = 0
    in_minute_before: int = 0


class Tallies:
    """The counts of one worker; used by one thread.

    Its rows hold absolute numbers, and only it writes them: to write again a commit whose answer was lost adds nothing.
    """

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._counts: dict[int, _Count] = {}
        self._pending: dict[int, _Count] = {}
        self._domains: dict[int, frozenset[str] | None] = {}

    def write(self, session: Session, said: Sequence[Said], *, recorded: int) -> None:
        """Count what was accepted of *said*, in the transaction that has *recorded* so many of it.

        If that is not all, the rows are asked which outcomes stand there. Call ``committed`` after the commit.
        """
        self._pending = {}
        accepted = [one for one in said if one[1].state is DeliveryState.ACCEPTED]
        if recorded != len(said):
            accepted = _recorded(session, accepted)
        by_dispatch: dict[int, list[tuple[str, datetime]]] = {}
        for promise, one in accepted:
            by_dispatch.setdefault(one.dispatch_id, []).append((promise.domain, one.at))
        for dispatch_id, handed_over in by_dispatch.items():
            domains = self._domains_of(session, dispatch_id)
            if domains is None:
                continue
            count = _more(self._counts.get(dispatch_id), handed_over, domains)
            self._pending[dispatch_id] = count
            _put(session, dispatch_id, self._worker, count)

    def committed(self) -> None:
        """Keep what was written."""
        self._counts.update(self._pending)
        self._pending = {}

    def _domains_of(self, session: Session, dispatch_id: int) -> frozenset[str] | None:
        if dispatch_id not in self._domains:
            options = session.scalar(select(Dispatch.options).where(Dispatch.id == dispatch_id)) or {}
            self._domains[dispatch_id] = frozenset(options[OPTION]) if OPTION in options else None
        return self._domains[dispatch_id]


def _more(count: _Count | None, handed_over: Sequence[tuple[str, datetime]], domains: frozenset[str]) -> _Count:
    minute = max(at for _, at in handed_over).replace(second=0, microsecond=0)
    count = count or _Count(minute)
    if minute > count.minute:
        before = count.in_minute if minute - count.minute == MINUTE else 0
        count = replace(count, minute=minute, in_minute=0, in_minute_before=before)
    named = Counter(domain for domain, _ in handed_over if domain in domains)
    return replace(
        count,
        accepted=count.accepted + len(handed_over),
        by_domain=count.by_domain + named,
        in_minute=count.in_minute + len(handed_over),
    )


def _put(session: Session, dispatch_id: int, worker: str, count: _Count) -> None:
    values = {
        "accepted": count.accepted, "by_domain": dict(count.by_domain), "minute": count.minute,
        "in_minute": count.in_minute, "in_minute_before": count.in_minute_before,
    }  # fmt: skip
    given = {f"now_{name}": value for name, value in values.items()}
    if not _CHANGE.change(session, [{**given, "of_dispatch": dispatch_id, "of_worker": worker}]):
        session.execute(insert(Tally).values(dispatch_id=dispatch_id, worker=worker, **values))


def _recorded(session: Session, accepted: Sequence[Said]) -> list[Said]:
    """Return those whose row bears this very outcome: the others were taken over by another worker."""
    rows = session.execute(
        select(_D.id, _D.ended_at).where(
            _D.id.in_([one.delivery_id for _, one in accepted]), _D.state == DeliveryState.ACCEPTED
        )
    )
    ended = {row.id: row.ended_at for row in rows.all()}
    return [(promise, one) for promise, one in accepted if ended.get(one.delivery_id) == one.at]
