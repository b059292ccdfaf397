"""The table of rules, and the proof of a Document against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.places import passages
from newsletter.manuscripts.proofing.acronyms import two_meanings, wrong_initials
from newsletter.manuscripts.proofing.counts import wrong_counts
from newsletter.manuscripts.proofing.glyphs import missing_glyphs as glyphs_missing
from newsletter.manuscripts.proofing.leftovers import doubled_words, empty_text, placeholder_words, repeated_headings
from newsletter.manuscripts.proofing.links import placeholder_links, sources_without_link
from newsletter.manuscripts.proofing.periods import outside_period
from newsletter.manuscripts.proofing.pictures import missing_alt_text
from newsletter.manuscripts.proofing.rule import Copy, MissingGlyphs, Rule
from newsletter.manuscripts.proofing.spellings import two_spellings
from newsletter.manuscripts.remarks import Remark, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        "placeholder-link", Severity.ERROR, "A link whose address is `#`, empty, or no address.",
        "A reader who clicks it gets nowhere, in a mail that cannot be called back.", placeholder_links,
    ),
    Rule(
        "two-spellings", Severity.ERROR, "A name written with different capitals, or not as the house style prefers.",
        "Readers notice a misspelled name first, above all one's own.", two_spellings,
    ),
    Rule(
        "acronym-initials", Severity.ERROR, "An acronym that is not made of the initials of the name before it.",
        "One of the two names the wrong institution.", wrong_initials,
    ),
    Rule(
        "acronym-meanings", Severity.ERROR, "An acronym with two expansions, or an expansion with two acronyms.",
        "Readers cannot tell which is meant further down.", two_meanings,
    ),
    Rule(
        "wrong-count", Severity.ERROR, "A number of issuing bodies or of items that does not fit the list.",
        "The text contradicts itself, and a body may be missing.", wrong_counts,
    ),
    Rule(
        "missing-alt-text", Severity.ERROR, "A picture without alternative text.",
        "Readers with screen readers, or with images off, learn nothing of it.", missing_alt_text,
    ),
    Rule(
        "missing-glyph", Severity.ERROR, "A character that no font of the PDF has.",
        "It would be left out of the PDF without a trace.", glyphs_missing,
    ),
    Rule(
        "outside-period", Severity.WARNING, "A brief or a source dated outside the reporting period.",
        "The date is wrong, or the item belongs into another issue.", outside_period,
    ),
    Rule(
        "source-without-link", Severity.WARNING, "A source that has no address.",
        "Readers cannot check what is reported.", sources_without_link,
    ),
    Rule(
        "placeholder-words", Severity.WARNING, "Words such as TODO, [TK], XXX or Lorem ipsum.",
        "The text is not finished.", placeholder_words,
    ),
    Rule(
        "empty-text", Severity.WARNING, "An article, a part or a list of briefs with nothing in it.",
        "The heading promises what does not come.", empty_text,
    ),
    Rule(
        "repeated-heading", Severity.WARNING, "Two sections, or two entries of one section, with the same title.",
        "Text was pasted twice, or the contents are ambiguous.", repeated_headings,
    ),
    Rule(
        "doubled-word", Severity.WARNING, "A word twice in a row.",
        "A slip that the eye passes over, above all at the end of a line.", doubled_words,
    ),
)  # fmt: skip
"""Every rule, in the order its Remarks are shown."""


def proof(
    document: Document, *, house_style: HouseStyle = HouseStyle(), missing_glyphs: MissingGlyphs | None = None
) -> tuple[Remark, ...]:
    """Return what the rules find in *document*, in the order of ``RULES``.

    *missing_glyphs* returns, for a text, the characters that no font has.
    """
    copy = Copy(document, tuple(passages(document)), house_style, missing_glyphs)
    return tuple(
        Remark(
            rule.name,
            house_style.severities.get(rule.name, rule.severity),
            found.message,
            found.advice,
            found.places,
        )
        for rule in RULES
        for found in rule.check(copy)
    )


def blockers(remarks: Iterable[Remark], waived: Collection[str] = ()) -> tuple[Remark, ...]:
    """Return the Remarks that stop sign-off: errors, and warnings whose key is not in *waived*; never notices."""
    return tuple(
        remark
        for remark in remarks
        if remark.severity is Severity.ERROR or (remark.severity is Severity.WARNING and remark.key not in waived)
    )
