"""Entries of a publication's profile, changed a few at a time and never over somebody else's change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import Conflict
from newsletter.publications import Profile, Publication, change, checked_profile, plain_profile


class ChangedMeanwhile(Conflict):
    """Somebody else has changed these entries since the form was opened; look at what they are now."""


def entries_of(profile: Profile, names: Collection[str]) -> dict[str, Any]:
    """Return the plain values of *names* (``name``, ``theme.accent``), as a publication file has them."""
    plain = plain_profile(profile)
    return {name: _found(plain, name) for name in names}


def digest_of(entries: Mapping[str, Any]) -> str:
    """Return what a form carries along, to be told afterwards whether its entries are still what it was made from."""
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()[:24]


def amended(profile: Profile, entries: Mapping[str, Any]) -> Profile:
    """Return *profile* with some *entries* changed; raise ``BadEntries`` with a sentence for each that cannot be used.

    A publication keeps its List-Id: readers' filters know it by that (RFC 2919 §2), and it may not follow the From
    address to another domain.
    """
    plain = plain_profile(profile)
    for name, value in entries.items():
        *sections, last = name.split(".")
        place = plain
        for section in sections:
            place = place[section]
        place[last] = value
    plain["sign_up"] = {language: sentence for language, sentence in plain["sign_up"].items() if sentence}
    if not profile.list_domain and profile.from_address:
        own, new = (address.partition("@")[2] for address in (profile.from_address, plain["from_address"]))
        plain["list_domain"] = own if own != new else ""
    return checked_profile(plain, named_as=profile.name)


def amend(
    session: Session, publication: Publication, entries: Mapping[str, Any], *, seen: str, now: datetime, by: str
) -> list[str]:
    """Change some *entries* of a publication; return the names of those that are different now.

    *seen* is the ``digest_of`` the same entries when the form was made. Raises ``ChangedMeanwhile`` if they are others
    by now, ``BadEntries`` and what ``publications.change`` raises.
    """
    session.refresh(publication, with_for_update=True)
    if digest_of(entries_of(publication.profile, entries)) != seen:
        raise ChangedMeanwhile(
            N_(
                "Somebody else has changed this since you opened it; what you typed is still here, what is stored "
                "stands beside each field. Save again to keep yours."
            )
        )
    return change(session, publication, amended(publication.profile, entries), now=now, by=by)


def put(session: Session, publication: Publication, entries: Mapping[str, Any], *, now: datetime, by: str) -> list[str]:
    """Change some *entries* whatever they are by now; otherwise as ``amend``."""
    session.refresh(publication, with_for_update=True)
    return change(session, publication, amended(publication.profile, entries), now=now, by=by)


def _found(plain: Mapping[str, Any], name: str) -> Any:
    value: Any = plain
    for part in name.split("."):
        value = value.get(part, "")  # a sentence that is in no language yet
    return value
