"""Links that lead nowhere, and sources that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from newsletter.manuscripts.addresses import is_placeholder, is_usable
from newsletter.manuscripts.document import Article, Document, Source
from newsletter.manuscripts.places import path_of, title_of
from newsletter.manuscripts.proofing.rule import Copy, Found, counted
from newsletter.manuscripts.remarks import Place
from newsletter.manuscripts.richtext import Inline, Link, Text, plain


def links_in(inlines: Sequence[Inline]) -> Iterator[Link]:
    """Yield the links of a text, those in its footnotes too."""
    for inline in inlines:
        if isinstance(inline, Link):
            yield inline
        if not isinstance(inline, Text) and inline.kind != "break":
            yield from links_in(inline.children)


def sources_of(document: Document) -> Iterator[tuple[Source, str]]:
    """Yield each source with its path."""
    for section in document.sections:
        for entry in section.entries:
            if isinstance(entry, Article):
                for source in entry.sources:
                    yield source, path_of(section.title, title_of(entry), source.label)


def placeholder_links(copy: Copy) -> Iterator[Found]:
    """Find links whose address is ``#`` or empty, and sources' links that are ``#`` or no address at all."""
    places = [
        Place(passage.line, passage.path, plain(link.children))
        for passage in copy.passages
        for link in links_in(passage.inlines)
        if is_placeholder(link.url)
    ]
    for source, path in sources_of(copy.document):
        if source.url and (is_placeholder(source.url) or not is_usable(source.url)):
            places.append(Place(source.line, path, source.title))
    if places:
        places.sort(key=lambda place: place.line or 0)
        message = counted(len(places), "A link leads nowhere.", "links lead nowhere.")
        yield Found(message, "Give each its address, or take the link off its words.", tuple(places))


def sources_without_link(copy: Copy) -> Iterator[Found]:
    """Find sources that have no address."""
    places = tuple(
        Place(source.line, path, source.title) for source, path in sources_of(copy.document) if not source.url
    )
    if places:
        message = counted(len(places), "A source has no link.", "sources have no link.")
        yield Found(message, "Add the address of the document, or say why there is none.", places)
