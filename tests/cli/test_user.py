"""``newsletter user``: people of the desk from the terminal, on both databases, with the audit trail behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from newsletter import publications
from newsletter.cli.commands import app
from newsletter.kit.audit import AuditEntry
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.publications import Profile
from newsletter.team import passes
from newsletter.team.models import PassKind
from tests.web.desk import SECRET

ADA = "ada@desk.example"
Say = Callable[..., Result]


@pytest.fixture
def say(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Say:
    """Run ``newsletter user …`` over the test's database, which has one newsletter."""
    with database.write() as session:
        profile = Profile(name="Notes", label="notes", from_address="notes@institute.example")
        publications.add(session, profile, now=utc_now(), by="tests")
    settings = {"DATABASE_URL": database.url, "SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)}
    for name, value in settings.items():
        monkeypatch.setenv(f"NEWSLETTER_{name}", value)
    return lambda *words: CliRunner().invoke(app, ["user", *words])


def listed(say: Say) -> list[dict[str, object]]:
    """What ``list --json`` says."""
    people: list[dict[str, object]] = json.loads(say("list", "--json").stdout)["people"]
    return people


def test_somebody_is_added_given_roles_and_shut_out(say: Say, database: Database):
    """Each word of it is in the list, in the link, and in the audit trail under the name of who did it."""
    assert "Nobody works at this desk yet" in say("list").stdout
    added = say("add", ADA, "--name", "Ada", "--role", "writer", "--for", "notes", "--language", "de", "--by", "ops")
    assert added.exit_code == 0, added.output
    token = re.search(r"http://127\.0\.0\.1:8000/desk/welcome/([\w-]+)", added.stdout)
    assert token
    with database.read() as session:
        found = passes.look(session, token.group(1), now=utc_now())
    assert found.kind is PassKind.INVITATION
    writer = {"role": "writer", "newsletter": "notes"}
    assert listed(say) == [
        {"address": ADA, "name": "Ada", "state": "invited", "second_factor": False, "roles": [writer]}
    ]
    assert "administrator of all newsletters" in say("role", ADA, "administrator", "--by", "ops").stdout
    assert "Nothing to do" in say("role", ADA, "administrator").stdout
    assert "no longer writer of notes" in say("role", ADA, "writer", "--for", "notes", "--take", "--by", "ops").stdout
    assert listed(say)[0]["roles"] == [{"role": "administrator", "newsletter": None}]
    table = say("list").stdout
    assert ADA in table
    assert "administrator of all" in table
    say("add", "bo@desk.example", "--role", "administrator")
    assert "is shut out" in say("remove", ADA, "--by", "ops").stdout
    assert "was shut out before" in say("remove", ADA).stdout
    assert listed(say)[0]["state"] == "shut out"
    with database.read() as session:
        deeds = [entry.deed for entry in session.query(AuditEntry).order_by(AuditEntry.id) if entry.actor == "ops"]
    assert deeds == ["person.add", "person.give_role", "person.give_role", "person.take_role", "person.deactivate"]


def test_a_second_invitation_kills_the_first_link(say: Say, database: Database):
    """Whoever lost the mail is added again, which prints another."""
    first = say("add", ADA).stdout.split("/welcome/")[1].strip()
    second = say("add", ADA).stdout.split("/welcome/")[1].strip()
    with database.read() as session:
        assert passes.look(session, second, now=utc_now())
    assert first != second
    assert len(listed(say)) == 1
    with database.read() as session, pytest.raises(Exception, match="not good any more"):
        passes.look(session, first, now=utc_now())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "no address"), "address"),
        (("add", ADA, "--role", "god"), "there are writer, editor"),
        (("add", ADA, "--role", "writer", "--for", "nowhere"), "no publication 'nowhere'"),
        (("add", ADA, "--language", "xx"), "English (en) and German (de)"),
        (("role", "nobody@desk.example", "writer"), "newsletter user list"),
        (("remove", "nobody@desk.example"), "newsletter user list"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_written(say: Say, words: tuple[str, ...], sentence: str):
    """Exit code 1 or 2, no stack trace, nobody added."""
    answer = say(*words)
    assert answer.exit_code in {1, 2}
    said = " ".join(f"{answer.output} {answer.exception or ''}".split())
    assert sentence in said
    assert listed(say) == []


def test_the_last_administrator_is_not_shut_out_from_the_terminal_either(say: Say):
    """Nobody could let anybody in again."""
    say("add", ADA, "--role", "administrator")
    for words in (("remove", ADA), ("role", ADA, "administrator", "--take")):
        answer = say(*words)
        assert answer.exit_code in {1, 2}
        assert "only administrator" in " ".join(f"{answer.output} {answer.exception or ''}".split())
    assert listed(say)[0]["state"] == "invited"
