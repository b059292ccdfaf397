"""The tables of imports at the desk: the file in pieces, what is known of it, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

import subscribers.models  # noqa: F401  # the tables that foreign keys here refer to
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from subscribers.states import ConsentBasis


class ImportStage(StrEnum):
    """Where an import at the desk stands."""

    UPLOADED = "uploaded"
    """The file is here; somebody says which column is what."""
    WAITING = "waiting"
    """Ordered; a worker will take it up."""
    RUNNING = "running"
    """Rows are coming in."""
    FINISHED = "finished"
    """Every row has its fate; the report says which."""
    FAILED = "failed"
    """The file cannot be read to its end; what came in stays."""
    CANCELLED = "cancelled"
    """Given up before it began; nothing came in."""


IMPORT_TRANSITIONS: dict[ImportStage, frozenset[ImportStage]] = {
    ImportStage.UPLOADED: frozenset({ImportStage.WAITING, ImportStage.CANCELLED}),
    ImportStage.WAITING: frozenset({ImportStage.RUNNING, ImportStage.CANCELLED}),
    ImportStage.RUNNING: frozenset({ImportStage.FINISHED, ImportStage.FAILED}),
    ImportStage.FINISHED: frozenset(),
    ImportStage.FAILED: frozenset(),
    ImportStage.CANCELLED: frozenset(),
}
"""From each stage, where an import may go."""


class PartKind(StrEnum):
    """What a piece of bytes belongs to."""

    FILE = "file"
    """The file as it was handed in; let go of when the import has ended."""
    REPORT = "report"
    """What became of each row, as CSV."""


class ImportJob(Base):
    """One import from its upload to its report."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        Index(
            "ix_import_jobs_open", "id", sqlite_where=text("stage in ('waiting', 'running')"),
            postgresql_where=text("stage in ('waiting', 'running')"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    """Octets of the file."""
    rows: Mapped[int] = mapped_column(default=0)
    """Of the file, without its header."""
    stage: Mapped[ImportStage] = mapped_column(named(ImportStage))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Which column is what: the number of a column → ``address``, ``name``, ``field:3``, ``tag:new readers``…"""
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Tags for everybody in the file."""
    basis: Mapped[ConsentBasis | None] = mapped_column(named(ConsentBasis))
    evidence: Mapped[str] = mapped_column(String(500), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    run_id: Mapped[int | None] = mapped_column(ForeignKey("import_runs.id"))
    uploaded_by: Mapped[str] = mapped_column(String(254))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str] = mapped_column(String(80), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when its worker is taken to be alive; afterwards another goes on."""
    failure: Mapped[str] = mapped_column(String(500), default="")


class ImportPart(Base):
    """A piece of a file or of a report, so that any worker on any machine has it."""

    __tablename__ = "import_parts"

    job_id: Mapped[int] = mapped_column(ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[PartKind] = mapped_column(named(PartKind), primary_key=True)
    position: Mapped[int] = mapped_column(RowId, primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
