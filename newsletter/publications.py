"""Publications: the titles one subscribes to, each with its sender, look, house style and imprint."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.kit.audit import record
from newsletter.kit.database import Base, UtcDateTime, named
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.manuscripts.document import MailFormat
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.profile_checks import complaints
from newsletter.rendering.theme import Imprint, Masthead, Theme

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What ends a header line somewhere between us and the reader (RFC 5322 §2.2)."""
SECTIONS = {"theme": Theme, "imprint": Imprint, "house_style": HouseStyle}


class BadEntries(BadInput):
    """Entries of a profile cannot be used; the message names each, ``wrong`` has the sentence for each by its name."""

    def __init__(self, message: str, wrong: Mapping[str, str]) -> None:
        super().__init__(message)
        self.wrong = wrong


class Access(StrEnum):
    """Who may subscribe."""

    OPEN = "open"
    """Anybody."""
    INVITED = "invited"
    """Whom the team invites."""
    MEMBERS = "members"
    """Members, as long as their membership runs."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about a publication that a person may set, as one value: what a publication file holds."""

    name: str = "Newsletter"
    label: str = "newsletter"
    """Short name in URLs and List-Id: lower-case letters, digits, hyphens."""
    publisher: str = ""
    language: str = "en"
    time_zone: str = "Europe/Berlin"
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    team_address: str = ""
    """Who is told when a sending stops by itself; empty takes reply_to, else from_address."""
    list_domain: str = ""
    """Domain of the List-Id (RFC 2919); empty takes the From address's."""
    access: Access = Access.OPEN
    sign_up: dict[str, str] = field(default_factory=dict)
    """By language, the sentence that signing up means, if not the usual one; ``{publisher}`` and ``{newsletter}`` are
    filled. Evidence names its version."""
    refuse_disposable: bool = False
    """Whether addresses made to be thrown away may not sign up."""
    attach_pdf: bool = True
    """Whether the PDF travels with the mail or only as a link."""
    mail_format: MailFormat = MailFormat.FULL
    subject: str = ""
    """Default subject of issues; ``{title}``, ``{publication}`` and ``{date}`` are filled."""
    preheader: str = ""
    approvals: Literal[0, 1, 2] = 1
    """How many people must approve an issue; with none, whoever wrote it may sign it off."""
    deputies: tuple[str, ...] = ()
    """Addresses of those who may approve in the approvers' stead."""
    test_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses that test sends go to, by the group's name."""
    hold_minutes: int = 10
    """How long a sending ordered at the desk waits, with a Stop that reaches everybody, before anything goes."""
    confirm_number: bool = True
    """Whether the desk asks for the number of readers to be typed before it sends."""
    send_windows: tuple[str, ...] = ()
    """When issues may go out, in the publication's time zone, as ``Mon-Fri 07:00-19:00``; empty: at any time."""
    routes: tuple[str, ...] = ()
    """Names of mail servers, the first that works is used; empty takes the installation's own."""
    theme: Theme = Theme()
    imprint: Imprint = Imprint()
    house_style: HouseStyle = field(default_factory=HouseStyle)

    @property
    def masthead(self) -> Masthead:
        """How editions show this publication."""
        return Masthead(
            publication=self.name,
            publisher=self.publisher or self.imprint.name or self.name,
            language=self.language,
            imprint=self.imprint,
            theme=self.theme,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone whose clocks the team and the readers go by."""
        return ZoneInfo(self.time_zone)

    @property
    def team(self) -> str:
        """The address that word to the team goes to."""
        return self.team_address or self.reply_to or self.from_address

    @property
    def list_id(self) -> str:
        """The List-Id, stable for the publication's life (RFC 2919 §2): ``label.domain``."""
        return f"{self.label}.{self.list_domain or self.from_address.partition('@')[2]}"


class Publication(Base):
    """A publication as stored; the profile is one JSON value, the columns are what queries need."""

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    access: Mapped[Access] = mapped_column(named(Access))
    profile_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def profile(self) -> Profile:
        """The stored profile as a value."""
        return _adapter().validate_python(self.profile_json)


@cache
def _adapter() -> TypeAdapter[Profile]:
    return TypeAdapter(Profile)


def plain_profile(profile: Profile) -> dict[str, Any]:
    """Return *profile* as plain data, as ``checked_profile`` takes it and a publication file has it."""
    plain: dict[str, Any] = _adapter().dump_python(profile, mode="json")
    return plain


def read_profile(path: Path) -> Profile:
    """Read a publication file (TOML); raise ``BadInput`` naming the file and each bad entry."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no publication file: it is not text in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not written as TOML asks: {error}.") from error
    return checked_profile(given, named_as=str(path))


def checked_profile(given: dict[str, Any], *, named_as: str) -> Profile:
    """Return *given* as a Profile; raise ``BadInput`` naming each bad entry of *named_as*."""
    unknown = sorted(_unknown(given, Profile))
    if unknown:
        raise BadInput(f"{named_as}: there is nothing called {', '.join(unknown)}; is it misspelt?")
    control = next((text for text in _texts(given) if CONTROL.search(text)), None)
    if control is not None:
        raise BadInput(
            f"{named_as}: {control!r} (name, address or other entry) holds a line break or control character."
        )
    try:
        profile = _adapter().validate_python(given)
    except ValidationError as error:
        wrong = {".".join(map(str, p["loc"])): p["msg"].removeprefix("Value error, ") for p in error.errors()}
        problems = "; ".join(f"{entry}: {sentence}" for entry, sentence in wrong.items())
        raise BadEntries(f"{named_as}: {problems}", wrong) from error
    complaints_by_entry = dict(reversed(list(complaints(profile))))  # the first of each entry
    if complaints_by_entry:
        said = " ".join(f"{entry}: {sentence}" for entry, sentence in complaints(profile))
        raise BadEntries(f"{named_as}: {said}", complaints_by_entry)
    return profile


def _unknown(given: dict[str, Any], kind: Any) -> Iterator[str]:
    """Yield the dotted names in *given* that the dataclass *kind* does not have."""
    known = {field.name: field for field in fields(kind)}
    for name, value in given.items():
        if name not in known:
            yield name
        elif isinstance(value, dict) and (nested := SECTIONS.get(name)):
            yield from (f"{name}.{inner}" for inner in _unknown(value, nested))


def _texts(value: Any) -> Iterator[str]:
    """Yield every string inside *value*."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)


def _check_sender(profile: Profile) -> None:
    if not profile.from_address:
        raise BadInput(f"The publication {profile.name!r} needs from_address: the address its mails come from.")


def add(session: Session, profile: Profile, *, now: datetime, by: str) -> Publication:
    """Create a publication; raise ``Conflict`` if its label is taken, ``BadInput`` if it has no From address."""
    _check_sender(profile)
    if session.scalar(select(Publication.id).where(Publication.label == profile.label)):
        raise Conflict(
            f"There is already a publication {profile.label!r}; choose another label, "
            "or change it with `newsletter publication change`."
        )
    publication = Publication(
        label=profile.label,
        name=profile.name,
        access=profile.access,
        profile_json=plain_profile(profile),
        created_at=now,
    )
    session.add(publication)
    session.flush()
    record(
        session, at=now, actor=by, deed="publication.add", subject=f"publication:{publication.id}", label=profile.label
    )
    return publication


def change(session: Session, publication: Publication, profile: Profile, *, now: datetime, by: str) -> list[str]:
    """Give *publication* the new *profile*; return the names of the entries that changed.

    Frozen editions stay as they were signed. Raises ``Conflict`` if the List-Id would change: readers' filters know
    the list by it (RFC 2919 §2), and its label stands in links that have been sent.
    """
    _check_sender(profile)
    old = publication.profile
    if profile.list_id != old.list_id:
        domain = old.list_id.removeprefix(f"{old.label}.")
        raise Conflict(
            f"Readers' filters know {old.name} as {old.list_id}, and this would make it {profile.list_id}; "
            f'keep the label {old.label!r} and add list_domain = "{domain}" to the file.'
        )
    changed = [entry.name for entry in fields(Profile) if getattr(profile, entry.name) != getattr(old, entry.name)]
    if changed:
        publication.name, publication.access = profile.name, profile.access
        publication.profile_json = plain_profile(profile)
        subject = f"publication:{publication.id}"
        record(session, at=now, actor=by, deed="publication.change", subject=subject, changed=changed)
        session.flush()
    return changed


def by_label(session: Session, label: str) -> Publication:
    """Return the publication called *label*; raise ``NotFound``."""
    found = session.scalar(select(Publication).where(Publication.label == label))
    if found is None:
        raise NotFound(f"There is no publication {label!r}; `newsletter publication list` shows them.")
    return found


def every(session: Session) -> list[Publication]:
    """Return all publications by name."""
    return list(session.scalars(select(Publication).order_by(Publication.name)))
