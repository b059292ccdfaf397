"""Letters: the short mails that readers get about their own subscriptions; at most one link, no advertising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from newsletter import notices
from newsletter.kit.catalogue import words
from newsletter.kit.templating import environment
from newsletter.notices import Notice
from newsletter.publications import Profile, Publication


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says, in the language it is said in."""

    language: str
    purpose: str
    subject: str
    before: tuple[str, ...]
    """Paragraphs above the link."""
    label: str = ""
    url: str = ""
    after: tuple[str, ...] = ()

    def send(
        self,
        session: Session,
        publication: Publication,
        address: str,
        *,
        now: datetime,
        subscriber_id: int | None = None,
    ) -> Notice:
        """Put the letter into the outbox, in the publication's name and the caller's transaction."""
        profile = publication.profile
        return notices.write(
            session, publication_id=publication.id, purpose=self.purpose, address=address, subject=self.subject,
            text=self._written("letter.txt.j2", profile), html=self._written("letter.html.j2", profile), now=now,
            subscriber_id=subscriber_id, language=self.language,
        )  # fmt: skip

    def _written(self, template: str, profile: Profile) -> str:
        pages = environment("notices", autoescape="html" in template, language=self.language)
        return pages.get_template(template).render(
            letter=self, imprint=profile.imprint, sender=profile.masthead.publisher
        )


def confirmation(language: str, *, names: Sequence[str], address: str, url: str, days: int) -> Letter:
    """Ask whether it was really the owner of the address who signed up."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="confirmation",
        subject=_("Please confirm: %(names)s", names=_.spell(names)),
        before=(
            _(
                "Somebody, we hope you, has asked us to send %(names)s to %(address)s.",
                names=_.spell(names),
                address=address,
            ),
            _("Please open this page and press the button on it. Only then will you get anything."),
        ),
        label=_("To the confirmation"),
        url=url,
        after=(_("If it was not you, do nothing: after %(days)s days we forget that it was asked.", days=days),),
    )


def already(language: str, *, names: Sequence[str], url: str) -> Letter:
    """Tell somebody who signed up again that there is nothing to do."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="already",
        subject=_("You are a reader already: %(names)s", names=_.spell(names)),
        before=(
            _(
                "Somebody, we hope you, has signed up for %(names)s. You get it already, so nothing has changed.",
                names=_.spell(names),
            ),
        ),
        label=_("To your choices"),
        url=url,
    )


def invitation(language: str, *, name: str, publisher: str, address: str, url: str, days: int) -> Letter:
    """Ask somebody whom the team invites."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="invitation",
        subject=_("Invitation: %(name)s", name=name),
        before=(
            _(
                "%(publisher)s would like to send %(name)s to %(address)s, and asks whether you want it.",
                publisher=publisher,
                name=name,
                address=address,
            ),
        ),
        label=_("To the invitation"),
        url=url,
        after=(_("If you do nothing, you get nothing, and after %(days)s days this is forgotten.", days=days),),
    )


def own_link(language: str, *, url: str) -> Letter:
    """Mail a reader the way to all choices."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="own_link",
        subject=_("Your link to your newsletters"),
        before=(_("Here is the page on which you choose what you get from us, and how."),),
        label=_("To your choices"),
        url=url,
        after=(_("If you did not ask for it, somebody mistyped an address. Nothing has changed."),),
    )


def rights_link(language: str, *, url: str) -> Letter:
    """Mail a reader the way to everything that is held."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="rights_link",
        subject=_("Your link to your data"),
        before=(
            _("With this link you see everything we hold about you. You can take it along, correct it or erase it."),
        ),
        label=_("To your data"),
        url=url,
        after=(
            _("It works once, within 24 hours."),
            _("If you did not ask for it, do nothing, and do not pass this mail on."),
        ),
    )


def goodbye(language: str, *, names: Sequence[str], url: str) -> Letter:
    """Confirm to the address that a subscription has ended, with a way back."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="goodbye",
        subject=_("You are unsubscribed: %(names)s", names=_.spell(names)),
        before=(
            _("You get no more mails of: %(names)s.", names=_.spell(names)),
            _("If it was not you, perhaps somebody to whom you passed a mail on pressed the button. Take it back:"),
        ),
        label=_("Take it back"),
        url=url,
        after=(_("This link works once, within seven days."),),
    )


def new_address(language: str, *, old: str, url: str) -> Letter:
    """Ask the new address whether it belongs to the reader; *old* is masked."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="new_address",
        subject=_("Please confirm your new address"),
        before=(_("The reader with the address %(old)s would like to get our newsletters here from now on.", old=old),),
        label=_("Confirm the new address"),
        url=url,
        after=(_("If that is not you, do nothing: then nothing changes."),),
    )


def moved_away(language: str, *, new: str, contact: str) -> Letter:
    """Tell the old address that mails go elsewhere; *new* is masked."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="moved_away",
        subject=_("Your newsletters go to another address now"),
        before=(
            _("From now on we write to %(new)s, as was asked by a link we had mailed to this address.", new=new),
            _("If it was not you, please write to %(contact)s.", contact=contact),
        ),
    )


def lapse_soon(language: str, *, name: str, day: date, contact: str) -> Letter:
    """Tell a member that the membership ends."""
    _ = words(language)
    return Letter(
        language=_.language,
        purpose="lapse_soon",
        subject=_("%(name)s ends with your membership", name=name),
        before=(
            _(
                "Your membership runs until %(day)s. From then on you no longer get %(name)s.",
                day=_.day(day),
                name=name,
            ),
            _("If it goes on, there is nothing to do. Questions? Write to %(contact)s.", contact=contact),
        ),
    )
