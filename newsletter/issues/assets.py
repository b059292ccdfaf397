"""Assets: pictures stored once by their own hash, and found again for a Document."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.models import Asset
from newsletter.kit.database import insert_for
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.figures import with_sources
from newsletter.manuscripts.pictures import Picture, Pictures

PREFIX = "asset:"
_CID = re.compile(r"cid:([0-9a-f]{64})\b")


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


def picture(session: Session, source: str) -> Picture | None:
    """Return one stored picture by its source; None if there is none."""
    asset = session.scalar(select(Asset).where(Asset.sha256 == source.removeprefix(PREFIX)))
    return None if asset is None else Picture(asset.data, asset.media_type, asset.width, asset.height)


def shown_in(mail: bytes) -> list[str]:
    """Return the sources of the pictures that a mail's HTML shows, figures and the logo it was made with."""
    return [PREFIX + sha256 for sha256 in dict.fromkeys(_CID.findall(mail.decode()))]


def load(session: Session, document: Document, *also: str) -> Pictures:
    """Return the stored pictures of *document* by the source its figures name them with.

    *also* are further sources, as a theme's logo or those that a mail shows; empty ones are none.
    """
    sources = {figure.source for figure in figures_of(document)}.union(also)
    wanted = {source.removeprefix(PREFIX) for source in sources if source.startswith(PREFIX)}
    if not wanted:
        return {}
    assets = session.scalars(select(Asset).where(Asset.sha256.in_(wanted)))
    return {PREFIX + asset.sha256: Picture(asset.data, asset.media_type, asset.width, asset.height) for asset in assets}
