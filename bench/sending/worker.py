"""A worker process of the benchmark: says ``ready``, waits for a line, sends, says how much memory it took.

``python -m sending.worker DATABASE SMTP-PORT SIZE CONNECTIONS DISPATCH [WEB-PORT]``; with a web port the readers' pages
are served from the same process, as ``newsletter serve`` does.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time

from newsletter.delivery.dispatcher import Line
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
    line = Line(ROUTE, SmtpTransport(route, helo_name="localhost"), connections=route.connections, pace=None)
    runner = LocalRunner(database, line, SizedMessages(database, int(size)), clock=utc_now)
    if web_port:
        serve(here, int(web_port))
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    runner.run_until_idle(int(dispatch_id))
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "memory_mb": memory}), flush=True)
    sys.stdin.readline()
    here.close()


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
