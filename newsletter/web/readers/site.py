"""The site: what the readers' pages stand on, and how each is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import spoken
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.templating import environment
from newsletter.kit.tokens import Keyring
from newsletter.publications import Profile, Publication
from newsletter.web.problems import PAGE_HEADERS
from subscribers.links import ReaderLinks
from subscribers.mail_domains import MailDomains

OnUnsubscribed = Callable[[Session, int, datetime], object]
"""Told in the same transaction that the reader left through a delivery (0: from none)."""


@dataclass(frozen=True)
class Site:
    """Everything the pages need; they open their sessions themselves and leave them before they answer.

    A session handed in by a dependency would be waited for in one thread and used in another: forty waiting for the one
    writer could block the one who has it.
    """

    database: Database
    links: ReaderLinks
    clock: Clock
    on_unsubscribed: OnUnsubscribed
    domains: MailDomains
    routes_of: Callable[[Profile], Sequence[str]]
    """Names the mail servers of a publication, for the newest issue that greets a newcomer."""
    keep_networks: bool = False

    @property
    def keyring(self) -> Keyring:
        """The keys that sign links."""
        return self.links.keyring

    def show(self, template: str, language: str, *, status: int = 200, **values: object) -> Response:
        """Return the page *template* in *language*."""
        chosen = spoken(language)
        page = environment("readers", language=chosen).get_template(template)
        body = page.render(root=self.links.root, language=chosen, **values)
        return HTMLResponse(body, status, headers=PAGE_HEADERS)


def cited(publication: Publication) -> Markup:
    """Return the publication's name set off, in its own language."""
    return Markup('<cite lang="{}">{}</cite>').format(publication.profile.language, publication.name)


def cited_all(publications: Sequence[Publication]) -> Markup:
    """Return several names as one phrase."""
    return Markup(", ").join(cited(publication) for publication in publications)
