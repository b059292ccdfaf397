"""tallies and small indexes, so that a page may ask every second how a million deliveries stand

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_deliveries_exceptions": (
        ["dispatch_id", "state", "domain"],
        "state in ('refused', 'expired', 'skipped', 'held')",
    ),
    "ix_deliveries_deferred": (["dispatch_id", "domain"], "state = 'planned' and attempts > 0"),
    "ix_deliveries_uncertain": (["dispatch_id"], "uncertain > 0"),
}


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("dispatch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("by_domain", sa.JSON(), nullable=False),
        sa.Column("minute", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("in_minute", sa.Integer(), nullable=False),
        sa.Column("in_minute_before", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_tallies_dispatch_id_dispatches")),
        sa.PrimaryKeyConstraint("dispatch_id", "worker", name=op.f("pk_tallies")),
    )
    for name, (columns, condition) in INDEXES.items():
        op.create_index(
            name, "deliveries", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
        )


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="deliveries")
    op.drop_table("tallies")
