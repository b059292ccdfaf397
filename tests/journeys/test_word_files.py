"""Five authors' Word files, one revised, on the command line."""

from __future__ import annotations

import pytest

from tests.issues.test_intake import CRATES, FILES, article
from tests.journeys.desk import Desk
from tests.manuscripts.word_files import comment, commented, comments, heading, ins, p, word_file


@pytest.fixture
def desk(tmp_path, database_url):
    """An installation with one newsletter and five files in its folder."""
    here = Desk(tmp_path, database_url)
    (tmp_path / "trades.toml").write_text('name = "Trades"\nlabel = "trades"\nfrom_address = "desk@haldis.example"\n')
    here.run("publication", "add", "trades.toml")
    for file in FILES:
        (tmp_path / file.name).write_bytes(file.data)
    return here


def test_files_become_an_issue_and_one_is_revised(desk, tmp_path):
    """What came of each file is said, and what a revised one changes."""
    taken = desk.json("issue", "import", *[file.name for file in FILES], "--publication", "trades")
    assert [file["name"] for file in taken["files"]] == [
        "masthead.md", "01_shore_power.docx", "2 crates v1.docx", "10_ice.docx", "editorial.md",
    ]  # fmt: skip
    assert taken["files"][2]["articles"] == [CRATES]
    (tmp_path / "2 crates v2.docx").write_bytes(
        article(CRATES, "Wooden crates are to be made of birch, says a rule from Oslo.")
    )
    said = desk.run("issue", "import", "2 crates v2.docx", "--into", "1", "--publication", "trades")
    assert "[-beech-]{+birch+}" in said
    assert "(+1 −1 words)" in said
    (tmp_path / "herring.docx").write_bytes(article("Herring", "Herring has become dear in Esbjerg."))
    refused = desk.run("issue", "import", "herring.docx", "--into", "1", "--publication", "trades", code=1)
    assert "Say which it is" in refused
    added = desk.json("issue", "import", "herring.docx", "--into", "1", "--publication", "trades", "--as", "new")
    assert [unit["change"] for unit in added["changed"]] == ["added"]
    assert added["revision"] == 3
    following = desk.json("issue", "next", "--publication", "trades")
    assert following == {"issue": 2, "title": "Northern Trades", "date": None}


def test_a_word_file_is_proofed_and_rendered_without_a_database(desk, tmp_path):
    """Changes and comments are in the list, and the four editions come out."""
    parts = {"word/comments.xml": comments(comment(0, "Really?"))}
    (tmp_path / "one.docx").write_bytes(
        word_file(
            heading("Crates", 1), heading("News", 2), p("Made of ", ins("not "), commented("beech"), "."), parts=parts
        )
    )
    remarks = desk.json("issue", "proof", "one.docx", code=1)["remarks"]
    assert {"tracked-change", "word-comment"} <= {remark["rule"] for remark in remarks}
    desk.run("issue", "render", "one.docx", "--out", "made")
    assert "Made of not beech." in (tmp_path / "made" / "email.txt").read_text()


def test_one_bad_file_stops_all(desk, tmp_path):
    """Each file that cannot be read is named in one go."""
    (tmp_path / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    said = desk.run("issue", "import", "old.doc", "10_ice.docx", "gone.docx", "--publication", "trades", code=1)
    assert "'old.doc' is an old Word file" in said
    assert "gone.docx" in said
    assert desk.json("issue", "list") == {"issues": []}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("10_ice.docx", "--as", "new"), "go with --into"),
        (("10_ice.docx", "editorial.md", "--into", "1"), "one file with --into"),
        (("10_ice.docx", "--changes", "maybe"), "accept or reject, not 'maybe'"),
    ],
)
def test_options_that_do_not_fit_are_said(desk, arguments, said):
    """Bad usage is one sentence."""
    assert said in desk.run("issue", "import", *arguments, "--publication", "trades", code=2)
