"""A list of readers as a file: its encoding, its separator and its rows, read as a stream."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from charset_normalizer import from_bytes

from newsletter.kit.errors import BadInput, NotFound

BLOCK = 1 << 20
SAMPLE_LINES = 50
LONGEST_LINE = 1 << 16
ENCODINGS = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859_2", "gb18030", "big5", "shift_jis", "euc_kr")
"""What a file may be written in that is not UTF-8; named here, so that a guess never is something exotic."""
CLEARLY = 0.1
"""By how much a guess must read more like a language than Western European does."""
SEPARATORS = ",;\t|"
MAX_COLUMNS = 500
UNREADABLE = "\ufffd"
"""What stands for a byte that the file's encoding does not have."""
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file; open it and save it as CSV (UTF-8)"),
    (b"%PDF-", "a PDF; a list of readers is a CSV file"),
    (b"\x1f\x8b", "a compressed file; unpack it first"),
    (b"{\\rtf", "a Rich Text file; save the list as CSV (UTF-8)"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row and the line of the file it begins on, counted from 1."""

    line: int
    cells: tuple[str, ...]
    last_line: int


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that was looked at and can be read as rows."""

    path: Path
    sha256: str
    encoding: str
    separator: str

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not empty; raise ``BadInput`` with the line where the file is no table."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.separator)
            begins = 1
            while True:
                try:
                    cells = next(reader, None)
                except (csv.Error, UnicodeError) as error:
                    raise BadInput(
                        f"{self.path.name}, line {begins}: a quotation mark is opened and not closed, or the row "
                        "is far too long."
                    ) from error
                if cells is None:
                    return
                first, begins = begins, reader.line_num + 1
                if first == 1 and cells and cells[0].casefold().startswith("sep="):
                    continue  # Excel's own line saying which separator follows
                if any(cell.strip() for cell in cells[:MAX_COLUMNS]):
                    yield Row(first, tuple(cells[:MAX_COLUMNS]), reader.line_num)


class RowFile(Protocol):
    """Whatever is read as rows: a CSV file, a workbook."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""

    @property
    def encoding(self) -> str:
        """How its letters are written; empty where that is no question."""

    def rows(self) -> Iterator[Row]:
        """Yield its rows."""


def look_at(path: Path, *, encoding: str = "") -> RowFile:
    """Find out how *path* is written, unless *encoding* says so.

    Raises ``NotFound``, or ``BadInput`` in one sentence for what is no list.
    """
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    if not head.strip():
        raise BadInput(f"{path.name} is empty.")
    if head.startswith(b"PK\x03\x04"):
        from subscribers import workbook  # which stands on this module

        return workbook.look_at(path)
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise BadInput(f"{path.name} is {what}.")
    encoding = encoding or _marked_encoding(head) or _guessed_encoding(path)
    if _is_binary(path, encoding):
        raise BadInput(f"{path.name} is not a text file; a list of readers is a CSV file.")
    return ListFile(path, digest_of(path), encoding, _separator(path, encoding))


def _marked_encoding(head: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # UTF-16 without a mark: Latin text has a NUL in every second octet.
    nuls = [head[:4096:2].count(0), head[1:4096:2].count(0)]
    half = max(1, min(len(head), 4096) // 2)
    if nuls[1] > half * 0.4 and nuls[0] < half * 0.1:
        return "utf-16-le"
    if nuls[0] > half * 0.4 and nuls[1] < half * 0.1:
        return "utf-16-be"
    return None


def _guessed_encoding(path: Path) -> str:
    """UTF-8 if that is what nearly all of its letters are, else what Windows writes in Western Europe."""
    if _decodes(path, "utf-8"):
        return "utf-8"
    good = broken = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for block in _blocks(path):
        text = decoder.decode(block)
        escaped = sum("\udc80" <= letter <= "\udcff" for letter in text)
        broken += escaped
        good += sum(not letter.isascii() for letter in text) - escaped
    # One damaged byte in a UTF-8 file must not turn every umlaut of the others into two strange letters.
    if good > 4 * broken:
        return "utf-8"
    found = _single_byte_encoding(path)
    return found if _decodes(path, found) else "latin-1"


def _single_byte_encoding(path: Path) -> str:
    """Guess by the lines that are not plain ASCII; where they fit Western Europe as well, that is what they are."""
    sample = b"".join(islice((line for line in _lines(path) if not line.isascii()), SAMPLE_LINES * 4))
    ranked = from_bytes(sample, cp_isolation=list(ENCODINGS), preemptive_behaviour=False)
    best = ranked.best()
    if best is None or "cp1252" in best.could_be_from_charset:  # which says so of guesses that read the same
        return "cp1252"
    western = next((match for match in ranked if "cp1252" in match.could_be_from_charset), None)
    clearer = western is None or best.coherence > western.coherence + CLEARLY
    return best.encoding if clearer else "cp1252"


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            yield line


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_binary(path: Path, encoding: str) -> bool:
    """Tell whether the text is mostly what no keyboard writes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with path.open("rb") as file:
        text = decoder.decode(file.read(65_536))
    odd = sum((letter < " " and letter not in "\t\r\n\f") or letter == UNREADABLE for letter in text)
    return "\0" in text or odd > len(text) / 10


def _separator(path: Path, encoding: str) -> str:
    """Return the separator that splits the first lines most evenly; a single column has none, so any will do."""
    best, best_score = ",", 0
    for candidate in SEPARATORS:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            try:
                reader = csv.reader(islice(file, SAMPLE_LINES), delimiter=candidate)
                widths = Counter(len(cells) for cells in reader if cells)
            except csv.Error:
                continue
        score = sum(count for width, count in widths.items() if width > 1)
        commonest = max((count for width, count in widths.items() if width > 1), default=0)
        if score + commonest > best_score:
            best, best_score = candidate, score + commonest
    return best


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
