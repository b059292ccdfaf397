"""Planning: writing down a sending once, then a delivery for every recipient, in batches that survive a kill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from newsletter.delivery import (
    audience,
    maillog,
    named_recipients,
    progress,
    schedules,
    stages,
    tallies,
)
from newsletter.delivery.models import Dispatch
from newsletter.delivery.named_recipients import COLUMNS
from newsletter.delivery.progress import DELIVERIES
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, Variant
from newsletter.issues import versions
from newsletter.issues.models import Approval, Issue, IssueState
from newsletter.kit.audit import record
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database, announce_work, insert_for
from newsletter.kit.errors import BadInput
from newsletter.kit.sentences import N_
from newsletter.mail.address import address_key
from newsletter.notices import Notice
from newsletter.publications import Profile, Publication

VOIDED = "The issue was edited after its sign-off; sign it off again and send it again."
PLANNING_BATCH = 50_000
"""Readers written down per transaction: half a second on SQLite, so that no other writer waits longer."""
NOTICE_BATCH = 200
_STARTING = ["dispatch_id", "stage", "state", "attempts", "uncertain", "not_before", "owner", "enhanced", "reply"]

RoutesOf = Callable[[Profile], Sequence[str]]
"""Names the routes for a publication's notices, the first to begin with."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent; two orders of one *key* are one sending."""

    key: str
    kind: DispatchKind
    publication_id: int
    route: str
    created_by: str
    scheduled_for: datetime
    issue_id: int | None = None
    approval_id: int | None = None
    revision_id: int | None = None
    notice_id: int | None = None
    hold: timedelta = timedelta(0)
    """Time before planning in which it can still be stopped and reach nobody."""
    staging: Staging | None = None
    fallbacks: tuple[str, ...] = ()
    """Routes to go on with when *route* does not work, in this order."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def all_options(self) -> dict[str, Any]:
        """What is kept as ``Dispatch.options``."""
        more: dict[str, Any] = {"hold": self.hold.total_seconds()} if self.hold else {}
        if self.staging is not None:
            more["staging"] = self.staging.to_options()
        if self.fallbacks:
            more["routes"] = [self.route, *self.fallbacks]
        return {**self.options, **more}


def start(session: Session, order: Order, *, now: datetime) -> Dispatch:
    """Write the sending down, or return the one that bears the key already, whoever wrote it."""
    added = session.scalar(
        insert_for(session)(Dispatch)
        .values(
            key=order.key, kind=order.kind, state=DispatchState.SCHEDULED, publication_id=order.publication_id,
            issue_id=order.issue_id, approval_id=order.approval_id, revision_id=order.revision_id,
            notice_id=order.notice_id, route=order.route, created_by=order.created_by, created_at=now,
            scheduled_for=order.scheduled_for, options=order.all_options, pause_reason="", planning_cursor=0,
            planned_count=0, last_stage=0 if order.staging is None else stages.REST,
        )
        .on_conflict_do_nothing()
        .returning(Dispatch.id)
    )  # fmt: skip
    dispatch = session.scalars(select(Dispatch).where(Dispatch.key == order.key)).one()
    if added is not None:
        if order.kind is not DispatchKind.NOTICE:  # whoever takes notices up goes on with them
            announce_work(session)
        maillog.started(dispatch.id, order.kind.value)
        subject = f"dispatch:{dispatch.id}"
        record(session, at=now, actor=order.created_by, deed="dispatch.start", subject=subject, key=order.key)
    return dispatch


def schedule_due(session: Session, *, now: datetime) -> list[int]:
    """Take every sending whose time has come a step on; return the ids of all that are to be planned."""
    schedules.begin_due(session, now=now)
    return list(session.scalars(select(Dispatch.id).where(Dispatch.state == DispatchState.PLANNING)))


def plan(
    database: Database,
    dispatch_id: int,
    *,
    clock: Clock,
    batch: int = PLANNING_BATCH,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Write down a delivery for every recipient and let the sending run; return how many there are.

    Each *batch* is a transaction with its cursor: planning again after a kill goes on behind it and changes nothing
    that stands. Planning from two machines at once is planning once. Once *stopping* the rest waits for the next time.
    """
    while not stopping():
        with database.write() as session:
            dispatch = _locked(session, dispatch_id)
            if dispatch is None:
                break
            if _sign_off_is_void(session, dispatch):
                progress.move(session, dispatch_id, DispatchState.PAUSED, now=clock(), reason=VOIDED)
                break
            if dispatch.kind is DispatchKind.TEST:
                written = named_recipients.plan_addresses(session, dispatch, now=clock())
                more = False
            else:
                try:
                    written, cursor = _plan_readers(session, dispatch, now=clock(), batch=batch)
                except BadInput as error:  # a segment whose tag or field has been removed: rather nobody than too many
                    progress.move(session, dispatch_id, DispatchState.PAUSED, now=clock(), reason=str(error))
                    break
                more = cursor is not None
                dispatch.planning_cursor = cursor or dispatch.planning_cursor
            dispatch.planned_count += written
            session.flush()
        if not more:
            _begin(database, dispatch_id, clock=clock)
            break
    with database.read() as session:
        return session.scalar(select(Dispatch.planned_count).where(Dispatch.id == dispatch_id)) or 0


