"""Views: what each of the readers' pages shows, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.tokens import LinkClaims
from newsletter.mail.address import masked
from newsletter.publications import Publication
from newsletter.web.readers.wording import PageWording, page_wording
from subscribers.links import ReaderLinks
from subscribers.models import Format, Subscriber, Subscription, SubscriptionState
from subscribers.preferences import Changes, Choice, Preferences

OFFERED = (Format.HTML, Format.TEXT)
"""Formats every reader may choose; others are shown to those who have them, so that saving does not lose them."""


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """One page for one reader."""

    template: str
    words: PageWording
    address: str
    """Masked: newsletters are forwarded, links and all."""
    publication: str = ""
    publisher: str = ""
    publication_language: str = ""
    action: str = ""
    """Where the page's form is posted."""
    preferences: str = ""
    """The page of all choices."""
    choices: tuple[Choice, ...] = ()
    format: str = ""
    formats: tuple[tuple[str, str, str], ...] = ()
    suppressed: bool = False
    news: tuple[str, ...] | None = None
    """What saving changed, in sentences; None if nothing was saved."""

    @property
    def gets_anything(self) -> bool:
        """Whether there is anything to leave."""
        return any(choice.state not in {None, SubscriptionState.ENDED} for choice in self.choices)


def leaving(
    session: Session,
    person: Subscriber,
    publication: Publication,
    *,
    links: ReaderLinks,
    claims: LinkClaims,
    just_left: bool = False,
) -> ReaderPage:
    """Return the page of one subscription: to leave it, just left, or not there."""
    profile = publication.profile
    state = session.scalar(
        select(Subscription.state).where(
            Subscription.subscriber_id == person.id, Subscription.publication_id == publication.id
        )
    )
    if just_left:
        template = "left.html"
    else:
        template = "not_reading.html" if state in {None, SubscriptionState.ENDED} else "unsubscribe.html"
    return ReaderPage(
        template=template,
        words=page_wording(person.language, profile.language),
        address=masked(person.address),
        publication=profile.name,
        publisher=profile.masthead.publisher,
        publication_language=profile.language,
        action=links.unsubscribe_path(claims),
        preferences=links.preferences_path(claims),
    )


def with_language(
    view: Preferences, language: str, *, links: ReaderLinks, claims: LinkClaims, changes: Changes | None = None
) -> ReaderPage:
    """Return the page of choices in the reader's language, else the publication's (*language*)."""
    words = page_wording(view.language, language)
    offered = {*OFFERED, view.format}
    return ReaderPage(
        template="preferences.html",
        words=words,
        address=view.masked_address,
        action=links.preferences_path(claims),
        choices=view.choices,
        format=view.format.value,
        formats=tuple(form for form in words.formats if form[0] in offered),
        suppressed=view.suppressed,
        news=_news(words, changes) if changes else None,
    )


def _news(words: PageWording, changes: Changes) -> tuple[str, ...]:
    sentences = []
    if changes.joined:
        sentences.append(words.joined.format(names=", ".join(changes.joined)))
    if changes.left:
        sentences.append(words.left.format(names=", ".join(changes.left)))
    if changes.format:
        sentences.append(words.format_changed.format(format=words.format_name(changes.format)))
    return tuple(sentences) or (words.nothing_changed,)
