"""A new newsletter: a short form with safe defaults, so that the first issue is minutes away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from newsletter import publications
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict
from newsletter.publications import BadEntries, checked_profile, plain_profile
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.settings import TypedDep
from newsletter.web.desk.settings_fields import Field, Kind, read
from newsletter.web.desk.settings_pages import BASICS, LOOK
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()
DEFAULTS = plain_profile(publications.Profile())
COLOURS = ("accent", "highlight")
ASKED = {
    "label": Field("label", Kind.LINE, N_("Short name")),
    **{
        field.entry: field for field in BASICS.fields
        if field.entry in {"name", "publisher", "language", "time_zone", "from_name", "from_address"}
    },
    **{name: field for name in COLOURS for field in LOOK.fields if field.entry == f"theme.{name}"},
}  # fmt: skip
"""The form's fields, which are those of the settings, by the names they have here."""
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@router.get("/new-newsletter", dependencies=[needs(Permission.ADMINISTER)])
def ask(request: Request, visitor: VisitorDep) -> Response:
    """Show the form."""
    return form_page(request, visitor)


@router.post("/new-newsletter", dependencies=[needs(Permission.ADMINISTER)])
def add(request: Request, visitor: VisitorDep, session: SessionDep, place: WorkplaceDep, form: TypedDep) -> Response:
    """Add the newsletter, or show the form again with what is wrong."""
    _ = words_of(request, visitor)
    values = {name: form.get(name, "").strip() for name in ASKED}
    entries, wrong = _entries(values)
    if not wrong:
        try:
            profile = checked_profile(entries, named_as=values["name"])
            publication = publications.add(session, profile, now=place.clock(), by=visitor.address)
        except BadEntries as error:
            wrong = dict(error.wrong)
        except Conflict:
            wrong = {"label": N_("Another newsletter has this short name already; choose another.")}
        else:
            said = _("%(name)s is there. Drop a manuscript to begin its first issue.", name=publication.name)
            return back_to(request, f"/desk/p/{publication.label}/", said)
    named = {name: _(sentence) for name, sentence in wrong.items()}
    return form_page(request, visitor, filled(values, wrong=named), status=422)


def form_page(request: Request, visitor: Visitor, form: FilledForm | None = None, *, status: int = 200) -> Response:
    """Return the page with the form, filled with what is usual."""
    usual = {
        "language": visitor.language, "time_zone": DEFAULTS["time_zone"],
        "accent": DEFAULTS["theme"]["accent"], "highlight": DEFAULTS["theme"]["highlight"],
    }  # fmt: skip
    return page(request, visitor, "desk/new_newsletter.html", status=status, form=form or filled(usual))


def _entries(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what was typed as entries of a profile, and what is wrong with it by the field."""
    entries: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, field in ASKED.items():
        try:
            entries[name] = read(field, values[name])
        except BadInput as error:
            wrong[name] = error.sentence
    entries["label"] = entries.get("label") or short_name(values["name"])
    entries["theme"] = {name: entries.pop(name) for name in COLOURS if name in entries}
    return entries, wrong


def short_name(name: str) -> str:
    """Return a short name for addresses made of *name*: ``Häfen & Energie`` becomes ``haefen-energie``."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "newsletter"
