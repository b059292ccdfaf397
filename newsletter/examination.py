"""The examination: what of an installation should be mended before readers notice; it changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from newsletter import publications
from newsletter.delivery.models import Dispatch
from newsletter.delivery.orders import CATCHER
from newsletter.delivery.states import DispatchState
from newsletter.kit.catalogue import N_, Sentence
from newsletter.kit.check import Check
from newsletter.kit.database import Database
from newsletter.kit.errors import DeskError
from newsletter.kit.migrations import is_current
from newsletter.kit.settings import Settings
from newsletter.mail.envelope import TransportUnavailable
from newsletter.mail.smtp import SmtpTransport
from newsletter.worker import Installation, helo_name, routes_of, signer_of
from subscribers.models import Wish

SOUND_SQLITE = (3, 51, 3)
"""The first release without the WAL-reset corruption bug of 3.7.0 to 3.51.2."""
PATIENCE = timedelta(minutes=5)
"""What has been due for longer than this waits for a worker that is not there."""


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything that settings and loopback can tell; no mail is sent."""
    yield Check(N_("Python"), "good", sys.version.split()[0])
    yield from _guarded(N_("database"), lambda: _database(settings))
    yield from _guarded(N_("secret"), lambda: [_secret(settings)])
    yield _public_url(settings)
    yield from (Check(N_("links"), "warning", sentence) for sentence in settings.warnings())
    yield from _guarded(N_("signing"), lambda: [_signing(settings)])
    yield from _guarded(N_("mail server"), lambda: mail_servers(settings))


def at_the_desk(here: Installation) -> list[Check]:
    """Look at what a running desk can tell, without asking a mail server."""
    settings = here.settings
    found = [Check(N_("Python"), "good", sys.version.split()[0])]
    found += _guarded(N_("database"), lambda: _of(here.database))
    found += _guarded(N_("secret"), lambda: [_secret(settings)])
    found.append(_public_url(settings))
    found += [Check(N_("links"), "warning", sentence) for sentence in settings.warnings()]
    found += _guarded(N_("signing"), lambda: [_signing(settings)])
    with here.database.read() as session:
        found.append(_worker(session, now=here.clock()))
        found += _senders(session, settings)
    return found


def mail_servers(settings: Settings) -> list[Check]:
    """Say hello to each mail server, and nothing more."""
    found = []
    for route in routes_of(settings):
        if route.name == CATCHER:
            sentence = Sentence(N_("the built-in catcher: nothing leaves this machine"))
            return [Check(N_("mail server"), "warning", sentence)]
        server = f"{route.name}: {route.server.host}:{route.server.port}"
        try:
            SmtpTransport(route.server, helo_name=helo_name(settings)).connect().close()
        except TransportUnavailable as error:
            sentence = Sentence(N_("%(server)s does not take us: %(reason)s"), server=server, reason=str(error))
            found.append(Check(N_("mail server"), "bad", sentence))
        else:
            found.append(Check(N_("mail server"), "good", Sentence(N_("%(server)s answers"), server=server)))
    return found


def _guarded(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    """Return what *look* finds; an error it meets is a finding too."""
    try:
        return look()
    except DeskError as error:
        return [Check(name, "bad", str(error))]
    except Exception as error:  # whatever a driver raises is what the operator must read
        return [Check(name, "bad", str(getattr(error, "orig", error)).partition("\n")[0])]


def _database(settings: Settings) -> list[Check]:
    database = Database(settings.database)
    try:
        return _of(database)
    finally:
        database.dispose()


def _of(database: Database) -> list[Check]:
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            version = str(connection.execute(text("select sqlite_version()")).scalar_one())
            if tuple(map(int, version.split("."))) >= SOUND_SQLITE:
                engine = Check(N_("database"), "good", f"SQLite {version}")
            else:
                advice = N_("SQLite %(version)s can corrupt its file (WAL reset); install the pysqlite3 wheel")
                engine = Check(N_("database"), "bad", Sentence(advice, version=version))
        else:
            version = str(connection.execute(text("show server_version")).scalar_one())
            engine = Check(N_("database"), "good", f"PostgreSQL {version}")
    if is_current(database):
        return [engine, Check(N_("schema"), "good", Sentence(N_("newest")))]
    if database.dialect == "sqlite":
        sentence = Sentence(N_("older than this program; the next command mends it"))
        return [engine, Check(N_("schema"), "warning", sentence)]
    return [engine, Check(N_("schema"), "bad", Sentence(N_("older than this program; run `newsletter migrate`")))]


def _secret(settings: Settings) -> Check:
    assert settings.keyring
    if settings.secret_key:
        return Check(N_("secret"), "good", "NEWSLETTER_SECRET_KEY")
    where = Sentence(N_("kept in %(file)s; back it up"), file=settings.data_dir / "secret.key")
    return Check(N_("secret"), "good", where)


def _public_url(settings: Settings) -> Check:
    parts = urlsplit(settings.public_url)
    if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        sentence = N_("%(url)s works on this machine only; readers cannot reach it")
        return Check(N_("public URL"), "warning", Sentence(sentence, url=settings.public_url))
    if parts.scheme != "https":
        sentence = N_("%(url)s: one-click unsubscribe needs https (RFC 8058 §3)")
        return Check(N_("public URL"), "bad", Sentence(sentence, url=settings.public_url))
    return Check(N_("public URL"), "good", settings.public_url)


def _signing(settings: Settings) -> Check:
    if signer_of(settings) is None:
        sentence = N_("mail is not signed here (DKIM); set NEWSLETTER_DKIM_* or sign on the relay")
        return Check(N_("signing"), "warning", Sentence(sentence))
    return Check(N_("signing"), "good", f"d={settings.dkim_domain} s={settings.dkim_selector}")


def _worker(session: Session, *, now: datetime) -> Check:
    """Judge by what should long have been done: every worker does it first."""
    sendings = select(func.min(Dispatch.scheduled_for)).where(Dispatch.state == DispatchState.SCHEDULED)
    wishes = select(func.min(Wish.asked_at)).where(Wish.answered_at.is_(None))
    waiting = [at for at in (session.scalar(sendings), session.scalar(wishes)) if at is not None]
    late = now - min(waiting, default=now)
    if late < PATIENCE:
        return Check(N_("worker"), "good", Sentence(N_("nothing has waited longer than five minutes")))
    sentence = N_("work has waited for %(minutes)s minutes; does `newsletter serve` or `newsletter worker` run?")
    return Check(N_("worker"), "bad", Sentence(sentence, minutes=int(late.total_seconds() // 60)))


def _senders(session: Session, settings: Settings) -> Iterator[Check]:
    """Judge each newsletter's From address by the domain that signs (DMARC, RFC 9989: they must be of one house)."""
    for publication in publications.every(session):
        address = publication.profile.from_address
        domain, signs = address.rpartition("@")[2].lower(), settings.dkim_domain.lower()
        if signs and not (domain == signs or domain.endswith(f".{signs}") or signs.endswith(f".{domain}")):
            sentence = N_("%(newsletter)s writes as %(address)s, and %(domain)s signs: receivers will not believe it")
            yield Check(
                N_("sender"), "bad",
                Sentence(sentence, newsletter=publication.name, address=address, domain=settings.dkim_domain),
            )  # fmt: skip
        else:
            yield Check(N_("sender"), "good", f"{publication.name}: {address}")
