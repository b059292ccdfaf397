"""The reader: a manuscript's bytes to a Document, with Remarks on what was repaired or could not be placed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.front_matter import read_front_matter, split_front_matter
from newsletter.manuscripts.house_form import read_house
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.lines import Line, decode, lines_of
from newsletter.manuscripts.loose_form import read_loose
from newsletter.manuscripts.losses import find_losses
from newsletter.manuscripts.markdown import refuse_depth
from newsletter.manuscripts.places import Paths
from newsletter.manuscripts.remarks import Remark
from newsletter.manuscripts.repairs import Finding, remarks_of

_SECTION = re.compile(r"^#(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class Reading:
    """A manuscript as read: the Document and the Remarks made on the way."""

    document: Document
    remarks: tuple[Remark, ...] = ()


def read(
    source: bytes | str,
    *,
    house_style: HouseStyle = HouseStyle(),
    name: str = "manuscript",
    part: bool = False,
    headed: bool = False,
) -> Reading:
    """Read a manuscript in the house form or the loose form; see docs/manuscript.md for both.

    *part* says that it is one author's part of an issue: a loose one has no masthead then, and its first title is an
    entry's. *headed* says that its titles are marked as such, so that a short line is no title by itself. Every word
    of *source* is in the Document or named in a Remark. Raises ``ManuscriptError`` in one sentence, naming
    *name*, if *source* is no manuscript.
    """
    text, noted = decode(source, name)
    lines = lines_of(text)
    refuse_depth(text)
    front = split_front_matter(lines)
    if front is None:
        document, findings = _loose(lines, house_style, None, part=part, headed=headed)
    else:
        values, refused = read_front_matter(front[0])
        body = front[1]
        if all(line.blank for line in body) or any(_SECTION.match(line.text) for line in body):
            document, findings = _house(body, values, house_style)
        else:
            document, findings = _loose(body, house_style, values, part=False, headed=headed)
        findings = [*refused, *findings]
    remarks = remarks_of([*noted, *findings], house_style.severities)
    return Reading(document, _placed(remarks, document))


def _loose(
    lines: Sequence[Line], house: HouseStyle, values: Document | None, *, part: bool, headed: bool
) -> tuple[Document, list[Finding]]:
    reading = read_loose(lines, house, values, part=part, headed=headed)
    lost = find_losses(lines, reading.document, reading.findings, reading.taken)
    return reading.document, [*reading.findings, *lost]


def _house(lines: Sequence[Line], values: Document, house: HouseStyle) -> tuple[Document, list[Finding]]:
    document, findings, taken = read_house(lines, values, house)
    if not document.title.strip():
        findings.append(Finding("title-missing", 1, ""))
    return document, [*findings, *find_losses(lines, document, findings, taken)]


def _placed(remarks: Sequence[Remark], document: Document) -> tuple[Remark, ...]:
    """Give each place its path through the issue."""
    paths = Paths(document)
    return tuple(
        replace(remark, places=tuple(replace(place, path=paths.at(place.line)) for place in remark.places))
        for remark in remarks
    )
