"""What commands print: tables, JSON, questions and progress bars."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table


def say(text: str = "", *, error: bool = False) -> None:
    """Print one line on standard output, or with *error* where it disturbs no JSON."""
    typer.echo(text, err=error)


def say_json(value: object) -> None:
    """Print *value* as JSON, readable and in UTF-8."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print *rows* in aligned columns; plain text where standard output is no terminal."""
    grid = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        grid.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False).print(grid)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 reader``, ``1,000 readers``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


class Bar:
    """A progress bar on a terminal; silent elsewhere."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None)

    def __call__(self, done: int, total: int | None) -> None:
        """Show that *done* of *total* is finished; a total of None is not known yet."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def progress(title: str) -> Iterator[Bar]:
    """Show a bar on standard error while the block runs."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        yield Bar(shown, title)


def confirmed(question: str, *, yes: bool) -> None:
    """Ask *question* and leave with exit code 1 unless the answer is yes; with ``--yes`` only show it."""
    if yes:
        return
    if not sys.stdin.isatty():
        say("Nothing was sent: nobody is there to say yes. Run it with --yes to send without being asked.")
        raise typer.Exit(1)
    if not typer.confirm(question, default=False):
        say("Nothing was sent.")
        raise typer.Exit(1)


def somebody(by: str | None) -> str:
    """Return who acts: what ``--by`` says, else the operating system's user."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return str(os.getuid())
