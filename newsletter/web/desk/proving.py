"""Proving: whoever is signed in shows that they know their password, before something weighty."""

from __future__ import annotations

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, DeskError, TooMany
from newsletter.team import people
from newsletter.team.models import DeskPerson
from newsletter.team.sessions import Visitor
from newsletter.web.desk.signing_in import CallerDep
from newsletter.web.workplace import Workplace

NOT_YOUR_PASSWORD = N_("That is not your password.")


def proven(place: Workplace, visitor: Visitor, password: str, caller: CallerDep) -> DeskPerson:
    """Return the visitor's person, who knows the password; raise ``BadInput`` or ``TooMany``."""
    with place.database.read() as session:
        person = people.get(session, visitor.person_id)
    if not place.entrance.proves(person, password, caller):
        raise BadInput(NOT_YOUR_PASSWORD)
    return person


def refusal(error: DeskError) -> int:
    """Return the HTTP status of a form that comes back."""
    return 429 if isinstance(error, TooMany) else 422
