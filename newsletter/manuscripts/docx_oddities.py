"""Oddities of a Word file: what an issue has no place for, put into the text or left out, and named either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.manuscripts.docx_package import Package, Relationship
from newsletter.manuscripts.docx_xml import MC, A, Element, M, R, drop, is_on, text_of, unwrap, value, w

_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
_BLIP = f"{{{A}}}blip"
_VML_IMAGE = "{urn:schemas-microsoft-com:vml}imagedata"
_OUT = frozenset((w("del"), w("moveFrom")))
_WRAPPERS = frozenset(w(name) for name in ("smartTag", "customXml", "bdo", "dir"))
_NOISE = frozenset(
    w(name)
    for name in (
        "proofErr", "lastRenderedPageBreak", "bookmarkStart", "bookmarkEnd", "permStart", "permEnd", "smartTagPr",
        "customXmlPr",
    )
)  # fmt: skip
_SYMBOLS = {"F0B7": "•", "F0A7": "▪", "F0FC": "✓", "F0E0": "→", "F0DF": "←", "F0B0": "°", "F0D7": "×", "F0A3": "≤",
            "F0B3": "≥", "F0B1": "±", "F06D": "µ", "F061": "α", "F062": "β", "F0FE": "☑", "F0A8": "☐"}  # fmt: skip
"""The commonest signs of Word's symbol fonts that mammoth or Unicode know under another number."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One of them: the repair it is named under (``repairs.py``), its words, and the paragraph it was found in."""

    repair: str
    quote: str
    paragraph: int = 0


def choose_alternatives(root: Element) -> None:
    """Keep of each alternative the newer one where it has words or a picture, else the fallback (ECMA-376-3 §10)."""
    for element in list(root.iter(f"{{{MC}}}AlternateContent")):
        choice, fallback = element.find(f"{{{MC}}}Choice"), element.find(f"{{{MC}}}Fallback")
        says = choice is not None and (
            text_of(choice).strip() or any(choice.iter(_BLIP)) or any(choice.iter(_DIAGRAM, _CHART))
        )
        kept = choice if says or fallback is None else fallback
        for other in (choice, fallback):
            if other is not None and other is not kept:
                drop(other)
        if kept is not None and element.getparent() is not None:
            unwrap(kept)
            unwrap(element)


def flatten(root: Element) -> None:
    """Take out what marks places but says nothing, and the wrappers around words; write rare forms as common ones."""
    for element in list(root.iter(w("fldSimple"))):
        _as_field(element)
    for element in list(root.iter(w("ruby"))):
        base = element.find(w("rubyBase"))
        if base is not None and element.getparent() is not None:
            unwrap(base)
            for over in element.findall(w("rt")) + element.findall(w("rubyPr")):
                drop(over)
            _out_of_run(element)
    for element in list(root.iter(w("cr"), w("ptab"))):
        element.tag = w("br") if element.tag == w("cr") else w("tab")
    for element in [element for element in root.iter() if element.tag in _NOISE]:
        drop(element)
    for element in [element for element in root.iter() if element.tag in _WRAPPERS]:
        if element.getparent() is not None:
            unwrap(element)


def _as_field(simple: Element) -> None:
    """Write a simple field as the three-part one that mammoth reads (ECMA-376-1 §17.16.18)."""
    parent = simple.getparent()
    if parent is None:
        return
    at = parent.index(simple)

    def run(child: Element) -> Element:
        made = simple.makeelement(w("r"), {})
        made.append(child)
        return made

    instruction = simple.makeelement(w("instrText"), {})
    instruction.text = simple.get(w("instr")) or ""
    signs = {kind: simple.makeelement(w("fldChar"), {w("fldCharType"): kind}) for kind in ("begin", "separate", "end")}
    pieces = [run(signs["begin"]), run(instruction), run(signs["separate"]), *list(simple), run(signs["end"])]
    parent.remove(simple)
    for piece in reversed(pieces):
        parent.insert(at, piece)


