"""When a sending begins, in which stages and by which mail server: the options of ``issue send``, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from newsletter.cli import output
from newsletter.kit.errors import BadInput, Conflict, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from newsletter.delivery.allowance import Choice
    from newsletter.delivery.models import Dispatch
    from newsletter.delivery.stages import Staging
    from newsletter.publications import Profile
    from newsletter.worker import Installation

At = Annotated[
    str | None,
    typer.Option(
        "--at", help='Begin then, on the newsletter\'s clocks: "2026-03-29 09:00". For one not begun: move it.'
    ),
]
Hold = Annotated[
    str, typer.Option("--hold", help="Wait so long before anything is sent, as 10m; cancel reaches nobody.")
]
Team = Annotated[
    list[str] | None,
    typer.Option("--team", help="Send to this address, or to those in this file, first; may be given several times."),
]
Share = Annotated[str, typer.Option("--share", help="Then to so many of the readers, as 5%.")]
StageHold = Annotated[
    str, typer.Option("--stage-hold", help="Then wait so long before the rest, as 30m (the default).")
]
Missed = Annotated[
    str | None, typer.Option("--missed", help="What becomes of a sending whose time was missed: now or cancel.")
]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options ask for; nothing is checked against the newsletter yet."""

    at: str | None = None
    hold: timedelta = timedelta(0)
    staging: Staging | None = None
    missed: str | None = None

    @property
    def plain(self) -> bool:
        """Whether nothing but sending is asked for."""
        return self == Wishes()

    def refuse_for_a_test(self) -> None:
        """Raise ``BadInput`` if anything is asked for: a test goes at once."""
        if not self.plain:
            raise BadInput("A test goes at once to all its addresses; --at, --hold, --team and --share are for issues.")

    def refuse_to_mend(self, issue_id: int) -> None:
        """Raise ``Conflict`` if the wish is about a sending that was missed, where there is none."""
        if self.missed is not None:
            raise Conflict(f"Issue {issue_id} has no sending that was missed; it has none at all.")

    def moment(self, zone: ZoneInfo, *, now: datetime) -> datetime:
        """Return when the sending is to begin; raise ``BadInput`` for a time that is none, or past."""
        from newsletter.delivery.schedules import check_time
        from newsletter.kit.local_time import moment

        if self.at is None:
            return now
        at = moment(self.at, zone)
        check_time(at, now=now)
        return at


def wishes(
    *, at: str | None, hold: str, team: list[str] | None, share: str, stage_hold: str, missed: str | None
) -> Wishes:
    """Read the options; raise ``BadInput`` naming the one that cannot be used."""
    from newsletter.delivery.stages import Staging, team_addresses
    from newsletter.kit.local_time import span

    if missed not in {None, "now", "cancel"}:
        raise BadInput(f"--missed {missed}: say now or cancel.")
    staging = None
    if team or share:
        staging = Staging(
            team_addresses(team or [], _lines_of), _percent(share) if share else 0.0, span(stage_hold or "30m")
        )
    elif stage_hold:
        raise BadInput("--stage-hold needs a --team or a --share that goes first.")
    return Wishes(at, span(hold), staging, missed)


def order(here: Installation, session: Session, issue_id: int, wished: Wishes, *, by: str) -> Dispatch:
    """Write the issue's sending down as *wished*; raise ``DispatchRefused`` if no route can finish it within a day."""
    from newsletter.delivery import orders
    from newsletter.issues import drafts

    now = here.clock()
    issue = drafts.get(session, issue_id)
    profile = drafts.publication_of(session, issue).profile
    at = wished.moment(ZoneInfo(profile.time_zone), now=now)
    messages = orders.readers_of(session, issue, route=here.route_name, now=now)
    choice = chosen_route(here, session, profile, messages=messages, at=at)
    return orders.send_issue(
        session, issue, keyring=here.settings.keyring, route=choice.route.name, fallbacks=choice.fallbacks, by=by,
        now=now, scheduled_for=at, hold=wished.hold, staging=wished.staging,
    )  # fmt: skip


def settle(here: Installation, issue_id: int, wished: Wishes, *, dispatch_id: int, by: str) -> None:
    """Do to a sending that was written down before what is wished.

    Raises ``Conflict`` where it needs another word, or cannot take this one any more.
    """
    from newsletter.delivery import progress, schedules
    from newsletter.delivery.states import DispatchState

    now = here.clock()
    with here.database.write() as session:
        dispatch = progress.get(session, dispatch_id)
        state = dispatch.state
        if wished.hold or wished.staging is not None:
            raise Conflict(
                f"Issue {issue_id} has a sending already ({state.value}); hold and stages were settled when it began."
            )
        if wished.missed == "cancel":
            if state is not DispatchState.MISSED:
                raise Conflict(f"The sending of issue {issue_id} is {state.value}, not missed.")
            progress.cancel(session, dispatch_id, by=by, now=now)
        elif wished.missed == "now":
            schedules.send_missed(session, dispatch_id, by=by, now=now)
        elif wished.at is not None:
            at = wished.moment(ZoneInfo(_profile(session, dispatch).time_zone), now=now)
            schedules.reschedule(session, dispatch_id, at=at, by=by, now=now)
        elif state is DispatchState.MISSED:
            raise Conflict(
                f"The sending of issue {issue_id} has missed its time. {dispatch.pause_reason}\n"
                f"`newsletter issue send {issue_id} --missed now` begins it, `--missed cancel` ends it, "
                "`--at` gives it another time."
            )


