"""When a sending begins, in which stages and by which mail server: the options of ``issue send``, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from newsletter.cli import output
from newsletter.kit.errors import BadInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from newsletter.delivery.wishes import Intent, Wishes
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

Segment = Annotated[str, typer.Option("--segment", help="Send to the readers of this segment alone.")]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", help="Leave the readers of this segment out; may be given several times."),
]


def wishes(
    *, at: str | None, hold: str, team: list[str] | None, share: str, stage_hold: str, missed: str | None,
    segment: str = "", without: list[str] | None = None,
) -> Wishes:  # fmt: skip
    """Read the options; raise ``BadInput`` naming the one that cannot be used."""
    from newsletter.delivery.stages import Staging, team_addresses
    from newsletter.delivery.wishes import Wishes
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
    return Wishes(at, span(hold), staging, missed, segment, tuple(without or []))


def waiting_for(here: Installation, session: Session, dispatch_id: int) -> str:
    """Say what the sending waits for by design, in the newsletter's time; empty if for nothing."""
    from newsletter.delivery import deeds, progress
    from newsletter.publications import Publication

    dispatch = progress.get(session, dispatch_id)
    now = here.clock()
    standing = deeds.waiting(session, dispatch, here.routes, now=now)
    if standing is None:
        return ""
    zone = ZoneInfo(session.get_one(Publication, dispatch.publication_id).profile.time_zone)
    when = "" if standing.until is None else _when(standing.until, zone)
    stop = f"`newsletter issue cancel {dispatch.issue_id}` until then reaches"
    route = here.routes.get(dispatch.route)
    limit = f"{route.daily_limit(now):,}" if route is not None and route.daily_limit(now) is not None else "all"
    words = {
        deeds.WaitsFor.TIME: f"It begins {when}; {stop} nobody.",
        deeds.WaitsFor.HOLD: f"It begins {when}; {stop} nobody.",
        deeds.WaitsFor.STAGE_HOLD: f"The first have got it. The rest goes {when}; {stop} no one else.",
        deeds.WaitsFor.WINDOW: f"The newsletter's send window opens {when}.",
        deeds.WaitsFor.REST: f"The mail server asks us to slow down; it is tried again {when}.",
        deeds.WaitsFor.DAILY_LIMIT: f"The route {dispatch.route} has had its {limit} mails of 24 hours; "
        "the rest goes as they pass.",
    }
    return f"{words[standing.reason]} It goes on by itself wherever `newsletter serve` or `worker` runs."


def lines_of(wished: Wishes, meant: Intent, *, now: datetime) -> Iterator[str]:
    """Say what is wished beyond sending to all at once, a line each."""
    zone = ZoneInfo(meant.profile.time_zone)
    if wished.segment:
        yield f"  Only      the segment {wished.segment}"
    if wished.without:
        yield f"  Without   the segment {', '.join(wished.without)}"
    if meant.begins_at > now:
        yield f"  Begins    {_when(meant.begins_at, zone)}"
    if wished.hold:
        yield f"  Hold      {wished.hold} before anything is sent"
    if wished.staging is not None:
        team, share = len(wished.staging.team), wished.staging.share
        first = [output.count(team, "colleague")] if team else []
        first += [f"about {share:g} % of the readers"] if share else []
        yield f"  Stages    {', then '.join(first)}, then after {wished.staging.hold} the rest"
    if meant.window_opens_at is not None:
        yield f"  Window    opens {_when(meant.window_opens_at, zone)}"


def finish_of(meant: Intent) -> str:
    """Say when the last mail will be handed over."""
    zone = ZoneInfo(meant.profile.time_zone)
    return f"about {meant.done_at.astimezone(zone):%A %H:%M} ({zone.key}), if every server takes its mail at once"


def show_routes(here: Installation, session: Session, dispatch_id: int, *, as_json: bool) -> None:
    """Print the mail servers of a sending: what each is given, may be given, and what became of it by destination."""
    from newsletter.delivery.route_report import route_accounts

    accounts = route_accounts(session, here.routes, dispatch_id, now=here.clock(), receivers=here.receivers)
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
            name,
            *(f"{states.get(state, 0):,}" for state in ("accepted", "planned", "refused")),
            one.slowed[name].in_words if name in one.slowed else "",
        )
        for one in accounts
        for name, states in one.destinations.items()
    ]
    if rows:
        output.say()
        output.table(("route", "destination", "accepted", "waiting", "refused", ""), rows)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%A %d %B %Y, %H:%M} ({zone.key})"


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
