"""The tables of what the team notes about readers: tags, and fields of its own with their values."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Date, Float, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.kit.database import Base, RowId, UtcDateTime, named


class FieldKind(StrEnum):
    """What an own field holds."""

    TEXT = "text"
    """A line of text."""
    NUMBER = "number"
    """A number, with decimals if need be."""
    DATE = "date"
    """A day."""
    CHOICE = "choice"
    """One of the words that the team has named."""


class Tag(Base):
    """A word that the team puts on readers."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    """Folded, so that one word is one tag."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TagMark(Base):
    """A tag on a reader."""

    __tablename__ = "tag_marks"
    __table_args__ = (Index("ix_tag_marks_reader", "subscriber_id"),)

    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(RowId, ForeignKey("subscribers.id"), primary_key=True)


class OwnField(Base):
    """A field that the team has thought of: what it is called and what it holds."""

    __tablename__ = "own_fields"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[FieldKind] = mapped_column(named(FieldKind))
    choices: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The words to choose from; empty for every other kind."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FieldValue(Base):
    """What an own field says of one reader; one of the last three is set, by the field's kind.

    A table of its own with an index for each kind: a million readers are counted in a fraction of the time that a
    column of JSON takes.
    """

    __tablename__ = "field_values"
    __table_args__ = (
        Index("ix_field_values_reader", "subscriber_id"),
        Index(
            "ix_field_values_key", "field_id", "key", "subscriber_id", sqlite_where=text("key is not null"),
            postgresql_where=text("key is not null"), postgresql_ops={"key": "varchar_pattern_ops"},
        ),
        Index(
            "ix_field_values_number", "field_id", "number", "subscriber_id", sqlite_where=text("number is not null"),
            postgresql_where=text("number is not null"),
        ),
        Index(
            "ix_field_values_day", "field_id", "day", "subscriber_id", sqlite_where=text("day is not null"),
            postgresql_where=text("day is not null"),
        ),
    )  # fmt: skip

    field_id: Mapped[int] = mapped_column(ForeignKey("own_fields.id", ondelete="CASCADE"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(RowId, ForeignKey("subscribers.id"), primary_key=True)
    shown: Mapped[str] = mapped_column(String(200))
    """As pages show it and exports say it: a number as typed, a day as ISO 8601."""
    key: Mapped[str | None] = mapped_column(String(200))
    """Folded words, of texts and choices."""
    number: Mapped[float | None] = mapped_column(Float)
    day: Mapped[date | None] = mapped_column(Date)
