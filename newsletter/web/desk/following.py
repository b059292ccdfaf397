"""Following a sending: how it stands, as it goes, and what can be done to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery import deeds, held, progress, schedules, snapshot
from newsletter.delivery.deeds import Deed
from newsletter.delivery.models import Dispatch
from newsletter.delivery.snapshot import Progress
from newsletter.delivery.states import FINAL_DISPATCH, DispatchState
from newsletter.issues.models import Issue
from newsletter.kit.catalogue import N_, Words
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused, NotFound
from newsletter.kit.local_time import moment
from newsletter.team.roles import Permission
from newsletter.web.auth import (
    NOTHING_HERE,
    VisitorDep,
    issue_numbered,
    needs,
    publication_called,
)  # fmt: skip
from newsletter.web.desk.issue_lists import names
from newsletter.web.desk.issue_page import AtIssueDep
from newsletter.web.desk.page import words_of
from newsletter.web.desk.sending_words import KINDS, STATES, WAITS
from newsletter.web.lookout import Key
from newsletter.web.workplace import Workplace, WorkplaceDep

router = APIRouter()
BETWEEN = 1.0
"""Seconds between two looks of a page."""
LONGEST = timedelta(minutes=10)
"""How long one connection lasts; the browser comes back by itself, and is asked again who it is."""
BY_HAND = N_("Paused by hand.")
SLOWEST = 0.05
"""Mails a second; below it there is no rate worth showing."""
RETRY = 2000
"""Milliseconds after which a browser comes back."""


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}", dependencies=[needs(Permission.REPORT)])
def sending(
    here: AtIssueDep,
    dispatch_id: int,
) -> Response:
    """Show how a sending stands; with scripts the page follows it by itself."""
    dispatch = dispatch_of(here.session, here.issue, dispatch_id)
    now = here.now
    _ = here.words
    waits = deeds.waiting(here.session, dispatch, here.place.routes, now=now)
    when = "" if waits is None or waits.until is None else _.lately(waits.until, now, here.publication.profile.zone)
    may_send = here.visitor.may(Permission.SEND, here.publication.id)
    return here.page(
        "desk/following.html", dispatch=dispatch,
        shown=shown(snapshot.snapshot(here.session, dispatch_id, now=now, receivers=here.place.receivers), _),
        states=STATES, kinds=KINDS, deeds=deeds.possible(dispatch) if may_send else frozenset(),
        waits=_(WAITS[waits.reason], when=when) if waits is not None else "", now=now,
        why_paused=_(dispatch.pause_reason), held=held.held(here.session, dispatch_id) if may_send else [],
        names=names(here.session, {dispatch.created_by}), ended=dispatch.state in FINAL_DISPATCH, may_send=may_send,
        cooling=dispatch.state in {DispatchState.SCHEDULED, DispatchState.COOLING},
    )  # fmt: skip


@router.get("/p/{label}/i/{number}/sendings/{dispatch_id}/events", dependencies=[needs(Permission.REPORT)])
async def events(
    request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str, number: int, dispatch_id: int
) -> Response:
    """Stream how a sending stands, once a second, as server-sent events (HTML Standard §9.2); asynchronous, as a stream
    needs no thread while it waits, and holds no session."""
    read = _reading(place, label, number, dispatch_id)
    first = await place.lookout.look((label, number, dispatch_id), read)
    _ = words_of(request, visitor)
    stream = _stream(place, (label, number, dispatch_id), read, first, _)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.post("/p/{label}/i/{number}/sendings/{dispatch_id}/{deed}", dependencies=[needs(Permission.SEND)])
def do(
    here: AtIssueDep,
    dispatch_id: int,
    deed: Deed,
    at: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Pause, resume, stop, move or begin a sending; what is not possible any more is said and changes nothing."""
    dispatch_of(here.session, here.issue, dispatch_id)
    _ = here.words
    path = f"{here.path}sendings/{dispatch_id}"
    try:
        said = _done(here.session, dispatch_id, deed, _, by=here.by, now=here.now, reason=reason.strip(),
                     at=moment(at, here.publication.profile.zone) if deed is Deed.RESCHEDULE else None)  # fmt: skip
    except (BadInput, Conflict, DispatchRefused) as error:
        return here.back_to(path, _.said(error.sentence, here.publication.profile.zone), kind="wrong")
    return here.back_to(path, said)


