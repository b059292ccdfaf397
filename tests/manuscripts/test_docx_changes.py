"""Tracked changes: each is found, told with both readings, and made or undone as somebody decided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.manuscripts.docx import read_docx
from newsletter.manuscripts.docx_changes import ChangeKind, Decision, Decisions
from newsletter.manuscripts.docx_remarks import read_before, reads_now
from newsletter.manuscripts.files import ManuscriptFile, read_file
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.remarks import Severity
from tests.manuscripts.word_files import by, deleted, footnote, footnotes, ins, p, run, table, word_file

ACCEPTED, REJECTED = Decisions(rest=Decision.ACCEPT), Decisions(rest=Decision.REJECT)


def read(*body, decisions=Decisions(), **more):
    return read_docx(word_file(*body, **more), "a.docx", decisions=decisions)


def three(*body, **more) -> tuple[str, str, str]:
    """The text while nobody has decided, with all accepted, with all rejected."""
    return tuple(read(*body, decisions=d, **more).text for d in (Decisions(), ACCEPTED, REJECTED))  # type: ignore[return-value]


def test_a_replaced_word_is_one_change():
    """Deleted and inserted side by side is how Word notes that a word was changed."""
    body = p("The rule is from ", deleted("Oslo"), ins("Bergen"), " and new.")
    assert three(body) == ("The rule is from Bergen and new.\n",) * 2 + ("The rule is from Oslo and new.\n",)
    (change,) = read(body).changes
    assert (change.kind, change.author, change.removed, change.added) == (
        ChangeKind.REPLACEMENT,
        "Ada Lind",
        "Oslo",
        "Bergen",
    )
    assert reads_now(change) == "The rule is from Bergen and new."
    assert read_before(change) == "The rule is from Oslo and new."


def test_two_authors_are_two_changes():
    """Who changed it is part of what is decided."""
    body = p("Sea ", ins("is "), ins("very ", "Ben Ode"), "calm.")
    assert [(c.author, c.added) for c in read(body).changes] == [("Ada Lind", "is "), ("Ben Ode", "very ")]
    mixed = Decisions({"change-1": Decision.ACCEPT, "change-2": Decision.REJECT})
    assert read(body, decisions=mixed).text == "Sea is calm.\n"


def test_an_insertion_that_somebody_deleted_again():
    """One change lies within another; each is decided on by itself."""
    inner = f'<w:ins {by()}>{run("new ")}<w:del {by("Ben Ode")}><w:r><w:delText xml:space="preserve">bad </w:delText></w:r></w:del></w:ins>'
    body = p("A ", inner, "rule.")
    assert three(body) == ("A new rule.\n", "A new rule.\n", "A rule.\n")
    keep_bad = Decisions({"change-1": Decision.ACCEPT, "change-2": Decision.REJECT})
    assert read(body, decisions=keep_bad).text == "A new bad rule.\n"


def test_paragraphs_come_and_go():
    """An inserted paragraph goes whole when it is rejected; a deleted mark joins two paragraphs."""
    new = p(ins("A new paragraph."), mark=f"<w:ins {by()}/>")
    assert three(p("One."), new, p("Two.")) == ("One.\n\nA new paragraph.\n\nTwo.\n",) * 2 + ("One.\n\nTwo.\n",)
    joined = p("One ", mark=f"<w:del {by()}/>")
    assert three(joined, p("and two.")) == ("One and two.\n",) * 2 + ("One\n\nand two.\n",)
    gone = p(deleted("All of it."), mark=f"<w:del {by()}/>")
    assert three(p("One."), gone, p("Two.")) == ("One.\n\nTwo.\n",) * 2 + ("One.\n\nAll of it.\n\nTwo.\n",)


def test_a_move_is_one_change_with_two_ends():
    """The words are in one place or in the other, never in both."""
    old = f'<w:moveFromRangeStart w:id="7" w:name="move1" w:author="Ada Lind"/><w:moveFrom {by()}>{run("by sea ")}</w:moveFrom><w:moveFromRangeEnd w:id="7"/>'
    new = f'<w:moveToRangeStart w:id="8" w:name="move1" w:author="Ada Lind"/><w:moveTo {by()}>{run("by sea ")}</w:moveTo><w:moveToRangeEnd w:id="8"/>'
    body = p("Goods ", old, "travel ", new, "slowly.")
    assert three(body) == ("Goods travel by sea slowly.\n",) * 2 + ("Goods by sea travel slowly.\n",)
    assert [change.kind for change in read(body).changes] == [ChangeKind.MOVE]


def test_rows_of_tables():
    """A row may be new or gone as a whole."""
    row = f"<w:tr><w:trPr><w:ins {by()}/></w:trPr><w:tc>{p(ins('Oslo'))}</w:tc><w:tc>{p(ins('5'))}</w:tc></w:tr>"
    body = table(["Port", "Berths"], ["Kiel", "4"]).replace("</w:tbl>", f"{row}</w:tbl>")
    with_it, _, without = three(body)
    assert "Oslo" in with_it
    assert "Oslo" not in without
    assert "Kiel" in without


def test_notes_have_changes_too():
    """A footnote's change is numbered after those of the text."""
    notes = {"word/footnotes.xml": footnotes(n2=p("At ", deleted("most"), ins("least"), " three."))}
    body = p(ins("Ferries"), " burn diesel", footnote(2), ".")
    assert [change.number for change in read(body, parts=notes).changes] == [1, 2]
    only_note = Decisions({"change-2": Decision.REJECT})
    assert "^[At most three.]" in read(body, parts=notes, decisions=only_note).text


