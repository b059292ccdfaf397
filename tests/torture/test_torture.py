"""The short form: every mode with a few readers and one seed; ``make torture`` has many, and other seeds."""

from __future__ import annotations

import shutil

import pytest

from newsletter.kit.database import Database
from tests.torture.modes import MODES, Mode
from tests.torture.trial import run


@pytest.mark.parametrize("mode", [mode for mode in MODES if not mode.heavy], ids=lambda mode: mode.name)
def test_nothing_is_lost_and_nothing_doubled_beyond_doubt(mode: Mode, sqlite_template, tmp_path):
    """Whatever fails, every delivery ends, and what came twice is called uncertain."""
    path = tmp_path / "newsletter.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    verdict = run(mode, database, seed=1, readers=8)
    database.dispose()
    assert verdict.sound, verdict


def test_there_are_enough_ways_to_fail():
    """And each has a name of its own."""
    assert len({mode.name for mode in MODES}) == len(MODES) >= 30
