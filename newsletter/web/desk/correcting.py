"""Corrections at the desk: beginning the next version of an issue that is out, and how it reaches the readers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from newsletter.delivery import corrected, orders
from newsletter.issues import approvals, corrections, drafts, versions
from newsletter.kit.errors import BadInput, Conflict, DispatchRefused
from newsletter.team.roles import Permission
from newsletter.web.auth import needs
from newsletter.web.desk.forms import filled
from newsletter.web.desk.issue_page import AtIssue, AtIssueDep

router = APIRouter()


@router.get("/p/{label}/i/{number}/correction", dependencies=[needs(Permission.SEND)])
def correction(here: AtIssueDep) -> Response:
    """Show which versions are out, and how the next one is made."""
    return _page(here)


@router.post("/p/{label}/i/{number}/correction", dependencies=[needs(Permission.SEND)])
def begin(
    here: AtIssueDep,
    note: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Begin the next version with the note that its editions show."""
    _ = here.words
    try:
        corrections.begin(here.session, here.issue, note=note, by=here.by, now=here.now)
    except BadInput as error:
        return _page(here, note=note, wrong=_(error.sentence))
    said = _("The next version has begun. Mend the text; what readers see has not changed yet.")
    return here.back_to(here.path + "editor", said)


@router.post("/p/{label}/i/{number}/correction/publish", dependencies=[needs(Permission.SEND)])
def publish(here: AtIssueDep) -> Response:
    """Put the signed-off correction on the web and write to nobody."""
    _ = here.words
    path = here.path + "correction"
    try:
        corrected.publish_without_mail(
            here.session, here.issue, keyring=here.place.settings.keyring, by=here.by, now=here.now
        )
    except (Conflict, DispatchRefused) as error:
        return here.back_to(path, _(error.sentence), kind="wrong")
    return here.back_to(path, _("The web page and the PDF are corrected; nobody was written to."))


def _page(
    here: AtIssue,
    *,
    note: str = "",
    wrong: str = "",
) -> Response:
    out = versions.published(here.session, here.issue)
    return here.page(
        "desk/correction.html", status=422 if wrong else 200,
        out=out, under_way=bool(out) and not versions.is_out(here.session, here.issue),
        signed=approvals.signed_off(here.session, here.issue) is not None,
        concerned=orders.readers_of(here.session, here.issue, route=here.place.routes.default.name, now=here.now)
        if here.issue.version > 1 else 0,
        document=drafts.current_revision(here.session, here.issue).document,
        form=filled({"note": note}, wrong={"note": wrong} if wrong else {}),
    )  # fmt: skip
