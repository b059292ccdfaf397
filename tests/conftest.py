"""What every test may ask for: a migrated database of each kind, a fixed clock, a keyring."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import make_url

from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.tokens import Keyring
from tests.postgres import PostgresDatabases, PostgresServer

# A busy machine is no fault of a property; with CI set the examples are the same every time (hypothesis' own profile).
settings.register_profile("house", settings.default, deadline=None)
settings.load_profile("house")

NINE_OCLOCK = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server: ``NEWSLETTER_TEST_POSTGRES_URL`` or one of our own. If neither works, tests fail."""
    given = os.environ.get("NEWSLETTER_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = PostgresServer()
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, since migrating afresh for every test is slow."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()  # closing the last connection folds the WAL into the file
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    name = f"newsletter_template_{uuid.uuid4().hex[:8]}"
    _on_server(postgres_url, f'CREATE DATABASE "{name}"')
    database = Database(make_url(postgres_url).set(database=name))
    migrate(database)
    database.dispose()
    return name


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str, postgres_template: str) -> PostgresDatabases:
    """Empty, migrated databases to take and to give back."""
    return PostgresDatabases(postgres_url, postgres_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database of each kind, for tests that start processes of their own."""
    if request.param == "sqlite":
        path = tmp_path / "newsletter.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    databases = request.getfixturevalue("postgres_databases")
    name = databases.take()
    yield databases.url(name)
    databases.give_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty, migrated database of each kind."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def keyring() -> Keyring:
    """A keyring with one secret."""
    return Keyring(["a secret that only the tests know"])


@pytest.fixture
def now() -> datetime:
    """Nine o'clock on a Wednesday, UTC."""
    return NINE_OCLOCK


def _on_server(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
