"""A page of the desk: a template, whoever looks at it, and the policy it is shown under."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from newsletter.kit.catalogue import Words, preferred, spoken, words
from newsletter.kit.templating import environment
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.desk import assets, navigation
from newsletter.web.desk.flash import flashed, forget

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def words_of(request: Request, visitor: Visitor | None) -> Words:
    """Return the words of whoever looks: their own language, or for a stranger what the browser asks for."""
    return words(visitor.language if visitor else preferred(request.headers.get("accept-language", "")))


def page(
    request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    """Return the page that *template* makes of *context*; *visitor* is None on pages for anybody.

    Every template knows ``root``, ``language``, ``visitor``, ``asset(name)``, ``here`` (the path), and with a
    ``publication`` in *context* its ``tabs`` and ``zone`` (for ``at|moment(zone)``).
    """
    language = spoken(words_of(request, visitor).language)
    root = request.scope.get("root_path", "")
    here = request.url.path.removeprefix(root)
    said = flashed(request)
    given: dict[str, object] = {
        "root": root,
        "language": language,
        "visitor": visitor,
        "here": here,
        "flash": said,
        "asset": lambda name: root + assets.path_of(name),
        "ways": list(navigation.ways(visitor, here)) if visitor else [],
        "publication": None,
        "tabs": [],
    }
    publication = context.get("publication")
    if isinstance(publication, Publication):
        given["zone"] = publication.profile.zone
        given["tabs"] = list(navigation.tabs(visitor, publication.id, publication.label, here)) if visitor else []
    body = environment("desk", language=language).get_template(template).render(given | context)
    answer = HTMLResponse(body, status, headers=PAGE_HEADERS)
    if said is not None:
        forget(request, answer)
    return answer
