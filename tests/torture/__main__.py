"""``make torture``: every mode once, a table, exit code 1 if anything was lost or doubled beyond doubt."""

from __future__ import annotations

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from tests.postgres import PostgresServer
from tests.torture.modes import MODES
from tests.torture.trial import Verdict, run

HEAD = ("planned", "accepted", "refused", "expired", "uncertain", "lost", "doubled")
WIDTH = max(len(mode.name) for mode in MODES)


def line(verdict: Verdict, seconds: float) -> str:
    """Return one line of the table."""
    numbers = "".join(f"{getattr(verdict, name):>10}" for name in HEAD)
    return f"{verdict.mode:{WIDTH}}{numbers}{seconds:9.1f}  {'; '.join(verdict.faults)}".rstrip()


def main() -> int:
    """Torture; return the exit code."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="draw the same lots again")
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--mode", action="append", help="only this one; may be given several times")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    chosen = [mode for mode in MODES if mode.fits(options.database)]
    chosen = [mode for mode in chosen if not options.mode or mode.name in options.mode]
    if not chosen:
        print("There is no such mode.", file=sys.stderr)
        return 2
    print(
        f"{options.database}, seed {seed}, {options.readers} readers a mode\n{'':{WIDTH}}"
        + "".join(f"{name:>10}" for name in HEAD)
    )
    bad: list[str] = []
    with tempfile.TemporaryDirectory(prefix="newsletter-torture-") as folder, ExitStack() as stack:
        fresh = stack.enter_context(FRESH[options.database](Path(folder)))
        for number, mode in enumerate(chosen):
            database, began = Database(fresh(number)), time.monotonic()
            verdict = run(mode, database, seed=seed, readers=options.readers)
            database.dispose()
            print(line(verdict, time.monotonic() - began), flush=True)
            if not verdict.sound:
                bad.append(mode.name)
    if bad:
        again = " ".join(f"--mode '{name}'" for name in bad)
        where = f"--database {options.database} --seed {seed} --readers {options.readers}"
        print(f"\nBroken. Again: python -m tests.torture {where} {again}")
        return 1
    print(f"\n{len(chosen)} modes on {options.database}: nothing lost, nothing doubled beyond doubt.")
    return 0


@contextmanager
def sqlite(folder: Path) -> Iterator[Callable[[int], str]]:
    """Yield what makes a migrated file for each mode."""
    template = folder / "template.db"
    empty = Database(f"sqlite:///{template}")
    migrate(empty)
    empty.dispose()

    def fresh(number: int) -> str:
        shutil.copy(template, folder / f"{number}.db")
        return f"sqlite:///{folder / f'{number}.db'}"

    yield fresh


@contextmanager
def postgresql(_: Path) -> Iterator[Callable[[int], str]]:
    """Start a server and yield what makes a migrated database for each mode."""
    server = PostgresServer()
    server.start()
    try:
        template = make_url(server.url).set(database="torture_template")
        statement(server.url, "CREATE DATABASE torture_template")
        empty = Database(template)
        migrate(empty)
        empty.dispose()

        def fresh(number: int) -> str:
            statement(server.url, f"CREATE DATABASE torture_{number} TEMPLATE torture_template")
            return template.set(database=f"torture_{number}").render_as_string(hide_password=False)

        yield fresh
    finally:
        server.stop()


def statement(url: str, words: str) -> None:
    """Do something to the server itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(words.encode())


FRESH = {"sqlite": sqlite, "postgresql": postgresql}


if __name__ == "__main__":
    sys.exit(main())
