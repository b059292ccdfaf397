"""``newsletter doctor``: what an operator should mend before readers notice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from newsletter.cli import output
from newsletter.kit.errors import DeskError

if TYPE_CHECKING:
    from newsletter.kit.settings import Settings

SOUND_SQLITE = (3, 51, 3)
"""The first release without the WAL-reset corruption bug of 3.7.0 to 3.51.2."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    grade: str
    """``good``, ``warning`` or ``bad``."""
    finding: str

    @property
    def mark(self) -> str:
        """The grade as a sign for the terminal."""
        return {"good": "✓", "warning": "!", "bad": "✗"}[self.grade]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check settings, database, secret, signing key and mail server; exit code 1 if something must be mended."""
    from newsletter.kit.settings import load_settings

    checks = list(examine(load_settings()))
    if as_json:
        output.say_json({"checks": [asdict(check) for check in checks]})
    else:
        output.table(("", "check", "finding"), [(check.mark, check.name, check.finding) for check in checks])
    if any(check.grade == "bad" for check in checks):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything that settings and loopback can tell; nothing is changed and no mail is sent."""
    yield Check("Python", "good", sys.version.split()[0])
    yield from _guarded("database", lambda: _database(settings))
    yield from _guarded("secret", lambda: [_secret(settings)])
    yield _public_url(settings)
    yield from (Check("links", "warning", sentence) for sentence in settings.warnings())
    yield from _guarded("signing", lambda: [_signing(settings)])
    yield from _guarded("mail server", lambda: _mail_servers(settings))


def _guarded(name: str, look: Callable[[], list[Check]]) -> Iterator[Check]:
    """Yield what *look* finds; an error it meets is a finding too."""
    try:
        yield from look()
    except DeskError as error:
        yield Check(name, "bad", str(error))
    except Exception as error:  # whatever a driver raises is what the operator must read
        yield Check(name, "bad", str(getattr(error, "orig", error)).partition("\n")[0])


def _database(settings: Settings) -> list[Check]:
    from sqlalchemy import text

    from newsletter.kit.database import Database
    from newsletter.kit.migrations import is_current

    database = Database(settings.database)
    try:
        with database.engine.connect() as connection:
            if database.dialect == "sqlite":
                version = str(connection.execute(text("select sqlite_version()")).scalar_one())
                sound = tuple(map(int, version.split("."))) >= SOUND_SQLITE
                advice = "" if sound else " can corrupt its file (WAL reset); install the pysqlite3 wheel"
                engine = Check("database", "good" if sound else "bad", f"SQLite {version}{advice}")
            else:
                version = str(connection.execute(text("show server_version")).scalar_one())
                engine = Check("database", "good", f"PostgreSQL {version}")
        current = is_current(database)
        if current:
            return [engine, Check("schema", "good", "newest")]
        if database.dialect == "sqlite":
            return [
                engine,
                Check("schema", "warning", "older than this program; the next command mends it"),
            ]
        return [engine, Check("schema", "bad", "older than this program; run `newsletter migrate`")]
    finally:
        database.dispose()


def _secret(settings: Settings) -> Check:
    assert settings.keyring
    where = (
        "NEWSLETTER_SECRET_KEY" if settings.secret_key else f"kept in {settings.data_dir / 'secret.key'}; back it up"
    )
    return Check("secret", "good", where)


def _public_url(settings: Settings) -> Check:
    parts = urlsplit(settings.public_url)
    if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        return Check(
            "public URL", "warning", f"{settings.public_url} works on this machine only; readers cannot reach it"
        )
    if parts.scheme != "https":
        return Check("public URL", "bad", f"{settings.public_url}: one-click unsubscribe needs https (RFC 8058 §3)")
    return Check("public URL", "good", settings.public_url)


def _signing(settings: Settings) -> Check:
    from newsletter.worker import signer_of

    if signer_of(settings) is None:
        return Check("signing", "warning", "mail is not signed here (DKIM); set NEWSLETTER_DKIM_* or sign on the relay")
    return Check("signing", "good", f"d={settings.dkim_domain} s={settings.dkim_selector}")


def _mail_servers(settings: Settings) -> list[Check]:
    from newsletter.delivery.orders import CATCHER
    from newsletter.mail.envelope import TransportUnavailable
    from newsletter.mail.smtp import SmtpTransport
    from newsletter.worker import helo_name, routes_of

    found = []
    for route in routes_of(settings):
        if route.name == CATCHER:
            return [Check("mail server", "warning", "the built-in catcher: nothing leaves this machine")]
        server = f"{route.name}: {route.server.host}:{route.server.port}"
        try:
            SmtpTransport(route.server, helo_name=helo_name(settings)).connect().close()
        except TransportUnavailable as error:
            found.append(Check("mail server", "bad", f"{server} does not take us: {error}"))
        else:
            found.append(Check("mail server", "good", f"{server} answers"))
    return found
