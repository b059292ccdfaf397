"""Comments in a Word file: who said what about which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.manuscripts.docx_package import Package
from newsletter.manuscripts.docx_xml import Element, text_of, w

_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"
MAX_QUOTE = 300
"""Characters of the commented words that are shown; they stand in the text anyway."""


@dataclass(frozen=True, slots=True)
class FileComment:
    """One comment; ``number`` counts from 1 through the file."""

    number: int
    author: str
    date: str
    """As Word wrote it."""
    words: str
    quote: str = ""
    """The words it is about."""
    resolved: bool = False
    """It was marked as done in Word."""
    reply: bool = False
    """It answers the comment before it."""
    paragraph: int = 0
    """The paragraph it stands in, counted from 0 through the file."""

    @property
    def key(self) -> str:
        """The name it is decided under."""
        return f"comment-{self.number}"


def comments_in(package: Package, body: Element, paragraphs: Mapping[Element, int]) -> tuple[FileComment, ...]:
    """Return the comments of the file in the order of their places in *body*; those without one come last."""
    part = package.related("comments")
    root = package.root(part) if part else None
    if root is None:
        return ()
    quotes, places = _anchors(body, paragraphs)
    done, replies = _threads(package)
    found = []
    for comment in root.iter(w("comment")):
        key = comment.get(w("id")) or ""
        ids = [paragraph.get(f"{_W14}paraId") or "" for paragraph in comment.iter(w("p"))]
        words = "\n".join(text_of(paragraph) for paragraph in comment.iter(w("p"))).strip()
        found.append(
            (places.get(key, len(paragraphs)), comment, words, quotes.get(key, ""), set(ids) & done, set(ids) & replies)
        )
    found.sort(key=lambda entry: entry[0])
    return tuple(
        FileComment(
            number, comment.get(w("author")) or comment.get(w("initials")) or "", comment.get(w("date")) or "",
            words, " ".join(quote.split())[:MAX_QUOTE], bool(resolved), bool(reply), place,
        )
        for number, (place, comment, words, quote, resolved, reply) in enumerate(found, 1)
    )  # fmt: skip


def _anchors(body: Element, paragraphs: Mapping[Element, int]) -> tuple[dict[str, str], dict[str, int]]:
    """Return for each comment's id the words between its two ends, and the paragraph it begins in."""
    quotes: dict[str, str] = {}
    places: dict[str, int] = {}
    opened: set[str] = set()
    paragraph = 0
    for element in body.iter():
        if element.tag == w("p"):
            paragraph = paragraphs.get(element, paragraph)
        elif element.tag == w("commentRangeStart"):
            opened.add(element.get(w("id")) or "")
            places.setdefault(element.get(w("id")) or "", paragraph)
        elif element.tag == w("commentRangeEnd"):
            opened.discard(element.get(w("id")) or "")
        elif element.tag == w("commentReference"):
            places.setdefault(element.get(w("id")) or "", paragraph)
        elif element.tag in {w("t"), w("delText"), w("tab"), w("br")}:
            for key in opened:
                if len(quotes.get(key, "")) < MAX_QUOTE:
                    quotes[key] = quotes.get(key, "") + (element.text or " ")
    return quotes, places


def _threads(package: Package) -> tuple[set[str], set[str]]:
    """Return the paragraph ids of comments that are done, and of those that answer another (MS-DOCX §2.5.4)."""
    part = package.related("commentsExtended")
    root = package.root(part) if part else None
    done: set[str] = set()
    replies: set[str] = set()
    for entry in root.iter(f"{_W15}commentEx") if root is not None else ():
        key = entry.get(f"{_W15}paraId") or ""
        if entry.get(f"{_W15}done") in {"1", "true"}:
            done.add(key)
        if entry.get(f"{_W15}paraIdParent"):
            replies.add(key)
    return done, replies
