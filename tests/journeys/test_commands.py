"""The command line by hand: good and bad input, exit codes, what is printed."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.desk import SAMPLE, Desk


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path) -> Desk:
    """A desk with an empty database and the built-in catcher."""
    path = tmp_path / "newsletter.db"
    path.write_bytes(sqlite_template.read_bytes())
    return Desk(tmp_path, f"sqlite:///{path}")


def test_a_manuscript_file_is_proofed_and_rendered_without_a_database(tmp_path: Path):
    """A writer needs nothing but the file; the draft's flaws are named with their lines."""
    desk = Desk(tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    found = desk.json(
        "issue", "proof", str(SAMPLE / "draft.md"), "--publication", str(SAMPLE / "publication.toml"), code=1
    )
    rules = {remark["rule"] for remark in found["remarks"]}
    assert {"placeholder-link", "acronym-initials", "wrong-count", "stray-brief", "split-sentence"} <= rules
    assert all(place["line"] for remark in found["remarks"] for place in remark["places"])
    desk.run("issue", "render", str(SAMPLE / "issue.md"), "--out", "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"email.html", "email.txt", "issue.pdf", "web.html", "document.json"}
    html = (tmp_path / "out" / "email.html").read_text(encoding="utf-8")
    assert "slot.invalid" not in html
    assert "cid:" not in html
    assert "slot.invalid" not in (tmp_path / "out" / "email.txt").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "email.html").stat().st_size > 0


def test_a_draft_with_blockers_cannot_be_signed_off_until_it_is_mended(desk: Desk):
    """The refusal names each blocker; the mended file, taken in as a revision, passes."""
    desk.run("publication", "add", str(SAMPLE / "publication.toml"))
    desk.run("issue", "import", str(SAMPLE / "draft.md"), "--publication", "china-ports-power")
    refusal = desk.run("issue", "approve", "1", code=1)
    assert "cannot be signed off" in refusal
    assert "lead nowhere" in refusal
    desk.run("issue", "import", str(SAMPLE / "issue.md"), "--publication", "china-ports-power", "--into", "1")
    assert desk.json("issue", "approve", "1", "--by", "bob")["approved_by"] == "bob"


def test_a_test_send_reaches_its_addresses_marked_as_a_test(desk: Desk):
    """Nothing need be signed off; nobody else gets anything."""
    desk.run("publication", "add", str(SAMPLE / "publication.toml"))
    desk.run("issue", "import", str(SAMPLE / "issue.md"), "--publication", "china-ports-power")
    account = desk.json("issue", "send", "1", "--test", "ada@example.org", "--test", "bob@example.org")
    assert (account["kind"], account["accepted"]) == ("test", 2)
    mails = [path.read_bytes() for path in (desk.folder / "var" / "outbox" / "new").iterdir()]
    assert len(mails) == 2
    assert all(b"Subject: [Test]" in mail for mail in mails)


def test_nothing_is_sent_without_a_yes(desk: Desk):
    """The command says what it would do and stops where nobody can answer."""
    desk.signed_off_issue(readers=3)
    said = desk.run("issue", "send", "1", code=1)
    assert "3 readers of China Ports & Power" in said
    assert "nothing leaves this machine" in said
    assert "Nothing was done" in said
    assert not (desk.folder / "var" / "outbox" / "new").exists()


def test_every_reader_is_accounted_for_in_the_csv(desk: Desk):
    """One row a reader, readable by a spreadsheet."""
    desk.signed_off_issue(readers=5)
    desk.run("subscribers", "suppress", desk_reader(desk), "--reason", "asked by letter")
    account = desk.json("issue", "send", "1", "--yes")
    assert (account["planned"], account["accepted"]) == (4, 4)
    desk.run("issue", "report", "1", "--csv", "report.csv")
    rows = (desk.folder / "report.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 5
    assert desk.run("issue", "report", "1", "--readers").count("accepted") == 4


def desk_reader(desk: Desk) -> str:
    """The first address of the desk's roster."""
    return (desk.folder / "readers.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("issue", "proof", "nowhere.md"), 2, "no file nowhere.md"),
        (("issue", "proof", "99"), 2, "no issue 99"),
        (("issue", "approve", "99"), 2, "no issue 99"),
        (("issue", "send", "99", "--yes"), 2, "no issue 99"),
        (("issue", "report", "99"), 2, "no issue 99"),
        (("issue", "import", "readers.csv", "--publication", "none"), 2, "no publication 'none'"),
        (("publication", "show", "none"), 2, "no publication 'none'"),
        (("publication", "add", "nowhere.toml"), 2, "nowhere.toml"),
        (("subscribers", "show", "ada@example.org"), 2, "no reader"),
        (("subscribers", "show", "not an address"), 2, "not an address"),
        (("subscribers", "export", "--publication", "none"), 2, "no publication 'none'"),
        (("publication", "change", str(SAMPLE / "publication.toml")), 2, "no publication 'china-ports-power'"),
        (("publication", "add", "."), 2, "Is a directory"),
        (("issue", "render", str(SAMPLE / "issue.md"), "--out", "newsletter.db"), 2, "newsletter.db"),
        (("issue", "proof", "9" * 30), 2, "no issue 999"),
        (("issue", "approve", "9" * 30), 2, "no issue 999"),
        (("issue", "send", "1", "--text"), 2, "--test"),
        (("issue", "import", str(SAMPLE)), 2, "--publication"),
        (("demo", "--folder", "newsletter.db"), 2, "newsletter.db"),
        (("serve", "--host", "host.invalid"), 2, "host.invalid"),
        (("issue", "frobnicate"), 2, "frobnicate"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(desk: Desk, arguments: tuple[str, ...], code: int, words: str):
    """No stack trace, whatever is typed."""
    said = desk.run(*arguments, code=code)
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"%PDF-1.7 \x00", b"PK\x03\x04word"])
def test_a_file_that_is_no_manuscript_is_refused_in_one_sentence(desk: Desk, content: bytes):
    """Exit code 1, and nothing is stored."""
    desk.run("publication", "add", str(SAMPLE / "publication.toml"))
    (desk.folder / "file.md").write_bytes(content)
    said = desk.run("issue", "import", "file.md", "--publication", "china-ports-power", code=1)
    assert said.startswith("newsletter: ")
    assert len(said.strip().splitlines()) == 1
    assert desk.json("issue", "list")["issues"] == []


def test_a_bad_setting_is_named_at_start(tmp_path: Path):
    """Before anything is opened or sent."""
    desk = Desk(tmp_path, "sqlite:///x.db", NEWSLETTER_SMTP_URL="smpt://mail.example.org")
    assert "NEWSLETTER_SMTP_URL" in desk.run("issue", "list", code=2)
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "NEWSLETTER_DATABASE_URL cannot be read"),
        ("mysql://host/name", "mysql"),
        ("sqlite:///text.db", "file is not a database"),
        ("sqlite:///text.db/below.db", "text.db"),
        ("postgresql://me:secret-word@127.0.0.1:1/name", "NEWSLETTER_DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(tmp_path: Path, url: str, words: str):
    """Whatever the driver throws; and the password is not shown."""
    (tmp_path / "text.db").write_text("This is a text and no database. " * 50, encoding="utf-8")
    said = Desk(tmp_path, url).run("issue", "list", code=2)
    assert words in said
    assert said.startswith("newsletter: ")
    assert len(said.splitlines()) == 1
    assert "secret-word" not in said


def test_a_port_that_is_taken_is_named_before_anything_is_served(desk: Desk):
    """Exit code 2, and no address is printed at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = desk.run("serve", "--port", str(taken.getsockname()[1]), code=2)
    assert said.startswith("newsletter: ")
    assert "Address already in use;" in said


def test_help_loads_no_database_and_no_web():
    """Half a second of waiting for a list of commands is what makes people dislike a tool."""
    loaded = "import newsletter.cli.commands, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlalchemy", "fastapi", "pydantic", "premailer", "PIL", "typst", "cryptography"} & set(modules)


def test_a_newsletter_is_changed_by_its_file_and_its_readers_are_exported(desk: Desk):
    """What changed is named; the list has a row for each reader, and an import reads it again."""
    desk.signed_off_issue(readers=3)
    file = desk.folder / "publication.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('publisher = "', 'publisher = "The '), encoding="utf-8")
    assert "publisher" in desk.run("publication", "change", str(file))
    assert "already" in desk.run("publication", "change", str(file))
    desk.run("subscribers", "export", "--publication", "china-ports-power", "--out", "list.csv")
    printed = desk.run("subscribers", "export", "--publication", "china-ports-power")
    assert (desk.folder / "list.csv").read_text(encoding="utf-8-sig").splitlines() == printed.splitlines()
    assert len(printed.splitlines()) == 4
    again = desk.json("subscribers", "import", "list.csv", "--publication", "china-ports-power", "--basis",
                      "double_opt_in", "--evidence", "the same again")  # fmt: skip
    assert (again["total"], again["merged"]) == (3, 3)


def test_the_doctor_says_what_is_to_be_mended(desk: Desk):
    """Loopback is a warning; plain http for readers is a fault."""
    desk.environment["NEWSLETTER_PUBLIC_URL"] = "http://news.example.org"
    checks = {check["name"]: check for check in desk.json("doctor", code=1)["checks"]}
    assert checks["public URL"]["grade"] == "bad"
    assert checks["database"]["grade"] == "good"
    desk.environment["NEWSLETTER_PUBLIC_URL"] = "https://news.example.org"
    assert {check["grade"] for check in desk.json("doctor")["checks"]} == {"good", "warning"}
