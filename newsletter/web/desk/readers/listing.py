"""The list of readers at the desk: searched, narrowed, a page at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from newsletter.delivery import narrowing
from newsletter.kit.catalogue import N_
from newsletter.web.auth import VisitorDep
from newsletter.web.desk.page import page
from newsletter.web.desk.readers.scope import ScopeDep
from newsletter.web.workplace import SessionDep, WorkplaceDep
from subscribers import searching, segment_list, segments
from subscribers.models import SubscriptionState
from subscribers.searching import Question

router = APIRouter()
STATES = {
    SubscriptionState.ACTIVE: (N_("Reads"), "good"),
    SubscriptionState.PAUSED: (N_("Paused"), "waits"),
    SubscriptionState.PENDING: (N_("Not confirmed"), "warn"),
    SubscriptionState.ENDED: (N_("Has left"), ""),
}
"""What each state is called on screens, and its colour."""


@router.get("")
def show(
    request: Request, visitor: VisitorDep, scope: ScopeDep, session: SessionDep,
    q: Annotated[str, Query(max_length=254)] = "",
    state: Annotated[str, Query(max_length=24)] = "",
    before: Annotated[int, Query(ge=0, le=2**62)] = 0,
    segment: Annotated[int, Query(ge=0, le=2**31)] = 0,
    *,
    place: WorkplaceDep,
) -> Response:  # fmt: skip
    """Show fifty readers, the newest first."""
    wanted = SubscriptionState(state) if state in set(SubscriptionState) and scope.publication else None
    chosen, within = None, None
    if segment and scope.publication is not None:
        chosen = segment_list.get(session, scope.publication.id, segment)
        where = narrowing.place(session, scope.publication.id, now=place.clock())
        within = segments.readers(session, where, segment_list.conditions_of(chosen))
    asked = Question(scope.publication_id, q.strip(), wanted, within, before)
    readers, onward = searching.search(session, asked)
    here = scope.publication_id
    return page(
        request, visitor, "desk/readers/list.html", publication=scope.publication, scope=scope, zone=scope.zone,
        asked=asked, readers=readers, onward=onward, states=STATES, segment=chosen,
        counts={} if here is None else searching.states(session, here),
        everybody=searching.everybody(session) if here is None else 0,
    )  # fmt: skip
