"""Word files to test with: the shapes that Word itself writes, made with zipfile and a few builders of XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

STYLES = f"""<w:styles {HEAD}>
<w:style w:type="paragraph" w:default="1" w:styleId="Standard"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/><w:basedOn w:val="Standard"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="berschrift3"><w:name w:val="heading 3"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Eigene"><w:name w:val="Artikelkopf"/><w:basedOn w:val="berschrift2"/></w:style>
<w:style w:type="paragraph" w:styleId="Zitat"><w:name w:val="Quote"/></w:style>
<w:style w:type="paragraph" w:styleId="Beschriftung"><w:name w:val="caption"/></w:style>
<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Listenabsatz"><w:name w:val="List Paragraph"/></w:style>
<w:style w:type="paragraph" w:styleId="Aufzhlung"><w:name w:val="List Bullet"/>
<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
</w:styles>"""


def _levels(form: str) -> str:
    return "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="%{n + 1}."/></w:lvl>'
        for n in range(4)
    )


NUMBERING = f"""<w:numbering {HEAD}>
<w:abstractNum w:abstractNumId="0">{_levels("bullet")}</w:abstractNum>
<w:abstractNum w:abstractNumId="1">{_levels("decimal")}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
</w:numbering>"""


def run(text: str, look: str = "") -> str:
    """Return a run of *text*; *look* is what stands in its properties, as ``<w:b/>``."""
    looks = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def bold(text: str) -> str:
    """Return a bold run."""
    return run(text, "<w:b/>")


def p(*inner: str, style: str = "", number: tuple[int, int] | None = None, mark: str = "") -> str:
    """Return a paragraph; strings that are no XML become runs. *number* is (list, level), *mark* its mark's change."""
    runs = "".join(each if each.startswith("<") else run(each) for each in inner)
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        properties += f'<w:numPr><w:ilvl w:val="{number[1]}"/><w:numId w:val="{number[0]}"/></w:numPr>'
    properties += f"<w:rPr>{mark}</w:rPr>" if mark else ""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{runs}</w:p>"


def heading(text: str, level: int) -> str:
    """Return a heading in a style as German Word names it."""
    return p(text, style=f"berschrift{level}")


def by(author: str = "Ada Lind", date: str = "2026-05-03T09:12:00Z", number: int = 1) -> str:
    """Return the attributes of a change or comment."""
    return f'w:id="{number}" w:author={quoteattr(author)} w:date="{date}"'


def ins(text: str, author: str = "Ada Lind") -> str:
    """Return inserted words."""
    return f"<w:ins {by(author)}>{run(text)}</w:ins>"


def deleted(text: str, author: str = "Ada Lind") -> str:
    """Return deleted words."""
    words = f'<w:r><w:delText xml:space="preserve">{escape(text)}</w:delText></w:r>'
    return f"<w:del {by(author)}>{words}</w:del>"


def commented(text: str, number: int = 0) -> str:
    """Return words with a comment on them."""
    return (
        f'<w:commentRangeStart w:id="{number}"/>{run(text)}<w:commentRangeEnd w:id="{number}"/>'
        f'<w:r><w:commentReference w:id="{number}"/></w:r>'
    )


def comment(number: int, words: str, author: str = "Ben Ode", para: str = "") -> str:
    """Return a comment for ``comments.xml``."""
    key = f' w14:paraId="{para}"' if para else ""
    return f"<w:comment {by(author, number=number)}><w:p{key}>{run(words)}</w:p></w:comment>"


def table(*rows: Sequence[str]) -> str:
    """Return a table; a cell is a text or XML of its paragraphs."""
    cells = lambda row: "".join(f"<w:tc>{c if c.startswith('<') else p(c)}</w:tc>" for c in row)  # noqa: E731
    return f"<w:tbl>{''.join(f'<w:tr>{cells(row)}</w:tr>' for row in rows)}</w:tbl>"


def picture(relation: str, alt: str = "", kind: str = "embed") -> str:
    """Return a run with a picture."""
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Bild" descr={quoteattr(alt)}/><a:graphic><a:graphicData>'
        f'<pic:pic><pic:blipFill><a:blip r:{kind}="{relation}"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def link(relation: str, text: str) -> str:
    """Return a hyperlink."""
    return f'<w:hyperlink r:id="{relation}">{run(text)}</w:hyperlink>'


def footnote(number: int) -> str:
    """Return the reference to a footnote."""
    return f'<w:r><w:footnoteReference w:id="{number}"/></w:r>'


def word_file(
    *body: str,
    parts: Mapping[str, bytes | str] | None = None,
    ties: Sequence[tuple[str, str, str, bool]] = (),
    styles: str = STYLES,
) -> bytes:
    """Return a .docx of *body*; *ties* are (id, kind, target, external), *parts* further parts by name."""
    known = [("s", "styles", "styles.xml", False), ("n", "numbering", "numbering.xml", False)]
    given = dict(parts or {})
    kinds = ("comments", "footnotes", "endnotes")
    known += [(kind, kind, f"{kind}.xml", False) for kind in kinds if f"word/{kind}.xml" in given]
    if "word/commentsExtended.xml" in given:
        known.append(("ce", "commentsExtended", "commentsExtended.xml", False))
    relations = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target={quoteattr(target)}'
        f"{' TargetMode=' + quoteattr('External') if external else ''}/>"
        for key, kind, target, external in (*known, *ties)
    )
    files: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="png" ContentType="image/png"/><Default Extension="emf" ContentType="image/x-emf"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="d" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {HEAD}><w:body>{''.join(body)}<w:sectPr/></w:body></w:document>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
        "word/styles.xml": styles,
        "word/numbering.xml": NUMBERING,
        **given,
    }
    return packed(files)


def packed(files: Mapping[str, bytes | str]) -> bytes:
    """Return a zip of *files*."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def comments(*inner: str) -> str:
    """Return ``comments.xml``."""
    return f"<w:comments {HEAD}>{''.join(inner)}</w:comments>"


def footnotes(**notes: str) -> str:
    """Return ``footnotes.xml``; names are ``n1``, ``n2`` …, values XML of paragraphs."""
    inner = "".join(f'<w:footnote w:id="{name[1:]}">{body}</w:footnote>' for name, body in notes.items())
    separator = '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    return f"<w:footnotes {HEAD}>{separator}{inner}</w:footnotes>"
