"""Nothing is silently dropped: every word of the input is in the Document or named in a Remark."""

from __future__ import annotations

import contextlib
import random
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.dates import MONTHS
from newsletter.manuscripts.document import to_json
from newsletter.manuscripts.losses import strings_of
from newsletter.manuscripts.reader import Reading, read
from tests.manuscripts.sample import LOOSE

LINES = LOOSE.split("\n")
JUNK = [
    "Lorem [ipsum](https://example.org/dolor) sit",
    "Date: tomorrow",
    "Issuing body: Nobody",
    "Article: Another one (另一个) ([Link](#))",
    "5. A number",
    "# Heading",
    "### Deep heading",
    "- item [x](javascript:evil)",
    "April 99: no such day",
    "> quoted words",
    "| a | b |",
    "| --- | --- |",
    "[^1]: a note",
    "[label]: https://example.org",
    "text with a note[^1] and ^[another]",
    "<div>tagged <b>words</b></div>",
    "<!-- secret comment -->",
    "![alt words](picture.png \"Title words\")",
    "CONTENTS",
    "Something.....\t9",
    "PUBLISHER",
    "AUTHORS",
    "Someone, role",
    "please contact: a@b.example",
    "At a glance:",
    "HALDIS comment: **bold** *it*",
    "---",
    "====",
    "```code fence",
    "    indented words",
    "1) one",
    "* *",
    "MAY 3, 2025",
    "Reporting period: May 1 - May 2, 2025",
    "中文 words",
    "a\\*b \\[c\\] &amp; &copy; d",
    "\\",
    "[[[",
    "**unclosed",
]  # fmt: skip
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
SAID_BY_FIELDS = {"reporting", "period", "date", "published", "to", "bis", "from", "until"} | set(MONTHS)


def said(line: str) -> list[str]:
    """The words of a line, without what only ties the text together: addresses, labels, numbering."""
    for pattern in (
        r"^\s{0,3}\[[^\]]*\]:\s*\S+\s*$", r"(?<=\])\([^)\s]*", r"\[\^[^\s\]]+\]", r"&(amp|copy);", r"^[\s>*#-]*\d+[.)]",
    ):  # fmt: skip
        line = re.sub(pattern, " ", line)
    return WORD.findall(line.casefold())


def lost(text: str, reading: Reading) -> Counter[str]:
    """The words of *text* that are nowhere: not in the Document, not in a Remark, not said by a date."""
    stored = re.sub(r'"(?:line|kind)":[^,}]*', "", to_json(reading.document)).encode().decode()
    kept = Counter(WORD.findall(stored.replace("\\n", " ").casefold()))
    for remark in reading.remarks:
        for place in remark.places:
            kept.update(WORD.findall(place.quote.casefold()))
    written: Counter[str] = Counter()
    for line in text.split("\n"):
        written.update(said(line))
    written.subtract(kept)
    return Counter(
        {
            word: count
            for word, count in written.items()
            if count > 0 and word not in SAID_BY_FIELDS and not word.isdigit()
        }
    )


def test_the_sample_comes_in_whole() -> None:
    """Not a word of it is missing."""
    assert not lost(LOOSE, read(LOOSE))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The sample with lines dropped, swapped, joined, and junk between them."""
    dice = random.Random(draw(st.integers(0, 10**6)))
    start = dice.randrange(len(LINES))
    lines = list(LINES) if dice.random() < 0.6 else LINES[start : start + dice.randrange(1, 40)]
    for _ in range(dice.randrange(1, 12)):
        at = dice.randrange(len(lines)) if lines else 0
        match dice.randrange(6):
            case 0 if lines:
                del lines[at]
            case 1 if lines:
                other = dice.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 2 if len(lines) > at + 1:
                lines[at : at + 2] = [lines[at] + " " + lines[at + 1]]
            case 3 if lines:
                lines[at : at + 1] = [lines[at], "", dice.choice(JUNK), ""]
            case 4 if lines and " " in lines[at]:
                head, _, tail = lines[at].partition(" ")
                lines[at : at + 1] = [head, "", tail]
            case _:
                lines.insert(at, dice.choice(JUNK))
    if dice.random() < 0.05:
        dice.shuffle(lines)
    return "\n".join(lines)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_no_word_of_a_damaged_manuscript_is_dropped_unheard(text: str) -> None:
    """Whatever happens to the lines, each word is in the Document or named."""
    try:
        reading = read(text)
    except ManuscriptError:
        assert not text.strip()
        return
    assert not lost(text, reading)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(JUNK), st.just(""), st.text(max_size=12)), max_size=14).map("\n".join))
def test_no_word_of_junk_is_dropped_unheard(text: str) -> None:
    """Junk reads, or is refused in a sentence; it never crashes the reader."""
    text = "Words first\n" + re.sub(r"[^\S \n]|[^\w\s!-~]", " ", text)
    with contextlib.suppress(ManuscriptError):
        assert not lost(text, read(text))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*JUNK, "# A", "## B {.briefs}", "## C {.note}", "### D {.source}", "- title: x", "- 2024-01-01: y"]
        ),
        max_size=14,
    ).map("\n".join)
)
def test_no_word_of_a_careless_house_form_is_dropped_unheard(text: str) -> None:
    """The house form, too, keeps or names what it does not know."""
    text = f"---\ntitle: T\n---\n\n# S\n{text}"
    reading = read(text)
    body = text.split("---\n", 2)[2]
    missing = lost(re.sub(r"\{\.\w+\}", "", body), reading)
    assert not set(missing) - {"title"}


@pytest.mark.parametrize("text", ["Words first\n\n1) one\nMAY 3, 2025", "Words first\n\nabc MAY 3, 2025\n\nText"])
def test_a_short_word_beside_a_date_is_not_swallowed(text: str) -> None:
    """It stands in the issue or in a Remark."""
    reading = read(text)
    words = " ".join([*strings_of(reading.document), *(place.quote for r in reading.remarks for place in r.places)])
    assert {"one", "abc"} & set(words.split())