def _begin(database: Database, dispatch_id: int, *, clock: Clock) -> None:
    """Let a sending run whose deliveries are all written down; its largest domains are counted with no lock held."""
    with database.read() as session:
        domains = tallies.largest_domains(session, dispatch_id)
    with database.write() as session:
        dispatch = _locked(session, dispatch_id)
        if dispatch is None or _sign_off_is_void(session, dispatch):
            return  # another machine was faster; or whoever plans next pauses it
        maillog.planned(dispatch_id, dispatch.planned_count)
        if dispatch.kind is not DispatchKind.TEST:
            dispatch.options = {**dispatch.options, tallies.OPTION: domains}
            session.flush()
        if dispatch.kind in schedules.WINDOWED:
            profile = session.get_one(Publication, dispatch.publication_id).profile
            schedules.write_window(session, dispatch_id, profile, now=clock())
        progress.move(session, dispatch_id, DispatchState.RUNNING, now=clock())
        _publish(session, dispatch, now=clock())


def take_up_notices(session: Session, *, routes_of: RoutesOf, now: datetime, batch: int = NOTICE_BATCH) -> int:
    """Turn notices that wait into sendings of one; return how many were taken up."""
    waiting = session.scalars(
        select(Notice)
        .where(Notice.dispatch_id.is_(None))
        .order_by(Notice.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
    ).all()
    for notice in waiting:
        profile = session.get_one(Publication, notice.publication_id).profile
        route, *fallbacks = routes_of(profile)
        order = Order(
            key=f"notice:{notice.id}", kind=DispatchKind.NOTICE, publication_id=notice.publication_id, route=route,
            created_by="", scheduled_for=now, notice_id=notice.id, fallbacks=tuple(fallbacks),
        )  # fmt: skip
        dispatch = start(session, order, now=now)
        notice.dispatch_id = dispatch.id
        if dispatch.state is not DispatchState.SCHEDULED:
            continue
        progress.move(session, dispatch.id, DispatchState.PLANNING, now=now)
        try:
            row = named_recipients.recipient(notice.address, variant=Variant.NOTICE, language=notice.language)
        except BadInput as error:
            progress.move(session, dispatch.id, DispatchState.CANCELLED, now=now, reason=str(error))
            continue
        named_recipients.write(session, dispatch.id, [{**row, "subscriber_id": notice.subscriber_id}], now=now)
        dispatch.planned_count = 1
        session.flush()
        progress.move(session, dispatch.id, DispatchState.RUNNING, now=now)
    return len(waiting)


def checked_addresses(addresses: Sequence[str]) -> list[str]:
    """Return *addresses* without doubles; raise ``BadInput`` naming the first that is none, or if there are none."""
    by_key = {address_key(address): address for address in addresses}
    if not by_key:
        raise BadInput(N_("Name at least one address to send the test to."))
    return list(by_key.values())


def _locked(session: Session, dispatch_id: int) -> Dispatch | None:
    """Return the dispatch if it is still being planned, locked so that nobody else plans it meanwhile."""
    return session.scalars(
        select(Dispatch).where(Dispatch.id == dispatch_id, Dispatch.state == DispatchState.PLANNING).with_for_update()
    ).one_or_none()


def _sign_off_is_void(session: Session, dispatch: Dispatch) -> bool:
    """Tell whether the issue was edited after the sign-off that is to be sent, while nothing has gone out yet."""
    if dispatch.approval_id is None or dispatch.started_at is not None:
        return False
    return session.get_one(Approval, dispatch.approval_id).voided_at is not None


def _publish(session: Session, dispatch: Dispatch, *, now: datetime) -> None:
    """Note that the issue is out, with the same commit that lets the first mail go: its links must lead somewhere."""
    of_issue = dispatch.kind in {DispatchKind.ISSUE, DispatchKind.CORRECTION}
    if of_issue and dispatch.issue_id is not None and dispatch.approval_id is not None:
        issue = session.get_one(Issue, dispatch.issue_id)
        if issue.state is IssueState.APPROVED:
            versions.publish(session, issue, approval_id=dispatch.approval_id, by=dispatch.created_by, now=now)


def _plan_readers(session: Session, dispatch: Dispatch, *, now: datetime, batch: int) -> tuple[int, int | None]:
    """Write the next *batch* of readers down; return how many were new, and the new cursor, None at the end."""
    staging = stages.staging_of(dispatch.options)
    first: list[int] | None = dispatch.options.get("first")
    everybody = audience.of_dispatch(session, dispatch, now=now).subquery()
    team = 0
    if first is not None and dispatch.planning_cursor == 0:
        team = named_recipients.plan_colleagues(session, dispatch, first, now=now)
    if staging is not None and dispatch.planning_cursor == 0:
        team = named_recipients.plan_team(session, dispatch, staging.team, everybody, now=now)
    onward = (
        select(everybody.c.subscriber_id)
        .where(everybody.c.subscriber_id > dispatch.planning_cursor)
        .order_by(everybody.c.subscriber_id)
        .limit(batch)
        .subquery()
    )
    cursor = session.scalar(select(func.max(onward.c.subscriber_id)))
    if cursor is None:
        return team, None
    table = DELIVERIES
    rows = select(
        *[everybody.c[name] for name in COLUMNS],
        literal(dispatch.id), stages.stage_of(staging, everybody.c.subscriber_id),
        literal(DeliveryState.PLANNED, table.c.state.type), literal(0), literal(0),
        literal(now, table.c.not_before.type), literal(""), literal(""), literal(""),
    ).where(everybody.c.subscriber_id > dispatch.planning_cursor, everybody.c.subscriber_id <= cursor)  # fmt: skip
    written = session.execute(
        insert_for(session)(DELIVERIES)
        .from_select(
            [*COLUMNS, *_STARTING],
            rows,
            include_defaults=False,
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )  # fmt: skip
    return team + progress.changed(written), int(cursor)
