"""Notes: the mails that the desk writes to its own people."""

from __future__ import annotations

import textwrap
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter import notices
from newsletter.kit.catalogue import words
from newsletter.publications import Publication
from newsletter.team.models import DeskPerson, RoleGrant

WIDTH = 72


def letterhead(session: Session, person: DeskPerson) -> Publication | None:
    """Return the newsletter in whose name *person* is written to: one of theirs, else the oldest, if there is any."""
    theirs = select(RoleGrant.publication_id).where(RoleGrant.person_id == person.id)
    return session.scalar(
        select(Publication).order_by(Publication.id.in_(theirs).desc(), Publication.id).limit(1)
    )  # fmt: skip


def invite(session: Session, person: DeskPerson, link: str, *, by: str, now: datetime) -> bool:
    """Mail an invitation; return False if there is no newsletter yet that it could come from."""
    _ = words(person.language)
    return _write(
        session, person, "desk-invitation", now=now,
        subject=_("Your invitation to the newsletter desk"),
        paragraphs=[
            _("Hello %(name)s,", name=person.name),
            _("%(by)s invites you to work at the desk where our newsletters are written and sent.", by=by),
            _("Open this link to come in. It works once, within seven days:"),
            link,
            _("If you do not know what this is about, do nothing."),
        ],
    )  # fmt: skip


def mail_forgotten(session: Session, person: DeskPerson, link: str, *, now: datetime) -> bool:
    """Mail a link to choose another password; return False if there is no newsletter it could come from."""
    _ = words(person.language)
    return _write(
        session, person, "desk-password", now=now,
        subject=_("Choose another password for the newsletter desk"),
        paragraphs=[
            _("Hello %(name)s,", name=person.name),
            _("Somebody, we hope you, asked for another password at the newsletter desk."),
            _("Open this link to choose one. It works once, within an hour:"),
            link,
            _("If it was not you, do nothing: your password stays as it is."),
        ],
    )  # fmt: skip


def tell_changed(session: Session, person: DeskPerson, *, now: datetime) -> bool:
    """Tell *person* that the password has been changed, so that a change by somebody else is noticed."""
    _ = words(person.language)
    return _write(
        session, person, "desk-password-changed", now=now,
        subject=_("Your password at the newsletter desk was changed"),
        paragraphs=[
            _("Hello %(name)s,", name=person.name),
            _("your password at the newsletter desk was changed just now, and all other browsers were signed out."),
            _("If it was not you, tell an administrator of the desk at once."),
        ],
    )  # fmt: skip


def _write(
    session: Session, person: DeskPerson, purpose: str, *, subject: str, paragraphs: list[str], now: datetime
) -> bool:
    publication = letterhead(session, person)
    if publication is None:
        return False
    text = "\n\n".join(
        textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False) for paragraph in paragraphs
    )
    notices.write(
        session, publication_id=publication.id, purpose=purpose, address=person.address, language=person.language,
        subject=subject, text=text + "\n", now=now,
    )  # fmt: skip
    return True
