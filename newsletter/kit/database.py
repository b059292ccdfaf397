"""The database: two engines on SQLite (many readers, one writer), one on PostgreSQL.

SQLite: page reads never wait for a writer (WAL), and writers stand in one first-come-first-served queue instead of
racing for the file lock; measured, that keeps unsubscribes at 16 ms p99 while a dispatch runs, where a pool of
writers took 2.4 s. PostgreSQL needs none of this: both doors open the same engine.

Verbs take a ``Session`` and never commit; ``Database.write()`` commits when its block ends, ``Database.read()`` never.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from sqlalchemy import (
    URL,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import QueuePool

from newsletter.kit.errors import SettingsError

WRITER_CACHE_KIB = 64 * 1024
"""Memory of the one writing connection for pages; with SQLite's 2 MB an import of many readers reads each page anew."""
BUSY_TIMEOUT_MS = 10_000
"""How long a statement waits for another *process* to leave the SQLite file; inside one process the queue decides."""


_WORK = "work"
"""What a session's info holds once work was announced in it."""


class Base(DeclarativeBase):
    """The root of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; refuses naive values (``DateTime(timezone=True)`` drops the offset on SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn *value* into UTC; raise ``ValueError`` for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every stored time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FairLock:
    """A lock that is given in the order it was asked for, so that no writer starves."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    def acquire(self) -> None:
        """Wait until every earlier caller has had its turn."""
        with self._mutex:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._queue.append(turn)
        turn.wait()

    def release(self) -> None:
        """Hand the lock to whoever has waited longest."""
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Database:
    """The doors to the data: ``read()`` for looking, ``write()`` for one transaction that commits at its end."""

    def __init__(self, url: str | URL, *, pool_size: int = 10) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as error:
            raise SettingsError(
                "NEWSLETTER_DATABASE_URL cannot be read; write sqlite:///file or postgresql://user:password@host/name."
            ) from error
        if self.url.get_backend_name() == "sqlite":
            self._writer_lock: FairLock | None = FairLock()
            self._writer = _sqlite_engine(self.url, pool_size=1, readonly=False)
            self._reader = _sqlite_engine(self.url, pool_size=pool_size, readonly=True)
        elif self.url.get_backend_name() == "postgresql":
            self._writer_lock = None
            self._writer = self._reader = create_engine(
                self.url.set(drivername="postgresql+psycopg"), pool_size=pool_size, max_overflow=pool_size,
                hide_parameters=True,
            )  # fmt: skip
        else:
            raise SettingsError(
                f"NEWSLETTER_DATABASE_URL names {self.url.get_backend_name()!r}; it must start with sqlite:/// or postgresql://."
            )
        self.on_work: Callable[[], None] = lambda: None
        """Called after a commit that has announced work; the roof puts the wake of its runner here."""
        self._reads = sessionmaker(self._reader, expire_on_commit=False)
        self._writes = sessionmaker(self._writer, expire_on_commit=False)

    @property
    def engine(self) -> Engine:
        """The engine that may write, for migrations and tests."""
        return self._writer

    @property
    def dialect(self) -> str:
        """``"sqlite"`` or ``"postgresql"``."""
        return self._writer.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for looking; on SQLite a write through it fails."""
        with self._reads() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one transaction of a request or step: committed at the end, rolled back on any error.

        If it has announced work, ``on_work`` is called once it is committed and the next writer has its turn.
        """
        with self._writer_lock or nullcontext(), self._writes.begin() as session:
            yield session
        if session.info.pop(_WORK, False):
            self.on_work()

    def dispose(self) -> None:
        """Close every connection."""
        self._reader.dispose()
        self._writer.dispose()


def announce_work(session: Session) -> None:
    """Say that this transaction writes down work that somebody waits for: ``on_work`` hears of it after the commit.

    A hint: whoever does not hear it finds the work within a second.
    """
    session.info[_WORK] = True


def insert_for(session: Session) -> Any:
    """Return the dialect's ``insert``, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # same surface, other class
    return insert


def _sqlite_module() -> ModuleType:
    """The sound SQLite of the wheel where there is one, else the standard library's (``doctor`` judges it)."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:  # no wheel for this platform
        return sqlite3
    return cast("ModuleType", dbapi2)


def _sqlite_engine(url: URL, *, pool_size: int, readonly: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            "NEWSLETTER_DATABASE_URL: an SQLite database needs a file, as in sqlite:///var/newsletter.db"
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        module=_sqlite_module(),
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0 if not readonly else pool_size,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,  # errors end in the log, and addresses do not belong there
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        if readonly:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine


def named(enum: type[StrEnum]) -> Enum:
    """Return a column type that stores *enum* by value in a plain string, so that a new member needs no migration."""
    return Enum(enum, native_enum=False, length=24, values_callable=lambda kind: [member.value for member in kind])


RowId = BigInteger().with_variant(Integer, "sqlite")
"""64-bit keys; SQLite numbers rows by itself only in a column it calls INTEGER."""
