"""Several authors' files become one issue; a revised one replaces its own article and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from newsletter import publications
from newsletter.issues import drafts, findings, intake, received, replacements
from newsletter.issues.received import FileState, ReceivedFile
from newsletter.kit.audit import AuditEntry
from newsletter.kit.errors import Conflict, ManuscriptError
from newsletter.manuscripts.difference_text import lines_of_difference
from newsletter.manuscripts.docx_changes import Decision, Decisions
from newsletter.manuscripts.files import ManuscriptFile, pasted, read_file, read_files
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.places import title_of
from newsletter.publications import Profile
from tests.manuscripts.word_files import bold, deleted, heading, ins, p, word_file

ADA = "ada@haldis.example"
HEAD = """---
title: Northern Trades
date: 2025-05-14
organisation: HALDIS
people:
- title: Authors
  people:
  - name: Åse Lind
---

# Top stories

# Short news

## Rules {.briefs}

- 2025-05-02 (May 2): The Council passed new rules.
"""


def article(title: str, words: str, *more: str) -> bytes:
    """One author's Word file."""
    return word_file(
        heading(title, 1),
        p(bold("At a glance:"), f" {words}"),
        *more,
        p("Article: Plan (https://example.org/plan)"),
        p("Issuing body: MPIS"),
    )


SHORE, CRATES, ICE = "Ports get money for shore power", "Crates of a better kind", "Nine icebreakers wait"
FILES = (
    ManuscriptFile(
        "10_ice.docx", article(ICE, "Nine icebreakers wait in Luleå and Kemi for a winter that does not come.")
    ),
    ManuscriptFile("masthead.md", HEAD.encode()),
    ManuscriptFile(
        "2 crates v1.docx", article(CRATES, "Wooden crates are to be made of beech, says a rule from Oslo.")
    ),
    ManuscriptFile("01_shore_power.docx", article(SHORE, "The ministry released a plan to equip 40 berths by 2028.")),
    ManuscriptFile("editorial.md", b"# Editorial\n\nDear readers, the sea is calm and so are we.\n"),
)


@pytest.fixture
def publication(database, now):
    with database.write() as session:
        publications.add(session, Profile(label="trades", from_address="desk@haldis.example"), now=now, by=ADA)
    return "trades"


def taken_in(database, files=FILES, now=None):
    readings = read_files(files, house_style=HouseStyle())
    with database.write() as session:
        owner = publications.by_label(session, "trades")
        return intake.take_in(session, owner, readings, by=ADA, now=now).issue.id


def titles(session, issue_id):
    document = drafts.current_revision(session, drafts.get(session, issue_id)).document
    return {section.title: [title_of(entry) for entry in section.entries] for section in document.sections}


def replace(session, issue_id, name, data, *, now, **more):
    reading = read_file(ManuscriptFile(name, data), house_style=HouseStyle(), alone=False)
    return replacements.replace_with(session, drafts.get(session, issue_id), reading, by=ADA, now=now, **more)


def test_five_files_become_one_ordered_issue(database, publication, now):
    """The numbers in the names order the articles; the masthead's sections and people stand."""
    issue_id = taken_in(database, now=now)
    with database.read() as session:
        issue = drafts.get(session, issue_id)
        document = drafts.current_revision(session, issue).document
        assert (document.title, document.people[0].title, str(document.date)) == (
            "Northern Trades",
            "Authors",
            "2025-05-14",
        )
        stories = [title for section in titles(session, issue_id).values() for title in section]
        assert [t for t in stories if t in {SHORE, CRATES, ICE}] == [SHORE, CRATES, ICE]
        assert "Editorial" in stories
        assert "Rules" in stories
        files = {file.name: file.entries for file in received.of_issue(session, issue)}
        assert [entry["title"] for entry in files["2 crates v1.docx"]] == [CRATES]


def test_the_next_issue_puts_articles_where_the_last_one_had_them(database, publication, now):
    """Without a masthead file, sections, people and the lists' titles are the last issue's; its words are not."""
    numbered = HEAD.replace("# Short news", "## 1. Old story\n\n### At a glance\n\nOld words.\n\n# Short news")
    taken_in(database, (ManuscriptFile("all.md", numbered.encode()),), now=now)
    issue_id = taken_in(database, [file for file in FILES if file.name.endswith("docx")], now=now)
    with database.read() as session:
        assert titles(session, issue_id) == {
            "Top stories": [f"1. {SHORE}", f"2. {CRATES}", f"3. {ICE}"],
            "Short news": ["Rules"],
        }
        document = drafts.current_revision(session, drafts.get(session, issue_id)).document
        assert "Old" not in str(document)
        assert document.people[0].people[0].name == "Åse Lind"


