"""Procrastinate's own tables, on PostgreSQL: ticks and wake-ups of many machines

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

from newsletter.delivery.runners import procrastinate

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them as the locked version declares them; SQLite serves one machine and needs none."""
    if op.get_bind().dialect.name == "postgresql":
        # The script is full of percent signs, and no parameter goes with it.
        op.get_bind().exec_driver_sql(procrastinate.schema(), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop everything whose name begins with theirs; types last, since tables and functions use them."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.get_bind().exec_driver_sql(_DROP, execution_options={"no_parameters": True})


_DROP = r"""
DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN SELECT oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'procrastinate\_%' AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TABLE ' || thing.name || ' CASCADE'; END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE proname LIKE 'procrastinate\_%' AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP FUNCTION ' || thing.name || ' CASCADE'; END LOOP;
    FOR thing IN SELECT oid::regtype AS name FROM pg_type
        WHERE typtype IN ('e', 'c') AND typname LIKE 'procrastinate\_%'
        AND typnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TYPE ' || thing.name || ' CASCADE'; END LOOP;
END;
$$
"""
