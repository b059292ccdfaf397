"""Theme samples: a look that is being chosen, judged by its contrasts and shown on an issue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from newsletter.issues import assets
from newsletter.issues.manuscript_files import receive
from newsletter.issues.models import Issue, Revision
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.kit.templating import PACKAGE
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.edition import Medium
from newsletter.rendering.palette import READABLE, contrast, readable
from newsletter.rendering.theme import Theme
from newsletter.team.roles import Permission
from newsletter.web.auth import needs, publication_called
from newsletter.web.desk.previews import preview
from newsletter.web.workplace import WorkplaceDep

router = APIRouter()
PAIRS = (
    (N_("Text on paper"), "ink", "paper"),
    (N_("Text in boxes"), "ink", "tint"),
    (N_("Quiet text on paper"), "muted", "paper"),
    (N_("Links on paper"), "accent", "paper"),
    (N_("Numbers and signals on paper"), "highlight", "paper"),
)
"""What stands on what; and white on the accent, which is the masthead."""
Colour = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two colours that must be told apart."""

    what: str
    colour: str
    ground: str
    ratio: float
    shown_as: str
    """What the editions use instead where it is too faint; the colour itself where it is not."""

    @property
    def is_enough(self) -> bool:
        """Whether it may stay as it is (WCAG 2.2, 1.4.3)."""
        return self.ratio >= READABLE


@dataclass(frozen=True, slots=True)
class Looks:
    """A look as chosen so far."""

    contrasts: tuple[Contrast, ...]
    query: str
    """For the addresses of the samples."""
    sentence: str = ""
    """Why it cannot be shown; empty if it can."""


def looks_of(values: Mapping[str, str]) -> Looks:
    """Return how the look in *values* (``theme.accent`` …) does; what is no theme yet says why."""
    chosen = {entry.removeprefix("theme."): value for entry, value in values.items() if entry.startswith("theme.")}
    try:
        theme = Theme(**chosen)
    except ValueError as error:
        return Looks((), "", str(error))
    pairs = [(what, getattr(theme, one), getattr(theme, ground)) for what, one, ground in PAIRS]
    pairs.append((N_("White on the masthead"), "#ffffff", theme.accent))
    contrasts = tuple(
        Contrast(what, colour, ground, contrast(colour, ground), readable(colour, ground))
        for what, colour, ground in pairs
    )
    return Looks(contrasts, urlencode(chosen))


@router.get("/p/{label}/look-sample/{medium}", dependencies=[needs(Permission.ADMINISTER)])
def sample(
    place: WorkplaceDep, label: str, medium: Medium, accent: Colour = "", highlight: Colour = "", ink: Colour = "",
    muted: Colour = "", tint: Colour = "", rule: Colour = "", paper: Colour = "", serif: Colour = "", sans: Colour = "",
) -> Response:  # fmt: skip
    """Show the newsletter's last issue, or an invented one, in a look that need not be saved yet."""
    chosen = {
        "accent": accent, "highlight": highlight, "ink": ink, "muted": muted, "tint": tint, "rule": rule,
        "paper": paper, "serif": serif, "sans": sans,
    }  # fmt: skip
    with place.database.read() as session:
        publication = publication_called(session, label)
        profile = publication.profile
        revision = session.scalar(
            select(Revision)
            .join(Issue, Issue.current_revision_id == Revision.id)
            .where(Issue.publication_id == publication.id)
            .order_by(Issue.number.desc())
            .limit(1)
        )
        document, pictures = (
            (revision.document, assets.load(session, revision.document)) if revision else invented_issue()
        )
        pictures = {**pictures, **assets.load(session, document, profile.theme.logo)}
    try:
        theme = replace(profile.theme, **{name: value for name, value in chosen.items() if value})
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    return preview(medium, document, replace(profile.masthead, theme=theme), pictures=pictures)


@cache
def invented_issue() -> tuple[Document, Pictures]:
    """Return the sample issue that comes with the program."""
    received = receive(PACKAGE / "cli" / "sample" / "issue.md", house_style=HouseStyle())
    return received.document, received.pictures