def test_an_issue_like_the_last_one_has_its_structure_and_none_of_its_words(database, publication, now):
    """The skeleton waits for words, and proofing says where they are missing."""
    taken_in(database, now=now)
    with database.write() as session:
        owner = publications.by_label(session, "trades")
        issue = intake.begin_next(session, owner, by=ADA, now=now)
        document = drafts.current_revision(session, issue).document
        assert issue.number == 2
        assert document.title == "Northern Trades"
        assert "icebreakers" not in str(document)
        found = findings.of_revision(session, drafts.current_revision(session, issue), owner.profile)
        assert "empty-text" in {remark.rule for remark in found.blockers}


def test_nothing_can_be_like_an_issue_that_is_not_there(database, publication, now):
    """A newsletter's first issue is dropped, not copied."""
    with database.write() as session, pytest.raises(Conflict, match="no issue yet"):
        intake.begin_next(session, publications.by_label(session, "trades"), by=ADA, now=now)


def test_a_revised_file_replaces_only_its_own_article(database, publication, now):
    """Same name, next version: one article changes by two words, everything else is the same to the letter."""
    issue_id = taken_in(database, now=now)
    with database.read() as session:
        before = drafts.current_revision(session, drafts.get(session, issue_id)).document
    data = article(CRATES, "Wooden crates are to be made of birch, says a rule from Bergen.")
    with database.write() as session:
        found = replace(session, issue_id, "2 crates v2 final.docx", data, now=now)
        lines = list(lines_of_difference(found.difference))
        assert len([line for line in lines if not line.startswith(" ")]) == 1
        assert "[-beech-]{+birch+}" in lines[1]
    with database.read() as session:
        issue = drafts.get(session, issue_id)
        after = drafts.current_revision(session, issue).document
        changed = [
            new.title for a, b in zip(before.sections, after.sections, strict=True)
            for old, new in zip(a.entries, b.entries, strict=True) if old != new
        ]  # fmt: skip
        assert changed == [CRATES]
        states = dict(session.execute(select(ReceivedFile.name, ReceivedFile.state)).all())
        assert states["2 crates v1.docx"] is FileState.SUPERSEDED
        assert states["2 crates v2 final.docx"] is FileState.TAKEN
        assert "manuscript.replace" in set(session.scalars(select(AuditEntry.deed)))


def test_a_new_title_and_new_words_are_the_same_article_by_the_file_s_name(database, publication, now):
    """An author may rewrite most of it; the file's name says which it is."""
    issue_id = taken_in(database, now=now)
    data = article("Boxes of birch", "Wooden crates are to be made of birch, Bergen says, and painted red.")
    with database.write() as session:
        replace(session, issue_id, "2_crates_rev3.docx", data, now=now)
    with database.read() as session:
        stories = [title for section in titles(session, issue_id).values() for title in section]
        assert "Boxes of birch" in stories
        assert CRATES not in stories


