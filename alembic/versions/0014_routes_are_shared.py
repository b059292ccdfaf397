"""the pace and the connections of a route are shared by all its workers

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route_paces",
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("next_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_route_paces")),
    )
    op.create_table(
        "route_shares",
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("lines", sa.SmallInteger(), nullable=False),
        sa.Column("joined_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lease_until", database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("route", "worker", name=op.f("pk_route_shares")),
    )


def downgrade() -> None:
    op.drop_table("route_shares")
    op.drop_table("route_paces")
