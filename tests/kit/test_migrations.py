"""The migrations make exactly the tables that the models declare."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

import newsletter.delivery.models  # noqa: F401  # declares its tables and all they refer to
from newsletter.kit.database import Base, Database
from newsletter.kit.migrations import config_for, is_current, is_ours, migrate


def test_the_migrated_schema_is_what_the_models_declare(database: Database):
    """Nothing is missing from the migrations and nothing is left over."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_is_harmless(database: Database):
    """An operator may run it at every start."""
    migrate(database)
    assert is_current(database)


def test_the_tables_of_the_ticks_stand_on_postgresql_alone(database: Database):
    """SQLite serves one machine and ticks by itself."""
    theirs = {name for name in inspect(database.engine).get_table_names() if not is_ours(name, "table", {})}
    assert ("procrastinate_jobs" in theirs) == (database.dialect == "postgresql")
    assert bool(theirs) == (database.dialect == "postgresql")


def test_the_tables_of_the_ticks_can_be_taken_away_and_made_again(database: Database):
    """Nothing of theirs is left that would stand in the way."""
    command.downgrade(config_for(database), "0003-1")
    assert all(is_ours(name, "table", {}) for name in inspect(database.engine).get_table_names())
    migrate(database)
    assert is_current(database)
