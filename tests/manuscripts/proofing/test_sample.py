"""The sample manuscript read and proofed: its flaws are found, each with its line, and little else is said."""

from __future__ import annotations

import pytest

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.proofing import RULES, blockers, proof
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.remarks import Remark, Severity
from tests.manuscripts.sample import LOOSE

MENDED = (
    LOOSE.replace("HALDIs", "HALDIS")
    .replace("](#)", "](https://example.org/x)")
    .replace("(MOHRD) and five other", "(MLE) and four other")
    .replace("\nApril 20: The", "\n- *April 20:* The")
    .replace("including\n\n12 night", "including 12 night")
)


def line_of(words: str) -> int:
    """The line of the sample that begins with *words*."""
    return next(n for n, line in enumerate(LOOSE.split("\n"), 1) if line.startswith(words))


@pytest.fixture(scope="module")
def remarks() -> tuple[Remark, ...]:
    """Everything reading and proofing say about the sample."""
    reading = read(LOOSE)
    return (*reading.remarks, *proof(reading.document))


def only(remarks: tuple[Remark, ...], rule: str) -> Remark:
    """The one Remark of *rule*."""
    (remark,) = [remark for remark in remarks if remark.rule == rule]
    return remark


def test_all_placeholder_links_are_one_remark(remarks: tuple[Remark, ...]) -> None:
    """Sixteen links, sixteen places, each with its line, its path and its words."""
    remark = only(remarks, "placeholder-link")
    assert remark.severity is Severity.ERROR
    assert remark.message == f"{LOOSE.count('](#)')} links lead nowhere."
    assert len(remark.places) == LOOSE.count("](#)")
    assert all(place.line and place.path and place.quote for place in remark.places)
    assert [place.line for place in remark.places] == sorted(place.line or 0 for place in remark.places)


def test_the_misspelled_name_is_found_where_it_stands(remarks: tuple[Remark, ...]) -> None:
    """The rarer spelling is the wrong one, in labels and headings too."""
    remark = only(remarks, "two-spellings")
    assert "HALDIS" in remark.message
    assert "HALDIs" in remark.message
    assert [place.line for place in remark.places] == [line_of("HALDIs TOP"), line_of("HALDIs comment")]
    assert remark.places[0].path == "HALDIs TOP 3"


def test_the_wrong_acronym_is_found_and_the_right_one_named(remarks: tuple[Remark, ...]) -> None:
    """MOHRD does not stand for a ministry of labour and education; MLE would."""
    remark = only(remarks, "acronym-initials")
    assert remark.line == line_of("At a glance: The Ministry of Labour")
    assert "“MLE” would fit" in remark.advice
    assert remark.places[0].quote == "Ministry of Labour and Education (MOHRD)"
    assert remark.places[0].path.endswith("3. Filling the yard: training two thousand welders › At a glance")


def test_the_count_that_does_not_fit_is_found(remarks: tuple[Remark, ...]) -> None:
    """One and five others are six, and the list has five; three ministries over three are right."""
    remark = only(remarks, "wrong-count")
    assert "makes 6 issuing bodies, and the list has 5" in remark.message
    assert remark.line == line_of("At a glance: The Ministry of Labour")


def test_little_else_is_said(remarks: tuple[Remark, ...]) -> None:
    """Six flaws and two notices."""
    assert {remark.rule for remark in remarks} == {
        "placeholder-link", "two-spellings", "acronym-initials", "wrong-count", "stray-brief", "split-sentence",
        "contents-dropped", "link-word",
    }  # fmt: skip


def test_the_mended_sample_has_no_blocker() -> None:
    """Only notices are left."""
    reading = read(MENDED)
    assert blockers((*reading.remarks, *proof(reading.document)), set()) == ()


def test_errors_block_always_and_warnings_until_waived(remarks: tuple[Remark, ...]) -> None:
    """A notice never blocks; an error cannot be waived."""
    stopping = blockers(remarks, set())
    assert {remark.severity for remark in stopping} == {Severity.ERROR, Severity.WARNING}
    waived = {remark.key for remark in remarks}
    assert {remark.severity for remark in blockers(remarks, waived)} == {Severity.ERROR}


def test_a_publication_can_weigh_rules_otherwise() -> None:
    """Severities of the house style go before the table's, for repairs and rules alike."""
    house = HouseStyle(severities={"placeholder-link": Severity.NOTICE, "stray-brief": Severity.ERROR})
    reading = read(LOOSE, house_style=house)
    found = (*reading.remarks, *proof(reading.document, house_style=house))
    assert only(found, "placeholder-link").severity is Severity.NOTICE
    assert only(found, "stray-brief").severity is Severity.ERROR


def test_an_empty_document_is_proofed() -> None:
    """Nothing is found where nothing is."""
    assert proof(Document("T")) == ()


def test_rule_names_are_unique() -> None:
    """A rule and a repair never share a name, so that a severity can be set by it."""
    from newsletter.manuscripts.repairs import REPAIRS

    names = [rule.name for rule in RULES] + list(REPAIRS)
    assert len(names) == len(set(names))
