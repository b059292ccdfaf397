"""Each rule finds what it is for and is quiet about what is right."""

from __future__ import annotations

import datetime

import pytest

from newsletter.manuscripts.document import Article, Brief, BriefList, Document, Note, Part, Period, Section, Source
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.markdown import read_blocks
from newsletter.manuscripts.proofing import proof
from newsletter.manuscripts.remarks import Remark


def issue(text: str = "", *, sources: tuple[Source, ...] = (), period: Period | None = None) -> Document:
    """An issue with one article: *text* in Markdown, and its sources."""
    blocks, _ = read_blocks(text)
    article = Article("Head", (Part(blocks, "At a glance"),) if blocks else (), sources, 1)
    return Document("Title", period=period, sections=(Section("Part", (article,)),))


def found(rule: str, document: Document, house_style: HouseStyle = HouseStyle()) -> list[Remark]:
    """The Remarks of *rule*."""
    return [remark for remark in proof(document, house_style=house_style) if remark.rule == rule]


@pytest.mark.parametrize(
    "text",
    [
        "SenseNet and Sensenet met.", "SenseNet met; SENSENET left.", "MERIDIANS and MERIDIANs.", "The OECD and the OEcD.",
    ],
)  # fmt: skip
def test_a_name_in_two_spellings_is_found(text: str) -> None:
    """Capitals within a name make it a name; another spelling of it is wrong."""
    assert len(found("two-spellings", issue(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Link and link, State and state.", "MOST of it. Most of us, most days.", "The US told us. It is about IT.",
        "NEVs and an NEV.", "SenseNet's and SenseNet.", "www.MeriDian.org and meridian@MERIDIAN.org and MeriDian.",
        "WHO asks who?", "AI is said to be ai.", "Climate and climate-neutral.",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_second_spelling(text: str) -> None:
    """Sentence starts, acronyms that are also words, plurals, addresses."""
    assert found("two-spellings", issue(text)) == []


def test_headings_in_capitals_are_no_second_spelling() -> None:
    """A heading in capitals writes every name in capitals."""
    document = Document("T", sections=(Section("SENSENET TODAY", issue("SenseNet grows.").sections[0].entries),))
    assert found("two-spellings", document) == []


def test_the_house_style_decides_which_spelling_is_right() -> None:
    """Even one single occurrence of the other is found; names of several words too."""
    house = HouseStyle(preferred=("SenseNet", "Blue-Anchor Yard"))
    assert found("two-spellings", issue("Sensenet grows."), house)[0].message.startswith("“SenseNet”")
    assert len(found("two-spellings", issue("The Blue-anchor yard closed."), house)) == 1
    assert found("two-spellings", issue("SenseNet and Blue-Anchor Yard."), house) == []


@pytest.mark.parametrize(
    "text",
    [
        "The Ministry of Industry and Information Technology (MIIT) spoke.",
        "The Ministry of Science and Technology (MOST) spoke.",
        "Research on brain-computer interface (BCI) grows.",
        "A shift to new energy vehicles (NEVs) began; an NEV is quiet.",
        "The Ministry of Human Resources and Social Security (MOHRSS) spoke.",
        "The Ministry of Housing and Urban-Rural Development (MOHURD) spoke.",
        "The plan (2024-2026) and the price (USD) and the note (in English).",
        "The International Organization for Standardization (ISO) met.",
        "The Bundesministerium für Wirtschaft (BMWi) met.",
        "The Deutsche Gesellschaft für Internationale Zusammenarbeit (GIZ) met.",
        "The National Health Commission of the People's Republic of China (NHC) met.",
        "Talks in Oslo (NATO) went on.",
        "A Chinese company from Hangzhou, Zhejiang (ZJ), grows.",
        "The Chinese Academy of Sciences (CAS) met. The CAS (Beijing) met.",
    ],
)
def test_fitting_acronyms_are_left_alone(text: str) -> None:
    """Small words may give letters, hyphens part words, plurals add an s, and years are no acronyms."""
    document = issue(text)
    assert found("acronym-initials", document) == []
    assert found("acronym-meanings", document) == []


@pytest.mark.parametrize(
    "text",
    [
        "The Ministry of Human Resources and Social Security (MOHURD) spoke.",
        "The Ministry of Ports and Inland Shipping (MPXS) spoke.",
        "**The Council for Crates and Barrels (CCD)** met.",
    ],
)
def test_initials_that_do_not_fit_are_found(text: str) -> None:
    """The name before the bracket and its letters contradict each other."""
    (remark,) = found("acronym-initials", issue(text))
    assert "(" in remark.places[0].quote


def test_an_acronym_with_two_expansions_is_found() -> None:
    """Each meaning is a place."""
    text = "The Council for Ports (CP) met.\n\nThe Chamber of Pilots (CP) met."
    (remark,) = found("acronym-meanings", issue(text))
    assert [place.line for place in remark.places] == [1, 3]


def test_an_expansion_with_two_acronyms_is_found() -> None:
    """One name, one acronym."""
    text = "The Ministry of Science and Technology (MOST) met.\n\nThe Ministry of Science and Technology (MST) met."
    assert len(found("acronym-meanings", issue(text))) == 1


def test_the_glossary_is_a_meaning_too() -> None:
    """The house says what CP stands for; a glossary entry also saves initials that do not fit."""
    house = HouseStyle(acronyms={"CP": "Council for Ports", "MOE": "Ministry of Environment and Ecology"})
    assert len(found("acronym-meanings", issue("The Chamber of Pilots (CP) met."), house)) == 1
    assert found("acronym-meanings", issue("The Council for Ports (CP) met."), house) == []
    text = "The Ministry of Environment and Ecology (MOE) met."
    assert found("acronym-initials", issue(text), house) == []


def listed(count: int, original: str = "") -> tuple[Source, ...]:
    """A source with *count* issuing bodies."""
    names = ("MLE", "MPIS", "MOF", "MOT", "MIT", "MOD", "MOE", "MOI", "MEE", "NHC", "MEM", "PBC")
    return (Source("Plan", original, url="https://e.org", bodies=names[:count]),)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12 ministries led by the MLE issued a plan.", 12),
        ("Seven departments issued a plan.", 7),
        ("MLE and seven other government bodies issued a plan.", 8),
        ("MLE, MPIS and five other agencies issued a plan.", 7),
        ("The Ministry of A (MLE) and six other bodies issued a plan.", 7),
        ("The plan covers 60 industries in 12 provinces.", 7),
        ("It names five research areas.", 7),
        ("Sieben Ministerien haben einen Plan vorgelegt.", 7),
        ("Eight government agencies led by the MLE.", 0),
        ("Two bodies of water.", 1),
    ],
)
def test_right_counts_are_left_alone(text: str, count: int) -> None:
    """The number is the list's, or there is no list to compare with."""
    assert found("wrong-count", issue(text, sources=listed(count))) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("MLE and seven other government bodies issued a plan.", 7),
        ("11 ministries issued a plan.", 12),
        ("Six agencies, led by MLE, issued a plan.", 7),
        ("Sechs Behörden haben einen Plan vorgelegt.", 7),
    ],
)
def test_wrong_counts_are_found(text: str, count: int) -> None:
    """The number and the list contradict each other."""
    (remark,) = found("wrong-count", issue(text, sources=listed(count)))
    assert str(count) in remark.message


