"""reviews, two approvals, emergency releases; the versions of an issue that are out

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approvals", sa.Column("kind", sa.String(length=24), server_default="approved", nullable=False))
    op.add_column("approvals", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("approvals", sa.Column("completes", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "reviews",
        sa.Column("id", database.RowId, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", database.RowId, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.Column("at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_reviews_issue_id_issues")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_reviews_revision_id_revisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_issue_id"), "reviews", ["issue_id"], unique=False)
    op.create_table(
        "published_versions",
        sa.Column("id", database.RowId, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("approval_id", database.RowId, nullable=False),
        sa.Column("published_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_published_versions_approval_id_approvals")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_published_versions_issue_id_issues")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_versions")),
        sa.UniqueConstraint("issue_id", "version", name=op.f("uq_published_versions_issue_id_version")),
    )
    # What readers have seen so far: the sign-off of the newest sending of each issue that has begun.
    op.execute(
        "INSERT INTO published_versions (issue_id, version, approval_id, published_at) "
        "SELECT d.issue_id, i.version, d.approval_id, d.started_at FROM dispatches d JOIN issues i ON i.id = d.issue_id "
        "WHERE d.id IN (SELECT max(id) FROM dispatches WHERE kind IN ('issue', 'correction') AND started_at IS NOT NULL "
        "AND approval_id IS NOT NULL GROUP BY issue_id)"
    )


def downgrade() -> None:
    op.drop_table("published_versions")
    op.drop_index(op.f("ix_reviews_issue_id"), table_name="reviews")
    op.drop_table("reviews")
    for name in ("completes", "reason", "kind"):
        op.drop_column("approvals", name)
