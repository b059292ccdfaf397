"""The documentation says what the code does."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from newsletter.manuscripts.document import Article, BriefList, Note
from newsletter.manuscripts.front_matter import FIELDS
from newsletter.manuscripts.proofing import RULES, proof
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.repairs import REPAIRS
from newsletter.manuscripts.writer import write

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_rules_is_documented() -> None:
    """Every rule with its severity, gloss and reason, in the order of the table, and no other."""
    rows = re.findall(r"^\| `(.+?)` \| (\w+) \| (.+?) \| (.+?) \|$", (DOCS / "proofing.md").read_text(), re.MULTILINE)
    assert rows == [(rule.name, rule.severity.value, rule.gloss, rule.why) for rule in RULES]


def test_the_repairs_are_documented() -> None:
    """Every repair with its severity and gloss, and no other."""
    text = (DOCS / "proofing.md").read_text().partition("## Repairs")[2]
    rows = re.findall(r"^\| `(.+?)` \| (\w+) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(repair.name, repair.severity.value, repair.gloss) for repair in REPAIRS.values()]


def test_the_fields_of_the_front_matter_are_documented() -> None:
    """Each field stands in the table."""
    text = (DOCS / "manuscript.md").read_text()
    assert [field for field in FIELDS if f"`{field}`" not in text] == ["organization"]


def test_the_example_of_the_house_form_is_one() -> None:
    """The manuscript in the documentation reads without a Remark and is proofed without one."""
    block = (DOCS / "manuscript.md").read_text().partition("## The house form\n")[2].partition("\n| front matter")[0]
    reading = read(textwrap.dedent(block).strip())
    assert reading.remarks == ()
    assert proof(reading.document) == ()
    kinds = [type(entry) for section in reading.document.sections for entry in section.entries]
    assert kinds == [Article, BriefList, Note]
    assert read(write(reading.document)).document == reading.document
