"""Remarks on a Word file: each undecided change and comment by itself, and what was put right or left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.docx import WordText
from newsletter.manuscripts.docx_changes import ChangeKind, Decisions, TrackedChange
from newsletter.manuscripts.docx_comments import FileComment
from newsletter.manuscripts.places import Paths
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.manuscripts.repairs import Finding, remarks_of

MAX_SHOWN = 300
"""Characters of a change that a sentence shows; the whole of it stands in the text."""
SEVERITIES = {"tracked-change": Severity.WARNING, "word-comment": Severity.WARNING}
"""Both stop the sign-off until somebody decides, or leaves it as is with a reason."""


def remarks_on_word(
    word: WordText, document: Document, decisions: Decisions, severities: Mapping[str, Severity]
) -> tuple[Remark, ...]:
    """Return what a person has to look at in a Word file that was read as *document*."""
    paths = Paths(document)

    def place(paragraph: int, quote: str) -> Place:
        line = word.line(paragraph)
        return Place(line, paths.at(line), quote)

    weight = SEVERITIES | dict(severities)
    found = [
        Remark(
            "tracked-change", weight["tracked-change"], f"{said_of(change)}; nobody has decided on it.",
            "The issue reads with the change made. Accept or reject it when the file is taken in, or leave it as is.",
            (place(change.paragraph, reads_now(change)),),
        )
        for change in word.changes
        if decisions.on(change.key) is None
    ]  # fmt: skip
    found += [
        Remark(
            "word-comment", Severity.NOTICE if comment.resolved else weight["word-comment"], said_in(comment),
            "It was marked as done in Word." if comment.resolved else "Answer it, and settle it or leave it as is.",
            (place(comment.paragraph, comment.quote),),
        )
        for comment in word.comments
        if decisions.on(comment.key) is None
    ]  # fmt: skip
    findings = [Finding(oddity.repair, word.line(oddity.paragraph), oddity.quote) for oddity in word.oddities]
    repairs = remarks_of(findings, dict(severities))
    found += [replace(r, places=tuple(_place_of(p, paths) for p in r.places)) for r in repairs]
    return tuple(found)


def _place_of(place: Place, paths: Paths) -> Place:
    return replace(place, path=paths.at(place.line))


def said_of(change: TrackedChange) -> str:
    """Return what a change does, as a clause: who, what, when."""
    who, when = change.author or "Somebody", _when(change.date)
    removed, added = _shown(change.removed), _shown(change.added)
    match change.kind:
        case ChangeKind.INSERTION:
            return f"{who} inserted “{added}”{when}"
        case ChangeKind.DELETION:
            return f"{who} deleted “{removed}”{when}"
        case ChangeKind.REPLACEMENT:
            return f"{who} changed “{removed}” to “{added}”{when}"
        case ChangeKind.MOVE:
            return f"{who} moved “{added or removed}”{when}"


def said_in(comment: FileComment) -> str:
    """Return a comment with who wrote it and when."""
    verb = "answers" if comment.reply else "comments"
    return f"{comment.author or 'Somebody'} {verb}{_when(comment.date)}: “{' '.join(comment.words.split())}”"


def reads_now(change: TrackedChange) -> str:
    """Return the place with the change made."""
    return f"{change.before}{_shown(change.added)}{change.after}".replace("¶", " ").strip()


def read_before(change: TrackedChange) -> str:
    """Return the place without the change."""
    return f"{change.before}{_shown(change.removed)}{change.after}".replace("¶", " ").strip()


def _shown(words: str) -> str:
    text = " ".join(words.replace("¶", " ¶ ").split()) if "¶" in words else words
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _when(date: str) -> str:
    """Word writes local time and calls it UTC, so no zone is said."""
    return f" ({date[:10]} {date[11:16]})" if len(date) >= 16 else f" ({date})" if date else ""
