"""Bringing lists in: every way people write them, what becomes of each row, and crashes in between."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from newsletter.kit.audit import AuditEntry
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, NotFound
from subscribers import evidence, roster, subscriptions
from subscribers.models import (
    ConsentBasis,
    ConsentEvent,
    Format,
    ImportRun,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from subscribers.roster import ImportCounts, import_readers
from subscribers.suppression import suppress
from tests.subscribers.readers import KEYRING, add_publication, add_reader, dump

Import = Callable[..., ImportCounts]


@pytest.fixture
def weekly(database: Database, now: datetime) -> int:
    """A publication to import to."""
    return add_publication(database, "weekly", now=now)


@pytest.fixture
def bring_in(database: Database, weekly: int, tmp_path: Path, now: datetime) -> Import:
    """Write a file and import it; the report lies beside it."""

    def bring(content: str | bytes, *, encoding: str = "utf-8", publication_id: int = weekly, **more) -> ImportCounts:
        file = tmp_path / "list.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        given = {
            "basis": ConsentBasis.IMPORTED_WITH_EVIDENCE, "evidence": "forms in room 12", "by": "tests",
            "now": lambda: now, "keyring": KEYRING, "report": tmp_path / "report.csv", **more,
        }  # fmt: skip
        return import_readers(database, file, publication_id=publication_id, **given)

    return bring


def people(database: Database) -> dict[str, tuple[str, str, Format]]:
    with database.read() as session:
        rows = session.execute(select(Subscriber.address_key, Subscriber.name, Subscriber.language, Subscriber.format))
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


def fates(tmp_path: Path) -> list[tuple[int, str, str]]:
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return [(int(row["line"]), row["result"], row["reason"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_program_may_have_written_the_file(database: Database, bring_in: Import, encoding: str, separator: str):
    """Encodings and separators are found out, German headers understood, first and last name joined."""
    rows = [
        ["E-Mail", "Vorname", "Nachname", "Sprache", "Format"],
        ["Juergen@Example.org", "Jürgen", "Groß", "Deutsch", "nur Text"],
        ["ada@example.org", "Ada", "Lovelace", "en_GB", ""],
    ]
    counts = bring_in("\r\n".join(separator.join(row) for row in rows) + "\r\n", encoding=encoding)
    assert counts == ImportCounts(2, taken=2)
    assert people(database) == {
        "juergen@example.org": ("Jürgen Groß", "de", Format.TEXT),
        "ada@example.org": ("Ada Lovelace", "en-GB", Format.HTML),
    }


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org\nbob@example.org\n",
        "ada@example.org;Ada;en\nbob@example.org;Bob;de",
        "sep=;\r\nName;Mail\r\nAda;ada@example.org\r\nBob;bob@example.org\r\n",
        "Adresse\rada@example.org\rbob@example.org\r",
        '"Company","e-mail"\n"Gears, Wheels\nand Sons","ada@example.org"\n,"bob@example.org"\n\n,,\n',
        "Adresse,email\nHigh Street 1,ada@example.org\nLow Street 2,bob@example.org\n",
    ],
)
def test_oddities_of_spreadsheets_are_understood(database: Database, bring_in: Import, text: str):
    """No header, Excel's sep= line, old line ends, cells over several lines, empty lines, a postal address column."""
    assert bring_in(text) == ImportCounts(2, taken=2)
    assert set(people(database)) == {"ada@example.org", "bob@example.org"}


def test_unusual_headers_can_be_named(database: Database, bring_in: Import):
    """An explicit mapping wins over guessing; what it names must be there."""
    text = "Contact,Who,email\nada@example.org,Ada,wrong\n"
    bring_in(text, columns={"address": "contact", "name": "Who"})
    assert people(database) == {"ada@example.org": ("Ada", "", Format.HTML)}
    with pytest.raises(BadInput, match="no column 'Kontakt'"):
        bring_in(text, columns={"address": "Kontakt"})
    with pytest.raises(BadInput, match="which column holds the address"):
        bring_in(text, columns={"name": "Who"})


