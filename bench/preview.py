"""How long somebody waits for a preview beside the text: from the pause in typing to the bytes in the browser.

A real `newsletter serve` in a process of its own; each round saves a change as the editor does and asks for an edition.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from newsletter import publications
from newsletter.cli.manuscript import subject_named
from newsletter.issues import drafts
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.team import people, sessions
from newsletter.team.roles import Role

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "cli" / "sample"
ROUNDS = 20
LIMITS = {"html": 300, "pdf": 1_000}
"""Milliseconds that are promised; the median is held to them."""


def begun(folder: Path) -> tuple[str, str, str]:
    """Put the sample issue into a new database; return the issue's path, a session's token and an article's key."""
    database = Database(f"sqlite:///{folder / 'newsletter.db'}")
    migrate(database)
    now = datetime.now(UTC)
    subject = subject_named(str(SAMPLE / "issue.md"), SAMPLE / "publication.toml")
    with database.write() as session:
        publication = publications.add(session, subject.profile, now=now, by="bench")
        issue = drafts.begin(
            session, publication, subject.document, remarks=(), pictures=subject.pictures, by="bench", now=now
        )
        person = people.add(session, "ada@bench.example", name="Ada", language="en", now=now, by="bench")
        people.give(session, person, Role.EDITOR, None, now=now, by="bench")
        token = sessions.begin(session, person, browser="bench", now=now)
        entries = [one for s in drafts.current_revision(session, issue).document.sections for one in s.entries]
        path = f"/desk/p/{publication.label}/i/{issue.number}/"
    database.dispose()
    return path, token, entries[0].key


class Browser:
    """One connection to the server, kept open as browsers keep it."""

    def __init__(self, port: int, token: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Cookie": f"desk={token}", "Origin": f"http://127.0.0.1:{port}"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[float, bytes]:
        """Return milliseconds and the answer's body."""
        began = time.perf_counter()
        self._line.request(method, path, body, self._headers)
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path} answered {answer.status}: {data[:200]!r}")
        return (time.perf_counter() - began) * 1000, data


def spent(process: int) -> float:
    """Return the milliseconds of processor time of *process* and of what it has waited for, as Linux counts them."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * 1000 / os.sysconf("SC_CLK_TCK")


def measured(browser: Browser, server: int, path: str, key: str) -> dict[str, tuple[list[float], float]]:
    """Return for each edition the milliseconds of its rounds, save included, and the processor time of one round."""
    found: dict[str, tuple[list[float], float]] = {}
    base = 1
    for edition in ("html", "pdf", "text", "web", "size"):
        times: list[float] = []
        before = spent(server)
        for round_ in range(ROUNDS):
            change = {"do": "set", "key": key, "name": "title", "value": f"Title {edition} {round_}"}
            body = json.dumps({"base": base, "changes": [change]}).encode()
            saved, told = browser.ask("POST", f"{path}changes", body)
            base = json.loads(told)["version"]
            shown, _ = browser.ask("GET", f"{path}preview/{edition}")
            times.append(saved + shown)
        found[edition] = times, (spent(server) - before) / ROUNDS
    return found


def main() -> None:
    """Print the table, and fail if what is promised does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        path, token, key = begun(Path(folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {
            "NEWSLETTER_DATA_DIR": folder, "NEWSLETTER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }  # fmt: skip
        program = Path(sys.executable).with_name("newsletter")
        server = subprocess.Popen(
            [program, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL, cwd=folder
        )
        try:
            browser = answering(port, token)
            time.sleep(3)  # nobody types in the first seconds after a start
            found = measured(browser, server.pid, path, key)
        finally:
            server.terminate()
            server.wait()
    print(f"preview: from the pause to the bytes, save included, milliseconds; load {os.getloadavg()[0]:.1f}")
    print(f"  {'':8} {'first':>8} {'median':>8} {'worst':>8} {'processor':>10}")
    for name, (times, processor) in found.items():
        print(f"  {name:8} {times[0]:8.0f} {statistics.median(times):8.0f} {max(times):8.0f} {processor:10.0f}")
    late = [name for name, limit in LIMITS.items() if statistics.median(found[name][0]) > limit]
    if late:
        raise SystemExit(f"Later than promised: {', '.join(late)}.")


def answering(port: int, token: str) -> Browser:
    """Wait until the server answers; return a browser."""
    for _ in range(600):
        try:
            browser = Browser(port, token)
            browser.ask("GET", "/robots.txt")
        except OSError:
            time.sleep(0.1)
        else:
            return browser
    raise SystemExit("The server did not answer within a minute.")


if __name__ == "__main__":
    main()
