"""The team's pages about readers: of one newsletter, and of all; each route stands under both."""

from __future__ import annotations

from fastapi import APIRouter

from newsletter.team.roles import Permission
from newsletter.web.auth import needs
from newsletter.web.desk.readers import listing, noting, person, rights, segments

router = APIRouter()
OF_ONE, OF_ALL = "/p/{label}/readers", "/readers"
MAY = [needs(Permission.READERS)]
router.include_router(segments.router, prefix=OF_ONE, dependencies=MAY)
for prefix in (OF_ONE, OF_ALL):
    for area in (listing, noting, rights, person):
        router.include_router(area.router, prefix=prefix, dependencies=MAY)
