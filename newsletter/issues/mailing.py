"""How an issue goes out: subject, preheader and format, the issue's own or the publication's."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.manuscripts.document import Document, MailFormat
from newsletter.publications import Profile
from newsletter.rendering.subject import preheader_of, subject_of


@dataclass(frozen=True, slots=True)
class ResolvedMailing:
    """Subject, preheader and format with every default filled in."""

    subject: str
    preheader: str
    format: MailFormat


def mailing_of(document: Document, profile: Profile) -> ResolvedMailing:
    """Return what *document* says of its mailing, completed by *profile*."""
    return ResolvedMailing(
        subject=subject_of(document, profile.masthead, default=profile.subject),
        preheader=preheader_of(document, profile.masthead, default=profile.preheader),
        format=document.mailing.format or profile.mail_format,
    )
