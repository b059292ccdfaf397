"""A newsletter's settings: a page of entries at a time, checked at the field, never over somebody else's change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from newsletter.issues import assets
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.profile_entries import ChangedMeanwhile, amend, digest_of, entries_of
from newsletter.publications import BadEntries, Publication
from newsletter.rendering.preview import data_url
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import NOTHING_HERE, PublicationDep, VisitorDep, needs
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.settings_fields import Field, Kind, read, values_of
from newsletter.web.desk.settings_pages import LOOK, PAGES, SettingsPage
from newsletter.web.desk.theme_samples import looks_of
from newsletter.web.workplace import SessionDep, WorkplaceDep

router = APIRouter()
MOST_FIELDS = 60


async def typed(request: Request) -> Mapping[str, str]:
    """Read a form of short texts."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=400_000) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


TypedDep = Annotated[Mapping[str, str], Depends(typed)]


@router.get("/p/{label}/settings", dependencies=[needs(Permission.ADMINISTER)])
@router.get("/p/{label}/settings/{name}", dependencies=[needs(Permission.ADMINISTER)])
def settings(
    request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep, name: str = ""
) -> Response:
    """Show one page of the settings; the look also with colours that the query has and nobody has saved yet."""
    shown = _page(name)
    entries = _entries(publication, shown)
    form = filled(values_of(shown.fields, entries))
    if shown is LOOK:
        form = filled({**form.values, **_chosen(request.query_params)})
    return _answer(request, visitor, session, publication, shown, form, seen=digest_of(entries))


@router.post("/p/{label}/settings", dependencies=[needs(Permission.ADMINISTER)])
@router.post("/p/{label}/settings/{name}", dependencies=[needs(Permission.ADMINISTER)])
def save(
    request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep, place: WorkplaceDep,
    form: TypedDep, name: str = "",
) -> Response:  # fmt: skip
    """Save one page of the settings, or show it again with what is wrong at its field."""
    shown = _page(name)
    _ = words_of(request, visitor)
    values = {field.entry: form.get(field.entry, "") for field in shown.fields}
    wrong: dict[str, str] = {}
    summary = ""
    entries = _read(shown, values, wrong)
    if not wrong:
        try:
            changed = amend(
                session, publication, entries, seen=form.get("seen", ""), now=place.clock(), by=visitor.address
            )
        except BadEntries as error:
            wrong = _at_fields(shown, error.wrong)
            summary = "" if wrong else _(error.sentence)
        except ChangedMeanwhile as error:
            stored = _entries(publication, shown)
            wrong = _differing(shown, entries, stored, _("Stored now: %(value)s"), _("nothing"))
            summary = _(error.sentence)
        except Conflict as error:
            summary = _(error.sentence)
        else:
            path = f"/desk/p/{publication.label}/settings" + (f"/{shown.name}" if shown.name else "")
            return back_to(request, path, _("Saved.") if changed else _("Everything is as it was."))
    again = filled(values, wrong={entry: _(sentence) for entry, sentence in wrong.items()}, summary=summary)
    seen = digest_of(_entries(publication, shown))
    return _answer(request, visitor, session, publication, shown, again, seen=seen, status=422)


def _answer(
    request: Request, visitor: Visitor, session: Session, publication: Publication, shown: SettingsPage,
    form: FilledForm, *, seen: str, status: int = 200,
) -> Response:  # fmt: skip
    looks = looks_of(form.values) if shown is LOOK else None
    source = publication.profile.theme.logo if looks else ""
    logo = assets.picture(session, source) if source else None
    return page(
        request, visitor, "desk/settings.html", status=status, publication=publication, pages=list(PAGES.values()),
        shown=shown, form=form, seen=seen, looks=looks, list_id=publication.profile.list_id,
        logo=data_url(logo) if logo else "",
    )  # fmt: skip


def _page(name: str) -> SettingsPage:
    if name not in PAGES:
        raise NotFound(NOTHING_HERE)
    return PAGES[name]


def _entries(publication: Publication, shown: SettingsPage) -> dict[str, Any]:
    return entries_of(publication.profile, [field.entry for field in shown.fields])


def _chosen(query: Mapping[str, str]) -> dict[str, str]:
    """Return the colours and families that a query has."""
    return {field.entry: query[field.entry][:60] for field in LOOK.fields if field.entry in query}


def _read(shown: SettingsPage, values: Mapping[str, str], wrong: dict[str, str]) -> dict[str, Any]:
    """Return what was typed as values; what cannot be read goes into *wrong*."""
    entries: dict[str, Any] = {}
    for field in shown.fields:
        try:
            entries[field.entry] = read(field, values[field.entry])
        except BadInput as error:
            wrong[field.entry] = error.sentence
    return entries


def _at_fields(shown: SettingsPage, wrong: Mapping[str, str]) -> dict[str, str]:
    """Return the sentences by the fields they are about; ``test_groups.Board`` is about ``test_groups``."""
    found = {}
    for field in shown.fields:
        about = [sentence for entry, sentence in wrong.items() if f"{entry}.".startswith(f"{field.entry}.")]
        # A frozen value such as the theme is judged as a whole and says which of its entries it means.
        section = field.entry.rpartition(".")[0]
        about += [s for entry, s in wrong.items() if entry == section and s.startswith(field.entry.rpartition(".")[2])]
        if about:
            found[field.entry] = about[0]
    return found


def _differing(
    shown: SettingsPage, entries: Mapping[str, Any], stored: Mapping[str, Any], sentence: str, nothing: str
) -> dict[str, str]:
    """Return what is stored beside each field that says something else."""
    said: dict[str, str] = {}
    for field in _changed(shown.fields, entries, stored):
        now = values_of((field,), stored)[field.entry]
        said[field.entry] = sentence % {"value": now if now and field.kind is not Kind.TICK else now or nothing}
    return said


def _changed(fields: tuple[Field, ...], entries: Mapping[str, Any], stored: Mapping[str, Any]) -> list[Field]:
    return [field for field in fields if entries[field.entry] != stored[field.entry]]
