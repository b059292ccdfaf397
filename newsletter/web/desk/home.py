"""The desk's first page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter import publications
from newsletter.team.roles import Permission
from newsletter.web.auth import PublicationDep, VisitorDep, needs, signed_in
from newsletter.web.desk.page import page
from newsletter.web.workplace import SessionDep

router = APIRouter()


@router.get("/", dependencies=[signed_in])
def home(request: Request, visitor: VisitorDep, session: SessionDep) -> Response:
    """Show the newsletters that the visitor may see."""
    seen = [each for each in publications.every(session) if visitor.may(Permission.READ, each.id)]
    return page(request, visitor, "desk/home.html", publications=seen)


@router.get("/p/{label}/", dependencies=[needs(Permission.READ)])
def of_publication(request: Request, visitor: VisitorDep, publication: PublicationDep) -> Response:
    """Show one newsletter."""
    return page(request, visitor, "desk/publication.html", publication=publication)
