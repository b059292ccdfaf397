"""destinations that asked us to slow down

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destinations",
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("resting_until", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("room", sa.SmallInteger(), nullable=False),
        sa.Column("grown_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("enhanced", sa.String(length=11), nullable=False),
        sa.Column("reply", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("route", "name", name=op.f("pk_destinations")),
    )


def downgrade() -> None:
    op.drop_table("destinations")
