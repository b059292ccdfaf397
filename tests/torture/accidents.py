"""Accidents on our own side while it sends: kills, a full disk, a database that others hold."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.kit import database as databases
from newsletter.kit.database import Database
from tests.torture.server import TorturingServer

SLOWNESS = 0.004
KILLS = 3
_UNLIMITED = resource.RLIM_INFINITY


def _victim(database: Database, server: TorturingServer) -> subprocess.Popen[str]:
    url = database.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.victim", url, str(server.port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def killed(database: Database, server: TorturingServer, dice: random.Random, *, latest: float = 0.3) -> None:
    """Kill -9 at random moments, a few times over."""
    server.slowness = SLOWNESS
    for _ in range(KILLS):
        process = _victim(database, server)
        time.sleep(dice.uniform(0.0, latest))
        _kill(process)


def killed_early(database: Database, server: TorturingServer, dice: random.Random) -> None:
    """Before or while deliveries are written down."""
    killed(database, server, dice, latest=0.04)


def one_of_two_killed(database: Database, server: TorturingServer, dice: random.Random) -> None:
    """The other goes on."""
    server.slowness = SLOWNESS
    first, second = _victim(database, server), _victim(database, server)
    time.sleep(dice.uniform(0.05, 0.3))
    _kill(first)
    second.communicate(timeout=60)
    assert second.returncode == 0


def terminated(database: Database, server: TorturingServer, dice: random.Random) -> None:
    """SIGTERM at random moments: it drains, and says that all is well."""
    server.slowness = SLOWNESS
    for _ in range(KILLS):
        process = _victim(database, server)
        time.sleep(dice.uniform(0.0, 0.2))
        process.terminate()
        words = process.communicate(timeout=30)[1]
        assert process.returncode == 0, words


def disk_full(database: Database, server: TorturingServer, dice: random.Random, *, heals: bool = True) -> None:
    """No file may grow any more, as on a full disk; after a while there is room again."""
    server.slowness = SLOWNESS
    process = _victim(database, server)
    time.sleep(dice.uniform(0.0, 0.2))
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, _UNLIMITED))
    time.sleep(dice.uniform(0.1, 0.6))
    if heals and process.poll() is None:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_UNLIMITED, _UNLIMITED))
        process.communicate(timeout=90)
    else:
        _kill(process)


def disk_full_and_killed(database: Database, server: TorturingServer, dice: random.Random) -> None:
    """Nobody made room in time."""
    disk_full(database, server, dice, heals=False)


@contextmanager
def busy(database: Database, dice: random.Random) -> Iterator[None]:
    """While the block runs somebody else writes, again and again longer than anybody waits."""
    path, over = Path(str(database.url.database)), threading.Event()

    def hog() -> None:
        # Two copies of the library in one process would break each other's locks.
        with databases._sqlite_module().connect(path, isolation_level=None, timeout=5) as other:
            while not over.wait(dice.uniform(0.01, 0.1)):
                other.execute("BEGIN IMMEDIATE")
                over.wait(dice.uniform(0.05, 0.4))
                other.execute("ROLLBACK")
        other.close()

    before, databases.BUSY_TIMEOUT_MS = databases.BUSY_TIMEOUT_MS, 50
    database.dispose()  # connections made from here on are impatient
    thread = threading.Thread(target=hog)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        databases.BUSY_TIMEOUT_MS = before
        database.dispose()


OF_PROCESSES: dict[str, Callable[[Database, TorturingServer, random.Random], None]] = {
    function.__name__: function
    for function in (killed, killed_early, one_of_two_killed, terminated, disk_full, disk_full_and_killed)
}
