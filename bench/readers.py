"""Many readers (--count 1000000): search, segment counts, import and export on either database, with peak memory."""

from __future__ import annotations

import argparse
import csv
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text

from newsletter import publications
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.tokens import Keyring
from subscribers import export, own_fields, searching, segments, tagging
from subscribers.attributes import FieldKind, FieldValue, TagMark
from subscribers.conditions import Condition, Conditions, Group, How, Joined, Subject
from subscribers.models import ConsentBasis, Format, Subscriber
from subscribers.roster import import_readers
from subscribers.search_keys import domain_key, name_keys
from subscribers.searching import Question

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "cli" / "sample"
COUNTRIES = (
    "Germany",
    "Austria",
    "Switzerland",
    "France",
    "Poland",
    "Netherlands",
    "Belgium",
    "Denmark",
    "Italy",
    "Spain",
)
FIRST = ("Anna", "Bernd", "Claire", "David", "Élise", "Farid", "Greta", "Hans", "Ines", "Jürgen", "Karin", "Lukas")
BEGINNINGS = ("Al", "Ber", "Cor", "Del", "Ei", "Fal", "Gro", "Hoff", "Jan", "Kel", "Lind", "Mü", "Nor")
MIDDLES, ENDS = ("ba", "de", "ler", "man", "no", "ra", "sen", "ti"), ("", "ch", "d", "er", "l", "n", "s")
LAST = [a + b + c for a in BEGINNINGS for b in MIDDLES for c in ENDS]
BATCH = 50_000


def people(count: int) -> Iterator[tuple[str, str, str]]:
    """Yield address, name and language of invented readers at 5,000 domains."""
    dice = random.Random(7)
    for number in range(count):
        first, last = dice.choice(FIRST), dice.choice(LAST)
        host = f"firm{dice.randrange(5_000)}.example" if number % 3 else "mail.example"
        yield (
            f"{first[0].lower()}.reader{number}@{host}".replace("é", "e"),
            f"{first} {last}",
            dice.choice(("en", "de", "")),
        )


def measured(what: str, work: Callable[[], Any], *, rounds: int = 5) -> None:
    """Print the best and the worst of a few rounds in milliseconds, and the processor time of the best.

    On SQLite, which works within this process, that is what a busy machine cannot falsify by much.
    """
    took, spent = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        result = work()
        took.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - used) * 1000)
    print(f"| {what} | {result:,} | {min(took):.0f} | {max(took):.0f} | {min(spent):.0f} |", flush=True)


def fill(database: Database, publication_id: int, count: int, now: datetime) -> None:
    """Write readers and their subscriptions down without an import, to measure looking alone."""
    rows = ({"address": address, "address_key": address, "name": name, "language": language, "format": Format.HTML,
             "created_at": now, "chain_head": "", "domain": domain_key(address), **name_keys(name)}
            for address, name, language in people(count))  # fmt: skip
    while some := list(islice(rows, BATCH)):
        with database.write() as session:
            session.execute(insert(Subscriber.__table__), some)  # type: ignore[arg-type]
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO subscriptions (subscriber_id, publication_id, state, basis, started_at, end_reason, "
                "rhythm, leaving_words) "
                "SELECT id, :publication, 'active', 'double_opt_in', created_at, '', 'every', '' FROM subscribers"
            ),
            {"publication": publication_id},
        )


def note(database: Database, count: int, now: datetime) -> tuple[int, dict[FieldKind, int]]:
    """Give a tenth a tag, and everybody a country, a number and a day."""
    dice = random.Random(3)
    with database.write() as session:
        tag = tagging.ensure(session, "Press", now=now).id
        fields = {
            kind: own_fields.add(
                session, kind.value, kind, choices=COUNTRIES if kind is FieldKind.CHOICE else (), by="bench", now=now
            ).id
            for kind in (FieldKind.CHOICE, FieldKind.NUMBER, FieldKind.DATE)
        }
        ids = list(session.scalars(text("SELECT id FROM subscribers ORDER BY id")))
    for start in range(0, count, BATCH):
        some = ids[start : start + BATCH]
        countries = [dice.choice(COUNTRIES) for _ in some]
        numbers = [dice.randrange(1_000) for _ in some]
        days = [date(2020, 1, 1) + timedelta(days=dice.randrange(2_000)) for _ in some]
        empty = {"key": None, "number": None, "day": None}
        rows = [
            *({**empty, "field_id": fields[FieldKind.CHOICE], "subscriber_id": i, "shown": w, "key": w.lower()}
              for i, w in zip(some, countries, strict=True)),
            *({**empty, "field_id": fields[FieldKind.NUMBER], "subscriber_id": i, "shown": str(n), "number": n}
              for i, n in zip(some, numbers, strict=True)),
            *({**empty, "field_id": fields[FieldKind.DATE], "subscriber_id": i, "shown": d.isoformat(), "day": d}
              for i, d in zip(some, days, strict=True)),
        ]  # fmt: skip
        with database.write() as session:
            session.execute(insert(FieldValue.__table__), rows)  # type: ignore[arg-type]
            session.execute(insert(TagMark.__table__), [{"tag_id": tag, "subscriber_id": i} for i in some[::10]])  # type: ignore[arg-type]
    return tag, fields


