"""The desk: the team's pages, all below /desk."""

from fastapi import APIRouter

from newsletter.web.desk import assets, editor, history, home, issue, margin, preview, signing_in
from newsletter.web.desk.flash import back_to, flash
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of

__all__ = ["back_to", "filled", "flash", "page", "router", "words_of"]

router = APIRouter(prefix="/desk")
router.include_router(assets.router)
router.include_router(signing_in.router)
router.include_router(home.router)
router.include_router(issue.router)
router.include_router(editor.router)
router.include_router(margin.router)
router.include_router(history.router)
router.include_router(preview.router)
