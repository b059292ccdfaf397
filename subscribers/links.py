"""Links: the addresses of a reader's own pages, built and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from newsletter.kit.tokens import UNSUBSCRIBE_PATH, Keyring, LinkClaims, Purpose

PREFERENCES_PATH = "/p/"
CONFIRM_PATH = "/c/"
MAILED_PATH = "/m/"
JOIN_PATH = "/join/"
LOST_LINK_PATH = "/link/"


@dataclass(frozen=True, slots=True)
class ReaderLinks:
    """Builds the links that a mail carries to one reader."""

    public_url: str
    keyring: Keyring
    root: str = field(init=False, compare=False)
    """The path below which the pages stand, ``/news`` of https://example.org/news; mostly empty."""
    _host: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        whole = self.public_url.rstrip("/")
        object.__setattr__(self, "root", urlsplit(whole).path)
        object.__setattr__(self, "_host", whole.removesuffix(self.root))

    def one_click(self, claims: LinkClaims) -> str:
        """Return the URI of List-Unsubscribe (RFC 8058 §3.1); the same page answers click and one-click POST."""
        return self.unsubscribe(claims)

    def unsubscribe(self, claims: LinkClaims) -> str:
        """Return the link behind the mail's visible “unsubscribe”."""
        return self._host + self.unsubscribe_path(claims)

    def preferences(self, claims: LinkClaims) -> str:
        """Return the link to the page of choices."""
        return self._host + self.preferences_path(claims)

    def unsubscribe_path(self, claims: LinkClaims) -> str:
        """Return the same without the host, for pages that link to each other."""
        return self.root + UNSUBSCRIBE_PATH + self.keyring.link(Purpose.UNSUBSCRIBE, claims)

    def preferences_path(self, claims: LinkClaims) -> str:
        """Return the same without the host."""
        return self.root + PREFERENCES_PATH + self.keyring.link(Purpose.PREFERENCES, claims)

    def read_unsubscribe(self, token: str) -> LinkClaims:
        """Return what an unsubscribe link says; raise ``BadToken``."""
        return self.keyring.read_link(Purpose.UNSUBSCRIBE, token)

    def read_preferences(self, token: str) -> LinkClaims:
        """Return what a preferences link says; raise ``BadToken``."""
        return self.keyring.read_link(Purpose.PREFERENCES, token)

    def confirm(self, wish_id: int, publication_id: int) -> str:
        """Return the link to the button that confirms a sign-up."""
        return self._host + self.confirm_path(wish_id, publication_id)

    def confirm_path(self, wish_id: int, publication_id: int) -> str:
        """Return the same without the host."""
        return self.root + CONFIRM_PATH + self.keyring.link(Purpose.CONFIRM, LinkClaims(publication_id, 0, wish_id))

    def mailed(self, claims: LinkClaims) -> str:
        """Return a link that works once."""
        return self._host + self.mailed_path(claims)

    def mailed_path(self, claims: LinkClaims) -> str:
        """Return the same without the host."""
        return self.root + MAILED_PATH + self.keyring.link(Purpose.MAILED, claims)

    def join(self, label: str = "") -> str:
        """Return the sign-up page of one publication, or of all."""
        return self._host + self.join_path(label)

    def join_path(self, label: str = "") -> str:
        """Return the same without the host."""
        return self.root + JOIN_PATH + label

    @property
    def lost_link_path(self) -> str:
        """Where one has one's own link mailed."""
        return self.root + LOST_LINK_PATH

    def read_confirm(self, token: str) -> LinkClaims:
        """Return what a confirmation link says; raise ``BadToken``."""
        return self.keyring.read_link(Purpose.CONFIRM, token)

    def read_mailed(self, token: str) -> LinkClaims:
        """Return what a link that works once says; raise ``BadToken``."""
        return self.keyring.read_link(Purpose.MAILED, token)
