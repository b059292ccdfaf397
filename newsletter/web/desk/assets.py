"""Assets: the desk's style sheets, scripts and fonts, at addresses that change with what is in them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from newsletter.kit.errors import NotFound
from newsletter.kit.templating import PACKAGE, bundled
from newsletter.web.auth import public

router = APIRouter()
icon = APIRouter()
"""What browsers ask for unasked, of pages that name no icon: the readers' pages, editions, files."""
BUNDLE = PACKAGE / "static"
"""What ``make setup`` makes of frontend/: scripts and fonts."""
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_HASHED = re.compile(r".+-[A-Z0-9]{8}\.\w+")
"""How the bundler names what no page names: pieces of scripts, fonts."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    data: bytes
    media_type: str
    digest: str


def find(name: str) -> Asset | None:
    """Return the file *name* of the bundle or of ``templates/desk``; None if there is none to be served."""
    if not _NAME.fullmatch(name):
        return None
    for folder in (BUNDLE, bundled("templates") / "desk"):
        path = folder / name
        if path.suffix in KINDS and path.is_file():
            return _read(path, path.stat().st_mtime_ns)
    return None


def path_of(name: str) -> str:
    """Return where a page finds *name*: a path that changes with its content."""
    found = find(name)
    return f"/desk/assets/{name}" + (f"?v={found.digest[:12]}" if found else "")


@router.get("/assets/{name}", dependencies=[public])
def asset(request: Request, name: str, v: str = "") -> Response:
    """Answer with a file; whoever asks for the version that it has may keep it for ever."""
    found = find(name)
    if found is None:
        raise NotFound("There is no page at this address.")
    tag = f'"{found.digest[:32]}"'
    kept = v == found.digest[:12] or _HASHED.fullmatch(name)
    headers = {"ETag": tag, "Cache-Control": FOR_EVER if kept else ASK_AGAIN}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)


@icon.api_route("/favicon.ico", methods=["GET", "HEAD"])
def favicon() -> Response:
    """Answer with the desk's icon."""
    found = find("icon.svg")
    assert found
    return Response(found.data, media_type=found.media_type, headers={"Cache-Control": "public, max-age=86400"})


@cache
def _read(path: Path, _modified: int) -> Asset:
    data = path.read_bytes()
    return Asset(data, KINDS[path.suffix], hashlib.sha256(data).hexdigest())
