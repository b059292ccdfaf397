"""The roof over everything that works: one installation, built from its settings and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlsplit

from newsletter.delivery.agents import agents_for
from newsletter.delivery.incoming import IncomingLists
from newsletter.delivery.line import FAIL_OVER, UNREACHABLE, Line
from newsletter.delivery.messages import OutgoingMessages
from newsletter.delivery.orders import CATCHER
from newsletter.delivery.receivers import Receivers, read_receivers
from newsletter.delivery.routes import Route, Routes, read_routes
from newsletter.delivery.runners.local import LocalRunner
from newsletter.delivery.runners.port import Runner
from newsletter.delivery.runners.procrastinate import CrewCaller, ProcrastinateRunner
from newsletter.delivery.upkeep import Upkeep
from newsletter.kit.clock import Clock, utc_now
from newsletter.kit.database import Database
from newsletter.kit.errors import SettingsError
from newsletter.kit.settings import Settings
from newsletter.mail.catcher import Catcher
from newsletter.mail.dkim import DkimSigner
from newsletter.mail.maildir import Maildir
from newsletter.mail.route import SmtpRoute, is_loopback, parse_smtp_url, with_profile
from newsletter.mail.route_profiles import RouteProfile
from newsletter.mail.smtp import HOST_NAME, SmtpTransport
from newsletter.publications import Profile
from newsletter.team import roles
from newsletter.team.identity_provider import IdentityProvider
from subscribers.links import ReaderLinks

DAYS_A_MONTH = 30.5
ROUTE = "smtp"
"""The one mail server that the settings name."""


@dataclass(frozen=True)
class Installation:
    """One installation of the desk: its settings, its database, its clock."""

    settings: Settings
    database: Database
    clock: Clock = utc_now

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock = utc_now) -> Installation:
        """Open the installation; raises ``SettingsError`` naming whatever of *settings* cannot be used."""
        here = cls(settings, Database(settings.database), clock)
        assert here.settings.keyring
        assert here.routes.default
        assert here.receivers
        signer_of(settings)
        assert (here.provider is None) is not settings.has_identity_provider
        roles.named(settings.second_factor)
        here.database.on_work = here.wake
        return here

    def close(self) -> None:
        """Let go of the database."""
        if self.caller is not None:
            self.caller.close()
        self.database.dispose()

    @cached_property
    def caller(self) -> CrewCaller | None:
        """What wakes workers on any machine, on PostgreSQL; on SQLite another process finds work by its tick."""
        return CrewCaller(self.database.url, crew=self.route_name) if self.database.dialect == "postgresql" else None

    def wake(self) -> None:
        """Say that work was written down and committed."""
        if self.caller is not None:
            self.caller.wake()

    @cached_property
    def routes(self) -> Routes:
        """The mail servers that the settings name; else the built-in catcher alone."""
        return routes_of(self.settings)

    @property
    def route(self) -> SmtpRoute | None:
        """The mail server of whoever names none; None: the built-in catcher."""
        return None if self.routes.default.name == CATCHER else self.routes.default.server

    @cached_property
    def outbox(self) -> Maildir | None:
        """Where the catcher keeps mail; None if there is a real mail server."""
        return None if self.route else Maildir(self.settings.outbox_dir)

    @property
    def route_name(self) -> str:
        """What deliveries are written down for; a rehearsal with the catcher never goes out through a real server."""
        return self.routes.default.name

    @cached_property
    def provider(self) -> IdentityProvider | None:
        """The identity provider that the settings name, through which the team may sign in."""
        given = self.settings
        if not given.has_identity_provider:
            return None
        return IdentityProvider(
            given.oidc_issuer, given.oidc_client_id, given.oidc_client_secret,
            back=f"{given.public_url}/desk/sign-in/back", clock=self.clock,
        )  # fmt: skip

    @cached_property
    def receivers(self) -> Receivers:
        """Which domains stand behind the same mail servers."""
        file = self.settings.destinations_file
        return Receivers() if file is None else read_receivers(file)

    @cached_property
    def links(self) -> ReaderLinks:
        """The links that mails carry to their readers."""
        return ReaderLinks(self.settings.public_url, self.settings.keyring)

    @contextmanager
    def mail_server(self) -> Iterator[SmtpRoute]:
        """Have a mail server to hand over to: the one named in the settings, or the catcher while the block runs."""
        if self.route is not None:
            yield self.route
            return
        with Catcher(Maildir(self.settings.outbox_dir), clock=self.clock) as catcher:
            yield replace(self.routes.default.server, port=catcher.port)

    def runner(self, server: SmtpRoute) -> LocalRunner:
        """Build the runner that hands everything due over: to *server* what takes the default route."""
        messages = OutgoingMessages(
            self.database,
            keyring=self.settings.keyring,
            links=self.links,
            public_url=self.settings.public_url,
            bounce_domain=self.settings.bounce_domain,
            signer=signer_of(self.settings),
        )
        line, *further = [
            self._line(replace(route, server=server) if route is self.routes.default else route)
            for route in self.routes
        ]
        return LocalRunner(
            self.database,
            line,
            messages,
            clock=self.clock,
            on_doubt=self.settings.in_doubt,
            further=further,
            routes_of=self.routes_for,
            upkeep=self.upkeep,
        )

    def routes_for(self, profile: Profile) -> list[str]:
        """Name the mail servers that a publication's mails go by, the first to begin with."""
        return [route.name for route in self.routes.usable(profile.routes)]

    @cached_property
    def upkeep(self) -> Upkeep:
        """What is done beside sending: sign-ups answered, members told, what is over let go of."""
        return Upkeep(
            self.database,
            links=self.links,
            keyring=self.settings.keyring,
            routes_of=self.routes_for,
            keep=timedelta(days=DAYS_A_MONTH * self.settings.keep_months),
            clock=self.clock,
        )

    def _line(self, route: Route) -> Line:
        server = route.server
        return Line(
            route.name,
            SmtpTransport(server, helo_name=helo_name(self.settings)),
            connections=server.connections,
            agents=agents_for(server),
            pace=server.pace,
            receivers=self.receivers,
            daily_limit=route.daily_limit,
            patience=UNREACHABLE if len(list(self.routes)) == 1 else FAIL_OVER,
        )

    def crew_of(self, hands: LocalRunner) -> Runner:
        """Return what keeps *hands* busy: on PostgreSQL one of a crew on any number of machines, else they alone."""
        if self.database.dialect != "postgresql":
            return hands
        return ProcrastinateRunner(self.database.url, hands, crew=self.route_name)

    @contextmanager
    def working(self) -> Iterator[Runner]:
        """Send whatever is due and bring ordered lists in as long as the block runs, and drain at its end."""
        with self.mail_server() as server:
            runner = self.crew_of(self.runner(server))
            runner.start()
            lists = IncomingLists(self.database, clock=self.clock, keyring=self.settings.keyring)
            lists.start()
            self.database.on_work = runner.wake
            try:
                yield runner
            finally:
                self.database.on_work = self.wake
                lists.stop()
                runner.stop()