@pytest.mark.parametrize(("original", "right"), [("部等七部门关于", 7), ("部等十二部门关于", 12), ("两部门关于", 2)])
def test_chinese_counts_are_compared_with_the_list(original: str, right: int) -> None:
    """十二部门 over twelve names is right, over eleven it is not."""
    assert found("wrong-count", issue(sources=listed(right, original))) == []
    assert len(found("wrong-count", issue(sources=listed(right + 3 if right < 9 else right - 1, original)))) == 1


def test_a_count_before_a_list_is_compared_with_it() -> None:
    """Three steps are three items."""
    items = "\n\n- one\n- two\n"
    assert len(found("wrong-count", issue(f"The plan has three steps:{items}"))) == 1
    assert len(found("wrong-count", issue(f"Drei Schritte folgen:{items}"))) == 1
    for quiet in (
        "The plan has two steps:",
        "In the next three years:",
        "At least three steps, including:",
        "By 2026:",
    ):
        assert found("wrong-count", issue(quiet + items)) == [], quiet


def test_pictures_without_description_are_found() -> None:
    """Also those within lists and quotes."""
    (remark,) = found("missing-alt-text", issue("![](a.png)\n\n> ![ ](b.png)\n\n![x](c.png)"))
    assert [place.quote for place in remark.places] == ["a.png", "b.png"]
    assert [place.line for place in remark.places] == [1, 3]


def test_characters_without_glyph_are_named() -> None:
    """The fonts are asked about every text; each missing character is named once."""
    document = issue("Good \U0001f980 and \U0001f980.")
    remarks = proof(document, missing_glyphs=lambda text: [c for c in text if c > "\uffff"])
    (remark,) = [remark for remark in remarks if remark.rule == "missing-glyph"]
    assert "U+1F980" in remark.message
    assert remark.line == 1


def test_dates_outside_the_period_are_found() -> None:
    """Both days of the period belong to it; an undated brief is no matter."""
    period = Period(datetime.date(2025, 4, 8), datetime.date(2025, 5, 5))
    days = (period.first, period.last, None, datetime.date(2025, 4, 7), datetime.date(2025, 5, 6))
    briefs = BriefList("Rules", tuple(Brief((), day) for day in days))
    document = Document("T", period=period, sections=(Section("News", (briefs,)),))
    (remark,) = found("outside-period", document)
    assert [place.quote for place in remark.places] == ["2025-04-07", "2025-05-06"]
    assert found("outside-period", Document("T", sections=document.sections)) == []


def test_sources_without_link_are_found() -> None:
    """No address is a warning; a placeholder is an error of its own."""
    document = issue("x", sources=(Source("A"), Source("B", url="#"), Source("C", url="https://e.org")))
    assert [place.quote for place in found("source-without-link", document)[0].places] == ["A"]
    assert [place.quote for place in found("placeholder-link", document)[0].places] == ["B"]


def test_links_in_footnotes_count() -> None:
    """A placeholder in a footnote leads nowhere, too."""
    assert len(found("placeholder-link", issue("Text^[see [this](#)]."))) == 1


def test_footnotes_are_proofed() -> None:
    """What stands in a note is text like any other."""
    assert len(found("doubled-word", issue("Text^[see the the end]."))) == 1


def test_unfinished_text_is_found() -> None:
    """Placeholder words, empty parts, headings and words twice."""
    assert len(found("placeholder-words", issue("Here [TK] and TODO and lorem ipsum."))[0].places) == 3
    assert found("placeholder-words", issue("The todo-list of TK Maxx.")) == []
    assert len(found("empty-text", issue())) == 1
    twice = Section("Part", (Note((), "A"), Note((), "a ")))
    assert len(found("repeated-heading", Document("T", sections=(twice, twice)))[0].places) == 4
    assert found("doubled-word", issue("It is the the end."))[0].places[0].quote == "the the"
    assert found("doubled-word", issue("Bora Bora is what that that means; 10 10.")) == []
