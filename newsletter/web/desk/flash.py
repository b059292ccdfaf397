"""Flash messages: a sentence about what was just done, shown once on the page that comes next."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from newsletter.web.workplace import workplace

LONGEST = 600
"""Characters of a sentence: it travels in a cookie, and browsers keep 4,096 bytes."""
MOMENTS = 60
"""Seconds until a sentence that no page showed is no news any more."""
KINDS = ("done", "warning", "wrong")


@dataclass(frozen=True, slots=True)
class Flash:
    """One sentence for the next page."""

    sentence: str
    kind: str = "done"
    """``done``, ``warning`` or ``wrong``."""


def back_to(request: Request, path: str, sentence: str = "", *, kind: str = "done") -> RedirectResponse:
    """Lead the browser to *path* of the desk (without the public URL's own path) by GET, and say *sentence* there."""
    answer = RedirectResponse(request.scope.get("root_path", "") + path, 303, headers={"Cache-Control": "no-store"})
    if sentence:
        flash(request, answer, sentence, kind=kind)
    return answer


def flash(request: Request, answer: Response, sentence: str, *, kind: str = "done") -> None:
    """Have the next page say *sentence*, in the words of whoever sees it."""
    assert kind in KINDS
    text = base64.urlsafe_b64encode(json.dumps([sentence[:LONGEST], kind], ensure_ascii=False).encode()).decode()
    answer.set_cookie(
        _cookie(request), text, max_age=MOMENTS, path="/", httponly=True, samesite="lax",
        secure=workplace(request).is_secure,
    )  # fmt: skip


def flashed(request: Request) -> Flash | None:
    """Return what this page is to say; None if nothing, or nothing that we wrote."""
    try:
        sentence, kind = json.loads(base64.urlsafe_b64decode(request.cookies.get(_cookie(request), "")))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None
    if not isinstance(sentence, str) or kind not in KINDS:
        return None
    return Flash(sentence[:LONGEST], kind)


def forget(request: Request, answer: Response) -> None:
    """Say it once."""
    answer.delete_cookie(_cookie(request), path="/", httponly=True, samesite="lax", secure=workplace(request).is_secure)


def _cookie(request: Request) -> str:
    return "__Host-desk-said" if workplace(request).is_secure else "desk-said"
