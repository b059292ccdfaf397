"""Alarms: word to the team when a sending stops by itself, in the transaction that stops it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from newsletter import notices
from newsletter.delivery import destinations, failover, maillog, progress
from newsletter.delivery.line import UNREACHABLE
from newsletter.delivery.models import Dispatch
from newsletter.delivery.states import DispatchKind, DispatchState
from newsletter.delivery.trays import Trouble
from newsletter.mail.envelope import Deferred
from newsletter.publications import Publication

PURPOSE = "dispatch-paused"
NOTICE_WAIT = timedelta(minutes=5)
"""Notices are not paused for a server that is away, since nobody would resume each; they are tried again after this."""


def stop(session: Session, dispatch_id: int, *, reason: str, now: datetime) -> bool:
    """Pause the dispatch and write to the team why; tell whether it was still going on.

    Nobody is written to about a notice: word that it could not be sent would go the same way.
    """
    if not progress.move(session, dispatch_id, DispatchState.PAUSED, now=now, reason=reason):
        return False
    maillog.stopped_by_itself(dispatch_id, reason)
    dispatch = progress.get(session, dispatch_id)
    if dispatch.kind is not DispatchKind.NOTICE:
        verb = f"`newsletter issue resume {dispatch.issue_id}`" if dispatch.issue_id else "resuming it"
        onward = f"When that is mended, {verb} lets it go on where it stopped."
        words = f"{reason}\n\nNobody gets anything twice and nothing is lost. {onward}"
        _tell(session, dispatch, "has stopped", words, now=now)
    return True


def miss(session: Session, dispatch_id: int, *, reason: str, now: datetime) -> bool:
    """Note that the time of the dispatch has passed unseen and ask the team; tell whether it was waiting for it."""
    if not progress.move(session, dispatch_id, DispatchState.MISSED, now=now, reason=reason):
        return False
    dispatch = progress.get(session, dispatch_id)
    verb = f"newsletter issue send {dispatch.issue_id or ''}".strip()
    onward = (
        f"It waits for you: `{verb} --missed now` begins it, `--missed cancel` ends it, `--at` gives it another time."
    )
    _tell(session, dispatch, "has missed its time", f"{reason}\n\n{onward}", now=now)
    return True


def _tell(session: Session, dispatch: Dispatch, happened: str, words: str, *, now: datetime) -> None:
    """Write a notice to the team of the dispatch's publication."""
    profile = session.get_one(Publication, dispatch.publication_id).profile
    what = f"issue {dispatch.issue_id}" if dispatch.issue_id else f"sending {dispatch.id}"
    notices.write(
        session,
        publication_id=dispatch.publication_id,
        purpose=PURPOSE,
        address=profile.team,
        subject=f"{profile.name}: the sending of {what} {happened}",
        text=f"The sending of {what} ({dispatch.kind.value}, {dispatch.planned_count} mails planned) {happened}.\n\n"
        f"{words}\n",
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why dispatches cannot go on."""

    reason: str
    leaving: str = ""
    """The route at fault; empty if no other would help."""
    lasting: bool = True
    """False where it is only time to go elsewhere, for those that can."""
    rest: Deferred | None = None
    """With which words the route *leaving* asks for a rest."""


def unreachable(trouble: Trouble, *, route: str, now: datetime) -> Alarm:
    """Return what it means that no line to *route* can be had."""
    said = trouble.said
    if said is not None:
        return Alarm(f"The mail server asks us to slow down: {said.code} {said.reply}", route, lasting=False, rest=said)
    lasting = trouble.permanent or now - trouble.since >= UNREACHABLE
    return Alarm(f"The mail server cannot be reached: {trouble.message}", route, lasting)


def stop_or_postpone(session: Session, dispatches: Iterable[int], alarm: Alarm, *, now: datetime) -> None:
    """Let each of *dispatches* go on by another route or stop it; those of one notice are postponed instead.

    A route that asks for a rest gets it, and what has no other waits for its end.
    """
    if alarm.rest is not None:
        destinations.rest(session, alarm.leaving, alarm.rest, now=now)
    for dispatch_id in sorted(dispatches):
        reason = alarm.reason
        if alarm.leaving and failover.go_on(session, dispatch_id, leaving=alarm.leaving, reason=reason, now=now):
            continue
        if alarm.lasting and not progress.postpone_notice(session, dispatch_id, until=now + NOTICE_WAIT):
            stop(session, dispatch_id, reason=reason, now=now)
