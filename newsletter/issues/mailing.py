"""How an issue goes out: subject, preheader and format, the issue's own or the publication's."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.manuscripts.document import Document, MailFormat
from newsletter.publications import Profile
from newsletter.rendering.subject import preheader_of, subject_of
from newsletter.rendering.wording import wording


@dataclass(frozen=True, slots=True)
class ResolvedMailing:
    """Subject, preheader and format with every default filled in."""

    subject: str
    preheader: str
    format: MailFormat


def mailing_of(document: Document, profile: Profile) -> ResolvedMailing:
    """Return what *document* says of its mailing, completed by *profile*."""
    given = document.mailing
    words = {
        "{title}": document.title,
        "{publication}": profile.name,
        "{date}": wording(document.language).date(document.date) if document.date else "",
    }
    return ResolvedMailing(
        subject=given.subject or _filled(profile.subject, words) or subject_of(document, profile.masthead),
        preheader=given.preheader or _filled(profile.preheader, words) or preheader_of(document, profile.masthead),
        format=given.format or profile.mail_format,
    )


def _filled(pattern: str, words: dict[str, str]) -> str:
    """Fill the named words; a plain replacement, so that a stray brace in a pattern is no error."""
    for name, word in words.items():
        pattern = pattern.replace(name, word)
    return " ".join(pattern.split())
