"""Figures of an issue: pictures put into its texts and described, each change an edit like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from newsletter.issues import assets, drafts, edits
from newsletter.issues.assets import PREFIX
from newsletter.issues.models import Asset, Issue, Revision
from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.changes import SetField, required
from newsletter.manuscripts.document import Article, Document, Note, Part
from newsletter.manuscripts.fields import HEADING_OFFSET, one_line
from newsletter.manuscripts.figures import described, figures_in
from newsletter.manuscripts.keys import key_of, path_to, walk
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.pictures import Picture
from newsletter.manuscripts.places import SEPARATOR, title_of
from newsletter.manuscripts.richtext import Blocks, Figure
from newsletter.manuscripts.whereabouts import entry_of

LONGEST_ALT = 1_000
"""Characters; screen readers say it in one go."""
GONE = "There is no such picture in this text any more; load the page again."


@dataclass(frozen=True, slots=True)
class Text:
    """A text that can hold figures: its key, the page of the editor it stands on, and what it is called there."""

    key: str
    entry: str
    name: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A figure of the issue as a form shows it."""

    text: Text
    source: str
    alt: str
    caption: str
    """As Markdown."""
    picture: Asset | None
    """None where the picture was never handed in."""


def texts_of(document: Document) -> list[Text]:
    """Return the texts that a figure can stand in, in reading order."""
    return [
        Text(key_of(node), entry_of(document, key_of(node)), _name(document, node))
        for node in walk(document)
        if isinstance(node, Part | Note)
    ]


def placed(session: Session, document: Document) -> list[Placed]:
    """Return every figure of *document* with its place; a picture's bytes are not taken out."""
    found = [
        (Text(key_of(node), entry_of(document, key_of(node)), _name(document, node)), figure)
        for node in walk(document)
        if isinstance(node, Part | Note)
        for figure in figures_in(node.blocks)
    ]
    wanted = {figure.source.removeprefix(PREFIX) for _, figure in found if figure.source.startswith(PREFIX)}
    stored: dict[str, Asset] = {}
    if wanted:
        query = select(Asset).where(Asset.sha256.in_(wanted)).options(defer(Asset.data))
        stored = {PREFIX + asset.sha256: asset for asset in session.scalars(query)}
    return [
        Placed(text, figure.source, figure.alt, write_inlines(figure.caption), stored.get(figure.source))
        for text, figure in found
    ]


def insert(
    session: Session, issue: Issue, picture: Picture, *, key: str, alt: str, caption: str, by: str, now: datetime
) -> Revision:
    """Keep *picture* and put it at the end of the text *key*.

    Raises ``NotFound`` if there is no such text, ``BadInput`` for what cannot stand there, ``Conflict`` if the issue
    has gone out.
    """
    figure = Figure(assets.keep(session, picture, now=now), _said(alt), one_line(caption))
    return _with(session, issue, key, lambda blocks: (*blocks, figure), by=by, now=now)


def describe(
    session: Session, issue: Issue, *, key: str, source: str, alt: str, caption: str, by: str, now: datetime
) -> Revision:
    """Say anew what the picture *source* in the text *key* shows; raises as ``insert`` does."""

    def change(blocks: Blocks) -> Blocks:
        if source not in {figure.source for figure in figures_in(blocks)}:
            raise NotFound(GONE)
        return described(blocks, source, _said(alt), one_line(caption))

    return _with(session, issue, key, change, by=by, now=now)


def find(session: Session, sha256: str) -> Asset:
    """Return the picture; raise ``NotFound``. Its name is the hash of its bytes, so only who has had it knows it."""
    asset = session.get(Asset, sha256)
    if asset is None:
        raise NotFound("There is no such picture.")
    return asset


def _with(
    session: Session, issue: Issue, key: str, change: Callable[[Blocks], Blocks], *, by: str, now: datetime
) -> Revision:
    session.refresh(issue, with_for_update=True)
    current = drafts.current_revision(session, issue)
    node = required(current.document, key)
    if not isinstance(node, Part | Note):
        raise BadInput("A picture stands in the text of an article; choose one.")
    value = write_blocks(change(node.blocks), heading_offset=HEADING_OFFSET)
    done = edits.edit(session, issue, [SetField(key, "text", value)], base_number=current.number, by=by, now=now)
    return done.revision


def _said(alt: str) -> str:
    words = " ".join(alt.split())
    if len(words) > LONGEST_ALT:
        raise BadInput(f"What a picture shows should be said in less than {LONGEST_ALT:,} characters.")
    return words


def _name(document: Document, node: Part | Note) -> str:
    above = path_to(document, key_of(node))[-2]
    names = [title_of(above), node.label] if isinstance(above, Article) and isinstance(node, Part) else []
    if isinstance(node, Note):
        names = [getattr(above, "title", ""), node.title]
    return SEPARATOR.join(filter(None, names))
