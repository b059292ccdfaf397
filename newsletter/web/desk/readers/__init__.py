"""The team's pages about readers: of one newsletter, and of all; most stand under both."""

from __future__ import annotations

from fastapi import APIRouter

from newsletter.team.roles import Permission
from newsletter.web.auth import needs
from newsletter.web.desk.readers import (
    barring,
    exporting,
    importing,
    listing,
    merging,
    noting,
    person,
    rights,
    segments,
)

router = APIRouter()
OF_ONE, OF_ALL = "/p/{label}/readers", "/readers"
MAY = [needs(Permission.READERS)]
for area in (segments, importing, exporting):
    router.include_router(area.router, prefix=OF_ONE, dependencies=MAY)
for prefix in (OF_ONE, OF_ALL):
    for area in (listing, noting, barring, rights, merging, person):
        router.include_router(area.router, prefix=prefix, dependencies=MAY)
