"""Assets: pictures stored once by their own hash, and found again for a Document."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.models import Asset
from newsletter.kit.database import insert_for
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.figures import with_sources
from newsletter.manuscripts.pictures import Picture, Pictures

PREFIX = "asset:"


def store(session: Session, document: Document, pictures: Pictures, *, now: datetime) -> Document:
    """Keep the pictures that *document* shows; return it with each figure naming its asset.

    A figure whose picture is not among *pictures* keeps its name, and proofing goes on saying that it is missing.
    """
    names: dict[str, str] = {}
    for figure in figures_of(document):
        picture = pictures.get(figure.source)
        if picture is None or figure.source.startswith(PREFIX):
            continue
        names[figure.source] = keep(session, picture, now=now)
    return with_sources(document, names) if names else document


def keep(session: Session, picture: Picture, *, now: datetime) -> str:
    """Keep one picture; return the source that a figure names it with, ``asset:<sha256>``.

    What somebody uploads goes through ``manuscripts.picture_files.reencoded`` first.
    """
    insert = insert_for(session)
    session.execute(
        insert(Asset)
        .values(
            sha256=picture.sha256, media_type=picture.media_type, width=picture.width, height=picture.height,
            data=picture.data, created_at=now,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return PREFIX + picture.sha256


def load(session: Session, document: Document) -> Pictures:
    """Return the stored pictures of *document* by the source its figures name them with."""
    wanted = {figure.source.removeprefix(PREFIX) for figure in figures_of(document) if figure.source.startswith(PREFIX)}
    if not wanted:
        return {}
    assets = session.scalars(select(Asset).where(Asset.sha256.in_(wanted)))
    return {PREFIX + asset.sha256: Picture(asset.data, asset.media_type, asset.width, asset.height) for asset in assets}
