"""What commands print: tables, JSON, questions and progress bars."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from newsletter.kit import spreadsheet
from newsletter.kit.errors import Conflict

WIDE = 1000
"""Columns where no terminal sets a limit; a table is only as wide as its content."""


def say(text: str = "", *, error: bool = False) -> None:
    """Print one line on standard output, or with *error* where it disturbs no JSON."""
    typer.echo(text, err=error)


def say_json(value: object) -> None:
    """Print *value* as JSON, readable and in UTF-8."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print *rows* in aligned columns; plain text where standard output is no terminal."""
    grid = Table(box=None, header_style="bold", pad_edge=False, show_header=any(columns))
    for column in columns:
        grid.add_column(column, overflow="fold")  # a name that is cut short cannot be acted upon
    for row in rows:
        grid.add_row(*map(_shown, row))
    width = None if sys.stdout.isatty() else WIDE
    Console(width=width, highlight=False).print(grid)


def _shown(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M} UTC"
    return "" if cell is None else str(cell)


def print_csv(lines: Iterable[str]) -> None:
    """Print *lines* of CSV as they come."""
    for line in lines:
        typer.echo(line, nl=False)


def write_csv(path: Path, lines: Iterable[str]) -> None:
    """Write *lines* of CSV to a file that spreadsheets read as UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(spreadsheet.MARK)
        file.writelines(lines)


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
    """Ask *question* and raise ``Conflict`` unless the answer is yes; with ``--yes`` nobody is asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Conflict("Nothing was done, since nobody is there to say yes; --yes says it beforehand.")
    if not typer.confirm(question, default=False):
        raise Conflict("Nothing was done.")


def somebody(by: str | None) -> str:
    """Return who acts: what ``--by`` says, else the operating system's user."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return str(os.getuid())
