"""Generated Documents and manuscripts: wide, but in the reader's normal form (docs/manuscript.md)."""

from __future__ import annotations

import datetime

from hypothesis import strategies as st

from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Contact,
    Correction,
    Document,
    MailFormat,
    Mailing,
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
    Inline,
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

SIGNS = "abz ABZ019 *_~^[](){}<>#+-.!?:;,|\\`\"'&/=@%$“”–…äßé中文「」（）\u00a0\u00ad\u2003\u200b😀"
signs = st.text(st.sampled_from(SIGNS), min_size=1, max_size=14)
words = st.sampled_from(
    [
        "Quiet rivers",
        "1. Steel",
        "- dash",
        "# no heading",
        "&amp;",
        "2024-02-04: x",
        "4. Februar:",
        "[x](y)",
        "<b>",
        "***",
        "Title {.note}",
        "a#",
        "(a): b",
        ": c",
        "| a |",
        "> q",
        "\\",
        "![",
        "^[",
        "http://a.b/c",
        "---",
        "At a glance:",
    ]
)
wild = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
texts = st.one_of(signs, words, wild)
names = st.one_of(st.just(""), texts)
urls = st.sampled_from(
    [
        "#",
        "",
        "https://example.org/a",
        "http://a.example/b_c*d~e",
        "mailto:a@example.org",
        "https://e.org/x?a=1&amp=2&b",
        "https://e.org/(a)/b)",
        "https://e.org/中文",
        "https://e.org/a|b",
        "https://e.org/a#b[c]",
    ]
)
days = st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 12, 31))


def joined(children: list[Inline]) -> tuple[Inline, ...]:
    """Return *children* with neighbouring texts joined, as the reader does."""
    run: list[Inline] = []
    for child in children:
        if isinstance(child, Text) and run and isinstance(run[-1], Text):
            run[-1] = Text(run[-1].text + child.text)
        else:
            run.append(child)
    return tuple(run)


def runs(depth: int = 2, *, linked: bool = False, minimum: int = 1) -> st.SearchStrategy[tuple[Inline, ...]]:
    """Inlines; no link within a link."""
    leaves: list[st.SearchStrategy[Inline]] = [texts.map(Text), st.just(Break())]
    if depth:
        inner = runs(depth - 1, linked=linked)
        leaves += [inner.map(mark) for mark in (Strong, Emphasis, Superscript, Subscript, Footnote)]
        if not linked:
            leaves.append(st.builds(Link, urls, runs(depth - 1, linked=True)))
    return st.lists(st.one_of(leaves), min_size=minimum, max_size=4).map(joined)


captions = st.one_of(st.just(()), runs(1))
figures = st.builds(
    Figure, st.one_of(st.just("chart.png"), signs.map(str.strip)), st.one_of(st.just(""), signs), captions
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables with one to three columns, aligned or not."""
    width = draw(st.integers(1, 3))
    cell = st.one_of(st.just(()), runs(1))
    rows = draw(st.lists(st.tuples(*[cell] * width), max_size=3))
    sides = st.sampled_from(["left", "center", "right"])
    alignment = draw(st.one_of(st.just(()), st.tuples(*[sides] * width)))
    return Table(draw(st.tuples(*[cell] * width)), tuple(rows), alignment, draw(captions))


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2, minimum: int = 1) -> tuple[object, ...]:
    """Blocks with lists and quotes within each other."""
    kinds = [runs().map(Paragraph), figures, tables(), st.builds(Subheading, runs(1), st.integers(1, 3))]
    if depth:
        items = st.lists(blocks(depth - 1).map(ListItem), min_size=1, max_size=3).map(tuple)
        kinds += [
            items.map(BulletList),
            st.builds(OrderedList, items, st.integers(0, 1200)),
            blocks(depth - 1).map(Quote),
        ]
    return tuple(draw(st.lists(st.one_of(kinds), min_size=minimum, max_size=3)))


sources = st.builds(
    Source,
    title=names,
    original_title=names,
    original_language=st.sampled_from(["", "zh-Hans", "ja"]),
    url=urls,
    bodies=st.lists(texts, max_size=3).map(tuple),
    date=st.one_of(st.none(), days),
    date_text=names,
    label=texts,
    bodies_label=names,
    date_label=texts,
)
parts = st.builds(Part, blocks(1, 0), names)
articles = st.builds(
    Article,
    names,
    st.lists(parts, max_size=3).map(tuple),
    st.lists(sources, max_size=2).map(tuple),
    st.one_of(st.none(), st.integers(0, 999)),
)
briefs = st.builds(Brief, st.one_of(st.just(()), runs()), st.one_of(st.none(), days), names)
entries = st.one_of(
    articles,
    st.builds(BriefList, names, st.lists(briefs, max_size=3).map(tuple)),
    st.builds(Note, blocks(2, 0), names),
)
sections = st.builds(Section, names, st.lists(entries, max_size=3).map(tuple))
yaml_texts = st.one_of(names, st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
documents = st.builds(
    Document,
    title=yaml_texts,
    date=st.one_of(st.none(), days),
    period=st.one_of(st.none(), st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))),
    language=st.sampled_from(["en", "de", "zh-Hans"]),
    organisation=yaml_texts,
    mailing=st.builds(Mailing, yaml_texts, yaml_texts, st.one_of(st.none(), st.sampled_from(MailFormat))),
    sections=st.lists(sections, max_size=3).map(tuple),
    people=st.lists(
        st.builds(PeopleGroup, yaml_texts, st.lists(st.builds(Person, yaml_texts, yaml_texts), max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    contact=st.one_of(st.none(), st.builds(Contact, yaml_texts, yaml_texts)),
    publisher=st.one_of(st.none(), st.builds(Publisher, yaml_texts, st.lists(yaml_texts, max_size=3).map(tuple))),
    corrections=st.lists(st.builds(Correction, yaml_texts, st.one_of(st.none(), days)), max_size=2).map(tuple),
)
