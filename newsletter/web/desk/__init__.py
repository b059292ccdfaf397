"""The desk: the team's pages, all below /desk."""

from fastapi import APIRouter

from newsletter.web.desk import home, signing_in
from newsletter.web.desk.page import page

__all__ = ["page", "router"]

router = APIRouter(prefix="/desk")
router.include_router(signing_in.router)
router.include_router(home.router)
