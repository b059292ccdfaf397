"""Labels of article parts: the publication's, or those that recur across a manuscript's articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from newsletter.manuscripts.dates import find_dates
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.lines import Line

GENERIC = frozenset(
    (
        "at a glance", "in brief", "in short", "summary", "key points", "background", "why it matters", "what it means",
        "what is new", "what's new", "our view", "our take", "our comment", "comment", "analysis", "outlook", "context",
        "more on the topic", "more on this topic", "read more", "further reading", "learn more",
        "auf einen blick", "kurz gefasst", "zusammenfassung", "hintergrund", "warum das wichtig ist", "einordnung",
        "unser kommentar", "kommentar", "unsere einschätzung", "analyse", "ausblick", "mehr zum thema", "weiterlesen",
        "zum weiterlesen", "weiterführendes",
    )
)  # fmt: skip
"""Labels that are labels even if a manuscript has them once, compared without regard to capitals."""

_NOUNS = frozenset(
    ("comment", "commentary", "analysis", "view", "take", "assessment", "kommentar", "einschätzung", "analyse")
)
"""Nouns that make a label of the two or three words they end, as in ``The institute's view:``."""

MIN_ARTICLES = 2
"""A run-in word is inferred to be a label once it begins a paragraph in this many articles."""

_RUN_IN = re.compile(
    r"^\s*(?:[*_]{1,3})?([^\W\d_][^:：*_|\[\]()\n]{1,46}?)(?:[*_]{1,3})?[ \xa0]*[:：](?:[*_]{1,3})?(?=\s|$)"
)
_ARTICLE = re.compile(r"^\s*(?:#{1,6}\s+|\*\*)?\d{1,3}[.)]\s+\S|^\s*#{1,6}\s+\S")


def known(text: str) -> str:
    """Return the form in which labels and titles are compared."""
    return " ".join(text.replace("\xa0", " ").strip(" *_#:：\t").casefold().split())


class Labels:
    """What the labels of one manuscript are; asked by the cutter and by the articles."""

    def __init__(self, parts: Iterable[str], house: HouseStyle) -> None:
        self.parts = frozenset(parts)
        self._inferred = not house.part_labels
        self.source = frozenset(map(known, house.source_labels))
        self.bodies = frozenset(map(known, house.bodies_labels))
        self.date = frozenset(map(known, house.date_labels))

    def is_part(self, text: str) -> bool:
        """Say whether *text* is a label of an article part."""
        name = known(text)
        words = name.split()
        return name in self.parts or (self._inferred and 2 <= len(words) <= 4 and words[-1] in _NOUNS)

    def field(self, line: str) -> tuple[str, str, str] | None:
        """Return (kind, label, rest) if *line* is a field of a source; kind is source, bodies or date."""
        match = _RUN_IN.match(line)
        if not match:
            return None
        label = known(match.group(1))
        for kind, names in (("source", self.source), ("bodies", self.bodies), ("date", self.date)):
            if label in names:
                return kind, match.group(1).strip(), line[match.end() :].strip()
        return None

    def starts_part(self, line: str) -> bool:
        """Say whether *line* begins with a part's label and a colon."""
        match = _RUN_IN.match(line)
        return bool(match) and self.is_part(match.group(1)) if match else False


def infer(lines: Sequence[Line], house: HouseStyle) -> Labels:
    """Return the labels of a manuscript: the house's, else the generic ones and those that recur across articles."""
    if house.part_labels:
        return Labels(map(known, house.part_labels), house)
    fields = set(map(known, (*house.source_labels, *house.bodies_labels, *house.date_labels)))
    seen: dict[str, set[int]] = {}
    article = 0
    for line in lines:
        if _ARTICLE.match(line.text):
            article += 1
        match = _RUN_IN.match(line.text)
        if not match or not article or len(match.group(1).split()) > 5 or find_dates(match.group(1)):
            continue
        if (label := known(match.group(1))) not in fields:
            seen.setdefault(label, set()).add(article)
    return Labels(GENERIC | {label for label, articles in seen.items() if len(articles) >= MIN_ARTICLES}, house)
