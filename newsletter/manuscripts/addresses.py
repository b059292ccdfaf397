"""Web addresses in a manuscript: which may stand in an issue."""

from __future__ import annotations

import re

_GOOD = re.compile(r"(?:https?://[^\s/\\<>\"'\x00-\x20]|mailto:[^\s<>\"@]+@)[^\s<>\"\x00-\x1f\x7f]*\Z", re.IGNORECASE)
BARE = re.compile(r"https?://[^\s<>\"()]+[^\s<>\"().,;:!?]", re.IGNORECASE)
"""An address written out in running text."""
MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
"""A mail address in running text."""


def is_placeholder(url: str) -> bool:
    """Say whether *url* stands for a link still to come."""
    return url.strip() in {"", "#"}


def is_usable(url: str) -> bool:
    """Say whether *url* is an http, https or mailto address that may go into a mail."""
    return bool(_GOOD.match(url))
