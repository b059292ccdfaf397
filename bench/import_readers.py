"""How long 100,000 readers take to come in; the yardstick is reading the same file and writing bare rows."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import time
from pathlib import Path

from newsletter import publications
from newsletter.cli.invented_readers import invented_readers, write_csv
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.tokens import Keyring
from subscribers.models import ConsentBasis
from subscribers.roster import import_readers

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "cli" / "sample"
READERS = 100_000


def bare(folder: Path, file: Path) -> float:
    """Seconds to read the file and put its rows into one table without any question."""
    began = time.perf_counter()
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("create table readers (address text unique, name text, language text, format text)")
    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.reader(opened)
        next(rows)
        connection.executemany("insert into readers values (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return time.perf_counter() - began


def ours(folder: Path, file: Path) -> float:
    """Seconds to import: addresses checked, consent chained, a report row each."""
    database = Database(f"sqlite:///{folder / 'newsletter.db'}")
    migrate(database)
    with database.write() as session:
        profile = publications.read_profile(SAMPLE / "publication.toml")
        publication_id = publications.add(session, profile, now=utc_now(), by="bench").id
    began = time.perf_counter()
    counts = import_readers(
        database, file, publication_id=publication_id, basis=ConsentBasis.DOUBLE_OPT_IN, evidence="invented",
        by="bench", now=utc_now, keyring=Keyring(["a secret of the benchmark"]), report=folder / "report.csv",
    )  # fmt: skip
    taken = time.perf_counter() - began
    assert counts.taken == READERS, counts
    database.dispose()
    return taken


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "readers.csv"
        write_csv(file, invented_readers(READERS, seed=1))
        yardstick, imported = bare(folder, file), ours(folder, file)
    print(f"import: {READERS:,} readers")
    for what, seconds in {"csv into one bare table": yardstick, "import with consent and report": imported}.items():
        print(f"  {what:32} {seconds:8.2f} s  {READERS / seconds:10,.0f} a second  {seconds / yardstick:7.1f} x")


if __name__ == "__main__":
    main()
