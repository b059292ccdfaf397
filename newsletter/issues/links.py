"""Links of an issue: what was found of each when it was last asked, and the remarks that come of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.link_probe import FOR_GOOD, Hop, Probe, Verdict
from newsletter.issues.models import Issue, LinkResult
from newsletter.kit.audit import record
from newsletter.kit.database import insert_for
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.link_places import web_links
from newsletter.manuscripts.remarks import Place, Remark, Severity

FRESH = timedelta(minutes=10)
"""A link that was fine is not asked again so soon."""
RULE = "link-check"
FINE = frozenset({Verdict.FINE, Verdict.MOVED})
SHOWN = 120
"""Characters of an address in a sentence."""
_SAYS: dict[Verdict, tuple[Severity, str, str]] = {
    Verdict.MOVED: (Severity.NOTICE, "{url} has moved for good to {end}.", "Give the new address."),
    Verdict.CLOSED: (
        Severity.NOTICE, "{url} does not open for programs (status {status}).",
        "Open it yourself; readers may get in.",
    ),
    Verdict.GONE: (Severity.WARNING, "{url} leads to no page (status {status}).", "Find the page's present address."),
    Verdict.BROKEN: (
        Severity.WARNING, "{url} answers with an error (status {status}).",
        "Check again later, or give another address.",
    ),
    Verdict.SLOW: (Severity.WARNING, "{url} does not answer in time.", "Check again later, or give another address."),
    Verdict.SILENT: (Severity.WARNING, "{url} cannot be reached.", "Check again later, or give another address."),
    Verdict.UNSAFE: (
        Severity.WARNING, "{url} has a certificate that browsers refuse.",
        "Give another address; readers get a warning.",
    ),
    Verdict.UNKNOWN: (Severity.WARNING, "{url} has a name that nobody has.", "Look for a slip in the address."),
    Verdict.FORBIDDEN: (
        Severity.WARNING, "{url} does not lead to the public web and was not asked.",
        "Give an address that readers reach.",
    ),
    Verdict.ENDLESS: (Severity.WARNING, "{url} leads on and on.", "Give the address that it should end at."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """One address of the issue with its places, and what was found when it was last asked; None: never."""

    url: str
    places: tuple[Place, ...]
    result: LinkResult | None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The way it took."""
        return tuple(Hop(str(url), int(status)) for url, status in self.result.hops) if self.result else ()


def checked(session: Session, issue_id: int, document: Document) -> list[Checked]:
    """Return every web link of *document*, in reading order."""
    results = {row.url: row for row in session.scalars(select(LinkResult).where(LinkResult.issue_id == issue_id))}
    return [Checked(url, places, results.get(url)) for url, places in web_links(document).items()]


def due(session: Session, issue_id: int, document: Document, *, now: datetime) -> list[str]:
    """Return the addresses to be asked: all but those that were fine a moment ago; never asked ones first."""
    every = checked(session, issue_id, document)
    new = [one.url for one in every if one.result is None]
    return new + [
        one.url
        for one in every
        if one.result is not None and (one.result.verdict not in FINE or one.result.checked_at < now - FRESH)
    ]


def keep(session: Session, issue: Issue, probes: Mapping[str, Probe], *, by: str, now: datetime) -> None:
    """Write down what came of a check; an older answer of the same address gives way."""
    insert = insert_for(session)
    for url, probe in probes.items():
        values = {
            "verdict": probe.verdict, "status": probe.status, "said": probe.said,
            "hops": [[hop.url, hop.status] for hop in probe.hops], "checked_at": now,
        }  # fmt: skip
        key = hashlib.sha256(url.encode()).hexdigest()
        session.execute(
            insert(LinkResult)
            .values(issue_id=issue.id, url_key=key, url=url, **values)
            .on_conflict_do_update(index_elements=["issue_id", "url_key"], set_=values)
        )
    counts = {
        verdict.value: count
        for verdict in Verdict
        if (count := sum(probe.verdict is verdict for probe in probes.values()))
    }
    record(session, at=now, actor=by, deed="issue.check_links", subject=f"issue:{issue.id}", **counts)


def remarks(session: Session, issue_id: int, document: Document) -> tuple[Remark, ...]:
    """Return what the last check has to say of the links that stand in *document* now."""
    return tuple(_remarks(checked(session, issue_id, document)))


def _remarks(every: Sequence[Checked]) -> list[Remark]:
    said = []
    for one in every:
        if one.result is None or one.result.verdict not in _SAYS:
            continue
        severity, message, advice = _SAYS[one.result.verdict]
        settled = next((hop.url for hop in one.hops if hop.status not in FOR_GOOD), one.url)
        message = message.format(url=_short(one.url), end=_short(settled), status=one.result.status)
        said.append(Remark(RULE, severity, message, advice, one.places))
    return said


def _short(url: str) -> str:
    return url if len(url) <= SHOWN else url[: SHOWN - 1] + "…"