def test_each_row_is_accounted_for(database: Database, bring_in: Import, weekly: int, tmp_path: Path, now: datetime):
    """Taken, merged, refused: with the line, the reason, and the sum."""
    daily = add_publication(database, "daily", now=now)
    add_reader(database, "reader@example.org", weekly, now=now, name="Kept")
    add_reader(database, "other@example.org", daily, now=now)
    left = add_reader(database, "left@example.org", weekly, now=now)
    with database.write() as session:
        subscriptions.unsubscribe(session, left, weekly, now=now, reason="one_click")
        suppress(session, "dead@example.org", reason=SuppressionReason.DEAD_MAILBOX, now=now)
    counts = bring_in(
        "email,name,language,format\nnew@example.org,New,klingonisch,fax\nreader@example.org,Changed,de,\n"
        "other@example.org,Other,,\nLEFT@example.org,,,\ndead@example.org,,,\nNEW@Example.ORG,,,\nnobody,,,\n"
    )
    assert counts == ImportCounts(total=7, taken=2, merged=1, refused=4)
    assert [(line, result) for line, result, _ in fates(tmp_path)] == [
        (2, "taken"), (3, "merged"), (4, "taken"), (5, "refused"), (6, "refused"), (7, "refused"), (8, "refused"),
    ]  # fmt: skip
    reasons = {line: reason for line, _, reason in fates(tmp_path)}
    assert "'klingonisch' is unknown" in reasons[2]
    assert "'fax' is unknown" in reasons[2]
    assert "language added" in reasons[3]
    assert "another newsletter" in reasons[4]
    assert "Unsubscribed on 2026-03-04" in reasons[5]
    assert "do-not-mail" in reasons[6]
    assert "line 2" in reasons[7]
    assert "no @" in reasons[8]
    assert people(database)["reader@example.org"] == ("Kept", "de", Format.HTML)


def test_an_import_brings_nobody_back(database: Database, bring_in: Import, weekly: int, now: datetime):
    """However often and on whatever grounds the list comes."""
    left = add_reader(database, "left@example.org", weekly, now=now)
    with database.write() as session:
        subscriptions.unsubscribe(session, left, weekly, now=now, reason="one_click")
    for basis in ConsentBasis:
        assert bring_in("left@example.org\n", basis=basis).refused == 1
    with database.read() as session:
        assert session.scalars(select(Subscription.ended_at)).one() == now


def test_grounds_are_required_and_sealed(database: Database, bring_in: Import, weekly: int, now: datetime):
    """No import without saying where the proof is; each person's chain holds it."""
    with pytest.raises(BadInput, match="proof"):
        bring_in("ada@example.org\n", evidence="  ")
    known = add_reader(database, "bob@example.org", add_publication(database, "daily", now=now), now=now)
    bring_in("ada@example.org\nbob@example.org\n")
    with database.read() as session:
        for event in session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "imported")):
            assert "forms in room 12" in (event.payload or "")
            assert evidence.verify_chain(session, event.subscriber_id)
        assert session.scalar(select(func.count()).where(ConsentEvent.subscriber_id == known)) == 2
        run = session.scalars(select(ImportRun)).one()
        assert (run.publication_id, run.evidence, run.started_by) == (weekly, "forms in room 12", "tests")
        assert run.finished_at == now
        assert session.scalars(select(AuditEntry.deed)).all().count("readers.import") == 1


def test_the_same_file_again_doubles_nobody(database: Database, bring_in: Import):
    """All its rows are merged; no further consent is claimed."""
    bring_in("ada@example.org\nbob@example.org\n")
    assert bring_in("ada@example.org\nbob@example.org\n") == ImportCounts(2, merged=2)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 2


class Crash(Exception):
    """Power is cut."""


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_an_interrupted_import_goes_on_where_it_stopped(
    database: Database, bring_in: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
):
    """Counts, report and people are those of an import that was never interrupted."""
    monkeypatch.setattr(roster, "CHUNK", 10)
    lines = [f"reader{number % 33}@example.org" if number % 7 else "nonsense" for number in range(45)]
    calls = 0

    def crash(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        assert (done, total) == (min(calls * 10, 45), 45)
        if calls == after:
            raise Crash

    text = "email\n" + "\n".join(lines)
    with pytest.raises(Crash):
        bring_in(text, progress=crash)
    with (tmp_path / "report.csv").open("ab") as report:
        report.write(b"torn by the cra")
    seen: list[tuple[int, int]] = []
    counts = bring_in(text, progress=lambda *now: seen.append(now))
    assert seen == [(min(done, 45), 45) for done in range(after * 10 + 10, 51, 10)]
    assert counts.total == 45 == counts.taken + counts.merged + counts.refused
    assert [line for line, *_ in fates(tmp_path)] == list(range(2, 47))
    assert Counter(result for _, result, _ in fates(tmp_path)) == {"taken": counts.taken, "refused": counts.refused}
    assert counts.taken == len({line for line in lines if "@" in line}) == len(people(database))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportRun)) == 1
        assert session.scalar(select(func.count()).select_from(ConsentEvent)) == counts.taken


