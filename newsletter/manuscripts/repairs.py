"""Repairs: what reading mended, left out or could not place, as Remarks with their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.manuscripts.remarks import Place, Remark, Severity


@dataclass(frozen=True, slots=True)
class Repair:
    """One kind of repair: its name, weight, a gloss for the documentation, its sentence and its advice.

    ``{n}`` in the sentence for several is the number of places.
    """

    name: str
    severity: Severity
    gloss: str
    one: str
    many: str
    advice: str


_WARNING, _NOTICE, _ERROR = Severity.WARNING, Severity.NOTICE, Severity.ERROR

REPAIRS: dict[str, Repair] = {
    repair.name: repair
    for repair in (
        Repair(
            "contents-dropped", _NOTICE, "The manuscript's own contents list is left out; each edition has its own.",
            "The manuscript's table of contents is left out.", "The manuscript's table of contents is left out.",
            "Nothing to do: every edition gets contents of its own, with the right page numbers.",
        ),
        Repair(
            "link-word", _NOTICE, "A source's link was called \"Link\"; its title is the link now.",
            "The word for a source's link is left out, since the source's title is the link.",
            "The word for the link of {n} sources is left out, since the source's title is the link.",
            "Nothing to do.",
        ),
        Repair(
            "stray-brief", _WARNING, "A dated line between briefs had lost its bullet and was taken as a brief.",
            "A dated line had lost its bullet and is taken as a brief.",
            "{n} dated lines had lost their bullet and are taken as briefs.",
            "Check that it belongs to this list, and give it its bullet in the manuscript.",
        ),
        Repair(
            "split-sentence", _WARNING, "A sentence was torn in two by an empty line and was joined.",
            "A sentence was split by an empty line and is joined.",
            "{n} sentences were split by an empty line and are joined.",
            "Check that the two halves belong together, and take the empty line out of the manuscript.",
        ),
        Repair(
            "raw-html", _WARNING, "HTML tags and comments are never part of an issue; the words between tags stay.",
            "HTML in the manuscript is left out; the words between its tags stay.",
            "HTML in {n} places of the manuscript is left out; the words between its tags stay.",
            "Use Markdown instead, or take the HTML out.",
        ),
        Repair(
            "unusable-link", _WARNING, "A link that is not http, https or mailto loses its address; its words stay.",
            "A link's address cannot be used in a mail and is left out; its words stay.",
            "The addresses of {n} links cannot be used in a mail and are left out; their words stay.",
            "Give the full address, beginning with https://, http:// or mailto:.",
        ),
        Repair(
            "hover-text", _NOTICE, "The hover text of a link is left out: mail programs and paper have none.",
            "The hover text of a link is left out.", "The hover text of {n} links is left out.",
            "If readers need these words, put them into the text.",
        ),
        Repair(
            "inline-picture", _WARNING, "A picture in a heading or a table cell is left out; its description stays.",
            "A picture in a heading or a table is left out; its description stays.",
            "{n} pictures in headings or tables are left out; their descriptions stay.",
            "Give the picture a paragraph of its own.",
        ),
        Repair(
            "unused-footnote", _WARNING, "A footnote that nothing refers to became a paragraph.",
            "Nothing refers to this footnote; it stands as a paragraph now.",
            "Nothing refers to {n} footnotes; they stand as paragraphs now.",
            "Refer to it in the text, or take it out.",
        ),
        Repair(
            "stray-field", _WARNING, "A line like \"Date:\" stood where no source is; it stays in the text.",
            "A field stands where there is no source for it; it stays in the text.",
            "{n} fields stand where there is no source for them; they stay in the text.",
            "Put it directly below the source it belongs to.",
        ),
        Repair(
            "unplaced-words", _WARNING, "Words of the manuscript found no place in the issue.",
            "Words of this line found no place in the issue.", "Words of {n} lines found no place in the issue.",
            "Look at these lines in the manuscript and put the words where they belong.",
        ),
        Repair(
            "title-missing", _ERROR, "The manuscript has no title.",
            "The manuscript has no title.", "The manuscript has no title.",
            "Write the title into the first line, or as `title:` into the front matter.",
        ),
        Repair(
            "front-matter", _WARNING, "A line of the front matter is unknown or its value cannot be used.",
            "A value of the front matter cannot be used.", "{n} values of the front matter cannot be used.",
            "See docs/manuscript.md for the fields and what they look like.",
        ),
        Repair(
            "encoding-guessed", _NOTICE, "The file is not UTF-8; its encoding was guessed.",
            "The file is not UTF-8; its encoding was guessed.", "The file is not UTF-8; its encoding was guessed.",
            "Look at accented letters in the preview, and save the file as UTF-8 next time.",
        ),
        Repair(
            "page-furniture", _NOTICE, "Page numbers standing alone, and the running heads beside them, are left out.",
            "A page number or running head is left out.", "{n} page numbers and running heads are left out.",
            "Nothing to do.",
        ),
        Repair(
            "word-text-box", _WARNING, "A text box of a Word file was put into the running text, after its paragraph.",
            "The words of a text box stand in the running text now, after the paragraph it hung on.",
            "The words of {n} text boxes stand in the running text now, after the paragraphs they hung on.",
            "Look whether they stand where they should.",
        ),
        Repair(
            "word-equation", _WARNING, "An equation of a Word file became plain signs in a row.",
            "An equation was taken over as plain signs.", "{n} equations were taken over as plain signs.",
            "Read it over; put a picture in its place where plain signs do not say it.",
        ),
        Repair(
            "word-drawing", _WARNING, "A SmartArt drawing or a chart of a Word file is left out; its words are quoted.",
            "A drawing or chart is left out; no mail shows it.",
            "{n} drawings or charts are left out; no mail shows them.",
            "In Word, copy it, paste it as a picture (PNG), and hand the file in again.",
        ),
        Repair(
            "word-picture", _WARNING, "A picture in a Word file that no mail shows, or lying elsewhere, is left out.",
            "A picture of the Word file is left out.", "{n} pictures of the Word file are left out.",
            "In Word, copy it, paste it as a picture (PNG or JPEG), and hand the file in again.",
        ),
        Repair(
            "word-embedded", _WARNING, "A file embedded in a Word file is left out.",
            "An embedded file is left out.", "{n} embedded files are left out.",
            "Put what readers need of it into the text.",
        ),
        Repair(
            "word-hidden", _WARNING, "Text formatted as hidden in Word is left out.",
            "Hidden text is left out.", "Hidden text in {n} places is left out.",
            "Make it visible in Word if it belongs into the issue.",
        ),
        Repair(
            "word-struck", _WARNING, "Words formatted as struck through, by hand and not as a tracked change, stay.",
            "Struck-through words stand in the text as ordinary ones.",
            "Struck-through words in {n} places stand in the text as ordinary ones.",
            "Take them out if they are meant to go.",
        ),
        Repair(
            "word-merged-cells", _WARNING, "Merged cells of a table were taken apart; the words stand in the first.",
            "Merged cells of a table were taken apart.", "Merged cells of {n} tables were taken apart.",
            "Look at the table in the preview.",
        ),
        Repair(
            "word-sign", _WARNING, "A sign of a symbol font has no counterpart and is left out.",
            "A sign of a symbol font is left out.", "{n} signs of symbol fonts are left out.",
            "Put an ordinary sign in its place.",
        ),
        Repair(
            "word-placeholder", _NOTICE, "The placeholder of an empty form field of a Word file is left out.",
            "The placeholder of an empty form field is left out.", "Placeholders of {n} form fields are left out.",
            "Nothing to do.",
        ),
        Repair(
            "word-highlight", _NOTICE, "Words were marked with a highlighter in Word; the mark is gone.",
            "Words were marked with a highlighter.", "Words in {n} places were marked with a highlighter.",
            "Look whether the mark meant something.",
        ),
        Repair(
            "word-header", _NOTICE, "Headers and footers of a Word file are left out.",
            "The Word file's header or footer is left out.", "{n} headers and footers of the Word file are left out.",
            "Nothing to do: every edition has its own.",
        ),
        Repair(
            "word-formatting", _NOTICE, "Tracked changes of formatting alone are taken as they stand.",
            "Tracked changes of formatting alone are taken as they stand.",
            "Tracked changes of formatting alone are taken as they stand.",
            "Nothing to do: the issue has formatting of its own.",
        ),
        Repair(
            "word-macros", _NOTICE, "Macros of a Word file are left out and never run.",
            "The Word file has macros; they are left out and were not run.",
            "{n} Word files have macros; they are left out and were not run.",
            "Ask whoever sent it whether that is meant.",
        ),
    )
}  # fmt: skip
"""Every repair by name, in the order of docs/proofing.md."""

MAX_QUOTE = 300
"""Characters of a quote that is shown; only what is in the issue anyway is cut."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place of one repair, before findings of a kind become one Remark."""

    repair: str
    line: int | None
    quote: str


def remarks_of(findings: Iterable[Finding], severities: dict[str, Severity] | None = None) -> tuple[Remark, ...]:
    """Return one Remark for each kind among *findings*, its places in the order of the manuscript."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.repair, []).append(finding)
    remarks = []
    for name, repair in REPAIRS.items():
        if found := kinds.get(name):
            found.sort(key=lambda finding: finding.line or 0)
            message = repair.one if len(found) == 1 else repair.many.format(n=len(found))
            places = tuple(Place(finding.line, quote=finding.quote) for finding in found)
            severity = (severities or {}).get(name, repair.severity)
            remarks.append(Remark(name, severity, message, repair.advice, places))
    return tuple(remarks)
