"""The migrations make exactly the tables that the models declare."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import newsletter.delivery.models  # noqa: F401  # declares its tables and all they refer to
from newsletter.kit.database import Base, Database
from newsletter.kit.migrations import is_current, migrate


def test_the_migrated_schema_is_what_the_models_declare(database: Database):
    """Nothing is missing from the migrations and nothing is left over."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_is_harmless(database: Database):
    """An operator may run it at every start."""
    migrate(database)
    assert is_current(database)
