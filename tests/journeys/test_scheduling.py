"""Sending later, in stages and through several mail servers, from the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.journeys.desk import Desk
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path) -> Desk:
    """A desk with twenty readers and an issue that is signed off."""
    path = tmp_path / "newsletter.db"
    path.write_bytes(sqlite_template.read_bytes())
    desk = Desk(tmp_path, f"sqlite:///{path}")
    desk.signed_off_issue(readers=20)
    return desk


def overwritten(desk: Desk, column: str, value: str) -> None:
    """Let time pass by writing another one down."""
    with sqlite3.connect(desk.folder / "newsletter.db") as connection:
        connection.execute(f"UPDATE dispatches SET {column} = ?", (value,))
    connection.close()


def test_an_issue_is_scheduled_moved_missed_and_sent_after_all(desk: Desk):
    """Each word says what comes next; a time that the clocks skip is answered, not guessed."""
    said = desk.run("issue", "send", "1", "--at", "2031-03-30 02:30", "--yes", code=2)
    assert "clocks are put forward" in said
    said = desk.run("issue", "send", "1", "--at", "2020-01-01 09:00", "--yes", code=2)
    assert "past" in said
    scheduled = desk.json("issue", "send", "1", "--at", "2031-03-31 09:00", "--yes")
    assert (scheduled["state"], scheduled["planned"]) == ("scheduled", 0)
    desk.run("issue", "send", "1", "--at", "2031-04-01 09:00")
    with sqlite3.connect(desk.folder / "newsletter.db") as connection:
        [(at,)] = connection.execute("SELECT scheduled_for FROM dispatches").fetchall()
    connection.close()
    assert at.startswith("2031-04-01 07:00")
    overwritten(desk, "created_at", "2020-01-01 07:00:00.000000")
    overwritten(desk, "scheduled_for", "2020-01-02 07:00:00.000000")
    assert desk.json("issue", "send", "1", code=1)["state"] == "missed"
    said = desk.run("issue", "send", "1", code=1)
    assert "--missed now" in said
    assert "2020-01-02 07:00 UTC" in said
    sent = desk.json("issue", "send", "1", "--missed", "now")
    assert (sent["state"], sent["accepted"]) == ("finished", 20)
    assert "not missed" in desk.run("issue", "send", "1", "--missed", "cancel", code=1)


def test_mails_in_doubt_are_shown_and_decided_about(desk: Desk):
    """Sent again to one, let be for the others; what makes no sense is refused in a sentence."""
    desk.json("issue", "send", "1", "--yes")
    assert "Nothing of sending 1 is held" in desk.run("issue", "held", "1")
    with sqlite3.connect(desk.folder / "newsletter.db") as connection:
        addresses = [row[0] for row in connection.execute("SELECT address FROM deliveries ORDER BY id LIMIT 3")]
        connection.execute("UPDATE deliveries SET state = 'held', uncertain = 1, ended_at = NULL WHERE id <= 3")
        connection.execute("UPDATE dispatches SET state = 'running', finished_at = NULL")
    connection.close()
    shown = desk.run("issue", "held", "1")
    assert all(address in shown for address in addresses)
    assert "--again" in shown
    assert "say one of them" in desk.run("issue", "held", "1", "--again", "--leave", code=2)
    assert "is held" in desk.run("issue", "held", "1", "--again", "--to", "nobody@example.org", code=2)
    assert desk.json("issue", "held", "1", "--again", "--to", addresses[0])["again"] == 1
    assert "2 mails will not be sent again" in desk.run("issue", "held", "1", "--leave", "--by", "zoe@example.org")
    ended = desk.json("issue", "send", "1")
    assert (ended["state"], ended["accepted"], ended["cancelled"]) == ("finished", 18, 2)


def test_the_team_goes_first_and_a_cancel_in_the_hold_reaches_no_one_else(desk: Desk):
    """A file of addresses, one address more, and the words about what is waited for."""
    (desk.folder / "team.txt").write_text("# the desk\neve@institute.example\nbob@institute.example\n")
    process = desk.start(
        "issue", "send", "1", "--team", "team.txt", "--team", "zoe@institute.example", "--stage-hold", "2h", "--yes"
    )
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert "3 colleagues, then after 2:00:00 the rest" in out
    assert "reaches no one else" in error
    assert desk.json("issue", "report", "1")["accepted"] == 3
    assert "20 mails will not go out" in desk.run("issue", "cancel", "1", "--yes")
    assert desk.json("issue", "report", "1")["cancelled"] == 20


def test_a_sending_beyond_the_daily_limit_is_refused_before_it_begins(desk: Desk):
    """The numbers, and what would allow it."""
    with ScriptedSmtpServer() as server:
        desk.environment["NEWSLETTER_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?daily=19"
        said = desk.run("issue", "send", "1", "--yes", code=1)
        assert "20 mails cannot be sent within a day: the mail server smtp takes 19 a day" in said
        assert server.connections == 0


def test_the_report_shows_the_mail_servers_and_their_limits(desk: Desk):
    """One refuses us, the next takes all; JSON for programs."""
    with (
        ScriptedSmtpServer({"MAIL": ["550 5.7.1 blocked, see spamhaus"] * 50}) as office,
        ScriptedSmtpServer() as relay,
    ):
        routes = desk.folder / "routes.toml"
        routes.write_text(
            f'[[route]]\nname = "office"\nurl = "smtp://127.0.0.1:{office.port}?pace=none"\ndaily_limit = 1000\n'
            f'[[route]]\nname = "relay"\nurl = "smtp://127.0.0.1:{relay.port}"\npace = 50\n'
        )
        desk.environment["NEWSLETTER_SMTP_ROUTES"] = str(routes)
        with sqlite3.connect(desk.folder / "newsletter.db") as connection:
            connection.execute(
                "UPDATE publications SET profile_json = json_set(profile_json, '$.routes', json('[\"office\", \"relay\"]'))"
            )
        connection.close()
        desk.json("issue", "send", "1", "--yes")
        assert len(relay.messages) == 20
        report = desk.json("issue", "report", "1", "--routes")
        assert [(one["name"], one["used"], one["daily_limit"]) for one in report["routes"]] == [
            ("office", 0, 1000),
            ("relay", 20, None),
        ]
        assert sum(states["accepted"] for states in report["routes"][1]["destinations"].values()) == 20
        shown = desk.run("issue", "report", "1", "--routes")
        assert "50 a second" in shown
        assert "1,000" in shown


def test_a_server_that_refuses_us_stops_the_sending_and_the_team_is_told(desk: Desk, caplog):
    """By exit code, in the log and by mail, each with the server's words; no reader is blamed."""
    with ScriptedSmtpServer({"MAIL": ["550 5.7.1 blocked, see spamhaus"] * 50}) as server:
        desk.environment["NEWSLETTER_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?pace=none"
        said = desk.run("issue", "send", "1", "--yes", code=1)
    assert "Paused: The mail server refuses us: 550 5.7.1 blocked, see spamhaus" in said
    assert any("blocked, see spamhaus" in one.message and one.levelname == "ERROR" for one in caplog.records)
    with sqlite3.connect(desk.folder / "newsletter.db") as connection:
        [(purpose, text)] = connection.execute("SELECT purpose, text FROM notices").fetchall()
        assert purpose == "dispatch-paused"
        assert "blocked, see spamhaus" in text
        assert connection.execute("SELECT count(*) FROM suppressions").fetchone() == (0,)
    connection.close()
    assert desk.json("issue", "report", "1")["refused"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--hold", "soon"), "no span of time"),
        (("--share", "many"), "like 5%"),
        (("--share", "100%"), "no part"),
        (("--stage-hold", "1h"), "--team"),
        (("--team", "nowhere.txt"), "neither an address nor a file"),
        (("--missed", "later"), "now or cancel"),
        (("--test", "ada@example.org", "--hold", "5m"), "test goes at once"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_code_2(tmp_path: Path, sqlite_template: Path, options, words):
    """Nothing is written down."""
    path = tmp_path / "newsletter.db"
    path.write_bytes(sqlite_template.read_bytes())
    said = Desk(tmp_path, f"sqlite:///{path}").run("issue", "send", "1", *options, "--yes", code=2)
    assert words in said
    assert "Traceback" not in said
