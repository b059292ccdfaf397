"""What a machine can mend is mended in every field, and nothing else is touched."""

from __future__ import annotations

from newsletter.manuscripts.changes import SetField
from newsletter.manuscripts.document import Article, Brief, BriefList, Document, Part, Section, Source
from newsletter.manuscripts.fields import blocks_in, one_line
from newsletter.manuscripts.fixing import fixes_of
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.keys import keyed
from newsletter.manuscripts.proofing import proof
from newsletter.manuscripts.remarks import Remark

TEXT = "Say **SKERRy** or [SKERRy](https://example.org/SKERRy), SKERRying^[SKERRy, too.].\n\n![SKERRy by the sea](SKERRy.png)"
DOCUMENT = keyed(
    Document(
        "SKERRY weekly",
        sections=(
            Section(
                "SKERRY news",
                (
                    Article(
                        "Of SKERRy",
                        (Part(blocks_in(TEXT), "At a glance"),),
                        (Source("SKERRy plan", url="https://example.org/SKERRy"),),
                    ),
                    BriefList("Briefs", (Brief(one_line("The the SKERRY fleet the *the* end.")),)),
                ),
            ),
        ),
    ),
    stem="k",
)


def remark(rule: str) -> Remark:
    """The finding of *rule* in the document."""
    return next(one for one in proof(DOCUMENT, house_style=HouseStyle(preferred=("SKERRY",))) if one.rule == rule)


def test_a_spelling_is_mended_in_words_and_never_in_addresses():
    """Title, text within marks, links' words, footnotes, descriptions; no URL, no file name, no part of a word."""
    changes = fixes_of(DOCUMENT, remark("two-spellings"))
    values = {(change.name, change.value) for change in changes}
    mended = TEXT.replace("**SKERRy**", "**SKERRY**").replace("[SKERRy](", "[SKERRY](").replace("^[SKERRy", "^[SKERRY")
    assert ("text", mended.replace("![SKERRy", "![SKERRY")) in values
    assert {("title", "Of SKERRY"), ("title", "SKERRY plan")} <= values
    assert not any(change.name == "url" for change in changes)
    assert len(changes) == 3


def test_a_doubled_word_is_taken_out_where_no_markup_divides_it():
    """The first word stays as it is written."""
    changes = fixes_of(DOCUMENT, remark("doubled-word"))
    assert [change.value for change in changes] == ["The SKERRY fleet the *the* end."]
    assert all(isinstance(change, SetField) for change in changes)


def test_what_is_not_there_any_more_changes_nothing():
    """The text was written anew meanwhile."""
    other = keyed(Document("SKERRY", sections=(Section("News", (Article("Of ships"),)),)), stem="k")
    assert fixes_of(other, remark("two-spellings")) == ()
