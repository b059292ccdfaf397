"""Feeds: a shelf as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, and the sitemap of all open shelves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET  # writes only; nothing of anybody's is parsed with it

from markupsafe import escape

from newsletter.issues.places import PDF_NAME, publication_path
from newsletter.rendering.characters import printable
from newsletter.web.shelves import Listed, Shelf

NEWEST = 20
"""Issues in a feed; who comes less often than that has the archive."""
ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
ET.register_namespace("atom", ATOM)


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of feed: its file name below the publication, its media type, how it is written."""

    name: str
    media_type: str
    write: Callable[[Shelf, str], bytes]


def rss(shelf: Shelf, public_url: str) -> bytes:
    """Return *shelf* as RSS 2.0; *public_url* is what its paths hang on."""
    home = public_url + publication_path(shelf.label)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _text(channel, "title", shelf.name)
    _text(channel, "link", home)
    _text(channel, "description", f"{shelf.name} – {shelf.publisher}")
    _text(channel, "language", shelf.language)
    ET.SubElement(channel, f"{{{ATOM}}}link", href=f"{home}feed.rss", rel="self", type="application/rss+xml")
    if shelf.issues:
        _text(channel, "lastBuildDate", format_datetime(_changed(shelf.issues)))
    for issue in shelf.issues:
        url = public_url + issue.path
        item = ET.SubElement(channel, "item")
        _text(item, "title", _title(issue))
        _text(item, "link", url)
        _text(item, "guid", url).set("isPermaLink", "true")
        _text(item, "pubDate", format_datetime(issue.published_at))
        _text(item, "description", _as_html(issue))
        if issue.pdf_size:
            ET.SubElement(item, "enclosure", url=url + PDF_NAME, length=str(issue.pdf_size), type="application/pdf")
    return _xml(root)


def atom(shelf: Shelf, public_url: str) -> bytes:
    """Return *shelf* as an Atom feed (RFC 4287)."""
    home = public_url + publication_path(shelf.label)
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": shelf.language})
    _text(root, "id", home)
    _text(root, "title", shelf.name)
    _text(root, "updated", _changed(shelf.issues).isoformat())
    _text(ET.SubElement(root, "author"), "name", shelf.publisher)
    ET.SubElement(root, "link", href=home, rel="alternate", type="text/html")
    ET.SubElement(root, "link", href=f"{home}feed.atom", rel="self", type="application/atom+xml")
    for issue in shelf.issues:
        url = public_url + issue.path
        entry = ET.SubElement(root, "entry")
        _text(entry, "id", url)
        _text(entry, "title", _title(issue))
        _text(entry, "published", issue.published_at.isoformat())
        _text(entry, "updated", issue.changed_at.isoformat())
        ET.SubElement(entry, "link", href=url, rel="alternate", type="text/html")
        if issue.pdf_size:
            ET.SubElement(
                entry, "link", href=url + PDF_NAME, rel="enclosure", length=str(issue.pdf_size), type="application/pdf"
            )
        _text(entry, "summary", issue.summary)
        _text(entry, "content", _as_html(issue)).set("type", "html")
    return _xml(root)


def json_feed(shelf: Shelf, public_url: str) -> bytes:
    """Return *shelf* as JSON Feed 1.1."""
    home = public_url + publication_path(shelf.label)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": shelf.name,
        "home_page_url": home,
        "feed_url": f"{home}feed.json",
        "language": shelf.language,
        "authors": [{"name": shelf.publisher}],
        "items": [_json_item(issue, public_url + issue.path) for issue in shelf.issues],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def sitemap(shelves: Iterable[Shelf], public_url: str) -> bytes:
    """Return the addresses of all that is open, with the day each last changed (sitemaps.org 0.9)."""
    root = ET.Element("urlset", xmlns=SITEMAP)
    pages: list[tuple[str, datetime | None]] = [("/", None)]
    for shelf in shelves:
        pages.append((publication_path(shelf.label), _changed(shelf.issues) if shelf.issues else None))
        pages.extend((issue.path, issue.changed_at) for issue in shelf.issues)
    for path, changed in pages:
        page = ET.SubElement(root, "url")
        _text(page, "loc", public_url + path)
        if changed:
            _text(page, "lastmod", changed.date().isoformat())
    return _xml(root)


FEEDS = (
    Feed("feed.rss", "application/rss+xml", rss),
    Feed("feed.atom", "application/atom+xml", atom),
    Feed("feed.json", "application/feed+json", json_feed),
)


def _json_item(issue: Listed, url: str) -> dict[str, object]:
    item: dict[str, object] = {
        "id": url,
        "url": url,
        "title": _title(issue),
        "summary": issue.summary,
        "content_html": _as_html(issue),
        "date_published": issue.published_at.isoformat(),
        "date_modified": issue.changed_at.isoformat(),
    }
    if issue.pdf_size:
        item["attachments"] = [{"url": url + PDF_NAME, "mime_type": "application/pdf", "size_in_bytes": issue.pdf_size}]
    return item


def _title(issue: Listed) -> str:
    return f"{issue.title} ({issue.date})" if issue.date else issue.title


def _as_html(issue: Listed) -> str:
    """Return what is in the issue: its line, then its first articles."""
    items = "".join(f"<li>{escape(headline)}</li>" for headline in issue.headlines)
    return f"<p>{escape(issue.summary)}</p>" + (f"<ul>{items}</ul>" if items else "")


def _changed(issues: tuple[Listed, ...]) -> datetime:
    """Return when the newest change went out; a shelf without issues has not changed since the epoch."""
    return max((issue.changed_at for issue in issues), default=datetime(1970, 1, 1, tzinfo=UTC))


def _text(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = printable(text)
    return child


def _xml(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
