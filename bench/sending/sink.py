"""Postfix's smtp-sink, which takes every mail and forgets it, and smtp-source, which sends as fast as C can."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

SOMEWHERE = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def program(name: str) -> str:
    """Return where one of Postfix's test programs is; exit with a sentence if it is not there."""
    found = shutil.which(name, path=SOMEWHERE)
    if found is None:
        raise SystemExit(f"{name} is missing; the Debian package is called postfix.")
    return found


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink on loopback for the block; yield its port."""
    port = free_port()
    unprivileged = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [program("smtp-sink"), *unprivileged, f"127.0.0.1:{port}", "1000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
