"""comments on places of an issue, and the links mailed to reviewers

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = database.UtcDateTime(timezone=True)
    op.create_table(
        "comments",
        sa.Column("id", row_id, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", row_id, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("place_key", sa.String(length=64), nullable=False),
        sa.Column("quote", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("review_link_id", row_id, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("resolved_by", sa.String(length=254), nullable=False),
        sa.Column("resolved_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_comments_issue_id_issues")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_comments_revision_id_revisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_issue_id"), "comments", ["issue_id"])
    op.create_table(
        "review_links",
        sa.Column("id", row_id, nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("entry_key", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.String(length=254), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_review_links_issue_id_issues")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_links")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_review_links_token_sha256")),
    )
    op.create_index(op.f("ix_review_links_issue_id"), "review_links", ["issue_id"])


def downgrade() -> None:
    op.drop_table("review_links")
    op.drop_table("comments")
