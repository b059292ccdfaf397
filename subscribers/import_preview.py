"""The dry run of an import: what would become of its rows, with nothing changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.tokens import Keyring
from subscribers.columns import HEADERS, BadRow, Columns, Entry, read_row
from subscribers.list_file import Row, RowFile
from subscribers.models import Subscriber, Subscription, SubscriptionState
from subscribers.noting import Noting
from subscribers.roster import readings_of
from subscribers.sightings import Sightings
from subscribers.suppression import keys_suppressed

MOST_ROWS = 50_000
"""Rows a dry run looks at; it answers while somebody waits for the page."""
SHOWN = 20
"""Problems that are shown; all are in the report."""
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of the rows that were looked at."""

    rows: int
    is_all: bool
    """Whether that is the whole file."""
    new: int
    """People we do not know yet."""
    joining: int
    """Readers of another newsletter who would read this one, too."""
    known: int
    """Readers already."""
    left: int
    """Who has left, and stays so."""
    barred: int
    """On the do-not-mail list."""
    bad: int
    """Rows that give no reader, repetitions included."""
    problems: tuple[tuple[int, str, str], ...]
    """The first lines with a problem: line, address, what is wrong."""


def preview(
    session: Session, file: RowFile, columns: Columns, *, publication_id: int, keyring: Keyring, noting: Noting
) -> Preview:
    """Go through the file as the import would; raise ``BadInput`` where it is no table."""
    counts: Counter[str] = Counter()
    problems: list[tuple[int, str, str]] = []
    with Sightings() as sightings:
        readings = readings_of(file, columns, sightings)
        some = islice(readings, MOST_ROWS)
        while chunk := list(islice(some, CHUNK)):
            entries = [noting.read(one) for one in chunk if isinstance(one, Entry)]
            counts["bad"] += len(chunk) - len(entries)
            counts.update(_fates(session, entries, publication_id, keyring))
            wrong = [(one.line, one.address, one.reason) for one in chunk if isinstance(one, BadRow)]
            wrong += [(one.line, one.address, "; ".join(one.remarks)) for one in entries if one.remarks]
            problems += sorted(wrong)[: SHOWN - len(problems)]
        is_all = next(readings, None) is None
    return Preview(
        rows=counts.total(), is_all=is_all, new=counts["new"], joining=counts["joining"], known=counts["known"],
        left=counts["left"], barred=counts["barred"], bad=counts["bad"], problems=tuple(problems),
    )  # fmt: skip


def guessed(first: Row, fields: dict[str, int]) -> tuple[dict[int, str], bool]:
    """Return what each column of the *first* row seems to be, and whether the row is a header.

    *fields* are the own fields by their folded names.
    """
    titles = ["".join(letter for letter in cell.casefold() if letter.isalnum()) for cell in first.cells]
    found: dict[int, str] = {}
    for wanted, names in HEADERS.items():
        at = next((titles.index(name) for name in names if name in titles), None)
        if at is not None and at not in found:
            found[at] = wanted
    for at, cell in enumerate(first.cells):
        key = " ".join(cell.split()).casefold()
        if at not in found and key in fields:
            found[at] = f"field:{fields[key]}"
    address = next((at for at, cell in enumerate(first.cells) if _is_address(cell)), None)
    if address is not None:
        return {address: "address"}, False
    return found, True


def _is_address(cell: str) -> bool:
    reading = read_row(Row(1, (cell,), 1), Columns(0))
    return isinstance(reading, Entry)


def _fates(session: Session, entries: Sequence[Entry], publication_id: int, keyring: Keyring) -> Counter[str]:
    keys = [entry.key for entry in entries]
    barred = keys_suppressed(session, keys, keyring=keyring)
    rows = session.execute(
        select(Subscriber.address_key, Subscription.state)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.publication_id == publication_id),
        )
        .where(Subscriber.address_key.in_(keys))
    )
    states = {row[0]: row[1] for row in rows}
    found: Counter[str] = Counter()
    for key in keys:
        if key in barred:
            found["barred"] += 1
        elif key not in states:
            found["new"] += 1
        elif states[key] is None:
            found["joining"] += 1
        else:
            found["left" if states[key] is SubscriptionState.ENDED else "known"] += 1
    return found
