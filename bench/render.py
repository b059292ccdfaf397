"""How long the sample's editions take: from a cold start, and each on its own once warm."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from newsletter.cli.manuscript import subject_named
from newsletter.issues.mailing import mailing_of
from newsletter.rendering.editions import render
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.pdf import pdf
from newsletter.rendering.plain_text import plain_text

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "cli" / "sample"
ROUNDS = 3


def best(work: Callable[[], object]) -> float:
    """Seconds of the best of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def cold() -> float:
    """The whole command, a new process each time."""
    program = Path(sys.executable).with_name("newsletter")
    with tempfile.TemporaryDirectory() as out:
        command = [
            program,
            "issue",
            "render",
            SAMPLE / "issue.md",
            "--publication",
            SAMPLE / "publication.toml",
            "--out",
            out,
        ]
        return best(lambda: subprocess.run(command, check=True, capture_output=True))


def main() -> None:
    """Print the table; the yardstick is a Python that starts and ends."""
    subject = subject_named(str(SAMPLE / "issue.md"), SAMPLE / "publication.toml")
    document, masthead, pictures = subject.document, subject.profile.masthead, subject.pictures
    mailing = mailing_of(document, subject.profile)
    bare = best(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    rows = {
        "a Python that starts and ends": bare,
        "newsletter issue render, cold": cold(),
        "all four, warm": best(lambda: render(document, masthead, pictures=pictures)),
        "email": best(
            lambda: email_html(
                document, masthead, pictures=pictures, mail_format=mailing.format, preheader=mailing.preheader
            )
        ),
        "text": best(lambda: plain_text(document, masthead, mail_format=mailing.format, preheader=mailing.preheader)),
        "web": best(lambda: web_page(document, masthead, pictures=pictures)),
        "PDF, with its process": best(lambda: pdf(document, masthead, pictures=pictures)),
    }
    print("render: the sample issue")
    for name, seconds in rows.items():
        print(f"  {name:32} {seconds * 1000:8.0f} ms  {seconds / bare:7.1f} x")


if __name__ == "__main__":  # the PDF's process imports this file again
    main()
