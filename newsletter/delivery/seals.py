"""Seals: each sending keeps the secret that it began with, so that a retry is the same mail after a rotation."""

from __future__ import annotations

from sqlalchemy import select

from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import get
from newsletter.kit.database import Database
from newsletter.kit.tokens import Keyring

SEALED_BY = "sealed_by"
"""Where ``Dispatch.options`` names the secret behind its Message-IDs and envelope senders."""


def keyring_of(database: Database, dispatch_id: int, keyring: Keyring) -> Keyring:
    """Return *keyring* signing as it did when the dispatch began, on every machine, as long as it holds that secret.

    Whoever prepares the first message of the dispatch writes down which one that is. Raises ``NotFound``.
    """
    with database.read() as session:
        name = get(session, dispatch_id).options.get(SEALED_BY)
    if name is None:
        with database.write() as session:
            dispatch = session.scalars(select(Dispatch).where(Dispatch.id == dispatch_id).with_for_update()).one()
            dispatch.options = {SEALED_BY: keyring.newest, **dispatch.options}
            name = dispatch.options[SEALED_BY]
    return keyring.signing_with(name)
