"""Members: a membership system says who is one and until which day, with a key of the publication."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key
from newsletter.web.problems import PAGE_HEADERS, NoKey
from newsletter.web.readers.forms import json_of
from newsletter.web.readers.site import Site
from newsletter.web.workplace import TurnDep
from subscribers import membership
from subscribers.columns import clean_name, language_tag
from subscribers.membership import Member

MOST = 1_000
"""Members in one request: half a second of the one writer on SQLite."""


class MemberIn(BaseModel):
    """One member."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str, Field(max_length=16)] = ""
    valid_until: date | None = None
    """The last day of the membership; None: no end."""


class MembersIn(BaseModel):
    """Some of a publication's members; those who are not named stay as they are."""

    model_config = ConfigDict(extra="forbid")

    members: Annotated[list[MemberIn], Field(min_length=1, max_length=MOST)]


read_members = json_of(MembersIn, limit=MOST * 500)


def router(site: Site) -> APIRouter:
    """Return the routes of ``/api/members``."""
    routes = APIRouter()

    @routes.put("/api/members/{label}")
    def keep(
        label: str,
        authorization: Annotated[str, Header()] = "",
        given: MembersIn = Depends(read_members),
        turn: TurnDep = None,
    ) -> Response:
        scheme, _, key = authorization.partition(" ")
        with site.database.read() as session:
            opened = membership.publication_of(session, key.strip()) if scheme.lower() == "bearer" else None
        if opened is None or opened[0].label != label:
            raise NoKey
        publication, used = opened
        members, refused = _read(given)
        now = site.clock()
        with site.database.write() as session:
            fates = membership.keep(
                session, publication, members, keyring=site.keyring, source=f"api:{used.name}", now=now
            )
            subject = f"publication:{publication.id}"
            record(session, at=now, actor=f"key:{used.id}", deed="members.keep", subject=subject, **dict(fates))
        return JSONResponse({**dict(fates), "refused": refused}, headers=PAGE_HEADERS)

    return routes


def _read(given: MembersIn) -> tuple[list[Member], list[dict[str, object]]]:
    """Return who can be kept, and who cannot with the reason; of one address twice the last counts."""
    members: dict[str, Member] = {}
    refused: list[dict[str, object]] = []
    for place, one in enumerate(given.members):
        try:
            key = address_key(one.address)
        except BadInput as error:
            refused.append({"place": place, "reason": str(error)})
            continue
        members[key] = Member(one.address, key, clean_name(one.name), language_tag(one.language), one.valid_until)
    return list(members.values()), refused
