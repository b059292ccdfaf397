"""Owners: who holds a delivery, told apart from every other process, so that the leases of the dead can be freed.

An owner is ``host:pid:start:life``: *host* stands for this kernel boot and process namespace, *start* is the process's
start time (a pid is used again), *life* is random per dispatcher and fences off its earlier lives.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

_DEAD_STATES = frozenset("ZX")
"""Zombie and dead (proc(5)): killed, but not yet waited for by its parent."""


def new_owner() -> str:
    """Return a name for one life of a dispatcher in this process."""
    return f"{_host()}:{os.getpid()}:{_start_of(os.getpid()) or 0}:{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Tell whether *owner* was a process of this host that runs no more; False where that cannot be known."""
    host, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    start = rest.partition(":")[0]
    if host != _host() or not pid.isdigit():
        return False  # another machine or container: only its lease tells
    if not Path("/proc/self/stat").exists():
        return not _answers(int(pid))
    return _start_of(int(pid)) != start


@cache
def _host() -> str:
    """Name this boot of this kernel and this namespace of pids: only there does a pid mean the same process."""
    parts = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(source)
        if path.is_symlink():
            parts.append(str(path.readlink()))
        elif path.exists():
            parts.append(path.read_text(encoding="ascii").strip())
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def _start_of(pid: int) -> str | None:
    """Return the start time of a living process in clock ticks since boot (proc(5), field 22), else None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the command's name may hold spaces and brackets
    return None if fields[0] in _DEAD_STATES else fields[19]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
