"""Grounds: why and from where an import may write to its people, as it is sealed into each one's consent chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from newsletter.kit.tokens import Keyring
from subscribers.columns import Entry
from subscribers.evidence import Sealed, canonical, facts, seal_text
from subscribers.membership import end_of
from subscribers.models import ConsentBasis


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why and from where an import may write to its people; sealed into each person's consent chain."""

    publication_id: int
    basis: ConsentBasis
    evidence: str
    import_run: int
    by: str
    now: datetime
    keyring: Keyring
    """Knows again whom we have forgotten."""
    time_zone: str = ""
    """That of a publication for members, where rows may say on which day a membership ends; empty elsewhere."""

    def end_of(self, entry: Entry) -> datetime | None:
        """Return when the membership of a row ends, None if it does not say or does not matter."""
        return end_of(entry.last_day, self.time_zone) if self.time_zone else None

    def seal(self, entry: Entry, *, previous_hash: str) -> Sealed:
        """Return the event ``imported`` of one row; of a million the text differs in nothing but the line."""
        before, after = _frame(
            self.basis, self.evidence, self.import_run, self.by, self.now, self.publication_id, self.end_of(entry)
        )
        return seal_text(f"{before}{entry.line}{after}", previous_hash=previous_hash)


@lru_cache(maxsize=64)
def _frame(
    basis: ConsentBasis, evidence: str, run: int, by: str, now: datetime, publication_id: int, until: datetime | None
) -> tuple[str, str]:
    """Return what stands before and after the number of the line in what is sealed of each row."""
    payload = {
        "basis": basis.value, "evidence": evidence, "import": run, "line": 0, "by": by, "source": "import",
        **({"valid_until": until.isoformat()} if until else {}),
    }  # fmt: skip
    text = canonical(facts(kind="imported", at=now, publication_id=publication_id, payload=payload))
    # Within a JSON string its quotation marks would be escaped, so this stands there once (RFC 8259 §7).
    before, mark, after = text.partition('"line":0')
    return before + mark[:-1], after
