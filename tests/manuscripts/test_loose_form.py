"""The loose form: what comes out of a PDF or a Word file comes in whole."""

from __future__ import annotations

import datetime

import pytest

from newsletter.manuscripts.document import Article, BriefList, Contact, Note, PeopleGroup, Period, Person
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.reader import Reading, read
from newsletter.manuscripts.remarks import Severity
from newsletter.manuscripts.richtext import BulletList, Figure, OrderedList, Paragraph, Quote, Subheading, Table, plain
from tests.manuscripts.sample import LOOSE


@pytest.fixture(scope="module")
def reading() -> Reading:
    """The sample manuscript, read."""
    return read(LOOSE)


def line_of(words: str) -> int:
    """The line of the sample that begins with *words*."""
    return next(n for n, line in enumerate(LOOSE.split("\n"), 1) if line.startswith(words))


def test_the_masthead_gives_title_date_and_period(reading: Reading) -> None:
    """The organisation stands over the title, the period takes its year from the date."""
    document = reading.document
    assert (document.organisation, document.title) == ("HALDIS", "Northern Trades")
    assert document.date == datetime.date(2025, 5, 14)
    assert document.period == Period(datetime.date(2025, 4, 8), datetime.date(2025, 5, 5))
    assert document.language == "en"


def test_sections_and_entries_are_in_their_places(reading: Reading) -> None:
    """Three numbered articles, then two lists of briefs, titles as written."""
    assert [
        (section.title, [(entry.kind, entry.title) for entry in section.entries])
        for section in reading.document.sections
    ] == [
        (
            "HALDIs TOP 3",
            [
                ("article", "Ports first in line for shore power money"),
                ("article", "Counting every crate: the customs union widens its registry"),
                ("article", "Filling the yard: training two thousand welders"),
            ],
        ),
        ("SHORT NEWS", [("briefs", "Rules"), ("briefs", "Firms")]),
    ]


def article(reading: Reading, number: int) -> Article:
    """The article with *number*."""
    found = reading.document.sections[0].entries[number - 1]
    assert isinstance(found, Article)
    assert found.number == number
    return found


def test_articles_have_labelled_parts(reading: Reading) -> None:
    """Labels keep the spelling of the manuscript; a comment has all its paragraphs."""
    first = article(reading, 1)
    assert [part.label for part in first.parts] == ["At a glance", "HALDIs comment"]
    glance, comment = first.parts
    assert [block.kind for block in glance.blocks] == ["paragraph", "bullets"]
    assert len(comment.blocks) == 2
    assert [part.label for part in article(reading, 2).parts] == ["At a glance", "HALDIS comment", "More on the topic"]


def test_sources_are_fields(reading: Reading) -> None:
    """Title, original title and its language, link, bodies and date, each with its label."""
    (source,) = article(reading, 2).sources
    assert source.title == "Rules for the “Registry” of Crates"
    assert source.original_title == "港口部等三部门关于箱子登记的通知"
    assert source.original_language == "zh-Hans"
    assert source.url == "#"
    assert source.bodies == ("MPIS", "MOF", "MLE")
    assert source.date == datetime.date(2025, 4, 9)
    assert (source.label, source.bodies_label, source.date_label) == ("Article", "Issuing bodies", "Date")


def test_a_source_keeps_brackets_that_are_no_original_title(reading: Reading) -> None:
    """The years belong to the title, also within the Chinese one."""
    (source,) = article(reading, 1).sources
    assert source.title == "Plan for Shore Power in Sea Ports (2025-2027)"
    assert source.original_title == "港口岸电建设实施方案（2025-2027年）的通知"


def test_briefs_are_dated(reading: Reading) -> None:
    """A brief's year is the period's; the date stands as written; its links stay in its text."""
    rules, firms = reading.document.sections[1].entries
    assert isinstance(rules, BriefList)
    assert isinstance(firms, BriefList)
    assert [(brief.date_text, brief.date) for brief in rules.briefs] == [
        ("April 10", datetime.date(2025, 4, 10)),
        ("April 12", datetime.date(2025, 4, 12)),
        ("April 20", datetime.date(2025, 4, 20)),
        ("April 30", datetime.date(2025, 4, 30)),
    ]
    assert plain(rules.briefs[0].text).startswith("The Council passed")
    assert plain(rules.briefs[0].text).endswith("(Council notice, Harbour Post)")


def test_a_brief_that_lost_its_bullet_is_named(reading: Reading) -> None:
    """The line of April 20 is a brief in its place, and a Remark with its line."""
    (remark,) = [remark for remark in reading.remarks if remark.rule == "stray-brief"]
    assert remark.line == line_of("April 20")
    assert remark.severity is Severity.WARNING
    assert "April 20" in remark.places[0].quote
    assert remark.places[0].path == "SHORT NEWS › Rules › April 20"


