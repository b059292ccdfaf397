"""The migrations make exactly the tables that the models declare."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

import newsletter.issues.received
import newsletter.issues.review_links
import newsletter.team.models  # noqa: F401  # which declare what no sending needs, and the next one all others
from newsletter.delivery.models import Delivery, Dispatch
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


def test_rows_of_the_first_version_are_kept(database: Database):
    """A sending that was running before the update goes on after it; tables that others refer to are not made anew."""
    command.downgrade(config_for(database), "0001")
    at = "'2026-01-01 00:00:00+00:00'"
    with database.engine.begin() as connection:
        for statement in (
            f"INSERT INTO publications (id, label, name, access, profile_json, created_at) VALUES (1, 'a', 'A', 'open', '{{}}', {at})",
            (
                "INSERT INTO dispatches (id, key, kind, state, publication_id, route, created_by, created_at, scheduled_for, pause_reason, "
                f"planning_cursor, planned_count, options) VALUES (1, 'k', 'issue', 'running', 1, 'smtp', 'x', {at}, {at}, '', 0, 1, '{{}}')"
            ),
            (
                "INSERT INTO deliveries (id, dispatch_id, recipient_key, address, name, domain, variant, language, stage, state, attempts, "
                f"uncertain, not_before, owner, enhanced, reply) VALUES (1, 1, 'a@b.c', 'a@b.c', '', 'b.c', 'html', '', 0, 'planned', 0, 0, {at}, '', '', '')"
            ),
        ):
            connection.exec_driver_sql(statement)
    migrate(database)
    with database.read() as session:
        delivery = session.scalars(select(Delivery)).one()
        dispatch = session.scalars(select(Dispatch)).one()
    assert (delivery.route, dispatch.open_stage, dispatch.last_stage, dispatch.window_until) == ("", 0, 0, None)