def routes_of(settings: Settings) -> Routes:
    """Return the mail servers that the settings name, the ordinary one first; raises ``SettingsError``."""
    given = [Route(ROUTE, parse_smtp_url(settings.smtp_url))] if settings.smtp_url else []
    given += read_routes(settings.smtp_routes) if settings.smtp_routes else []
    return Routes(given or [Route(CATCHER, with_profile(SmtpRoute("127.0.0.1"), RouteProfile.CATCHER))])


def signer_of(settings: Settings) -> DkimSigner | None:
    """Return the signer that the settings describe, None if mail is not signed here; raises ``SettingsError``."""
    if not settings.dkim_domain:
        return None
    if settings.dkim_key_file is None:
        raise SettingsError(
            "NEWSLETTER_DKIM_KEY_FILE is missing: the file with the private key for NEWSLETTER_DKIM_DOMAIN."
        )
    try:
        key = settings.dkim_key_file.read_bytes()
    except OSError as error:
        raise SettingsError(f"NEWSLETTER_DKIM_KEY_FILE cannot be read: {error.strerror}.") from error
    return DkimSigner(settings.dkim_domain, settings.dkim_selector, key)


def helo_name(settings: Settings) -> str:
    """Return the name to say in EHLO (RFC 5321 §4.1.1.1): the public host, else this machine's if it can be said."""
    host = urlsplit(settings.public_url).hostname or ""
    names = (host if not is_loopback(host) else "", socket.getfqdn())
    return next((name for name in names if HOST_NAME.fullmatch(name)), "localhost")
