"""The audit trail: who did what to which thing, when; written by verbs, changed by nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.kit.database import Base, RowId, UtcDateTime


class AuditEntry(Base):
    """One deed."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(254))
    deed: Mapped[str] = mapped_column(String(64))
    """The verb, as ``issue.approve``."""
    subject: Mapped[str] = mapped_column(String(64), index=True)
    """The thing, as ``issue:12``."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


def record(session: Session, *, at: datetime, actor: str, deed: str, subject: str, **details: object) -> None:
    """Write one deed down in the caller's transaction, so that there is no deed without its entry."""
    session.add(AuditEntry(at=at, actor=actor, deed=deed, subject=subject, details=details))