def chosen_route(here: Installation, session: Session, profile: Profile, *, messages: int, at: datetime) -> Choice:
    """Return the newsletter's first route that can finish the sending; raise ``DispatchRefused`` with the numbers."""
    from newsletter.delivery import allowance

    routes = here.routes.chosen(profile.routes)
    return allowance.choose(session, routes, messages=messages, at=at, now=here.clock())


def waiting_for(here: Installation, session: Session, dispatch_id: int) -> str:
    """Say what the sending waits for by design, in the newsletter's time; empty if for nothing."""
    from newsletter.delivery import progress
    from newsletter.delivery.states import DispatchState

    dispatch = progress.get(session, dispatch_id)
    zone = ZoneInfo(_profile(session, dispatch).time_zone)
    stop = f"`newsletter issue cancel {dispatch.issue_id}` until then reaches"
    held = dispatch.next_stage_at
    words = ""
    if dispatch.state is DispatchState.SCHEDULED:
        words = f"It begins {_when(dispatch.scheduled_for, zone)}; {stop} nobody."
    elif dispatch.state is DispatchState.COOLING and held is not None:
        words = f"It begins {_when(held, zone)}; {stop} nobody."
    elif dispatch.state is DispatchState.RUNNING and held is not None:
        words = f"The first have got it. The rest goes {_when(held, zone)}; {stop} no one else."
    elif dispatch.state is DispatchState.RUNNING:
        words = _closed(here, session, dispatch, zone)
    return f"{words} It goes on by itself wherever `newsletter serve` or `worker` runs." if words else ""


def _closed(here: Installation, session: Session, dispatch: Dispatch, zone: ZoneInfo) -> str:
    """Say that window or daily limit keep a running sending from going; empty if they do not."""
    from newsletter.delivery import allowance

    now, route = here.clock(), here.routes.get(dispatch.route)
    if dispatch.window_from is not None and dispatch.window_from > now:
        return f"The newsletter's send window opens {_when(dispatch.window_from, zone)}."
    limit = None if route is None else route.daily_limit(now)
    if limit is not None and allowance.used(session, dispatch.route, since=now - allowance.DAY) >= limit:
        return f"The route {dispatch.route} has had its {limit:,} mails of 24 hours; the rest goes as they pass."
    return ""


def lines_of(wished: Wishes, profile: Profile, at: datetime, *, now: datetime) -> Iterator[str]:
    """Say what is wished beyond sending to all at once, a line each."""
    from newsletter.delivery.schedules import opening_of

    zone = ZoneInfo(profile.time_zone)
    if at > now:
        yield f"  Begins    {_when(at, zone)}"
    if wished.hold:
        yield f"  Hold      {wished.hold} before anything is sent"
    if wished.staging is not None:
        team, share = len(wished.staging.team), wished.staging.share
        first = [output.count(team, "colleague")] if team else []
        first += [f"about {share:g} % of the readers"] if share else []
        yield f"  Stages    {', then '.join(first)}, then after {wished.staging.hold} the rest"
    opening = opening_of(profile, after=at + wished.hold)
    if opening is not None and opening.start > at + wished.hold:
        yield f"  Window    opens {_when(opening.start, zone)}"


def finish_of(
    here: Installation,
    session: Session,
    profile: Profile,
    choice: Choice,
    *,
    messages: int,
    wished: Wishes,
    at: datetime,
) -> str:
    """Say when the last mail will be handed over: pace, daily limit, holds and send windows considered."""
    from newsletter.delivery import allowance
    from newsletter.delivery.forecast import forecast
    from newsletter.kit.windows import worked_off

    route, zone = choice.route, ZoneInfo(profile.time_zone)
    start = at + wished.hold + (wished.staging.hold if wished.staging is not None else timedelta(0))
    seen = forecast(
        messages, pace=route.server.pace, connections=route.server.connections, now=start,
        daily_limit=route.daily_limit, used=allowance.used(session, route.name, since=start - allowance.DAY),
    )  # fmt: skip
    done = worked_off(seen.duration, profile.send_windows, zone, start=start)
    return f"about {done.astimezone(zone):%A %H:%M} ({zone.key}), if every server takes its mail at once"


def show_routes(here: Installation, session: Session, dispatch_id: int, *, as_json: bool) -> None:
    """Print the mail servers of a sending: what each is given, may be given, and what became of it by destination."""
    from newsletter.delivery.route_report import route_accounts

    accounts = route_accounts(session, here.routes, dispatch_id, now=here.clock())
    if as_json:
        output.say_json({"dispatch": dispatch_id, "routes": [one.to_json() for one in accounts]})
        return
    output.table(
        ("route", "server", "state", "pace", "last 24 h", "limit"),
        [(one.name, one.server, one.state, one.pace_in_words, f"{one.used:,}",
          "–" if one.daily_limit is None else f"{one.daily_limit:,}") for one in accounts],
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            domain,
            *(f"{states.get(state, 0):,}" for state in ("accepted", "planned", "refused")),
            one.slowed.get(domain, ""),
        )
        for one in accounts
        for domain, states in one.destinations.items()
    ]
    if rows:
        output.say()
        output.table(("route", "destination", "accepted", "waiting", "refused", ""), rows)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%A %d %B %Y, %H:%M} ({zone.key})"


def _profile(session: Session, dispatch: Dispatch) -> Profile:
    from newsletter.publications import Publication

    return session.get_one(Publication, dispatch.publication_id).profile


def _percent(text: str) -> float:
    try:
        return float(text.strip().removesuffix("%").strip())
    except ValueError as error:
        raise BadInput(f"--share {text}: write a part of the readers like 5%.") from error


def _lines_of(name: str) -> list[str]:
    try:
        return Path(name).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise NotFound(f"--team {name}: that is neither an address nor a file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--team {name} cannot be read as a list of addresses, one a line.") from error
