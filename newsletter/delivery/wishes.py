"""Wishes: what a person may ask of an issue's sending, checked here for the desk and the command line alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from newsletter.delivery import allowance, narrowing, orders, progress, schedules
from newsletter.delivery.allowance import Choice
from newsletter.delivery.forecast import forecast
from newsletter.delivery.models import Dispatch
from newsletter.delivery.routes import Routes
from newsletter.delivery.schedules import check_time, opening_of
from newsletter.delivery.stages import Staging
from newsletter.delivery.states import DispatchState
from newsletter.issues import drafts, signoff
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.kit.local_time import moment
from newsletter.kit.sentences import N_, Sentence
from newsletter.kit.tokens import Keyring
from newsletter.kit.windows import worked_off
from newsletter.publications import Profile, Publication

NO_HOLD = timedelta(0)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; nothing is checked against the newsletter yet."""

    at: str | None = None
    """When to begin, on the newsletter's clocks: ``2026-03-29 09:00``; None begins at once."""
    hold: timedelta = NO_HOLD
    staging: Staging | None = None
    missed: str | None = None
    """What becomes of a sending whose time was missed: ``now`` or ``cancel``."""
    segment: str = ""
    """The name of the segment it goes to; empty: all readers."""
    without: tuple[str, ...] = ()
    """Names of segments that it does not go to."""

    @property
    def plain(self) -> bool:
        """Whether nothing but sending is asked for."""
        return self == Wishes()

    def refuse_for_a_test(self) -> None:
        """Raise ``BadInput`` if anything is asked for: a test goes at once."""
        if not self.plain:
            raise BadInput(
                "A test goes at once to all its addresses; --at, --hold, --team, --share, --segment and --without are "
                "for issues."
            )

    def refuse_to_mend(self, issue_id: int) -> None:
        """Raise ``Conflict`` if the wish is about a sending that was missed, where there is none."""
        if self.missed is not None:
            raise Conflict(f"Issue {issue_id} has no sending that was missed; it has none at all.")

    def moment(self, zone: ZoneInfo, *, now: datetime) -> datetime:
        """Return when the sending is to begin; raise ``BadInput`` for a time that is none, or past."""
        if self.at is None:
            return now
        at = moment(self.at, zone)
        check_time(at, now=now)
        return at


@dataclass(frozen=True, slots=True)
class Intent:
    """What a sending will mean, before anybody says yes."""

    readers: int
    publication_id: int
    profile: Profile
    subject: str
    approved_by: str
    approved_at: datetime
    choice: Choice
    """The route, and those it may go on by."""
    begins_at: datetime
    window_opens_at: datetime | None
    """When the send window opens, if it is not open when the sending begins."""
    done_at: datetime
    """When the last mail will be handed over if every server takes its mail at once."""


def intent(
    session: Session, issue_id: int, wished: Wishes, *, routes: Routes, keyring: Keyring, now: datetime
) -> Intent:
    """Say what sending the issue as *wished* will mean.

    Raises ``Conflict`` if it is not signed off, ``BadInput`` for a time that cannot be, ``DispatchRefused`` if the
    newsletter has no readers or no route can finish the sending within its limits.
    """
    issue = drafts.get(session, issue_id)
    approved = signoff.approved_editions(session, issue, keyring=keyring)
    profile = drafts.publication_of(session, issue).profile
    at = wished.moment(ZoneInfo(profile.time_zone), now=now)
    narrowed = narrowing.by_names(session, issue.publication_id, wished.segment, wished.without)
    readers = orders.readers_of(session, issue, route=routes.default.name, now=now, narrowed=narrowed)
    if not readers and narrowed:
        raise DispatchRefused("Nobody fits this choice of readers; look at the segment, or send it to all.")
    if not readers:
        raise DispatchRefused(
            Sentence(N_("%(newsletter)s has no readers yet."), newsletter=profile.name),
            hint="`newsletter subscribers import` brings some.",
        )
    choice = allowance.choose(session, routes.chosen(profile.routes), messages=readers, at=at, now=now)
    start = at + wished.hold
    opening = opening_of(profile, after=start)
    return Intent(
        readers=readers,
        publication_id=issue.publication_id,
        profile=profile,
        subject=approved.subject,
        approved_by=approved.approved_by,
        approved_at=approved.approved_at,
        choice=choice,
        begins_at=at,
        window_opens_at=opening.start if opening is not None and opening.start > start else None,
        done_at=_done_at(session, profile, choice, messages=readers, start=start, staging=wished.staging),
    )


def order(
    session: Session, issue_id: int, wished: Wishes, *, routes: Routes, keyring: Keyring, by: str, now: datetime
) -> Dispatch:
    """Write the issue's sending down as *wished*, or return the one that stands already; raise as ``intent``."""
    meant = intent(session, issue_id, wished, routes=routes, keyring=keyring, now=now)
    return orders.send_issue(
        session, drafts.get(session, issue_id), keyring=keyring, route=meant.choice.route.name,
        fallbacks=meant.choice.fallbacks, by=by, now=now, scheduled_for=meant.begins_at, hold=wished.hold,
        staging=wished.staging,
        narrowed=narrowing.by_names(session, meant.publication_id, wished.segment, wished.without),
    )  # fmt: skip


def settle(session: Session, dispatch_id: int, wished: Wishes, *, by: str, now: datetime) -> None:
    """Give a sending that stands already another time, or say what becomes of one that was missed.

    Raises ``Conflict`` where it needs another word, or cannot take this one any more, ``BadInput`` for a time past.
    """
    dispatch = progress.get(session, dispatch_id)
    state, what = dispatch.state, f"issue {dispatch.issue_id}"
    if wished.hold or wished.staging is not None or wished.segment or wished.without:
        raise Conflict(
            f"{what.capitalize()} has a sending already ({state.value}); hold, stages and whom it goes to were settled "
            "when it began."
        )
    if wished.missed == "cancel":
        if state is not DispatchState.MISSED:
            raise Conflict(f"The sending of {what} is {state.value}, not missed.")
        progress.cancel(session, dispatch_id, by=by, now=now)
    elif wished.missed == "now":
        schedules.send_missed(session, dispatch_id, by=by, now=now)
    elif wished.at is not None:
        profile = session.get_one(Publication, dispatch.publication_id).profile
        at = wished.moment(ZoneInfo(profile.time_zone), now=now)
        schedules.reschedule(session, dispatch_id, at=at, by=by, now=now)
    elif state is DispatchState.MISSED:
        raise Conflict(
            f"The sending of {what} has missed its time. {dispatch.pause_reason}\n"
            f"`newsletter issue send {dispatch.issue_id} --missed now` begins it, `--missed cancel` ends it, "
            "`--at` gives it another time."
        )


def _done_at(
    session: Session, profile: Profile, choice: Choice, *, messages: int, start: datetime, staging: Staging | None
) -> datetime:
    """Return when the last mail will be handed over: pace, daily limit, stages and send windows considered."""
    route = choice.route
    start += staging.hold if staging is not None else NO_HOLD
    seen = forecast(
        messages, pace=route.server.pace, connections=route.server.connections, now=start,
        daily_limit=route.daily_limit, used=allowance.used(session, route.name, since=start - allowance.DAY),
    )  # fmt: skip
    return worked_off(seen.duration, profile.send_windows, ZoneInfo(profile.time_zone), start=start)
