"""A team at its desk: the command line run as a process of its own, on a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[2] / "newsletter" / "cli" / "sample"
SECRET = "a secret of the journeys that is long enough"
PUBLIC_URL = "https://news.example.org"


class Desk:
    """Runs ``newsletter`` with the settings of one installation."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.folder = folder
        own = {
            "NEWSLETTER_DATA_DIR": str(folder / "var"),
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_SECRET_KEY": SECRET,
            "NEWSLETTER_PUBLIC_URL": PUBLIC_URL,
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
        self.environment = {**clean, **own, **settings}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-c", "from newsletter.cli import main; main()", *arguments],
            env=self.environment, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end, expecting exit *code*; return what it printed."""
        process = self.start(*arguments)
        out, error = process.communicate(timeout=180)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{out}\n{error}"
        return out if code == 0 else out + error

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json``; return what it said."""
        process = self.start(*arguments, "--json")
        out, error = process.communicate(timeout=180)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{out}\n{error}"
        return json.loads(out)

    def signed_off_issue(self, *, readers: int) -> None:
        """Go all the way to a signed-off issue 1 with invented readers."""
        from newsletter.cli.invented_readers import invented_readers, write_csv

        roster = self.folder / "readers.csv"
        write_csv(roster, invented_readers(readers, seed=7))
        publication = self.folder / "publication.toml"
        described = (SAMPLE / "publication.toml").read_text(encoding="utf-8")
        # A PDF in every mail only makes the receiving server of the tests slow; readers who chose it get it still.
        publication.write_text(described.replace("attach_pdf = true", "attach_pdf = false"), encoding="utf-8")
        self.run("publication", "add", str(publication))
        label = self.json("publication", "list")["publications"][0]["label"]
        self.run("issue", "import", str(SAMPLE / "issue.md"), "--publication", label)
        self.run("subscribers", "import", str(roster), "--publication", label, "--basis", "double_opt_in",
                 "--evidence", "invented")  # fmt: skip
        self.run("issue", "approve", "1", "--by", "bob")
