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
    with op.batch_alter_table("dispatches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("open_stage", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("last_stage", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_stage_at", database.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("window_from", database.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("window_until", database.UtcDateTime(timezone=True), nullable=True))
    # On both engines these are changes of the catalogue alone: a million rows are not written anew.
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("route", sa.String(length=40), server_default="", nullable=False))
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
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_column("route")
    with op.batch_alter_table("dispatches", schema=None) as batch_op:
        for name in ("window_until", "window_from", "next_stage_at", "last_stage", "open_stage"):
            batch_op.drop_column(name)