def _out_of_run(element: Element) -> None:
    """Put the runs within *element* in the place of the run that holds it."""
    run = element.getparent()
    if run is None or run.tag != w("r"):
        unwrap(element)
        return
    parent = run.getparent()
    if parent is None:
        return
    at = parent.index(run)
    for child in reversed(list(element)):
        parent.insert(at + 1, child)
    run.remove(element)


def move_text_boxes_out(root: Element) -> Iterator[tuple[Element, str]]:
    """Put each text box's paragraphs after the paragraph it hangs on; yield the first of them and all its words."""
    for box in list(root.iter(w("txbxContent"))):
        holder = next((above for above in box.iterancestors(w("p"))), None)
        if holder is None or any(above.tag in _OUT for above in box.iterancestors()):
            continue
        inner = [child for child in box if child.tag in {w("p"), w("tbl"), w("sdt")}]
        words = " ".join(text_of(box).split())
        parent = holder.getparent()
        drawing = next((a for a in box.iterancestors() if a.tag in {w("drawing"), w("pict"), w("object")}), None)
        if parent is None:
            continue
        at = parent.index(holder) + 1
        for child in reversed(inner):
            parent.insert(at, child)
        drop(box)
        if drawing is not None and not any(drawing.iter(_BLIP, _VML_IMAGE, w("txbxContent"))):
            drop(drawing)
        if words:
            yield inner[0], words


def settle_oddities(root: Element, package: Package, part: str, paragraphs: Mapping[Element, int]) -> list[Oddity]:
    """Put right or take out, below *root*, what mammoth would drop unheard; return what was found.

    To be called after tracked changes are settled: what was deleted is no oddity.
    """
    ties = package.relationships(part)
    found: list[Oddity] = []
    for element in list(root.iter()):
        if element.getparent() is None:
            continue
        at = _paragraph(element, paragraphs)
        for repair, quote in _settled(element, package, ties):
            found.append(Oddity(repair, " ".join(quote.split()), at))
    return _merged(found)


def around_the_text(package: Package) -> list[Oddity]:
    """Return what stands in headers and footers, and what else travels with the file and is left out."""
    found: list[Oddity] = []
    said: set[str] = set()
    for tie in package.relationships(package.main).values():
        if tie.kind in {"header", "footer"} and not tie.external:
            root = package.root(tie.target)
            words = " ".join(text_of(root).split()) if root is not None else ""
            if words and words not in said and not words.isdigit():
                said.add(words)
                found.append(Oddity("word-header", words))
    if package.has_macros:
        found.append(Oddity("word-macros", package.name))
    return found


def _paragraph(element: Element, paragraphs: Mapping[Element, int]) -> int:
    holder = element if element.tag == w("p") else next(element.iterancestors(w("p")), None)
    return paragraphs.get(holder, 0) if holder is not None else 0


def _settled(  # noqa: PLR0911  # one return for each kind of oddity
    element: Element, package: Package, ties: Mapping[str, Relationship]
) -> list[tuple[str, str]]:
    tag = element.tag
    if tag == w("r"):
        return _settled_run(element)
    if tag in {f"{{{M}}}oMath", f"{{{M}}}oMathPara"}:
        return _equation(element)
    if tag == _DIAGRAM:
        return _drawing(element, package, ties, "data")
    if tag == _CHART:
        return _drawing(element, package, ties, "chart")
    if tag in {_BLIP, _VML_IMAGE}:
        return _linked(element, ties)
    if tag == w("sym"):
        return _symbol(element)
    if tag == w("altChunk"):
        drop(element)
        return [("word-embedded", package.name)]
    if tag == w("object"):
        return _object(element)
    if tag == w("sdt") and element.find(f"{w('sdtPr')}/{w('showingPlcHdr')}") is not None:
        words = text_of(element)
        drop(element)
        return [("word-placeholder", words)] if words.strip() else []
    return []


