"""The package of a Word file: the zip opened within limits, or one sentence saying what the file really is."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.docx_xml import RELATIONSHIPS, Element, parse

MAX_BYTES = 50_000_000
"""A Word file with a dozen photographs has 20 MB."""
MAX_ENTRIES = 2_000
"""Parts of a package; a long book with a picture on each page has some hundreds."""
MAX_UNPACKED = 200_000_000
"""Bytes of all parts together once unpacked."""
MAX_PART = 40_000_000
"""Bytes of one part."""
MAX_RATIO = 300
"""How much smaller packing makes an honest part: Word's XML by 30, a blank picture by 200."""

_OLE = b"\xd0\xcf\x11\xe0"
_AS_DOCX = "open it and save it as .docx"
_FOREIGN = (
    ("mimetype", "an OpenDocument file (.odt)", f"{_AS_DOCX} (File › Save as › Word)"),
    ("xl/workbook.xml", "an Excel file", "hand in the text as a Word file, and tables within it"),
    ("ppt/presentation.xml", "a PowerPoint file", "hand in the text as a Word file"),
    ("Index/Document.iwa", "a Pages file", "open it and export it as Word"),
    ("META-INF/container.xml", "an e-book", "hand in the Word file it was made from"),
)
_DOCUMENT = "/officeDocument"


@dataclass(frozen=True)
class Relationship:
    """A tie from one part to another, or to an address outside, which is never fetched."""

    kind: str
    """The last word of its type: ``image``, ``hyperlink``, ``footnotes`` …"""
    target: str
    external: bool


@dataclass(frozen=True)
class Package:
    """The parts of a Word file, each unpacked once within the limits."""

    name: str
    parts: Mapping[str, bytes]
    main: str
    """The part with the text, usually ``word/document.xml``."""

    def root(self, part: str) -> Element | None:
        """Return the root of an XML part; None if there is none. Raises ``ManuscriptError``."""
        data = self.parts.get(part)
        return None if data is None else parse(data, part, self.name)

    def relationships(self, part: str) -> dict[str, Relationship]:
        """Return what *part* is tied to, by id."""
        folder, base = posixpath.split(part)
        root = self.root(f"{folder}/_rels/{base}.rels" if folder else f"_rels/{base}.rels")
        found: dict[str, Relationship] = {}
        for each in root.iter(f"{{{RELATIONSHIPS}}}Relationship") if root is not None else ():
            external = each.get("TargetMode") == "External"
            target = each.get("Target") or ""
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[each.get("Id") or ""] = Relationship((each.get("Type") or "").rpartition("/")[2], target, external)
        return found

    def related(self, kind: str) -> str | None:
        """Return the first inner part that the text is tied to as *kind*."""
        ties = self.relationships(self.main).values()
        return next((tie.target for tie in ties if tie.kind == kind and not tie.external), None)

    @property
    def has_macros(self) -> bool:
        """Say whether programs travel with the text; they are never run."""
        return any(part.endswith("vbaProject.bin") for part in self.parts)


def is_package(data: bytes) -> bool:
    """Say whether *data* should be read as a Word file: it is a zip, or what only Word wraps a document in."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def open_package(data: bytes, name: str) -> Package:
    """Unpack a Word file; raise ``ManuscriptError`` in one sentence if *name* is something else, locked or a bomb."""
    if data.startswith(_OLE):
        raise ManuscriptError(_ole(data, name))
    if len(data) > MAX_BYTES:
        raise ManuscriptError(
            f"{name!r} has {len(data) / 1e6:.0f} MB and a Word file at most {MAX_BYTES // 1_000_000}; in Word, choose"
            " Compress Pictures and save it again."
        )
    damaged = ManuscriptError(f"{name!r} is a damaged Word file; open it in Word, save it again, and hand that in.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive, name)
            parts = {info.filename: _unpacked(archive, info, name) for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        # whatever zipfile raises for torn, encrypted or unknown contents: all of them end in the one sentence
        raise damaged from error
    for part, kind, advice in _FOREIGN:
        if part in parts and "word/document.xml" not in parts:
            raise ManuscriptError(f"{name!r} is {kind}, not a Word file; {advice}.")
    if "[Content_Types].xml" not in parts:
        raise ManuscriptError(f"{name!r} is a zip file, not a Word file; unpack it and hand in the files within.")
    package = Package(name, MappingProxyType(parts), "")
    ties = package.relationships("").values()
    main = next((tie.target for tie in ties if tie.kind == "officeDocument" and not tie.external), "word/document.xml")
    if main not in parts:
        raise damaged
    return Package(name, package.parts, main)


def _ole(data: bytes, name: str) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return f"{name!r} is protected by a password; take it off (File › Info › Protect Document) and save it again."
    return f"{name!r} is an old Word file (.doc); {_AS_DOCX}."


def _check(archive: zipfile.ZipFile, name: str) -> None:
    """Raise ``ManuscriptError`` for what is locked, ambiguous, or blows up when it is unpacked."""
    entries = archive.infolist()
    bomb = ManuscriptError(f"{name!r} unpacks to far more than a Word file holds; it is not read.")
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise bomb
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise ManuscriptError(f"{name!r} is protected by a password; take it off and save it again.")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise ManuscriptError(f"{name!r} holds two parts of one name, which no Word file does; it is not read.")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    with archive.open(info) as file:
        data = file.read(MAX_PART + 1)  # what the directory says of its size may be a lie
    if len(data) > MAX_PART or len(data) > MAX_RATIO * max(info.compress_size, 4_096):
        raise ManuscriptError(f"{name!r} unpacks to far more than a Word file holds; it is not read.")
    return data