def test_a_sentence_torn_in_two_is_joined_and_named(reading: Reading) -> None:
    """The second half goes back into its brief, and a Remark says so with the line."""
    firms = reading.document.sections[1].entries[1]
    assert isinstance(firms, BriefList)
    assert "including 12 night lines" in plain(firms.briefs[1].text)
    assert len(firms.briefs) == 3
    (remark,) = [remark for remark in reading.remarks if remark.rule == "split-sentence"]
    assert remark.line == line_of("12 night lines")


def test_people_contact_and_publisher(reading: Reading) -> None:
    """A role over two lines is one role."""
    assert reading.document.people == (
        PeopleGroup("Authors", (Person("Åse Lind", "Analyst, HALDIS"),)),
        PeopleGroup("Editors", (Person("Jörg Weiß", "Head of Publications and Translation, HALDIS"),)),
    )
    assert reading.document.contact == Contact("desk@haldis.example", "For more information, please contact")
    assert reading.document.publisher is not None
    assert reading.document.publisher.lines == (
        "HALDIS | Institute for Northern Trades", "Kaistrasse 7", "24103 Kiel", "www.haldis.example",
    )  # fmt: skip


def test_the_contents_block_is_dropped_and_named(reading: Reading) -> None:
    """Every line of it is a place of one notice."""
    (remark,) = [remark for remark in reading.remarks if remark.rule == "contents-dropped"]
    assert remark.severity is Severity.NOTICE
    assert len(remark.places) == 8
    assert any("shore power money" in place.quote for place in remark.places)


def test_nothing_else_is_remarked(reading: Reading) -> None:
    """Four kinds of repair, and no word without a place."""
    assert {remark.rule for remark in reading.remarks} == {
        "contents-dropped", "link-word", "stray-brief", "split-sentence",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("At a glance: ", "At a glance:\u00a0"),
        lambda text: text.replace("welders", "wel\u00adders"),
        lambda text: text.replace("\n- ", "\n– "),
        lambda text: text.replace("\n- ", "\n* "),
        lambda text: text.replace("\n- ", "\n• "),
        lambda text: text.replace("At a glance:", "**At a glance:**").replace("HALDIS comment:", "**HALDIS comment:**"),
        lambda text: text.replace("At a glance:", "**At a glance**:"),
        lambda text: text.replace("*", "**"),
        lambda text: text.replace("Article:", "Source:"),
        lambda text: text.replace("\n\nIssuing", "\nIssuing").replace("\n\nDate:", "\nDate:"),
    ],
    ids=["crlf", "bom", "nbsp", "soft-hyphen", "dash", "star", "dot", "bold", "bold-colon", "strong", "source", "run-on"],
)  # fmt: skip
def test_ways_of_writing_do_not_matter(change, reading: Reading) -> None:
    """Line ends, bullets, bold labels: the same articles, briefs and people come in."""
    changed = read(change(LOOSE))
    assert outline(changed) == outline(reading)
    assert "unplaced-words" not in {remark.rule for remark in changed.remarks}


def outline(reading: Reading) -> object:
    """What a Document holds, without its words."""
    rows: list[object] = [reading.document.title, reading.document.date, reading.document.period]
    for section in reading.document.sections:
        for entry in section.entries:
            match entry:
                case Article():
                    labels = [(part.label.casefold(), len(part.blocks)) for part in entry.parts]
                    rows.append((entry.number, labels, [(s.title, s.bodies, s.date) for s in entry.sources]))
                case BriefList():
                    rows.append([(brief.date, brief.date_text) for brief in entry.briefs])
                case Note():
                    rows.append(("note", entry.title))
    return [*rows, reading.document.people, reading.document.contact, reading.document.publisher]


def test_headings_with_number_signs(reading: Reading) -> None:
    """The same manuscript from a converter that writes # headings reads the same."""
    text = LOOSE
    for title in ("HALDIs TOP 3", "SHORT NEWS"):
        text = text.replace(f"\n{title}\n", f"\n## {title}\n")
    for title in ("1. Ports", "2. Counting", "3. Filling"):
        text = text.replace(f"\n\n{title}", f"\n\n### {title}")
    text = text.replace("\nRules\n", "\n### Rules\n").replace("\nFirms\n", "\n### Firms\n")
    text = text.replace("\nNorthern Trades\n", "\n# Northern Trades\n")
    assert outline(read(text)) == outline(reading)


