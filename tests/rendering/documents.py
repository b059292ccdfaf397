"""Hypothesis strategies for whole Documents, with the worst text that people and machines have put into one."""

from __future__ import annotations

import datetime

from hypothesis import strategies as st

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Contact,
    Document,
    Note,
    Part,
    PeopleGroup,
    Period,
    Person,
    Publisher,
    Section,
    Source,
)
from newsletter.manuscripts.richtext import (
    Break,
    BulletList,
    Emphasis,
    Figure,
    Footnote,
    Link,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Subscript,
    Superscript,
    Table,
    Text,
)
from newsletter.rendering.characters import fit_to_render
from tests.factories import CHART

HOSTILE = (
    "\"quoted\" 'single' <script>alert(1)</script> <!-- --> ]]> &amp; &#60;",
    "{{ 7*7 }} {% include 'x' %} {# gone #} %s {0} \\n \\u{a0} \\\" \\",
    "line\nfeed\r\nreturn\ttab\u2028sep\u2029para\u0085next\x0bvt\x0cff",
    "nul\x00 bell\x07 del\x7f c1\x9b non\ufdd0char\uffff bom\ufeff",
    "no\u00a0break soft\u00adhyphen zero\u200bwidth joined 👩\u200d🔬 flag 🇩🇪 keycap 1\ufe0f\u20e3",
    "مرحبا \u202eoverride\u202c עברית \u2066isolate",
    "工业和信息化部（2024—2026年）《通知》 かな 한국어",
    "<mj-text> </mj-text> <style> </style> <![endif]--> <!--[if mso]>",
    "https://example.org/?a=1&b=2 www.example.org a@example.org # * > 1. | --",
    "ÄÖÜß é e\u0301 ﬁ ﷽ 𝔘𝔫𝔦 \ud800",
    "   ", "",
)  # fmt: skip

words = st.sampled_from(HOSTILE) | st.text(max_size=25)
urls = st.sampled_from(["https://example.org/a?b=\"c\"&d=<e>", "#", "", "javascript:alert(1)", "mailto:a@example.org", "https://bücher.example/工", "//x", "https://[::1", "http://a b/"])  # fmt: skip
texts = st.builds(Text, words)
inlines = st.recursive(
    st.lists(texts | st.just(Break()), max_size=3).map(tuple),
    lambda inner: st.tuples(
        st.one_of(
            st.builds(Strong, inner), st.builds(Emphasis, inner), st.builds(Link, urls, inner),
            st.builds(Superscript, inner), st.builds(Subscript, inner), st.builds(Footnote, inner),
        ),
        texts,
    ),
    max_leaves=4,
)  # fmt: skip
tables = st.builds(
    Table,
    st.lists(inlines, max_size=3).map(tuple),
    st.lists(st.lists(inlines, max_size=3).map(tuple), max_size=3).map(tuple),
    st.lists(st.sampled_from(["left", "center", "right"]), max_size=4).map(tuple),
    inlines,
)
leaves = st.one_of(
    st.builds(Paragraph, inlines),
    st.builds(Figure, st.just(CHART), words, inlines),
    tables,
    st.builds(Subheading, inlines, st.integers(1, 4)),
)
blocks = st.recursive(
    st.lists(leaves, max_size=2).map(tuple),
    lambda inner: st.tuples(
        st.one_of(
            st.builds(BulletList, st.lists(st.builds(ListItem, inner), max_size=2).map(tuple)),
            st.builds(OrderedList, st.lists(st.builds(ListItem, inner), max_size=2).map(tuple), st.integers(0, 1000)),
            st.builds(Quote, inner),
        )
    ),
    max_leaves=3,
)
dates = st.none() | st.dates(datetime.date(1990, 1, 1), datetime.date(2100, 1, 1))
sources = st.builds(Source, words, words, st.sampled_from(["", "zh-Hans", '"><b>']), urls, st.lists(words, max_size=2).map(tuple), dates, words, words, words, words)  # fmt: skip
entries = st.one_of(
    st.builds(Article, words, st.lists(st.builds(Part, blocks, words), max_size=2).map(tuple), st.lists(sources, max_size=1).map(tuple), st.none() | st.integers(0, 99)),
    st.builds(BriefList, words, st.lists(st.builds(Brief, inlines, dates, words), max_size=2).map(tuple)),
    st.builds(Note, blocks, words),
)  # fmt: skip


def _names_no_slot(document: Document) -> bool:
    """Hypothesis takes strings out of our own source, the host kept for slots among them; its refusal has its own test."""
    try:
        fit_to_render(document, edition="any")
    except RenderingError:
        return False
    return True


documents = st.builds(
    Document,
    title=words,
    date=dates,
    period=st.none() | st.builds(Period, st.dates(datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)), st.dates(datetime.date(2024, 2, 1), datetime.date(2025, 2, 1))),
    language=st.sampled_from(["en", "de", "ar", "zh-Hans", "", '"><script>', "en_GB"]),
    organisation=words,
    sections=st.lists(st.builds(Section, words, st.lists(entries, max_size=2).map(tuple)), max_size=2).map(tuple),
    people=st.lists(st.builds(PeopleGroup, words, st.lists(st.builds(Person, words, words), max_size=2).map(tuple)), max_size=1).map(tuple),
    contact=st.none() | st.builds(Contact, words, words),
    publisher=st.none() | st.builds(Publisher, words, st.lists(words, max_size=2).map(tuple)),
).filter(_names_no_slot)  # fmt: skip
