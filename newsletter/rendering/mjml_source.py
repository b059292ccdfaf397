"""MJML: checked against what we know of it, written in the one form its compiler gets right, and compiled to HTML."""

from __future__ import annotations

import re

from lxml import etree
from mjml import mjml2html

from newsletter.kit.errors import RenderingError

_BOX = {"padding", "css-class", "background-color"}
_WORDS = {"class", "id", "lang", "dir"}
KNOWN: dict[str, frozenset[str]] = {
    tag: frozenset(attributes)
    for tag, attributes in {
        "mjml": {"lang", "dir"},
        "mj-head": set(),
        "mj-title": set(),
        "mj-style": set(),
        "mj-attributes": set(),
        "mj-text": {*_BOX, "align", "color", "font-family", "font-size", "line-height"},
        "mj-body": {"background-color", "width", "css-class"},
        "mj-section": {*_BOX, "direction", "text-align"},
        "mj-column": {*_BOX},
        "mj-raw": set(),
        **dict.fromkeys(("div", "p", "span", "strong", "em", "sup", "sub", "ul", "li", "blockquote"), _WORDS),
        **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "caption"), _WORDS),
        **dict.fromkeys(("thead", "tbody", "tr", "br"), _WORDS),
        "ol": {*_WORDS, "start"},
        "a": {*_WORDS, "href"},
        "img": {*_WORDS, "src", "alt", "width", "height"},
        "table": {*_WORDS, "role", "width", "cellspacing", "cellpadding", "border"},
        "td": {*_WORDS, "align", "valign", "width"},
        "th": {*_WORDS, "align", "scope"},
    }.items()
}
"""Every element and attribute our templates use. The compiler says nothing of one it does not know, and drops it."""
_EMPTY = frozenset({"br", "img"})
_UNSAFE = re.compile(r"[^\x20-\x7e]|[\"\\\\<>&]")


def compiled(source: str) -> str:
    """Return the HTML of the MJML *source*; raise ``RenderingError`` where it is not well-formed or not known MJML."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, strip_cdata=True)
        root = etree.fromstring(source.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise RenderingError(f"The email edition's template is not well-formed: {error.msg}.") from error
    try:
        html = mjml2html(_written(root), fonts={})
    except ValueError as error:
        raise RenderingError(f"The email edition's template is no MJML: {error}.") from error
    # The compiler writes attributes as its own language quotes strings. We gave it nothing to quote: no backslash,
    # no line end, nothing beyond ASCII; so a backslash here means that it changed its mind on something.
    if "\\" in html:
        raise RenderingError("The MJML compiler quoted an attribute in a way that mail programs cannot read.")
    return str(html)


def _written(element: etree._Element) -> str:
    tag = str(element.tag)
    if tag not in KNOWN:
        raise RenderingError(f"The email edition's template has an unknown element <{tag}>.")
    unknown = [name for name, _ in _attributes(element) if name not in KNOWN[tag]]
    if unknown:
        raise RenderingError(f"The email edition's template has an unknown attribute {unknown[0]} on <{tag}>.")
    attributes = "".join(f' {name}="{_attribute(value)}"' for name, value in _attributes(element))
    if tag in _EMPTY:
        return f"<{tag}{attributes}/>"
    # The title becomes an attribute, too: the sheet's label for screen readers.
    quote = {"mj-style": _style, "mj-title": _attribute}.get(tag, _text)
    inside = quote(element.text or "")
    inside += "".join(_written(child) + quote(child.tail or "") for child in element)
    return f"<{tag}{attributes}>{inside}</{tag}>"


def _attributes(element: etree._Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def _attribute(value: str) -> str:
    """Return *value* as printable ASCII; numeric references go through the compiler untouched."""
    return _UNSAFE.sub(lambda found: f"&#{ord(found.group())};", re.sub(r"[\t\r\n ]+", " ", value))


def _text(value: str) -> str:
    return re.sub(r"[\\<>&]", lambda found: f"&#{ord(found.group())};", value)


def _style(value: str) -> str:
    if "<" in value or "\\" in value:
        raise RenderingError("The email edition's style sheet has a < or a backslash in it.")
    return value
