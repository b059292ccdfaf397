"""Routes: the mail servers of an installation by name, each with what it may be given a day."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from newsletter.kit.errors import DispatchRefused, SettingsError
from newsletter.kit.sentences import N_, Sentence
from newsletter.mail.oauth import OAuthClient, TokenSource
from newsletter.mail.route import SETTING, SmtpRoute, parse_smtp_url, with_profile
from newsletter.mail.route_profiles import RouteProfile

Number = TypeVar("Number", int, float)
ROUTES_SETTING = "NEWSLETTER_SMTP_ROUTES"


@dataclass(frozen=True, slots=True)
class Route:
    """One mail server under the name that publications and reports call it by."""

    name: str
    server: SmtpRoute
    warm_up: tuple[int, ...] = ()
    """Messages on the first, second … day of a server that receivers do not know yet."""
    warm_up_from: date | None = None

    def daily_limit(self, at: datetime) -> int | None:
        """Return how many messages it may be given in the 24 hours up to *at*, None without limit.

        Days of the warm-up are UTC days; before its first day what holds on the first day holds.
        """
        limit = self.server.daily_limit
        if self.warm_up and self.warm_up_from is not None:
            day = max(0, (at.astimezone(UTC).date() - self.warm_up_from).days)
            if day < len(self.warm_up):
                return self.warm_up[day] if limit is None else min(limit, self.warm_up[day])
        return limit


class Routes:
    """All mail servers of an installation; the first is the one that serves whoever names none."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_name = {route.name: route for route in routes}
        if len(self._by_name) != len(routes) or not routes:
            raise SettingsError(f"{ROUTES_SETTING} gives a name twice; each route needs its own.")
        self.default = routes[0]

    def __iter__(self) -> Iterator[Route]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Route | None:
        """Return the route called *name*, None if there is none any more."""
        return self._by_name.get(name)

    def chosen(self, names: Iterable[str]) -> list[Route]:
        """Return the routes *names* in order, the default for none; raise ``DispatchRefused`` for one we have not."""
        wanted = list(names)
        unknown = [name for name in wanted if name not in self._by_name]
        if unknown:
            raise DispatchRefused(Sentence(
                N_("The newsletter names the mail server %(name)s, which is not among %(known)s; "
                   "add it to %(setting)s or mend the newsletter."),
                name=repr(unknown[0]), known=", ".join(self._by_name), setting=ROUTES_SETTING,
            ))  # fmt: skip
        return [self._by_name[name] for name in wanted] or [self.default]

    def usable(self, names: Iterable[str]) -> list[Route]:
        """Return those of *names* that there are, the default if there is none: a notice should not wait for a name."""
        return [self._by_name[name] for name in names if name in self._by_name] or [self.default]


class _OAuth(BaseModel):
    """The table ``oauth`` of a route."""

    model_config = ConfigDict(extra="forbid")
    user: str
    token_url: str
    client_id: str
    client_secret: str = ""
    refresh_token: str = ""
    scope: str = ""


class _Given(BaseModel):
    """One table ``route`` of the file."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")
    url: str
    profile: RouteProfile | None = None
    pace: float | Literal["none"] | None = Field(None)
    connections: int | None = Field(None, ge=1, le=100)
    messages_per_connection: int | None = Field(None, ge=1)
    daily_limit: int | Literal["none"] | None = None
    warm_up: list[int] = Field(default_factory=list)
    warm_up_from: date | None = None
    oauth: _OAuth | None = None


class _File(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")
    route: list[_Given] = Field(min_length=1)


def read_routes(path: Path) -> list[Route]:
    """Read a file of routes (TOML: one table ``[[route]]`` each); raise ``SettingsError`` naming the fault."""
    try:
        given = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{ROUTES_SETTING}: {path} cannot be read: {error}") from error
    except ValidationError as error:
        # The entry itself may be a secret; only its place is shown.
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise SettingsError(f"{ROUTES_SETTING}: {path}: {faults}") from None
    return [_route(one) for one in given.route]


def _route(given: _Given) -> Route:
    where = f"{ROUTES_SETTING}: route {given.name!r}"
    try:
        server = parse_smtp_url(given.url)
        if given.profile is not None:
            server = with_profile(server, given.profile)
        server = _limited(server, given, where)
        if given.oauth is not None:
            client = OAuthClient(**given.oauth.model_dump(exclude={"user"}))
            server = replace(server, username=given.oauth.user, password="", tokens=TokenSource(client))
    except SettingsError as error:
        raise SettingsError(f"{where}: {str(error).replace(SETTING, 'its url')}") from error
    if bool(given.warm_up) != (given.warm_up_from is not None) or any(number < 1 for number in given.warm_up):
        raise SettingsError(f"{where}: warm_up is a list of numbers, and warm_up_from the date of the first.")
    return Route(given.name, server, tuple(given.warm_up), given.warm_up_from)


def _limited(server: SmtpRoute, given: _Given, where: str) -> SmtpRoute:
    if isinstance(given.pace, float) and not given.pace > 0:
        raise SettingsError(f"{where}: pace is messages a second, as in 10 or 0.5, or none.")
    if isinstance(given.daily_limit, int) and given.daily_limit < 1:
        raise SettingsError(f"{where}: daily_limit is a number of messages, or none.")
    each = given.messages_per_connection
    return replace(
        server,
        pace=_said(given.pace, server.pace),
        connections=given.connections or server.connections,
        messages_per_connection=server.messages_per_connection if each is None else each,
        daily_limit=_said(given.daily_limit, server.daily_limit),
    )


def _said(given: Number | Literal["none"] | None, before: Number | None) -> Number | None:
    """Return what the file says, ``none`` for no limit, or what held *before* if it says nothing."""
    if given is None:
        return before
    return None if given == "none" else given
