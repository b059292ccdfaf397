"""``make torture``: every mode once, a table, exit code 1 if anything was lost or doubled beyond doubt."""

from __future__ import annotations

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
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
    parser.add_argument("--mode", action="append", help="only this one; may be given several times")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    chosen = [mode for mode in MODES if not options.mode or mode.name in options.mode]
    if not chosen:
        print("There is no such mode.", file=sys.stderr)
        return 2
    print(f"seed {seed}, {options.readers} readers a mode\n{'':{WIDTH}}" + "".join(f"{name:>10}" for name in HEAD))
    bad: list[str] = []
    with tempfile.TemporaryDirectory(prefix="newsletter-torture-") as folder:
        template = Path(folder) / "template.db"
        empty = Database(f"sqlite:///{template}")
        migrate(empty)
        empty.dispose()
        for number, mode in enumerate(chosen):
            path = Path(folder) / f"{number}.db"
            shutil.copy(template, path)
            database, began = Database(f"sqlite:///{path}"), time.monotonic()
            verdict = run(mode, database, seed=seed, readers=options.readers)
            database.dispose()
            print(line(verdict, time.monotonic() - began), flush=True)
            if not verdict.sound:
                bad.append(mode.name)
    if bad:
        again = " ".join(f"--mode '{name}'" for name in bad)
        print(f"\nBroken. Again: python -m tests.torture --seed {seed} --readers {options.readers} {again}")
        return 1
    print(f"\n{len(chosen)} modes: nothing lost, nothing doubled beyond doubt.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
