"""Notices: mails to one person (confirmations, mailed links, word to the team), sent by the one dispatcher."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.kit.database import Base, RowId, UtcDateTime, announce_work


class Notice(Base):
    """One mail to one person, complete but for its envelope."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    """Whose From address it bears."""
    purpose: Mapped[str] = mapped_column(String(40))
    """What it is for, as ``unsubscribed`` or ``dispatch-paused``."""
    address: Mapped[str] = mapped_column(String(254))
    subscriber_id: Mapped[int | None] = mapped_column(RowId)
    """The reader it is for, if a reader; no foreign key, since readers live on another floor."""
    language: Mapped[str] = mapped_column(String(16), default="en")
    subject: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dispatch_id: Mapped[int | None] = mapped_column(RowId, index=True)
    """The dispatch of one that sends it; None until the dispatcher has taken it up."""


def write(
    session: Session,
    *,
    publication_id: int,
    purpose: str,
    address: str,
    subject: str,
    text: str,
    now: datetime,
    html: str | None = None,
    subscriber_id: int | None = None,
    language: str = "en",
) -> Notice:
    """Put a mail to one person into the outbox, in the caller's transaction."""
    notice = Notice(
        publication_id=publication_id, purpose=purpose, address=address, subscriber_id=subscriber_id,
        language=language, subject=subject, text=text, html=html, created_at=now,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    announce_work(session)
    return notice
