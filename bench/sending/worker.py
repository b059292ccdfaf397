"""A worker process of the benchmark: says ``ready``, waits for a line, sends, says how much memory it took.

``python -m sending.worker DATABASE SMTP-PORT SIZE CONNECTIONS DISPATCH [WEB-PORT]``; with a web port the readers' pages
are served from the same process, as ``newsletter serve`` does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from newsletter.delivery.agents import agents_for
from newsletter.delivery.line import Line
from newsletter.delivery.runners.local import LocalRunner
from newsletter.kit.clock import utc_now
from newsletter.kit.settings import Settings
from newsletter.mail.route import parse_smtp_url
from newsletter.mail.smtp import SmtpTransport
from newsletter.worker import Installation
from sending.installation import PUBLIC_URL, ROUTE, SECRET, SizedMessages


def main(database_url: str, smtp_port: str, size: str, connections: str, dispatch_id: str, web_port: str = "") -> None:
    """Send one dispatch."""
    settings = Settings(database_url=database_url, secret_key=SECRET, public_url=PUBLIC_URL)
    here = Installation.open(settings)
    database = here.database
    route = parse_smtp_url(f"smtp://127.0.0.1:{smtp_port}?pace=none&per_connection=none&connections={connections}")
    line = Line(
        ROUTE, SmtpTransport(route, helo_name="localhost"), connections=route.connections, agents=agents_for(route)
    )
    runner = LocalRunner(database, line, SizedMessages(database, int(size)), clock=utc_now)
    if web_port:
        serve(here, int(web_port))
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    with Weighed() as weighed:
        runner.run_until_idle(int(dispatch_id))
    seconds, memory = time.perf_counter() - began, weighed.most_kb / 1024
    print(json.dumps({"seconds": seconds, "memory_mb": memory}), flush=True)
    sys.stdin.readline()
    here.close()


class Weighed:
    """Looks twice a second how much memory this process and its agents have resident."""

    def __enter__(self) -> Weighed:
        self.most_kb = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            children = [int(pid) for task in Path("/proc/self/task").iterdir()
                        for pid in (task / "children").read_text().split()]  # fmt: skip
            self.most_kb = max(self.most_kb, sum(map(resident_kb, [os.getpid(), *children])))
            if self._over.wait(0.5):
                return


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process, 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def serve(here: Installation, port: int) -> None:
    """Serve the readers' pages in a thread of this process."""
    import uvicorn

    from newsletter.app import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(here), host="127.0.0.1", port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
