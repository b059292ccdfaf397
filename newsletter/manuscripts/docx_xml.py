"""XML of a Word file: its names, a parser that fetches nothing and expands nothing, and the words of an element."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from newsletter.kit.errors import ManuscriptError

Element = etree._Element  # noqa: SLF001  # lxml has no public name for it

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
STRICT = {
    "http://purl.oclc.org/ooxml/wordprocessingml/main": W,
    "http://purl.oclc.org/ooxml/officeDocument/relationships": R,
    "http://purl.oclc.org/ooxml/drawingml/main": A,
    "http://purl.oclc.org/ooxml/officeDocument/math": M,
    "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing":
        "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "http://purl.oclc.org/ooxml/drawingml/picture": "http://schemas.openxmlformats.org/drawingml/2006/picture",
}  # fmt: skip
"""The names of the strict variant (ISO/IEC 29500-1) to those of the usual one; a file uses one or the other."""
MAX_ELEMENTS = 400_000
"""A book has a tenth of this; each costs a kilobyte of memory on the way."""


def w(name: str) -> str:
    """Return *name* in Word's main namespace, as lxml writes it."""
    return f"{{{W}}}{name}"


def parse(data: bytes, part: str, name: str) -> Element:
    """Return the root of the XML *data*; raise ``ManuscriptError`` naming the file if it is damaged or hostile."""
    for strict, usual in STRICT.items():
        data = data.replace(strict.encode(), usual.encode())
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ManuscriptError(
            f"{name!r} is damaged inside ({part}); open it in Word and save it again under a new name."
        ) from error
    if etree.ElementTree(root).docinfo.internalDTD is not None:
        raise ManuscriptError(f"{name!r} defines XML entities, which no Word file does; it is not read.")
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise ManuscriptError(f"{name!r} is larger than a book; hand in its articles as files of their own.")
    return root


def text_of(element: Element, *, deleted: bool = False) -> str:
    """Return the words within *element*, a tab or break as a space; *deleted* says to read deleted words, too."""
    return "".join(_texts(element, deleted=deleted))


def _texts(element: Element, *, deleted: bool) -> Iterator[str]:
    for each in element.iter():
        match each.tag:
            case tag if tag == w("t") or (deleted and tag == w("delText")) or tag == f"{{{M}}}t":
                yield each.text or ""
            case tag if tag in {w("tab"), w("br"), w("cr")}:
                yield " "
            case tag if tag == w("noBreakHyphen"):
                yield "-"


def value(element: Element | None, name: str = "val") -> str | None:
    """Return the attribute *name* in Word's namespace; None if there is no such element or attribute."""
    return None if element is None else element.get(w(name))


def is_on(element: Element | None) -> bool:
    """Say whether a switch such as ``w:vanish`` is there and on."""
    return element is not None and value(element) not in {"0", "false", "off", "none"}


def unwrap(element: Element) -> None:
    """Put the children of *element* in its place."""
    parent = element.getparent()
    assert parent is not None
    at = parent.index(element)
    for child in reversed(list(element)):
        parent.insert(at, child)
    parent.remove(element)


def drop(element: Element) -> None:
    """Take *element* out, if it is still there."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
