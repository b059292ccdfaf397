"""How fast the real path hands over: rows, claims, personal messages, recorded outcomes; beside it what others do.

The server is Postfix's ``smtp-sink``. In every round each candidate sends once, in turn, over as many connections.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]  # the tests' PostgreSQL

from sending import installation, yardsticks  # noqa: E402
from sending.sink import free_port, sink  # noqa: E402
from sending.visitors import Visitors, p99  # noqa: E402

from newsletter.delivery import report, steps  # noqa: E402
from newsletter.kit.clock import utc_now  # noqa: E402
from newsletter.kit.database import Database  # noqa: E402

OURS = "newsletter desk"
YARDSTICKS: dict[str, tuple[Callable[..., float], int]] = {
    "smtp-source (C)": (yardsticks.smtp_source, 1),
    "smtplib, a loop": (yardsticks.smtplib_loop, 8),
    "aiosmtplib, tasks": (yardsticks.aiosmtplib_tasks, 8),
}
"""Each with how many times fewer messages it sends; the slow ones have the same rate after an eighth."""
AT_LEAST = 500


@dataclass
class Figures:
    """What was measured for one size."""

    size: int
    rates: dict[str, list[float]] = field(default_factory=dict)
    memory_mb: float = 0.0

    def median(self, name: str) -> float:
        """Messages a second."""
        return statistics.median(self.rates[name])


def send(
    database: Database,
    dispatch_id: int,
    *,
    port: int,
    size: int,
    options: argparse.Namespace,
    web: int = 0,
    meanwhile: AbstractContextManager[object] = nullcontext(),
) -> tuple[float, float]:
    """Send a planned dispatch with worker processes; return messages a second, and the most memory one took, in MB."""
    processes = 1 if web else options.processes
    together = options.connections * processes  # workers divide the connections of a route among themselves
    command = [sys.executable, "-m", "sending.worker", database.url.render_as_string(hide_password=False), str(port),
               str(size), str(together), str(dispatch_id), *([str(web)] if web else [])]  # fmt: skip
    workers = [
        subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline().strip() == "ready"
    began = time.perf_counter()
    for worker in workers:
        tell(worker)
    with meanwhile:
        results = [json.loads(worker.stdout.readline()) for worker in workers if worker.stdout]
        seconds = time.perf_counter() - began
    for worker in workers:
        tell(worker)
        worker.communicate(timeout=30)
    with database.read() as session:
        account = report.report(session, dispatch_id)
    assert account.ended == account.planned == account.total, account
    return account.accepted / seconds, max(result["memory_mb"] for result in results)


def tell(worker: subprocess.Popen[str]) -> None:
    """Say a line to a worker."""
    assert worker.stdin
    worker.stdin.write("go\n")
    worker.stdin.flush()


@contextmanager
def databases(kind: str) -> Iterator[Database]:
    """Give an empty database of one *kind*."""
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        if kind == "sqlite":
            database = Database(f"sqlite:///{folder}/bench.db")
            yield database
            database.dispose()
            return
        from tests.postgres import PostgresServer

        server = PostgresServer(durable=True)
        server.start()
        try:
            database = Database(server.url)
            yield database
            database.dispose()
        finally:
            server.stop()


def planned(database: Database, publication_id: int, key: str) -> tuple[int, float]:
    """Write a sending down and plan it; return its id and the seconds of planning."""
    dispatch_id = installation.order(database, publication_id, key)
    began = time.perf_counter()
    steps.schedule_and_plan(database, clock=utc_now, only=dispatch_id)
    return dispatch_id, time.perf_counter() - began


def measure(
    database: Database, publication_id: int, size: int, options: argparse.Namespace, seconds: list[float]
) -> Figures:
    """Let everybody send in turn, round by round."""
    figures = Figures(size)
    with sink() as port:
        for number in range(options.rounds):
            dispatch_id, planning = planned(database, publication_id, f"bench:{size}:{number}")
            seconds.append(planning)
            rate, memory = send(database, dispatch_id, port=port, size=size, options=options)
            figures.rates.setdefault(OURS, []).append(rate)
            figures.memory_mb = max(figures.memory_mb, memory)
            for name, (yardstick, fewer) in YARDSTICKS.items():
                count = max(AT_LEAST, min(options.count, options.most) // fewer)
                figures.rates.setdefault(name, []).append(
                    yardstick(port, size=size, count=count, connections=options.connections * options.processes)
                )
            progress(f"{size} octets, round {number + 1} of {options.rounds}: {rate:,.0f} a second")
    return figures


def pages(database: Database, publication_id: int, options: argparse.Namespace) -> dict[str, float]:
    """Visit pages and leave by one click while a dispatch runs in the process that serves them."""
    dispatch_id, _ = planned(database, publication_id, "bench:pages")
    web = free_port()
    with sink() as port:
        visitors = Visitors(web, publication_id, options.count)
        rate, _ = send(
            database, dispatch_id, port=port, size=max(options.sizes), options=options, web=web, meanwhile=visitors
        )
    return {
        "reads": len(visitors.reads), "read_p99_ms": p99(visitors.reads), "unsubscribes": len(visitors.leaves),
        "unsubscribe_p99_ms": p99(visitors.leaves), "rate": rate,
    }  # fmt: skip


def lines(sizes: list[Figures], rest: dict[str, Any], options: argparse.Namespace) -> Iterator[str]:
    """Yield the table as Markdown."""
    workers = "one process" if options.processes == 1 else f"{options.processes} processes"
    yield f"{options.count:,} recipients, {options.database}, {workers} of {options.connections} connections,"
    yield f"medians of {options.rounds} rounds; {os.cpu_count()} cores, Python {platform.python_version()}."
    yield ""
    yield "| message | who sends | messages a second | against smtp-source | against aiosmtplib |"
    yield "|---|---|---|---|---|"
    for figures in sizes:
        source, tasks = figures.median("smtp-source (C)"), figures.median("aiosmtplib, tasks")
        for name in figures.rates:
            rate = figures.median(name)
            yield f"| {figures.size / 1000:g} KB | {name} | {rate:,.0f} | {rate / source:.2f} | {rate / tasks:.1f} |"
    yield ""
    yield "| what | measured |"
    yield "|---|---|"
    yield f"| planning {options.count:,} deliveries | {rest['planning_seconds']:.2f} s |"
    yield f"| resident memory of a worker, at most | {max(one.memory_mb for one in sizes):,.0f} MB |"
    if "pages" in rest:
        seen = rest["pages"]
        yield f"| page reads while it sends, p99 | {seen['read_p99_ms']:.0f} ms ({seen['reads']:.0f} reads) |"
        yield f"| unsubscribes while it sends, p99 | {seen['unsubscribe_p99_ms']:.0f} ms ({seen['unsubscribes']:.0f}) |"


def progress(words: str) -> None:
    """Say on standard error how far it is."""
    print(words, file=sys.stderr, flush=True)


def options_given() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="recipients of each sending")
    parser.add_argument("--most", type=int, default=20_000, help="messages a yardstick sends at most")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 4_000], help="octets of a message")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--processes", type=int, default=1, help="worker processes")
    parser.add_argument("--connections", type=int, default=4, help="connections of each process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-pages", action="store_true", help="leave out page reads and unsubscribes")
    parser.add_argument("--markdown", action="store_true", help="print the table alone, for docs/performance.md")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = options_given()
    with databases(options.database) as database:
        progress(f"making {options.count:,} readers …")
        publication_id = installation.furnish(database, options.count)
        seconds: list[float] = []
        sizes = [measure(database, publication_id, size, options, seconds) for size in options.sizes]
        rest: dict[str, Any] = {"planning_seconds": statistics.median(seconds)}
        if options.database == "sqlite" and not options.no_pages:
            rest["pages"] = pages(database, publication_id, options)
    if not options.markdown:
        print("dispatch: the real path against smtp-sink")
    print("\n".join(lines(sizes, rest, options)))
    if options.json:
        figures = [{"size": one.size, "rates": one.rates, "memory_mb": one.memory_mb} for one in sizes]
        options.json.write_text(json.dumps({**rest, "sizes": figures, "options": vars(options)}, default=str, indent=1))


if __name__ == "__main__":
    main()
