"""The Email Markup Consortium's accessibility checks over a mail as an HTML5 parser (not ours) reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import html5lib
from cssselect import HTMLTranslator, parse

from newsletter.rendering.palette import contrast

Element = Any
VAGUE = {"link", "here", "click here", "more", "read more", "read on", "hier", "mehr", "weiterlesen", "this", "url"}
ARIA = {"aria-label", "aria-roledescription", "aria-hidden", "aria-labelledby"}
ROLES = {"article", "presentation"}


def tree(html: str) -> Element:
    """Return *html* as html5lib sees it."""
    return html5lib.parse(html, treebuilder="lxml", namespaceHTMLElements=False).getroot()


def problems(html: str, *, dark: bool = False) -> list[str]:
    """Return every check that fails, in words; an empty list is a pass."""
    root = tree(html)
    checks = CHECKS if not dark else {"contrast in the dark": lambda r: _contrast(r, dark=True)}
    return [f"{name}: {found}" for name, check in checks.items() for found in check(root)]


def _language(root: Element) -> Iterator[str]:
    if not root.get("lang"):
        yield "html has no lang"


def _direction(root: Element) -> Iterator[str]:
    if root.get("dir") not in ("ltr", "rtl"):
        yield "html has no dir"


def _children_of_body(root: Element) -> Iterator[str]:
    for child in root.find("body"):
        if isinstance(child.tag, str) and not (child.get("lang") and child.get("dir")):
            yield f"<{child.tag}> has no lang and dir"


def _layout_tables(root: Element) -> Iterator[str]:
    for table in root.iter("table"):
        if table.get("class") == "data":
            continue  # an author's table, even where it has neither head nor caption
        if not table.xpath(".//th[not(ancestor::table[2])]|./caption|./thead") and table.get("role") != "presentation":
            yield "a layout table has no role"
    for table in root.xpath("//table[@role='presentation']"):
        if table.xpath("./caption|./thead"):
            yield "a data table is called presentation"


def _one_h1(root: Element) -> Iterator[str]:
    if len(list(root.iter("h1"))) != 1:
        yield f"{len(list(root.iter('h1')))} of h1"


def _levels(root: Element) -> Iterator[str]:
    last = 0
    for heading in root.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        level = int(heading.tag[1])
        if level > last + 1:
            yield f"h{last} is followed by h{level}"
        if not _text(heading):
            yield "a heading is empty"
        last = level


def _link_text(root: Element) -> Iterator[str]:
    for link in root.iter("a"):
        if not _text(link) and not link.get("aria-label"):
            yield f"nothing to read in {link.get('href')}"


def _descriptive(root: Element) -> Iterator[str]:
    for link in root.iter("a"):
        if _text(link).lower().strip(" .:›»→") in VAGUE:
            yield f"{_text(link)!r}"


def _underlined(root: Element) -> Iterator[str]:
    for link in root.iter("a"):
        if "underline" not in _style(link).get("text-decoration", ""):
            yield f"{_text(link)!r} is told by its colour only"


def _alternatives(root: Element) -> Iterator[str]:
    for image in root.iter("img"):
        if image.get("alt") is None:
            yield f"{image.get('src')}"


def _title(root: Element) -> Iterator[str]:
    if not (root.findtext("head/title") or "").strip():
        yield "none"


def _zoom(root: Element) -> Iterator[str]:
    for meta in root.xpath("//meta[@name='viewport']"):
        content = meta.get("content").replace(" ", "").lower()
        if "user-scalable=no" in content or "user-scalable=0" in content or "maximum-scale" in content:
            yield content


def _aria(root: Element) -> Iterator[str]:
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if element.get("role") and element.get("role") not in ROLES:
            yield f"role {element.get('role')}"
        for name, value in element.attrib.items():
            if name.startswith("aria-") and (name not in ARIA or not value.strip()):
                yield f"{name}={value!r}"


def _ids(root: Element) -> Iterator[str]:
    seen = set()
    for name in root.xpath("//@id"):
        if name in seen:
            yield name
        seen.add(name)
    for target in root.xpath("//a[starts-with(@href, '#')]/@href"):
        if target[1:] not in seen:
            yield f"{target} leads nowhere"


def _chinese(root: Element) -> Iterator[str]:
    for node in root.find("body").xpath(".//text()[not(parent::style)]"):
        if re.search("[\u4e00-\u9fff]", node) and not isinstance(node.getparent().tag, str):
            continue  # a comment
        holder = node.getparent() if not node.is_tail else node.getparent().getparent()
        languages = holder.xpath("ancestor-or-self::*/@lang")
        if re.search("[\u4e00-\u9fff]", node) and not languages[-1].startswith("zh"):
            yield f"{node.strip()!r} is tagged {languages[-1]}"


def _contrast(root: Element, *, dark: bool = False) -> Iterator[str]:
    colours = _dark_rules(root) if dark else {}
    for node in root.find("body").iter():
        if isinstance(node.tag, str) and (node.text or "").strip() and not _hidden(node):
            ink = _inherited(node, ("color",), colours) or "#000000"
            ground = _inherited(node, ("background-color", "background"), colours) or "#ffffff"
            if contrast(ink, ground) < 4.5:
                yield f"{ink} on {ground} ({node.tag} {(node.text or '').strip()[:30]!r})"


def _dark_rules(root: Element) -> dict[Element, dict[str, str]]:
    sheet = "".join(style.text or "" for style in root.iter("style"))
    block = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", sheet, re.DOTALL)
    assert block, "no style for the dark"
    rules = []
    for order, (selectors, body) in enumerate(re.findall(r"([^{}]+)\{([^{}]*)\}", block[1])):
        assert all("!important" in line for line in body.split(";") if line.strip()), body
        rules += [(selector.specificity(), order, selector, body) for selector in parse(selectors.strip())]
    found: dict[Element, dict[str, str]] = {}
    for _, _, selector, body in sorted(rules, key=lambda rule: rule[:2]):
        for element in root.xpath(HTMLTranslator().selector_to_xpath(selector)):
            found.setdefault(element, {}).update(_declarations(body.replace("!important", "")))
    return found


def _inherited(node: Element, names: tuple[str, ...], colours: dict[Element, dict[str, str]]) -> str:
    for element in (node, *node.iterancestors()):
        style = {**_style(element), **colours.get(element, {})}
        for name in names:
            if re.fullmatch("#[0-9a-f]{6}", style.get(name, "")):
                return style[name]
    return ""


def _hidden(node: Element) -> bool:
    return any("none" in _style(element).get("display", "") for element in (node, *node.iterancestors()))


def _style(element: Element) -> dict[str, str]:
    return _declarations(element.get("style") or "")


def _declarations(css: str) -> dict[str, str]:
    pairs = (one.partition(":") for one in css.split(";") if ":" in one)
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


CHECKS: dict[str, Callable[[Element], Iterator[str]]] = {
    "lang on html": _language,
    "dir on html": _direction,
    "lang and dir on the children of body": _children_of_body,
    "layout tables are presentation": _layout_tables,
    "one h1": _one_h1,
    "no skipped levels": _levels,
    "links have text": _link_text,
    "links are descriptive": _descriptive,
    "links are underlined": _underlined,
    "contrast": _contrast,
    "alt on images": _alternatives,
    "title": _title,
    "zoom is not disabled": _zoom,
    "ARIA is valid": _aria,
    "ids are unique": _ids,
    "language of parts": _chinese,
}
