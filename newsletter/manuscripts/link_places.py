"""Where an issue's web links stand: each address with all its places."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.places import passages
from newsletter.manuscripts.proofing.links import links_in, sources_of
from newsletter.manuscripts.remarks import Place
from newsletter.manuscripts.richtext import plain


def web_links(document: Document) -> Mapping[str, tuple[Place, ...]]:
    """Return each http and https address of *document* with the places that lead there, in reading order."""
    found: dict[str, list[Place]] = {}
    for passage in passages(document):
        for link in links_in(passage.inlines):
            found.setdefault(link.url, []).append(Place(passage.line, passage.path, plain(link.children)))
    for source, path in sources_of(document):
        found.setdefault(source.url, []).append(Place(source.line, path, source.title))
    return {url: tuple(places) for url, places in found.items() if url.lower().startswith(("http://", "https://"))}
