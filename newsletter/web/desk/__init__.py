"""The desk: the team's pages, all below /desk."""

from fastapi import APIRouter

from newsletter.web.desk import (
    account,
    assets,
    audit,
    correcting,
    editor,
    following,
    history,
    home,
    installation,
    issue,
    links,
    logo,
    manuscripts,
    margin,
    new_publication,
    people,
    pictures,
    preview,
    provider,
    readers,
    reporting,
    review,
    second_factor_page,
    sending,
    settings,
    showing,
    signing_in,
    theme_samples,
    welcome,
)
from newsletter.web.desk.assets import icon
from newsletter.web.desk.flash import back_to, flash
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of

__all__ = ["back_to", "filled", "flash", "icon", "page", "router", "words_of"]

router = APIRouter(prefix="/desk")
for area in (
    assets, signing_in, provider, welcome, second_factor_page, account, people, audit, installation, home, issue,
    showing, editor, margin, history, preview, review, sending, following, reporting, correcting,
    new_publication, settings, theme_samples, logo,
    manuscripts,
    pictures, links,
    readers,
):  # fmt: skip
    router.include_router(area.router)
