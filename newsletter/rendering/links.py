"""Links: an author's URL as an edition may carry it."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import idna

from newsletter.kit.errors import RenderingError
from newsletter.rendering.characters import RESERVED_HOST

_KEPT = "!#$%&'()*+,/:;=?@[]~-._"
"""What stays as written; everything else, quotes and non-ASCII above all, is percent-encoded (RFC 3986 §2.1)."""


def href(url: str) -> str:
    """Return *url* in ASCII, safe in any attribute, or ``""`` for a placeholder and for any but http, https, mailto."""
    url = re.sub(r"\s+", "%20", url.strip())
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # a bracket that opens no IPv6 address
        return ""
    scheme = parts.scheme.lower()
    if (scheme in ("http", "https") and host) or (scheme == "mailto" and parts.path):
        if not host.isascii():
            url = url.replace(parts.netloc, _ascii_netloc(parts.netloc, host), 1)
        safe = quote(url, safe=_KEPT)
        if RESERVED_HOST in safe.lower():
            raise RenderingError(f"The link {url!r} names {RESERVED_HOST}, which is kept for the links of each reader.")
        return safe
    return ""


def _ascii_netloc(netloc: str, host: str) -> str:
    try:
        ascii_host = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return netloc
    before, at, _ = netloc.rpartition("@")
    _, colon, port = netloc.rpartition(":")
    return f"{before}{at}{ascii_host}" + (f":{port}" if colon and port.isdigit() else "")
