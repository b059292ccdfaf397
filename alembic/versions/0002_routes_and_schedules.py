"""stages, holds and send windows of a dispatch; the route of each delivery

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ALTER TABLE, on SQLite too: making a table anew would write a million rows, and drop what others refer to.
    op.add_column("dispatches", sa.Column("open_stage", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("dispatches", sa.Column("last_stage", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("dispatches", sa.Column("next_stage_at", database.UtcDateTime(timezone=True), nullable=True))
    op.add_column("dispatches", sa.Column("window_from", database.UtcDateTime(timezone=True), nullable=True))
    op.add_column("dispatches", sa.Column("window_until", database.UtcDateTime(timezone=True), nullable=True))
    op.add_column("deliveries", sa.Column("route", sa.String(length=40), server_default="", nullable=False))
    op.create_index(
        "ix_deliveries_accepted",
        "deliveries",
        ["route", "ended_at"],
        unique=False,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_accepted", table_name="deliveries")
    op.drop_column("deliveries", "route")
    for name in ("window_until", "window_from", "next_stage_at", "last_stage", "open_stage"):
        op.drop_column("dispatches", name)
