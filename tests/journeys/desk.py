"""A team at its desk: the command line on a database of its own, called here or run as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from newsletter.cli import main

SAMPLE = Path(__file__).parents[2] / "newsletter" / "cli" / "sample"
SECRET = "a secret of the journeys that is long enough"
PUBLIC_URL = "https://news.example.org"


class Desk:
    """Runs ``newsletter`` with the settings of one installation: in this process, but for what is to be killed."""

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
        """Call a command, expecting exit *code*; return what it printed."""
        out, error = self._call(arguments, code)
        return out if code == 0 else out + error

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Call a command with ``--json``; return what it said."""
        return json.loads(self._call((*arguments, "--json"), code)[0])

    def _call(self, arguments: tuple[str, ...], expected: int) -> tuple[str, str]:
        """Call the command line as its entry point does; return standard output and standard error."""
        out, error, ended = io.StringIO(), io.StringIO(), 0
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "argv", ["newsletter", *arguments]),
            patch.object(sys, "stdin", io.StringIO()),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(error),
        ):
            try:
                main()
            except SystemExit as ending:
                ended = int(ending.code or 0)
        assert ended == expected, f"{arguments} ended with {ended}:\n{out.getvalue()}\n{error.getvalue()}"
        return out.getvalue(), error.getvalue()

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
