"""the reader list at the desk: what a search looks in, tags, own fields, segments, imports in pieces

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.kit import database
from newsletter.kit.migrations import PATTERN_INDEX
from subscribers.search_keys import name_keys

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = database.UtcDateTime(timezone=True)
BATCH = 5_000


def upgrade() -> None:
    op.create_table(
        "own_fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_key", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_fields")),
        sa.UniqueConstraint("name_key", name=op.f("uq_own_fields_name_key")),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_key", sa.String(length=60), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name_key", name=op.f("uq_tags_name_key")),
    )
    op.create_table(
        "field_values",
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("shown", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["field_id"], ["own_fields.id"], name=op.f("fk_field_values_field_id_own_fields"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_field_values_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("field_id", "subscriber_id", name=op.f("pk_field_values")),
    )
    op.create_index(
        "ix_field_values_day",
        "field_values",
        ["field_id", "day", "subscriber_id"],
        unique=False,
        sqlite_where=sa.text("day is not null"),
        postgresql_where=sa.text("day is not null"),
    )
    op.create_index(
        "ix_field_values_key",
        "field_values",
        ["field_id", "key", "subscriber_id"],
        unique=False,
        sqlite_where=sa.text("key is not null"),
        postgresql_where=sa.text("key is not null"),
        postgresql_ops={"key": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_field_values_number",
        "field_values",
        ["field_id", "number", "subscriber_id"],
        unique=False,
        sqlite_where=sa.text("number is not null"),
        postgresql_where=sa.text("number is not null"),
    )
    op.create_index("ix_field_values_reader", "field_values", ["subscriber_id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(length=254), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_segments_publication_id_publications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("publication_id", "name", name=op.f("uq_segments_publication_id_name")),
    )
    op.create_table(
        "tag_marks",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_tag_marks_subscriber_id_subscribers")
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_tag_marks_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "subscriber_id", name=op.f("pk_tag_marks")),
    )
    op.create_index("ix_tag_marks_reader", "tag_marks", ["subscriber_id"], unique=False)
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("basis", sa.String(length=24), nullable=True),
        sa.Column("evidence", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("run_id", ROW_ID, nullable=True),
        sa.Column("uploaded_by", sa.String(length=254), nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("failure", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_import_jobs_publication_id_publications")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_runs.id"], name=op.f("fk_import_jobs_run_id_import_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_jobs")),
    )
    op.create_index(
        "ix_import_jobs_open",
        "import_jobs",
        ["id"],
        unique=False,
        sqlite_where=sa.text("stage in ('waiting', 'running')"),
        postgresql_where=sa.text("stage in ('waiting', 'running')"),
    )
    op.create_index(op.f("ix_import_jobs_publication_id"), "import_jobs", ["publication_id"], unique=False)
    op.create_table(
        "import_parts",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("position", ROW_ID, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_jobs.id"], name=op.f("fk_import_parts_job_id_import_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "kind", "position", name=op.f("pk_import_parts")),
    )
    op.add_column("subscribers", sa.Column("domain", sa.String(length=253), server_default="", nullable=False))
    op.add_column("subscribers", sa.Column("name_key", sa.String(length=200), server_default="", nullable=False))
    op.add_column("subscribers", sa.Column("surname_key", sa.String(length=100), server_default="", nullable=False))
    op.add_column("subscribers", sa.Column("merged_into", ROW_ID, nullable=True))
    op.create_index(
        "ix_subscribers_domain",
        "subscribers",
        ["domain", "id"],
        unique=False,
        postgresql_ops={"domain": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_subscribers_merged",
        "subscribers",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into is not null"),
        postgresql_where=sa.text("merged_into is not null"),
    )
    op.create_index(
        "ix_subscribers_name",
        "subscribers",
        ["name_key", "id"],
        unique=False,
        postgresql_ops={"name_key": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_subscribers_surname",
        "subscribers",
        ["surname_key", "id"],
        unique=False,
        postgresql_ops={"surname_key": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_subscriptions_of_publication", "subscriptions", ["publication_id", "subscriber_id"], unique=False
    )
    _fill_in(op.get_bind())


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(PATTERN_INDEX, table_name="subscribers")
    op.drop_index("ix_subscriptions_of_publication", table_name="subscriptions")
    op.drop_index(
        "ix_subscribers_surname", table_name="subscribers", postgresql_ops={"surname_key": "varchar_pattern_ops"}
    )
    op.drop_index("ix_subscribers_name", table_name="subscribers", postgresql_ops={"name_key": "varchar_pattern_ops"})
    op.drop_index(
        "ix_subscribers_merged",
        table_name="subscribers",
        sqlite_where=sa.text("merged_into is not null"),
        postgresql_where=sa.text("merged_into is not null"),
    )
    op.drop_index("ix_subscribers_domain", table_name="subscribers", postgresql_ops={"domain": "varchar_pattern_ops"})
    op.drop_column("subscribers", "merged_into")
    op.drop_column("subscribers", "surname_key")
    op.drop_column("subscribers", "name_key")
    op.drop_column("subscribers", "domain")
    op.drop_table("import_parts")
    op.drop_index(op.f("ix_import_jobs_publication_id"), table_name="import_jobs")
    op.drop_index(
        "ix_import_jobs_open",
        table_name="import_jobs",
        sqlite_where=sa.text("stage in ('waiting', 'running')"),
        postgresql_where=sa.text("stage in ('waiting', 'running')"),
    )
    op.drop_table("import_jobs")
    op.drop_index("ix_tag_marks_reader", table_name="tag_marks")
    op.drop_table("tag_marks")
    op.drop_table("segments")
    op.drop_index("ix_field_values_reader", table_name="field_values")
    op.drop_index(
        "ix_field_values_number",
        table_name="field_values",
        sqlite_where=sa.text("number is not null"),
        postgresql_where=sa.text("number is not null"),
    )
    op.drop_index(
        "ix_field_values_key",
        table_name="field_values",
        sqlite_where=sa.text("key is not null"),
        postgresql_where=sa.text("key is not null"),
        postgresql_ops={"key": "varchar_pattern_ops"},
    )
    op.drop_index(
        "ix_field_values_day",
        table_name="field_values",
        sqlite_where=sa.text("day is not null"),
        postgresql_where=sa.text("day is not null"),
    )
    op.drop_table("field_values")
    op.drop_table("tags")
    op.drop_table("own_fields")


def _fill_in(connection: sa.Connection) -> None:
    """Write down for everybody who is there already what a search looks in."""
    if connection.dialect.name == "postgresql":
        op.create_index(
            PATTERN_INDEX, "subscribers", ["address_key"], postgresql_ops={"address_key": "varchar_pattern_ops"}
        )
        connection.execute(
            sa.text("UPDATE subscribers SET domain = split_part(address_key, '@', 2) WHERE address_key LIKE '%@%'")
        )
    else:
        connection.execute(
            sa.text(
                "UPDATE subscribers SET domain = substr(address_key, instr(address_key, '@') + 1) "
                "WHERE instr(address_key, '@') > 0"
            )
        )
    people = sa.table("subscribers", *(sa.column(name) for name in ("id", "name", "name_key", "surname_key")))
    last = 0
    while rows := connection.execute(
        sa.select(people.c.id, people.c.name)
        .where(people.c.id > last, people.c.name != "")
        .order_by(people.c.id)
        .limit(BATCH)
    ).all():
        connection.execute(
            people.update()
            .where(people.c.id == sa.bindparam("who"))
            .values(name_key=sa.bindparam("whole"), surname_key=sa.bindparam("last_word")),
            [
                {"who": who, "whole": keys["name_key"], "last_word": keys["surname_key"]}
                for who, name in rows
                for keys in [name_keys(name)]
            ],
        )
        last = rows[-1].id