def searches(database: Database, publication_id: int) -> None:
    """Look for readers as people type."""
    for words in (
        "",
        "a.reader12345",
        "müller",
        "linder",
        "a",
        "anna",
        "mail.example",
        "@firm77.example",
        "nobody-here",
    ):
        with database.read() as session:
            measured(
                f"search “{words}”",
                lambda words=words, session=session: len(searching.search(session, Question(publication_id, words))[0]),
            )
    with database.read() as session:
        measured("readers by state", lambda: sum(searching.states(session, publication_id).values()))


def counts(database: Database, publication_id: int, tag: int, fields: dict[FieldKind, int]) -> None:
    """Count segments as the desk does while somebody clicks."""
    country = Condition(Subject.FIELD, How.IS, "Germany", fields[FieldKind.CHOICE])
    not_there = Condition(Subject.FIELD, How.IS_NOT, "Germany", fields[FieldKind.CHOICE])
    many = Condition(Subject.FIELD, How.MORE, "900", fields[FieldKind.NUMBER])
    most = Condition(Subject.FIELD, How.MORE, "100", fields[FieldKind.NUMBER])
    recent = Condition(Subject.FIELD, How.AFTER, "2025-01-01", fields[FieldKind.DATE])
    tagged, bare = Condition(Subject.TAG, How.HAS, of=tag), Condition(Subject.TAG, How.HAS_NOT, of=tag)
    domain, german = Condition(Subject.DOMAIN, How.IS, "mail.example"), Condition(Subject.LANGUAGE, How.IS, "de")
    since = Condition(Subject.SINCE, How.AFTER, "2020-01-01")
    place = segments.Place(publication_id, ZoneInfo("Europe/Berlin"), lambda _: None)  # type: ignore[arg-type,return-value]
    asked = {
        "everybody": Conditions(), "tag": of(tagged), "country is": of(country), "country is not": of(not_there),
        "number > 900": of(many), "number > 100 (nine in ten)": of(most), "day after": of(recent),
        "tag and country": of(tagged, country), "country and number": of(country, many),
        "tag or country": of(tagged, country, joined=Joined.ANY), "not tag": of(bare), "domain": of(domain),
        "language": of(german), "since": of(since), "language and country": of(german, country),
    }  # fmt: skip
    for what, wanted in asked.items():
        with database.read() as session:
            measured(
                f"count: {what}",
                lambda session=session, wanted=wanted: segments.count(session, place, wanted),
                rounds=3,
            )


def of(*wanted: Condition, joined: Joined = Joined.ALL) -> Conditions:
    """One group."""
    return Conditions(Joined.ALL, (Group(joined, wanted),))


def peak() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bring_in(database: Database, folder: Path, publication_id: int, count: int) -> None:
    """Import the list, with a report, as the command line does."""
    file = folder / "readers.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("email", "name", "language"))
        writer.writerows(people(count))
    before, began, used = peak(), time.perf_counter(), time.process_time()
    done = import_readers(
        database, file, publication_id=publication_id, basis=ConsentBasis.DOUBLE_OPT_IN, evidence="invented",
        by="bench", now=utc_now, keyring=Keyring(["a secret of the benchmark"]), report=folder / "report.csv",
    )  # fmt: skip
    assert done.taken == count, done
    took, spent = time.perf_counter() - began, time.process_time() - used
    print(
        f"import: {count:,} rows in {took:.1f} s ({spent:.1f} s CPU), memory {before:.0f} → {peak():.0f} MB", flush=True
    )


def hand_out(database: Database, publication_id: int, fields: dict[FieldKind, int]) -> None:
    """Export the list with its fields to nowhere."""
    columns = ("address", "name", "language", "format", *(f"field:{number}" for number in fields.values()))
    before, began, size = peak(), time.perf_counter(), 0
    choice = export.Choice(publication_id, columns)
    for piece in export.csv(columns, export.rows(database, choice)):
        size += len(piece)
    took = time.perf_counter() - began
    print(f"export: {size / 1e6:.0f} MB of CSV in {took:.1f} s, memory {before:.0f} → {peak():.0f} MB", flush=True)


def main() -> None:
    """Build the list, or take up one that was built, and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--database", default="", help="URL of an empty database; without it SQLite in a fresh folder")
    options.add_argument("--only", choices=("import", "measure"), default="", help="do half of it")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(given.database or f"sqlite:///{folder / 'newsletter.db'}")
        migrate(database)
        with database.write() as session:
            profile = publications.read_profile(SAMPLE / "publication.toml")
            publication_id = publications.add(session, profile, now=utc_now(), by="bench").id
        if given.only != "measure":
            bring_in(database, folder, publication_id, given.count)
        if given.only != "import":
            if given.only == "measure":
                fill(database, publication_id, given.count, datetime.now(UTC))
            began = time.perf_counter()
            tag, fields = note(database, given.count, datetime.now(UTC))
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE" if database.dialect == "postgresql" else "ANALYZE"))
            print(f"tags and fields: {time.perf_counter() - began:.1f} s")
            print(f"\n{database.dialect}\n\n| what | result | best ms | worst ms | CPU ms |\n|---|---|---|---|---|")
            searches(database, publication_id)
            counts(database, publication_id, tag, fields)
            print()
            hand_out(database, publication_id, fields)
        database.dispose()


if __name__ == "__main__":
    main()
