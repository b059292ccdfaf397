"""The navigation: where one can go from every page of the desk, and from every page of a newsletter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.kit.catalogue import N_
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """One way from here."""

    name: str
    """In English; the page says it in the person's language."""
    path: str
    permission: Permission | None = None
    """What one must be allowed to see it at all; None: everybody who is signed in."""
    is_here: bool = False


EVERYWHERE = (
    Place(N_("Issues"), "/desk/"),
    Place(N_("Readers"), "/desk/readers", Permission.READERS),
    Place(N_("People"), "/desk/people", Permission.ADMINISTER),
    Place(N_("Audit trail"), "/desk/audit", Permission.ADMINISTER),
    Place(N_("Installation"), "/desk/installation", Permission.ADMINISTER),
)
"""Of the whole desk; a page that needs a permission needs it for the whole house."""
OF_A_PUBLICATION = (
    Place(N_("Issues"), "", Permission.READ),
    Place(N_("Readers"), "readers", Permission.READERS),
    Place(N_("Settings"), "settings", Permission.ADMINISTER),
)
"""Of one newsletter, as the paths go on after ``/desk/p/<label>/``."""


def ways(visitor: Visitor, here: str) -> Iterator[Place]:
    """Yield where *visitor* may go from the page at the path *here*."""
    for place in EVERYWHERE:
        if place.permission is None or visitor.may(place.permission, None):
            inside = here == place.path if place.path == "/desk/" else here.startswith(place.path)
            yield Place(place.name, place.path, is_here=inside)


def tabs(visitor: Visitor, publication_id: int, label: str, here: str) -> Iterator[Place]:
    """Yield the pages of one newsletter that *visitor* may see; its issues are all that is under no other's path."""
    start = f"/desk/p/{label}/"
    others = [start + place.path for place in OF_A_PUBLICATION if place.path]
    for place in OF_A_PUBLICATION:
        if place.permission is None or visitor.may(place.permission, publication_id):
            path = start + place.path
            inside = here.startswith(path) if place.path else not any(here.startswith(other) for other in others)
            yield Place(place.name, path, is_here=inside)