def _settled_run(run: Element) -> list[tuple[str, str]]:
    properties = run.find(w("rPr"))
    words = text_of(run)
    if properties is None or not words.strip():
        return []
    if is_on(properties.find(w("vanish"))):
        drop(run)
        return [("word-hidden", words)]
    if is_on(properties.find(w("strike"))) or is_on(properties.find(w("dstrike"))):
        return [("word-struck", words)]
    if value(properties.find(w("highlight"))) not in {None, "none"}:
        return [("word-highlight", words)]
    return []


def _equation(element: Element) -> list[tuple[str, str]]:
    """Put an equation's signs into the text, one after the other."""
    if next(element.iterancestors(f"{{{M}}}oMathPara"), None) is not None:
        return []
    words = text_of(element)
    run = element.makeelement(w("r"), {})
    text = run.makeelement(w("t"), {})
    text.text = words
    run.append(text)
    parent = element.getparent()
    assert parent is not None
    if parent.tag in {w("body"), w("tc")}:
        paragraph = element.makeelement(w("p"), {})
        paragraph.append(run)
        run = paragraph
    parent.replace(element, run)
    return [("word-equation", words)]


def _drawing(element: Element, package: Package, ties: Mapping[str, Relationship], kind: str) -> list[tuple[str, str]]:
    """Name a SmartArt drawing or a chart by the words within it."""
    key = element.get(f"{{{R}}}dm" if kind == "data" else f"{{{R}}}id") or ""
    tie = ties.get(key)
    root = package.root(tie.target) if tie and not tie.external else None
    words = " ".join(each.text or "" for each in root.iter(f"{{{A}}}t")) if root is not None else ""
    drop(element)
    return [("word-drawing", words or ("a chart" if kind == "chart" else "a SmartArt drawing"))]


def _linked(element: Element, ties: Mapping[str, Relationship]) -> list[tuple[str, str]]:
    """Take out a picture that lies elsewhere: nothing is fetched for a manuscript."""
    keys = (element.get(f"{{{R}}}embed"), element.get(f"{{{R}}}link"), element.get(f"{{{R}}}id"))
    tie = next((ties.get(key) for key in keys if key), None)
    if tie is not None and not tie.external:
        if f"{{{R}}}link" in element.attrib:
            del element.attrib[f"{{{R}}}link"]
        return []
    drop(element)
    return [("word-picture", tie.target if tie else "a picture that is not in the file")]


def _symbol(element: Element) -> list[tuple[str, str]]:
    code = (value(element, "char") or "").upper()
    sign = _SYMBOLS.get(code)
    if sign is None:
        try:
            number = int(code, 16)
        except ValueError:
            number = 0
        sign = chr(number) if 32 <= number < 0xD800 else None
    if sign is None:
        return []  # mammoth knows the dingbats, and says so of what it does not know
    text = element.makeelement(w("t"), {})
    text.text = sign
    parent = element.getparent()
    assert parent is not None
    parent.replace(element, text)
    return []


def _object(element: Element) -> list[tuple[str, str]]:
    kinds = (each.get("ProgID") for each in element.iter() if str(each.tag).endswith("}OLEObject"))
    kind = next((kind for kind in kinds if kind), "")
    drop(element)
    return [("word-embedded", kind or "an embedded file")]


def _merged(found: list[Oddity]) -> list[Oddity]:
    """Join what Word cut into several runs."""
    merged: list[Oddity] = []
    for oddity in found:
        last = merged[-1] if merged else None
        joins = oddity.repair in {"word-hidden", "word-struck", "word-highlight"}
        if last and joins and (last.repair, last.paragraph) == (oddity.repair, oddity.paragraph):
            merged[-1] = Oddity(oddity.repair, f"{last.quote} {oddity.quote}", oddity.paragraph)
        else:
            merged.append(oddity)
    return merged
