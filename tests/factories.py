"""Things to test with: an invented issue that uses every form a Document can have, and its pictures."""

from __future__ import annotations

import datetime
import io
from functools import cache

from PIL import Image, ImageDraw

from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Contact,
    Document,
    Entry,
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
from newsletter.manuscripts.pictures import Picture, Pictures, read_picture
from newsletter.manuscripts.richtext import (
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
from newsletter.rendering.theme import Imprint, Masthead

CHART = "grid-storage.png"
"""The name under which the invented issue shows its one picture."""


def inlines(*given: str | Inline) -> tuple[Inline, ...]:
    """Return *given* with bare strings as Text."""
    return tuple(Text(one) if isinstance(one, str) else one for one in given)


def paragraph(*given: str | Inline) -> Paragraph:
    """Return a paragraph of *given*."""
    return Paragraph(inlines(*given))


def bullets(*given: str) -> BulletList:
    """Return a bullet list with one paragraph an item."""
    return BulletList(tuple(ListItem((paragraph(text),)) for text in given))


def link(url: str, *given: str | Inline) -> Link:
    """Return a link over *given*."""
    return Link(url, inlines(*given))


def with_entries(*entries: Entry, title: str = "An issue", language: str = "en") -> Document:
    """Return a small Document whose one section holds *entries*."""
    return Document(title=title, language=language, sections=(Section("Section", entries),))


def with_blocks(*blocks: object, title: str = "An issue") -> Document:
    """Return a small Document whose one article holds *blocks* as its body."""
    return with_entries(Article("Article", (Part(tuple(blocks)),)), title=title)  # type: ignore[arg-type]


@cache
def chart() -> Picture:
    """Return a small bar chart as PNG, the same bytes each time."""
    image = Image.new("RGB", (1200, 640), "#ffffff")
    draw = ImageDraw.Draw(image)
    for row in range(5):
        draw.line((80, 80 + row * 110, 1140, 80 + row * 110), fill="#c9d1d8", width=2)
    for place, height in enumerate((60, 110, 170, 235, 330, 420)):
        left = 120 + place * 172
        draw.rectangle((left, 520 - height, left + 96, 520), fill="#b3401a" if place == 5 else "#0b3c5d")
    draw.line((80, 520, 1140, 520), fill="#1d252c", width=4)
    data = io.BytesIO()
    image.save(data, "PNG")
    return read_picture(data.getvalue(), CHART)


def sample_pictures() -> Pictures:
    """Return the pictures of the invented issue."""
    return {CHART: chart()}


def sample_masthead(language: str = "en") -> Masthead:
    """Return the masthead of the invented institute."""
    return Masthead(
        publication="Pacific Grids",
        publisher="Halvorsen Institute",
        language=language,
        imprint=Imprint(
            name="Halvorsen Institute for Energy Studies",
            lines=("Speicherstraße 14", "20457 Hamburg", "Tel.: +49 40 5550 0140"),
            email="office@halvorsen.example",
            website="https://www.halvorsen.example",
        ),
    )


def _storage_article() -> Article:
    figure = Figure(
        CHART,
        "Bar chart: installed grid storage rises from 6 gigawatts in 2018 to 42 gigawatts in 2023.",
        inlines("Installed grid storage in gigawatts, 2018–2023. Source: ", Emphasis(inlines("own survey")), "."),
    )
    table = Table(
        header=(inlines("Province"), inlines("Storage 2023"), inlines("Target 2027")),
        rows=(
            (inlines("Shandong"), inlines("4.0 GW"), inlines("9.5 GW")),
            (inlines("Inner Mongolia (内蒙古)"), inlines("3.5 GW"), inlines(Strong(inlines("10 GW")))),
            (inlines("Ningxia"), inlines("2.7 GW"), inlines("5.0 GW")),
        ),
        alignment=("left", "right", "right"),
        caption=inlines("Three provinces carry a quarter of the target"),
    )
    return Article(
        "Storage first: provinces race to firm up wind and sun",
        number=1,
        parts=(
            Part(
                (
                    paragraph("The National Energy Administration (NEA) asks provinces to pair new wind parks with batteries. By 2027:"),
                    bullets(
                        "Raise grid storage to 97 gigawatts, a third of it in the north-west",
                        "Cut curtailment below five percent in every province",
                        "Open the balancing market to storage of 10 megawatts and more",
                    ),
                ),
                "At a glance",
            ),
            Part(
                (
                    paragraph(
                        "The plan reads like a ", Emphasis(inlines("wish list")), ", yet it comes with money: a ",
                        link("https://www.example.org/grids/capacity-fee", "capacity fee"),
                        " of 100 yuan per kilowatt and year",
                        Footnote(inlines("For ", Strong(inlines("lithium")), " stores only; see ", link("https://www.example.org/grids/fee-table", "the fee table"), ".")),
                        " pays for readiness, not for use. Each tonne of CO", Subscript(inlines("2")), " saved costs less than a square metre (m",
                        Superscript(inlines("2")), ") of office space.",
                    ),
                    Subheading(inlines("Who pays")),
                    paragraph("Households are spared; industry is not.", Footnote(inlines("Decree 114, paragraph 3."))),
                    figure,
                    Subheading(inlines("Who builds"), level=2),
                    OrderedList(
                        (
                            ListItem((paragraph("State grid companies lease stores,"), bullets("for ten years at most", "at regulated prices"))),
                            ListItem((paragraph("provincial utilities own them."),)),
                        ),
                        start=3,
                    ),
                    table,
                    Quote((paragraph("A battery that is never used is the best battery we have,"), paragraph("says a dispatcher in Jinan."))),
                ),
                "Our comment",
            ),
            Part((paragraph(link("https://www.example.org/grids/report", "Storage on paper and on the ground"), ". Report by Ida Brandt."),), "More on the topic"),
        ),
        sources=(
            Source(
                title="Guiding Opinions on Accelerating New Energy Storage (2024–2027)",
                original_title="国家能源局关于加快新型储能发展的指导意见（2024—2027年）",
                original_language="zh-Hans",
                url="https://www.example.org/nea/storage",
                bodies=("NEA",),
                bodies_label="Issuing body",
                date=datetime.date(2024, 5, 14),
            ),
        ),
    )  # fmt: skip


def _short_article(number: int, title: str, glance: str, comment: str, source: Source) -> Article:
    return Article(
        title,
        number=number,
        parts=(
            Part((paragraph(glance), bullets("Name a lead office by autumn", "Report results each quarter")), "At a glance"),
            Part((paragraph(comment),), "Our comment"),
        ),
        sources=(source,),
    )  # fmt: skip


def _source(title: str, original: str, page: str, *bodies: str, day: int) -> Source:
    return Source(
        title=title,
        original_title=original,
        original_language="zh-Hans",
        url=f"https://www.example.org/{page}",
        bodies=bodies,
        bodies_label="Issuing bodies" if len(bodies) > 1 else "Issuing body",
        date=datetime.date(2024, 5, day),
    )


def _features() -> Section:
    return Section(
        "Top 5",
        (
            _storage_article(),
            _short_article(
                2,
                "Cables & converters: a standard for the seabed",
                "Two ministries want one plug for all offshore wind parks.",
                "Whoever writes the standard sells the ships. “Open” means open to members.",
                _source(
                    "Technical Code for Offshore Converter Stations", "海上换流站技术规范", "sea", "MIIT", "NEA", day=15
                ),
            ),
            _short_article(
                3,
                "Heat below the city: pilot zones for deep wells",
                "Twelve cities may drill below 2,000 metres.",
                "The geology is kind, the paperwork is not; permits pass seven desks.",
                _source("Notice on Geothermal Pilot Zones", "关于开展地热能试点的通知", "heat", "MNR", day=17),
            ),
            _short_article(
                4,
                "The meter that talks back",
                "Households shall be billed by the quarter hour.",
                "Data flow to the grid company first and to the customer last.",
                _source("Measures for Smart Metering", "智能电表管理办法", "meter", "SAMR", day=21),
            ),
            _short_article(
                5,
                "Ten thousand electricians wanted",
                "A training plan for high-voltage work begins in June.",
                "Schools teach yesterday’s switchgear; firms train for themselves.",
                _source("High-Voltage Training Plan", "高压电工培训计划", "training", "MOHRSS", "MOE", day=23),
            ),
        ),
    )


def _briefs() -> Section:
    return Section(
        "Noteworthy",
        (
            BriefList(
                "Policy news",
                (
                    Brief(
                        inlines("The State Council froze network tariffs for a year (", link("https://www.example.org/b/1", "notice"), ", ", link("https://www.example.org/b/2", "press conference"), ")"),
                        datetime.date(2024, 5, 16),
                        "May 16",
                    ),
                    Brief(inlines("Qinghai reports 30 days on renewables alone (", link("https://www.example.org/b/3", "Qinghai Daily article"), ")"), None, "May 20"),
                ),
            ),
            BriefList(
                "Corporate news",
                (Brief(inlines("Lanyue Batteries opens its third plant in Hefei (", link("https://www.example.org/b/4", "company release"), ")"), datetime.date(2024, 5, 22), "May 22"),),
            ),
        ),
    )  # fmt: skip


def sample_document() -> Document:
    """Return the invented issue: two sections and an editorial, every kind of block, entry and field."""
    editorial = Note(
        (paragraph("Dear readers, this spring the grid became news. We explain why, and what to watch until autumn."),),
        "Editorial",
    )
    events = Note(
        (
            paragraph(
                Strong(inlines("June 12, Hamburg:")),
                " Who owns the balancing market? Register by ",
                link("mailto:events@halvorsen.example", "mail"),
                ".",
            ),
        ),
        "Events",
    )
    features, noteworthy = _features(), _briefs()
    return Document(
        title="Pacific Grids",
        date=datetime.date(2024, 5, 29),
        period=Period(datetime.date(2024, 5, 14), datetime.date(2024, 5, 27)),
        organisation="Halvorsen Institute",
        mailing=Mailing(),
        sections=(
            Section(features.title, (editorial, *features.entries)),
            Section(noteworthy.title, (*noteworthy.entries, events)),
        ),
        people=(
            PeopleGroup("Authors", (Person("Ida Brandt", "Analyst"), Person("Matteo Okafor", "Senior Analyst"))),
            PeopleGroup("Editors", (Person("Jo Lindqvist", "Head of Publications"),)),
        ),
        contact=Contact("grids@halvorsen.example", "For more information, please contact:"),
        publisher=Publisher("Publisher", ("Halvorsen Institute for Energy Studies", "Speicherstraße 14", "20457 Hamburg", "www.halvorsen.example")),
    )  # fmt: skip
