"""A page of the desk: a template, whoever looks at it, and the policy it is shown under."""

from __future__ import annotations

from functools import cache

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from newsletter.kit.templating import environment
from newsletter.team.sessions import Visitor

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def page(
    request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    """Return the page that *template* makes of *context*; *visitor* is None on pages for anybody."""
    body = (
        _templates().get_template(template).render(visitor=visitor, root=request.scope.get("root_path", ""), **context)
    )
    return HTMLResponse(body, status, headers=PAGE_HEADERS)


@cache
def _templates() -> Environment:
    made = environment("desk").overlay()
    made.add_extension("jinja2.ext.i18n")
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # the extension brings it
    return made