def test_changes_of_formatting_are_counted_and_nothing_else():
    """Bold that was made so with tracking on is bold."""
    bold = f"<w:r><w:rPr><w:b/><w:rPrChange {by()}><w:rPr/></w:rPrChange></w:rPr><w:t>sea</w:t></w:r>"
    word = read(p("The ", bold))
    assert word.text == "The **sea**\n"
    assert word.changes == ()
    assert [(o.repair, o.quote) for o in word.oddities] == [("word-formatting", "1 changes of formatting")]


def test_each_undecided_change_is_a_finding_of_its_own():
    """Two insertions are two warnings with their own keys, so that each is left as it is for its own reason."""
    data = word_file(p("Title"), p("One ", ins("fine "), "day and one ", ins("cold "), "night."))
    reading = read_file(ManuscriptFile("a.docx", data), house_style=HouseStyle())
    found = [remark for remark in reading.remarks if remark.rule == "tracked-change"]
    assert [remark.severity for remark in found] == [Severity.WARNING] * 2
    assert len({remark.key for remark in found}) == 2
    assert "Ada Lind inserted “fine ” (2026-05-03 09:12)" in found[0].message
    decided = read_file(ManuscriptFile("a.docx", data), house_style=HouseStyle(), decisions=REJECTED)
    assert [remark for remark in decided.remarks if remark.rule == "tracked-change"] == []


pieces = st.lists(
    st.tuples(
        st.sampled_from(["same", "ins", "del"]),
        st.text("abcde ", min_size=1, max_size=6),
        st.sampled_from(["Ada", "Ben"]),
    ),
    min_size=1,
    max_size=12,
)


@given(pieces)
def test_accepted_and_rejected_are_the_two_texts(given_pieces):
    """Whatever was changed, accepting all gives the new text and rejecting all the old one, letter by letter."""
    made = {"same": lambda text, _: run(text), "ins": ins, "del": deleted}
    body = p(run("x"), *[made[kind](text, author) for kind, text, author in given_pieces], run("x"))
    new = "x" + "".join(text for kind, text, _ in given_pieces if kind != "del") + "x"
    old = "x" + "".join(text for kind, text, _ in given_pieces if kind != "ins") + "x"
    assert read(body, decisions=ACCEPTED).text == new + "\n"
    assert read(body, decisions=REJECTED).text == old + "\n"
    assert read(body).text == new + "\n"
