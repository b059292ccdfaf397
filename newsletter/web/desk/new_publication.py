"""A new newsletter: a short form with safe defaults, so that the first issue is minutes away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from newsletter import publications
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import Conflict
from newsletter.publications import BadEntries, checked_profile, plain_profile
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.settings import TypedDep
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()
DEFAULTS = plain_profile(publications.Profile())
ENTRIES = ("name", "label", "publisher", "language", "time_zone", "from_name", "from_address")
COLOURS = ("accent", "highlight")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@router.get("/new-newsletter", dependencies=[needs(Permission.ADMINISTER)])
def ask(request: Request, visitor: VisitorDep) -> Response:
    """Show the form."""
    return form_page(request, visitor)


@router.post("/new-newsletter", dependencies=[needs(Permission.ADMINISTER)])
def add(request: Request, visitor: VisitorDep, session: SessionDep, place: WorkplaceDep, form: TypedDep) -> Response:
    """Add the newsletter, or show the form again with what is wrong."""
    _ = words_of(request, visitor)
    values = {name: form.get(name, "").strip() for name in (*ENTRIES, *COLOURS)}
    wrong = {name: _(EMPTY) for name in ("name", "from_address") if not values[name]}
    if not wrong:
        try:
            profile = checked_profile(_entries(values), named_as=values["name"])
            publication = publications.add(session, profile, now=place.clock(), by=visitor.address)
        except BadEntries as error:
            named = {"theme": "accent"}
            wrong = {named.get(entry, entry): sentence for entry, sentence in error.wrong.items()}
        except Conflict:
            wrong = {"label": _("Another newsletter has this short name already; choose another.")}
        else:
            said = _("%(name)s is there. Drop a manuscript to begin its first issue.", name=publication.name)
            return back_to(request, f"/desk/p/{publication.label}/", said)
    return form_page(request, visitor, filled(values, wrong=wrong), status=422)


EMPTY = N_("This must not be empty.")


def form_page(request: Request, visitor: Visitor, form: FilledForm | None = None, *, status: int = 200) -> Response:
    """Return the page with the form, filled with what is usual."""
    usual = {
        "language": visitor.language, "time_zone": DEFAULTS["time_zone"],
        "accent": DEFAULTS["theme"]["accent"], "highlight": DEFAULTS["theme"]["highlight"],
    }  # fmt: skip
    return page(request, visitor, "desk/new_newsletter.html", status=status, form=form or filled(usual))


def _entries(values: Mapping[str, str]) -> dict[str, Any]:
    entries: dict[str, Any] = {name: values[name] for name in ENTRIES if values[name]}
    entries.setdefault("label", short_name(values["name"]))
    entries["theme"] = {name: values[name] for name in COLOURS if values[name]}
    return entries


def short_name(name: str) -> str:
    """Return a short name for addresses made of *name*: ``Häfen & Energie`` becomes ``haefen-energie``."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "newsletter"
