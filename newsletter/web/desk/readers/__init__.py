"""The team's pages about readers: of one newsletter, and of all; each route stands under both."""

from __future__ import annotations

from fastapi import APIRouter

from newsletter.team.roles import Permission
from newsletter.web.auth import needs
from newsletter.web.desk.readers import listing, person, rights

router = APIRouter()
for prefix in ("/readers", "/p/{label}/readers"):
    for area in (listing, rights, person):
        router.include_router(area.router, prefix=prefix, dependencies=[needs(Permission.READERS)])