def test_a_german_manuscript() -> None:
    """German dates, labels and headings."""
    text = """14. Mai 2025 (Berichtszeitraum: 8. April bis 5. Mai)

Nordhandel

NACHRICHTEN

1. Häfen warten auf Strom

Auf einen Blick: Das Ministerium hat einen Plan für die Häfen vorgelegt, und die Fähren sind dabei.

- Vierzig Liegeplätze
- Dreihundert Fachleute

Unser Kommentar: Die kleinen Häfen warten, weil das Netz schwach ist.

Quelle: Plan für Landstrom ([Link](https://example.org/plan))

Herausgebende Stellen: MPIS, MOF

Datum: 29. April 2025

KURZ NOTIERT

Regeln

- 10. April: Der Rat hat neue Regeln für Schlepper beschlossen.
- 30. April: Die Lotsen haben unterschrieben.

REDAKTION

Åse Lind
Referentin
"""
    document = read(text).document
    assert (document.title, document.language) == ("Nordhandel", "de")
    assert document.period == Period(datetime.date(2025, 4, 8), datetime.date(2025, 5, 5))
    article, briefs = document.sections[0].entries[0], document.sections[1].entries[0]
    assert isinstance(article, Article)
    assert [part.label for part in article.parts] == ["Auf einen Blick", "Unser Kommentar"]
    assert article.sources[0].url == "https://example.org/plan"
    assert article.sources[0].date == datetime.date(2025, 4, 29)
    assert article.sources[0].bodies_label == "Herausgebende Stellen"
    assert isinstance(briefs, BriefList)
    assert [(brief.date, brief.date_text) for brief in briefs.briefs] == [
        (datetime.date(2025, 4, 10), "10. April"),
        (datetime.date(2025, 4, 30), "30. April"),
    ]
    assert document.people == (PeopleGroup("Redaktion", (Person("Åse Lind", "Referentin"),)),)


FREE = """# Northern Trades

## Editorial

Dear readers,

this spring the ice left late.

![A harbour in the ice](harbour.png "The harbour in April")

## Interview

**How do you count crates?**

One by one.

> Nobody believes it.

## Events

- 12 June: Open day at the lock
- 3 July: Talk on tugs

## Numbers

| Port | Berths |
| --- | ---: |
| Kiel | 7 |

1. First
2. Second
"""


def test_free_text_becomes_notes() -> None:
    """Editorial, interview and events keep their text; pictures and tables stand where they stood."""
    document = read(FREE).document
    notes = [entry for section in document.sections for entry in section.entries]
    assert document.title == "Northern Trades"
    assert all(isinstance(note, Note) for note in notes)
    kinds = [block.kind for note in notes if isinstance(note, Note) for block in note.blocks]
    assert kinds.count("figure") == 1
    assert {"table", "quote", "numbers", "bullets"} <= set(kinds)
    figure = next(block for note in notes if isinstance(note, Note) for block in note.blocks if block.kind == "figure")
    assert (figure.source, figure.alt, plain(figure.caption)) == (
        "harbour.png",
        "A harbour in the ice",
        "The harbour in April",
    )


def test_the_publications_labels_win() -> None:
    """With labels in the house style, only those are labels."""
    house = HouseStyle(part_labels=("At a glance",))
    first = read(LOOSE, house_style=house).document.sections[0].entries[0]
    assert isinstance(first, Article)
    assert [part.label for part in first.parts] == ["At a glance"]
    assert plain(first.parts[0].blocks[2].children).startswith("HALDIs comment:")


def test_a_split_sentence_in_an_ordinary_list() -> None:
    """A paragraph in lower case after an unfinished item goes back into it."""
    reading = read("Title\n\nSection\n\nNote\n\n- first thing\n- second thing with\n\na long end.\n\nNew paragraph.\n")
    assert "split-sentence" in {remark.rule for remark in reading.remarks}


def test_a_finished_list_is_left_alone() -> None:
    """Items often have no stop; a new sentence after them is a new sentence."""
    reading = read("Title\n\n1. Head\n\nAt a glance: We see:\n\n- one thing\n- another\n\n12 ministries signed it.\n")
    assert "split-sentence" not in {remark.rule for remark in reading.remarks}


def test_html_is_left_out_and_named() -> None:
    """Tags are quoted in a Remark; the words between them stay; a script is words."""
    reading = read('Title\n\nText\n\n<div class="x">Some <u>words</u></div> and <script>alert(1)</script> more.\n')
    (remark,) = [remark for remark in reading.remarks if remark.rule == "raw-html"]
    assert '<div class="x">' in [place.quote for place in remark.places]
    assert "<" not in repr(reading.document.sections)
    assert "words" in repr(reading.document.sections)


def test_only_web_and_mail_addresses_are_links() -> None:
    """javascript:, file: and relative addresses are named and left out; # stays as a placeholder."""
    reading = read("Title\n\nText\n\n[a](javascript:alert(1)) [b](file:///x) [c](/d) [e](#) [f](https://e.org) [g]()\n")
    (remark,) = [remark for remark in reading.remarks if remark.rule == "unusable-link"]
    assert len(remark.places) == 3
    assert "javascript" not in repr(reading.document)
    assert "url='#'" in repr(reading.document)
    assert "url='https://e.org'" in repr(reading.document)


def test_kinds_are_imported() -> None:
    """The vocabulary of blocks is closed; this names what the tests above rely on."""
    kinds = (BulletList, Figure, OrderedList, Paragraph, Quote, Subheading, Table)
    assert len({kind.__name__ for kind in kinds}) == 7