def _done(
    session: Session, dispatch_id: int, deed: Deed, _: Words, *, by: str, now: datetime, reason: str,
    at: datetime | None,
) -> str:  # fmt: skip
    """Do it, and return what to say of it; raises what the verbs raise."""
    match deed:
        case Deed.PAUSE:
            progress.pause(session, dispatch_id, reason=reason or BY_HAND, by=by, now=now)
            said = _("It is paused. What was being handed over has ended.")
        case Deed.RESUME:
            progress.resume(session, dispatch_id, by=by, now=now)
            said = _("It goes on.")
        case Deed.CANCEL:
            progress.cancel(session, dispatch_id, by=by, now=now)
            begun = progress.get(session, dispatch_id).started_at is not None
            said = (
                _("It is stopped. What has not gone out never will.")
                if begun
                else _("It is stopped, and reached nobody.")
            )
        case Deed.END_HOLD:
            deeds.end_hold(session, dispatch_id, by=by, now=now)
            said = _("It goes on without waiting.")
        case Deed.SEND_MISSED:
            schedules.send_missed(session, dispatch_id, by=by, now=now)
            said = _("It begins now.")
        case Deed.RESCHEDULE:
            assert at is not None
            schedules.reschedule(session, dispatch_id, at=at, by=by, now=now)
            said = _("It has another time now.")
        case Deed.SEND_AGAIN:
            number = held.send_again(session, dispatch_id, by=by, now=now)
            said = _.ngettext("One mail is sent again.", "%(count)s mails are sent again.", number)
        case Deed.LET_BE:
            number = held.let_be(session, dispatch_id, by=by, now=now)
            said = _.ngettext("One mail is let be.", "%(count)s mails are let be.", number)
    return said


def dispatch_of(session: Session, issue: Issue, dispatch_id: int) -> Dispatch:
    """Return a sending of this very issue; raise ``NotFound`` for another's."""
    found = session.scalar(select(Dispatch).where(Dispatch.id == dispatch_id, Dispatch.issue_id == issue.id))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def shown(seen: Progress, _: Words) -> dict[str, object]:
    """Return how a sending stands in the words and numbers of a language, for a page and for what follows it."""
    share = seen.ended / seen.planned if seen.planned else 0.0
    return {
        "state": seen.state.value,
        "state_word": _(STATES[seen.state][0]),
        "reason": seen.pause_reason,
        "planned": _.number(seen.planned),
        "max": seen.planned,
        "value": seen.ended,
        "percent": _.percent(share),
        "done": _("%(ended)s of %(planned)s mails", ended=_.number(seen.ended), planned=_.number(seen.planned)),
        "rate": _("%(number)s a second", number=_.number(round(seen.per_second, 1)))
        if seen.per_second >= SLOWEST
        else "",
        "left": _("about %(span)s left", span=_.span(seen.left)) if seen.left else "",
        "hold": _countdown(seen),
        "parts": {
            name: _.number(getattr(seen, name))
            for name in ("accepted", "deferred", "refused", "expired", "skipped", "cancelled", "held", "uncertain")
        }
        | {"waiting": _.number(seen.waiting + seen.in_hand)},
        "destinations": [
            [
                one.name or _("all others"),
                *("–" if number is None else _.number(number) for number in (one.planned, one.accepted)),
                _.number(one.deferred),
                _.number(one.refused),
                _("rests until %(time)s UTC", time=_.clock(one.resting_until)) if one.resting_until else "",
            ]
            for one in seen.destinations
        ],
    }


def _countdown(seen: Progress) -> str:
    """Return 9:42, minutes and seconds of the hold that stands, empty if none does."""
    if seen.next_stage_at is None or seen.next_stage_at <= seen.at or seen.state in FINAL_DISPATCH:
        return ""
    minutes, seconds = divmod(int((seen.next_stage_at - seen.at).total_seconds()), 60)
    return f"{minutes}:{seconds:02}"


def _reading(place: Workplace, label: str, number: int, dispatch_id: int) -> Callable[[], Progress]:
    """Return what looks at a sending of this very issue, in a short session of its own."""

    def read() -> Progress:
        with place.database.read() as session:
            publication_called(session, label)
            dispatch_of(session, issue_numbered(session, label, number), dispatch_id)
            return snapshot.snapshot(session, dispatch_id, now=place.clock(), receivers=place.receivers)

    return read


async def _stream(
    place: Workplace, key: Key, read: Callable[[], Progress], first: Progress, _: Words
) -> AsyncIterator[str]:
    """Yield an event for every change, a comment where there is none, and the last word when the sending has ended."""
    yield f"retry: {RETRY}\n\n"
    seen, before = first, ""
    for _turn in range(int(LONGEST.total_seconds() / BETWEEN)):
        data = json.dumps(shown(seen, _), ensure_ascii=False)
        yield f"event: progress\ndata: {data}\n\n" if data != before else ": still here\n\n"
        before = data
        if seen.state in FINAL_DISPATCH:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(BETWEEN)
        seen = await place.lookout.look(key, read)
