"""The installation as commands open it, and ``newsletter migrate``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter.cli import output
from newsletter.kit.errors import Conflict

if TYPE_CHECKING:
    from newsletter.worker import Installation


@contextmanager
def opened() -> Iterator[Installation]:
    """Open the installation that the settings describe; the SQLite file is brought up to date by itself.

    Raises ``SettingsError`` for a bad setting, ``Conflict`` if a PostgreSQL database has an older schema.
    """
    from newsletter.kit.migrations import is_current, migrate
    from newsletter.kit.settings import load_settings
    from newsletter.worker import Installation

    here = Installation.open(load_settings())
    try:
        if not is_current(here.database):
            if here.database.dialect != "sqlite":
                raise Conflict("The database has an older schema; run `newsletter migrate` once, on one machine.")
            migrate(here.database)
        yield here
    finally:
        here.close()


def migrate_command() -> None:
    """Bring the database to the newest schema."""
    from newsletter.kit.migrations import migrate
    from newsletter.kit.settings import load_settings
    from newsletter.worker import Installation

    here = Installation.open(load_settings())
    try:
        migrate(here.database)
    finally:
        here.close()
    output.say("The database has the newest schema.")
