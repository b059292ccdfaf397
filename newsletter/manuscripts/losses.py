"""Losses: the check that every word of a manuscript is in the Document or named in a Remark."""

from __future__ import annotations

import dataclasses
import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.lines import Line, tidy
from newsletter.manuscripts.repairs import Finding

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_DESTINATION = re.compile(r"\]\(\s*<?[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*>?")
_REFERENCE = re.compile(r"\[\^[^\s\]]+\]:?|(?<=\])\[[^\[\]]*\]")
"""``[^1]`` and the second half of ``[words][label]``: labels tie two places together and say nothing."""
_DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*\S+\s*$")
_NUMBERING = re.compile(r"^[\s>*+#-]*\d{1,9}[.)](?=\s|$)")
_TABLE_RULE = re.compile(r"^[\s|:-]+$")
_KIND = re.compile(r"^(#.*?)\{\.[a-z]+\}\s*$")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def words_of(text: str) -> list[str]:
    """Return the words of *text* as they are compared: no case, no marks; each Chinese character is one."""
    return _WORD.findall(text.casefold())


def strings_of(value: object) -> Iterator[str]:
    """Yield every string within a frozen value, addresses too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from strings_of(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            if each.name not in {"line", "kind", "key"}:
                yield from strings_of(getattr(value, each.name))


def written_words(line: Line) -> list[str]:
    """Return the words that a line of a manuscript says: no link's destination, no numbering, no rules of a table."""
    text = tidy(line.text)
    if _DEFINITION.match(text) or _TABLE_RULE.match(text):
        return []
    text = _REFERENCE.sub(" ", _DESTINATION.sub("] ", text))
    text = _KIND.sub(r"\1", _NUMBERING.sub(" ", text))
    return words_of(html.unescape(_ESCAPE.sub(r"\1", text)))


def find_losses(
    lines: Sequence[Line], document: Document, findings: Iterable[Finding], taken: Iterable[str]
) -> tuple[Finding, ...]:
    """Return a Finding for each line with words that are neither in *document*, nor in *findings*, nor in *taken*."""
    kept: Counter[str] = Counter()
    for text in (*strings_of(document), *(finding.quote for finding in findings), *taken):
        kept.update(words_of(text))
    written = [(line, words_of_line) for line in lines if (words_of_line := written_words(line))]
    missing: Counter[str] = Counter(word for _, words in written for word in words)
    missing.subtract(kept)
    lost = {word: count for word, count in missing.items() if count > 0}
    if not lost:
        return ()
    # The line of which most is missing is the one that was lost, not one that says the same words elsewhere.
    by_share = sorted(written, key=lambda entry: -sum(word in lost for word in entry[1]) / len(entry[1]))
    found = []
    for line, words in by_share:
        gone = [word for word in words if lost.get(word, 0) > 0]
        for word in gone:
            lost[word] -= 1
        if gone:
            found.append(Finding("unplaced-words", line.number, " ".join(gone)))
    return tuple(sorted(found, key=lambda finding: finding.line or 0))
