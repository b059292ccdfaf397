"""The table of segments: readers of one publication, chosen by conditions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.publications  # noqa: F401  # the table that a foreign key here refers to
from newsletter.kit.database import Base, UtcDateTime


class Segment(Base):
    """A name for the readers whom some conditions fit, whenever it is asked."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("publication_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    name: Mapped[str] = mapped_column(String(80))
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """``conditions.Conditions`` as plain data, with the version of the vocabulary."""
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
