"""what readers ask for: wishes, mailed links, limits, members' keys, rhythm

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = database.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rates",
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("whose", sa.String(length=64), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "whose", "window_start", name=op.f("pk_rates")),
    )
    op.create_table(
        "mailed_links",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_mailed_links_publication_id_publications")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_mailed_links_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailed_links")),
    )
    op.create_index(op.f("ix_mailed_links_expires_at"), "mailed_links", ["expires_at"])
    op.create_index(op.f("ix_mailed_links_subscriber_id"), "mailed_links", ["subscriber_id"])
    op.create_table(
        "member_keys",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=254), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_member_keys_publication_id_publications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_member_keys_key_hash")),
    )
    op.create_table(
        "wishes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("publication_ids", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("latest_issue", sa.Boolean(), nullable=False),
        sa.Column("form", sa.String(length=24), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("wording_version", sa.String(length=40), nullable=False),
        sa.Column("network", sa.String(length=45), nullable=False),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("notice_id", ROW_ID, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_wishes_notice_id_notices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wishes")),
    )
    op.create_index(op.f("ix_wishes_address_key"), "wishes", ["address_key"])
    op.create_index(op.f("ix_wishes_asked_at"), "wishes", ["asked_at"])
    waiting = sa.text("answered_at is null")
    op.create_index("ix_wishes_waiting", "wishes", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.add_column("dispatches", sa.Column("forgotten_at", MOMENT, nullable=True))
    # Plain ALTER TABLE, on SQLite too: making a table anew would write a million rows.
    op.add_column("subscriptions", sa.Column("lapse_told_for", MOMENT, nullable=True))
    op.add_column("subscriptions", sa.Column("rhythm", sa.String(length=24), server_default="every", nullable=False))
    op.add_column("subscriptions", sa.Column("leaving_reason", sa.String(length=24), nullable=True))
    op.add_column("subscriptions", sa.Column("leaving_words", sa.String(length=500), server_default="", nullable=False))
    rarer, limited = sa.text("rhythm <> 'every'"), sa.text("valid_until is not null")
    op.create_index(
        "ix_subscriptions_less_often",
        "subscriptions",
        ["publication_id", "rhythm"],
        sqlite_where=rarer,
        postgresql_where=rarer,
    )
    op.create_index(
        "ix_subscriptions_limited", "subscriptions", ["valid_until"], sqlite_where=limited, postgresql_where=limited
    )


def downgrade() -> None:
    op.drop_index("ix_subscriptions_limited", table_name="subscriptions")
    op.drop_index("ix_subscriptions_less_often", table_name="subscriptions")
    op.drop_column("dispatches", "forgotten_at")
    for name in ("leaving_words", "leaving_reason", "rhythm", "lapse_told_for"):
        op.drop_column("subscriptions", name)
    for table in ("wishes", "member_keys", "mailed_links", "rates"):
        op.drop_table(table)
