"""The sample: a draft with the flaws that manuscripts have, the same issue mended, and readers nobody has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from newsletter.cli import invented_readers as invented
from newsletter.cli.manuscript import Subject, subject_named
from newsletter.mail.address import address_key
from newsletter.manuscripts.document import Article, BriefList, blocks_of
from newsletter.publications import read_profile
from newsletter.rendering.palette import READABLE, contrast
from subscribers.models import Format

SAMPLE = Path(invented.__file__).parent / "sample"


def proofed(name: str) -> Subject:
    return subject_named(str(SAMPLE / name), SAMPLE / "publication.toml")


@pytest.fixture(scope="module")
def draft() -> Subject:
    return proofed("draft.md")


@pytest.fixture(scope="module")
def issue() -> Subject:
    return proofed("issue.md")


def test_the_mended_issue_has_nothing_to_remark_on(issue):
    """What the demo sends shows how a manuscript should look."""
    assert issue.findings.remarks == ()


@pytest.mark.parametrize(
    ("rule", "quoted"),
    [
        ("placeholder-link", "annual plan for dredging funds"),
        ("two-spellings", "SKERRy"),
        ("acronym-initials", "Ministry of Natural Resources (MWR)"),
        ("wrong-count", "five other government bodies"),
        ("stray-brief", "September 24"),
        ("split-sentence", "3,000 refrigerated containers"),
    ],
)
def test_the_draft_shows_each_kind_of_flaw_once(draft, rule, quoted):
    """One remark for each flaw put there on purpose, with its line and words."""
    found = [remark for remark in draft.findings.remarks if remark.rule == rule]
    assert len(found) == 1, [remark.rule for remark in draft.findings.remarks]
    assert any(quoted in place.quote for place in found[0].places)
    assert all(place.line for place in found[0].places)


def test_the_draft_is_stopped(draft):
    """With these findings nobody can sign off."""
    assert draft.findings.blockers


def test_draft_and_issue_are_the_same_issue(draft, issue):
    """Mending changes words, not what the issue is made of."""
    for document in (draft.document, issue.document):
        entries = [entry for section in document.sections for entry in section.entries]
        assert [entry.number for entry in entries if isinstance(entry, Article)] == [1, 2, 3, 4, 5]
        assert [len(entry.briefs) for entry in entries if isinstance(entry, BriefList)] == [6, 6]
        assert Counter(block.kind for block in blocks_of(document)) >= Counter(figure=1, table=1)
        sources = [source for entry in entries if isinstance(entry, Article) for source in entry.sources]
        assert [source.original_language for source in sources] == ["zh-Hans"] * 5
    assert draft.document.people == issue.document.people
    assert draft.document.period == issue.document.period


def test_every_address_in_the_sample_belongs_to_nobody(issue):
    """example.org is reserved (RFC 2606); a demo that is forwarded bothers no one."""
    import re

    for path in SAMPLE.iterdir():
        if path.suffix in {".md", ".toml"}:
            text = path.read_text(encoding="utf-8")
            hosts = re.findall(r"https?://([^/\s)\"]+)|@([\w.-]+)|\b(www\.[\w.-]+)", text)
            assert all("".join(host).endswith("example.org") for host in hosts), path.name


def test_the_themes_colours_are_readable():
    """Text on the grounds it stands on, at least 4.5:1 (WCAG 2.2, 1.4.3)."""
    theme = read_profile(SAMPLE / "publication.toml").theme
    for colour in (theme.ink, theme.muted, theme.accent, theme.highlight):
        assert contrast(colour, theme.paper) >= READABLE
        assert contrast(colour, theme.tint) >= READABLE


def test_invented_readers_are_the_same_everywhere():
    """The same seed, the same people; another seed, others."""
    assert invented.invented_readers(50, seed=1) == invented.invented_readers(50, seed=1)
    assert invented.invented_readers(50, seed=1) != invented.invented_readers(50, seed=2)


def test_invented_readers_are_many_and_nobody():
    """Addresses are valid, all different, and at domains that nobody can own; names are not only ASCII."""
    rows = invented.invented_readers(5000, seed=3)
    assert len({address_key(row.address) for row in rows}) == 5000
    assert all(row.address.endswith(("example.org", "example.com", "example.net")) for row in rows)
    assert {row.format for row in rows} == {"html", "text", "pdf"} <= set(Format)
    assert {row.language for row in rows} == {"en", "de"}
    assert sum(not row.name.isascii() for row in rows) > 1000