def test_what_is_not_certain_is_asked(database, publication, now):
    """A file with an unknown name and unknown words replaces nothing until somebody says what."""
    issue_id = taken_in(database, now=now)
    data = article("Something else", "Herring has become dear in Esbjerg.")
    with database.write() as session, pytest.raises(Conflict, match="Say which it is"):
        replace(session, issue_id, "news from Esbjerg.docx", data, now=now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        assert drafts.current_revision(session, issue).number == 1
        key = next(
            entry.key
            for section in drafts.current_revision(session, issue).document.sections
            for entry in section.entries
            if entry.title == ICE
        )
        replace(session, issue_id, "news from Esbjerg.docx", data, now=now, choices={0: key})
    with database.read() as session:
        stories = [title for section in titles(session, issue_id).values() for title in section]
        assert "Something else" in stories
        assert ICE not in stories


def test_the_wrong_file_under_a_known_name_is_asked_about(database, publication, now):
    """Somebody saved the ice story under the crates' name: its words say otherwise, so neither is replaced."""
    issue_id = taken_in(database, now=now)
    data = article(ICE, "Nine icebreakers wait in Luleå and Kemi for a winter that does not come at all.")
    with database.write() as session:
        found = replacements.proposal(
            session,
            drafts.get(session, issue_id),
            read_file(ManuscriptFile("2 crates v2.docx", data), house_style=HouseStyle(), alone=False),
        )[0]
        crates = next(
            entry.key for section in found.document.sections for entry in section.entries if entry.title == CRATES
        )
        assert found.matches[0].key != crates


def test_a_further_article_is_added_when_somebody_says_so(database, publication, now):
    """``new`` puts it after the others of its kind."""
    issue_id = taken_in(database, now=now)
    data = article("Something else", "Herring has become dear in Esbjerg.")
    with database.write() as session:
        replace(session, issue_id, "herring.docx", data, now=now, choices={0: "new"})
    with database.read() as session:
        stories = [title for section in titles(session, issue_id).values() for title in section]
        assert {"Something else", ICE, CRATES, SHORE} <= set(stories)
        herring = next(f for f in received.of_issue(session, drafts.get(session, issue_id)) if f.name == "herring.docx")
        assert [entry["title"] for entry in herring.entries] == ["Something else"]


def test_a_revised_file_meets_somebody_s_edit(database, publication, now):
    """Who looked at version 1 does not overwrite version 2."""
    issue_id = taken_in(database, now=now)
    one = article(CRATES, "Wooden crates are to be made of birch, says a rule from Bergen.")
    two = article(CRATES, "Wooden crates are to be made of pine, says a rule from Bergen.")
    with database.write() as session:
        replace(session, issue_id, "2 crates.docx", one, now=now, base_number=1)
    with database.write() as session, pytest.raises(Conflict, match="since you looked"):
        replace(session, issue_id, "2 crates.docx", two, now=now, base_number=1)


def test_undecided_changes_stop_the_sign_off_and_decided_ones_do_not(database, publication, now):
    """Each tracked change is a finding of its own until somebody accepts or rejects it."""
    changed = p("The rule is from ", deleted("Oslo"), ins("Bergen"), " and ", ins("not "), "new.")
    file = ManuscriptFile("crates.docx", article(CRATES, "Crates.", changed))
    issue_id = taken_in(database, (file,), now=now)
    with database.read() as session:
        issue = drafts.get(session, issue_id)
        found = findings.of_revision(
            session, drafts.current_revision(session, issue), drafts.publication_of(session, issue).profile
        )
        assert len([remark for remark in found.blockers if remark.rule == "tracked-change"]) == 2
    decisions = Decisions({"change-1": Decision.REJECT}, rest=Decision.ACCEPT)
    reading = read_file(file, house_style=HouseStyle(), decisions=decisions)
    assert [remark for remark in reading.remarks if remark.rule == "tracked-change"] == []
    with database.write() as session:
        replacements.replace_with(session, drafts.get(session, issue_id), reading, by=ADA, now=now)
        revision = drafts.current_revision(session, drafts.get(session, issue_id))
        assert "The rule is from Oslo and not new." in revision.document_json
        kept = session.scalars(select(ReceivedFile).where(ReceivedFile.state == FileState.TAKEN)).one()
        assert kept.decisions.on("change-1") is Decision.REJECT


def test_one_bad_file_and_nothing_is_half_done(database, publication, now):
    """All files are taken in or none, and each that cannot be read is named."""
    with pytest.raises(ManuscriptError) as raised:
        read_files(
            (*FILES, ManuscriptFile("a.doc", b"\xd0\xcf\x11\xe0" + bytes(600)), ManuscriptFile("b.pdf", b"%PDF-1.7")),
            house_style=HouseStyle(),
        )
    assert "'a.doc' is an old Word file" in str(raised.value)
    assert "'b.pdf' is a PDF" in str(raised.value)


def test_pasted_text_is_a_manuscript(database, publication, now):
    """Markdown from the clipboard goes the same way as a file."""
    issue_id = taken_in(
        database, (pasted("# Northern Trades\n\nMay 14, 2025\n\n# News\n\nThe sea is calm.\n"),), now=now
    )
    with database.read() as session:
        document = drafts.current_revision(session, drafts.get(session, issue_id)).document
        assert (document.title, str(document.date)) == ("Northern Trades", "2025-05-14")


def test_a_waiting_file_changes_nothing(database, publication, now):
    """Handed in, decided on, set aside: the issue stays as it was."""
    issue_id = taken_in(database, now=now)
    with database.write() as session:
        issue = drafts.get(session, issue_id)
        row = replacements.hand_in(session, issue, FILES[0], by=ADA, now=now)
        replacements.decide(session, row, {"change-1": Decision.ACCEPT, "change-2": Decision.REJECT}, by=ADA, now=now)
        replacements.decide(session, row, {"change-2": None}, by=ADA, now=now)
        assert row.decisions.on("change-1") is Decision.ACCEPT
        assert row.decisions.on("change-2") is None
        replacements.set_aside(session, row, by=ADA, now=now)
        assert received.waiting(session, issue) == []
        with pytest.raises(Conflict, match="no longer waiting"):
            replacements.decide(session, row, {}, by=ADA, now=now)
    with database.read() as session:
        assert drafts.current_revision(session, drafts.get(session, issue_id)).number == 1