def test_the_report_is_safe_to_open(bring_in: Import, tmp_path: Path):
    """No cell of it is run as a formula."""
    bring_in("email\nada@example.org\n\"=cmd|' /C calc'!A0\"\n+49 30 1234\n@home\n-1\n")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_a_name_cannot_carry_a_header(database: Database, bring_in: Import):
    """Line breaks and control characters become spaces, and a novel is cut."""
    bring_in(f'email,name\nada@example.org,"Ada\r\nBcc: all\u2028x\x85y"\nbob@example.org,{"B" * 900}\n')
    assert people(database)["ada@example.org"][0] == "Ada Bcc: all x y"
    assert people(database)["bob@example.org"][0] == "B" * 200


def test_a_quotation_mark_left_open_swallows_nobody_in_silence(bring_in: Import, tmp_path: Path):
    """The row says which lines were lost to it."""
    counts = bring_in('name,email\n"Ada,ada@example.org\nBob,bob@example.org\nCy",cy@example.org\nDi,di@example.org\n')
    assert counts == ImportCounts(2, taken=1, refused=1)
    assert fates(tmp_path)[0][2].startswith("A quotation mark opened here closes on line 4")


def test_one_damaged_byte_does_not_spoil_the_other_names(database: Database, bring_in: Import, tmp_path: Path):
    """The rest of the file is read as UTF-8; the damaged row is refused."""
    rows = b"".join(f"r{number}@example.org,J\u00fcrgen\n".encode() for number in range(9))
    assert bring_in(b"email,name\n" + rows + b"bad@example.org,J\xfcrgen\n") == ImportCounts(10, taken=9, refused=1)
    assert people(database)["r0@example.org"][0] == "Jürgen"
    assert "UTF-8" in fates(tmp_path)[-1][2]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xef\xbb\xbf\n,,\n", "has no rows"),
        (b"PK\x03\x04\x14\x00", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x00\x01\x02\x03" * 500, "not a text file"),
        (bytes(range(256)) * 20, "not a text file"),
        (b"Name,City\nAda,London\n", "no column of addresses"),
        (b"email,name\n", "header and no rows"),
        (b"email\nnobody\nnothing\n", "none of its 2 rows has a usable address. Line 2"),
        (b'email\n"' + b"x" * 200_000, "line 2: a quotation mark"),
    ],
)
def test_what_is_no_list_gets_one_sentence(database: Database, bring_in: Import, content: bytes, sentence: str):
    """And leaves nothing behind."""
    before = dump(database)
    with pytest.raises(BadInput, match=sentence) as caught:
        bring_in(content)
    assert "\n" not in str(caught.value)
    assert dump(database) == before


def test_what_is_not_there_is_named(database: Database, bring_in: Import, tmp_path: Path, now: datetime):
    """A missing file and an unknown publication."""
    with pytest.raises(NotFound, match=r"no file .*gone\.csv"):
        roster.look_through(tmp_path / "gone.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        roster.look_through(tmp_path)
    with pytest.raises(NotFound, match="no publication 99"):
        bring_in("ada@example.org\n", publication_id=99)


cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['"', '""', ",", ";", "\t", "\n", "\r", "=1", "email", "mail", "name", "\0", "\ufeff", "ü"]),
    st.from_regex(r"[a-c]{1,2}@example\.org", fullmatch=True),
)


@given(content=st.one_of(
    st.binary(max_size=200),
    st.lists(st.lists(cells, max_size=4).map(",".join), max_size=12).map(
        lambda rows: ("email\n" + "\n".join(rows)).encode("utf-8", "replace")
    ),
))  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_it_and_the_account_always_sums_up(bring_in: Import, tmp_path: Path, content: bytes):
    """Either one clear sentence, or every row with its fate."""
    try:
        counts = bring_in(content)
    except BadInput:
        return
    assert counts.total == counts.taken + counts.merged + counts.refused
    results = Counter(result for _, result, _ in fates(tmp_path))
    assert counts == ImportCounts(results.total(), results["taken"], results["merged"], results["refused"])
