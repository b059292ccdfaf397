"""Browsers: what a person would call the one that a User-Agent field means."""

from __future__ import annotations

import re

PROGRAMS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"), ("Opera", r"OPR/"), ("Firefox", r"(?:Firefox|FxiOS)/"),
    ("Chrome", r"(?:Chrome|CriOS|Chromium)/"), ("Safari", r"Safari/"),
)  # fmt: skip
"""In this order, since each claims to be those after it."""
SYSTEMS = (
    ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Android", r"Android"), ("Windows", r"Windows"),
    ("Mac", r"Mac OS X|Macintosh"), ("Linux", r"Linux|X11"),
)  # fmt: skip


def named(agent: str) -> str:
    """Return ``Firefox, Windows``; of a field that says neither, its beginning."""
    found = [next((name for name, pattern in table if re.search(pattern, agent)), "") for table in (PROGRAMS, SYSTEMS)]
    return ", ".join(filter(None, found)) or agent[:40]
