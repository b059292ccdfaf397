"""Readers for tests: a publication, people, and everything the database holds as one value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from newsletter import publications
from newsletter.kit.database import Base, Database
from newsletter.kit.tokens import Keyring
from newsletter.publications import Access, Profile
from subscribers import subscriptions
from subscribers.models import ConsentBasis, Format

KEYRING = Keyring(["a secret that only the tests know"])


def add_publication(
    database: Database, label: str, *, now: datetime, access: Access = Access.OPEN, language: str = "en", name: str = ""
) -> int:
    """Store a publication and return its id."""
    profile = Profile(
        name=name or label.title(), label=label, from_address="desk@example.org", access=access, language=language
    )
    with database.write() as session:
        return publications.add(session, profile, now=now, by="tests").id


def add_reader(
    database: Database, address: str, *publication_ids: int, now: datetime, language: str = "", name: str = "",
    preferred: Format = Format.HTML,
) -> int:  # fmt: skip
    """Store a reader of the publications and return the id."""
    with database.write() as session:
        reader = subscriptions.ensure_subscriber(
            session, address, now=now, language=language, name=name, preferred=preferred
        )
        for publication_id in publication_ids:
            subscriptions.subscribe(
                session, reader, publication_id, now=now, basis=ConsentBasis.DOUBLE_OPT_IN, source="tests"
            )
        return reader


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with database.read() as session:
        return {
            table.name: sorted(map(tuple, session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }
