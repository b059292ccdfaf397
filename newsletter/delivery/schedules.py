"""Schedules: when a sending begins, what becomes of one whose time passed unseen, and the hours it may go in."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from newsletter.delivery import alarms, progress
from newsletter.delivery.models import Dispatch
from newsletter.delivery.stages import LATE
from newsletter.delivery.states import DispatchKind, DispatchState
from newsletter.issues.models import Issue
from newsletter.kit.audit import record
from newsletter.kit.database import announce_work
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.kit.sentences import N_, Sentence
from newsletter.kit.windows import Opening, next_opening
from newsletter.publications import Profile, Publication

WINDOWED = frozenset({DispatchKind.ISSUE, DispatchKind.CORRECTION, DispatchKind.DIGEST})
"""What keeps to a publication's send windows; tests and notices are waited for."""


def begin_due(session: Session, *, now: datetime) -> None:
    """Take every sending whose time has come a step on: into its cooling hold, to planning, or to ``missed``.

    Missed is one that was given a time and whose time is more than an hour past: nobody knows whether it is still
    wanted. One that somebody began on the spot was interrupted, and goes on.
    """
    waiting = session.scalars(
        select(Dispatch)
        .where(
            or_(
                (Dispatch.state == DispatchState.SCHEDULED) & (Dispatch.scheduled_for <= now),
                (Dispatch.state == DispatchState.COOLING) & (Dispatch.next_stage_at <= now),
            )
        )
        .order_by(Dispatch.id)
    ).all()
    for dispatch in waiting:
        embargo = _embargo_of(session, dispatch)
        if embargo is not None and now < embargo:
            continue
        cooling = dispatch.state is DispatchState.COOLING
        due = dispatch.next_stage_at if cooling and dispatch.next_stage_at else dispatch.scheduled_for
        due = due if embargo is None else max(due, embargo)
        hold = timedelta(seconds=dispatch.options.get("hold", 0))
        if now - due > LATE and (cooling or dispatch.scheduled_for > dispatch.created_at):
            reason = f"Its time was {due:%Y-%m-%d %H:%M} UTC; nothing ran then."
            alarms.miss(session, dispatch.id, reason=reason, now=now)
        elif not cooling and hold:
            _cool(session, dispatch.id, until=max(now, dispatch.scheduled_for) + hold, now=now)
        else:
            _plan(session, dispatch.id, now=now)


def _embargo_of(session: Session, dispatch: Dispatch) -> datetime | None:
    """Return when the embargo ends that keeps a sending to readers from beginning; tests are for the team."""
    if dispatch.issue_id is None or dispatch.kind not in WINDOWED:
        return None
    return session.get_one(Issue, dispatch.issue_id).embargo_until


def send_missed(session: Session, dispatch_id: int, *, by: str, now: datetime) -> None:
    """Begin a missed sending after all; raise ``Conflict`` if it is not missed."""
    _check(session, dispatch_id, DispatchState.MISSED)
    issue_id = progress.get(session, dispatch_id).issue_id
    if issue_id is not None:
        check_embargo(session.get_one(Issue, issue_id), at=now)
    _plan(session, dispatch_id, now=now)
    announce_work(session)
    record(session, at=now, actor=by, deed="dispatch.send_missed", subject=f"dispatch:{dispatch_id}")


def reschedule(session: Session, dispatch_id: int, *, at: datetime, by: str, now: datetime) -> None:
    """Give a sending that has not begun, or was missed, another time.

    Raises ``BadInput`` for a time that is past, ``DispatchRefused`` if an embargo stands beyond it, ``Conflict`` if the
    sending has begun.
    """
    check_time(at, now=now)
    dispatch = progress.get(session, dispatch_id)
    issue = session.get(Issue, dispatch.issue_id) if dispatch.issue_id else None
    if issue is not None:
        check_embargo(issue, at=at)
    moved = session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch_id, Dispatch.state.in_([DispatchState.SCHEDULED, DispatchState.MISSED]))
        .values(state=DispatchState.SCHEDULED, scheduled_for=at, pause_reason="")
        .execution_options(synchronize_session="fetch")
    )
    if not progress.changed(moved):
        state = progress.get(session, dispatch_id).state.said
        raise Conflict(Sentence(
            N_("The sending is %(state)s; only one that has not begun can get another time."), state=state
        ))  # fmt: skip
    announce_work(session)
    subject = f"dispatch:{dispatch_id}"
    record(session, at=now, actor=by, deed="dispatch.reschedule", subject=subject, scheduled_for=at.isoformat())


def check_time(at: datetime, *, now: datetime) -> None:
    """Raise ``BadInput`` if the time to send *at* is past."""
    if at < now:
        raise BadInput(Sentence(N_("%(when)s is past; name a time to come, or none to send at once."), when=at))


def check_embargo(issue: Issue, *, at: datetime) -> None:
    """Raise ``DispatchRefused`` if the issue's embargo stands beyond the time to send *at*."""
    if issue.embargo_until is not None and at < issue.embargo_until:
        raise DispatchRefused(Sentence(
            N_("The issue is under embargo until %(when)s; schedule it for then."), when=issue.embargo_until
        ))  # fmt: skip


def opening_of(profile: Profile, *, after: datetime) -> Opening | None:
    """Return the publication's send window that is open at *after* or opens next; None if it has none."""
    return next_opening(profile.send_windows, ZoneInfo(profile.time_zone), after=after)


def refresh_windows(session: Session, *, now: datetime) -> None:
    """Write down for every running sending the window that is open or opens next; claims keep to what stands there."""
    running = session.execute(
        select(Dispatch.id, Publication)
        .join(Publication, Publication.id == Dispatch.publication_id)
        .where(
            Dispatch.state == DispatchState.RUNNING,
            Dispatch.kind.in_(WINDOWED),
            or_(Dispatch.window_until.is_(None), Dispatch.window_until <= now),
        )
    ).all()
    for dispatch_id, publication in running:
        write_window(session, dispatch_id, publication.profile, now=now)


def write_window(session: Session, dispatch_id: int, profile: Profile, *, now: datetime) -> None:
    """Write down the window that is open at *now* or opens next, so that nothing is claimed outside of it."""
    opening = opening_of(profile, after=now)
    if opening is not None:
        session.execute(
            update(Dispatch)
            .where(Dispatch.id == dispatch_id)
            .values(window_from=opening.start, window_until=opening.end)
            .execution_options(synchronize_session="fetch")
        )


def _cool(session: Session, dispatch_id: int, *, until: datetime, now: datetime) -> None:
    if progress.move(session, dispatch_id, DispatchState.COOLING, now=now):
        _hold_ends(session, dispatch_id, until)


def _plan(session: Session, dispatch_id: int, *, now: datetime) -> None:
    if progress.move(session, dispatch_id, DispatchState.PLANNING, now=now):
        _hold_ends(session, dispatch_id, None)


def _hold_ends(session: Session, dispatch_id: int, at: datetime | None) -> None:
    session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch_id)
        .values(next_stage_at=at)
        .execution_options(synchronize_session="fetch")
    )


def _check(session: Session, dispatch_id: int, state: DispatchState) -> None:
    standing = progress.get(session, dispatch_id).state
    if standing is not state:
        raise Conflict(Sentence(
            N_("The sending is %(state)s, not %(other)s."), state=standing.said, other=state.said
        ))  # fmt: skip
