"""who may open an issue in the archive, where it is not as with its newsletter

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issues", sa.Column("visibility", sa.String(length=24), nullable=True))


def downgrade() -> None:
    op.drop_column("issues", "visibility")
