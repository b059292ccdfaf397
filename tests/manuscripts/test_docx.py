"""Word files are read whole: every shape that Word writes, and no word lost unheard."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from newsletter.manuscripts.document import Article, BriefList, figures_of
from newsletter.manuscripts.docx import read_docx
from newsletter.manuscripts.files import ManuscriptFile, read_file
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.losses import strings_of
from newsletter.manuscripts.proofing import blockers
from newsletter.manuscripts.writer import write
from tests.manuscripts.word_files import (
    HEAD,
    OFFICE,
    bold,
    comment,
    commented,
    comments,
    footnote,
    footnotes,
    heading,
    link,
    p,
    picture,
    run,
    table,
    word_file,
)

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, "#0b3c5d").save(out, "PNG")
    return out.getvalue()


def text(*body: str, **more) -> str:
    """The Markdown that a body becomes."""
    return read_docx(word_file(*body, **more), "a.docx").text


def oddities(*body: str, **more) -> dict[str, str]:
    """What is named of it."""
    return {oddity.repair: oddity.quote for oddity in read_docx(word_file(*body, **more), "a.docx").oddities}


def whole(*body: str, **more):
    """The issue that a body becomes."""
    return read_file(ManuscriptFile("issue.docx", word_file(*body, **more)), house_style=HouseStyle())


def test_a_whole_issue_in_word_is_the_issue():
    """Title, date, sections, numbered articles, labels, sources, briefs and people, in German styles."""
    reading = whole(
        p("Northern Trades", style="Titel"),
        p("May 14, 2025"),
        heading("Top stories", 1),
        p("Ports first in line", style="berschrift2", number=(2, 0)),
        p(bold("At a glance:"), " The ministry released a plan."),
        p("Equip 40 berths", number=(1, 0)),
        p("in the north", number=(1, 1)),
        p(bold("HALDIS comment"), ": Ferries burn diesel", footnote(2), "."),
        p("Article: Plan for Shore Power (", link("h", "Link"), ")", "<w:r><w:br/></w:r>", "Issuing body: MPIS"),
        p("Crates of a better kind", style="Eigene", number=(2, 0)),
        p("At a glance: Beech."),
        heading("Short news", 1),
        heading("Rules", 2),
        p("May 2: The Council passed new rules.", number=(1, 0)),
        p("May 5: Welders may weld.", number=(1, 0)),
        heading("Authors", 1),
        p("Åse Lind, Analyst"),
        ties=[("h", "hyperlink", "https://example.org/plan", True)],
        parts={"word/footnotes.xml": footnotes(n2=p("At least the large ones."))},
    )
    document = reading.document
    assert (document.title, str(document.date)) == ("Northern Trades", "2025-05-14")
    assert [section.title for section in document.sections] == ["Top stories", "Short news"]
    one, two = document.sections[0].entries
    assert isinstance(one, Article)
    assert (one.number, one.title) == (1, "Ports first in line")
    assert isinstance(two, Article)
    assert (two.number, two.title) == (2, "Crates of a better kind")
    assert [part.label for part in one.parts] == ["At a glance", "HALDIS comment"]
    assert (one.sources[0].url, one.sources[0].bodies) == ("https://example.org/plan", ("MPIS",))
    briefs = document.sections[1].entries[0]
    assert isinstance(briefs, BriefList)
    assert [str(brief.date) for brief in briefs.briefs] == ["2025-05-02", "2025-05-05"]
    assert document.people[0].people[0].name == "Åse Lind"
    assert "^[At least the large ones.]" in write(document)
    assert blockers(reading.remarks) == ()


def test_word_s_splinters_are_one():
    """Runs cut by the spelling checker, bold blanks and a link in three pieces read as they look."""
    made = text(
        p(
            bold("Ferries "), bold("burn"), run(" "), bold("diesel"), run(" at the "), run("qu"),
            '<w:proofErr w:type="spellStart"/>', run("ay"), run(". "), run("H", ""), run("2", '<w:vertAlign w:val="subscript"/>'), run("O"),
        )
    )  # fmt: skip
    assert made == "**Ferries burn diesel** at the quay. H~2~O\n"


def test_links_of_every_kind():
    """A hyperlink, a field in three parts, a simple field, and a bookmark within the file, of which the words stay."""
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> HYPERLINK "https://b.example/x" </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("bee")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    simple = f'<w:fldSimple w:instr=" HYPERLINK &quot;https://c.example/&quot; ">{run("sea")}</w:fldSimple>'
    anchor = f'<w:hyperlink w:anchor="top">{run("dee")}</w:hyperlink>'
    date = f'<w:fldSimple w:instr=" DATE ">{run("3 May")}</w:fldSimple>'
    made = text(
        p(link("h", "ay"), run(" "), field, run(" "), simple, run(" "), anchor, run(" "), date),
        ties=[("h", "hyperlink", "https://a.example/?x=1&y=2", True)],
    )
    assert made == "[ay](https://a.example/?x=1&y=2) [bee](https://b.example/x) [sea](https://c.example/) dee 3 May\n"


def test_wrappers_keep_their_words():
    """Smart tags, content controls, custom XML, ruby and text of two directions hold ordinary words."""
    made = text(
        p(f'<w:smartTag w:uri="x" w:element="place">{run("Kiel")}</w:smartTag>', run(" "),
          f"<w:sdt><w:sdtPr/><w:sdtContent>{run('and Bergen')}</w:sdtContent></w:sdt>", run(" "),
          f'<w:customXml w:element="x">{run("and Oslo")}</w:customXml>', run(" "),
          "<w:r><w:ruby><w:rubyPr/><w:rt><w:r><w:t>gang</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>港</w:t></w:r></w:rubyBase></w:ruby></w:r>"),
        f"<w:sdt><w:sdtContent>{p('A block of its own.')}</w:sdtContent></w:sdt>",
    )  # fmt: skip
    assert made == "Kiel and Bergen and Oslo 港\n\nA block of its own.\n"


def test_lists_nest_and_go_on_counting():
    """Levels are kept, numbers go on after an interruption, and a list that begins anew begins at one."""
    made = text(
        p("one", number=(2, 0)), p("two", number=(2, 0)), p("inner", number=(1, 1)), p("An interruption follows here."),
        p("three", number=(2, 0)), p("Another."), p("one again", number=(3, 0)), p("By style", style="Aufzhlung"),
    )  # fmt: skip
    assert "1. one\n\n2. two\n\n   - inner" in made
    assert "3. three" in made
    assert "1. one again" in made
    assert "- By style" in made


def test_numbered_bold_lines_are_titles():
    """Articles whose titles are bold and numbered by Word, as many authors write."""
    made = text(
        p(bold("Ports"), number=(2, 0)), p("At a glance: Text."), p(bold("Crates"), number=(2, 0)), p("At a glance: Text.")
    )  # fmt: skip
    assert "1. **Ports**\n" in made
    assert "2. **Crates**\n" in made


def test_tables_merged_cells_and_boxes():
    """A table is one; merged cells are taken apart and named; a box drawn with a table of one cell is text."""
    made = text(table(["Port", "Berths"], ["Kiel", p(bold("4"), " | 5")]), p("Berths by port", style="Beschriftung"))
    assert made == "| Port | Berths |\n| --- | --- |\n| Kiel | **4** &#124; 5 |\n\n: Berths by port\n"
    merged = (
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>Both</w:t></w:r></w:p></w:tc></w:tr>'
        f"<w:tr><w:tc>{p('a')}</w:tc><w:tc>{p('b')}</w:tc></w:tr></w:tbl>"
    )
    assert "| Both |  |" in text(merged)
    assert oddities(merged)["word-merged-cells"] == "Both"
    assert text(table([p("A box.") + p("With two paragraphs.")])) == "A box.\n\nWith two paragraphs.\n"


def test_pictures_are_made_anew_and_stand_where_they_stood():
    """A photograph's camera data and whatever hides behind its end do not travel on."""
    out = io.BytesIO()
    image = Image.new("RGB", (30, 60), "#b3401a")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRETCAM"
    image.save(out, "JPEG", exif=exif)
    reading = whole(
        heading("Title", 1), heading("Section", 2), p("Before."), p(picture("i", "A red field. Description automatically generated")),
        p("After."), ties=[("i", "image", "media/image1.jpeg", False)],
        parts={"word/media/image1.jpeg": out.getvalue() + b"PK\x03\x04<script>"},
    )  # fmt: skip
    (figure,) = figures_of(reading.document)
    made = reading.pictures[figure.source]
    assert figure.alt == "A red field."
    assert (made.width, made.height) == (60, 30)  # upright now
    assert b"SECRETCAM" not in made.data
    assert b"<script>" not in made.data


def test_pictures_that_no_mail_shows_are_named():
    """EMF, a picture that lies elsewhere, one that is no picture: each with what to do, and nothing is fetched."""
    ties = [
        ("e", "image", "media/a.emf", False),
        ("x", "image", "http://127.0.0.1:9/secret.png", True),
        ("n", "image", "media/no.png", False),
    ]
    word = read_docx(
        word_file(p(picture("e", "A chart")), p(picture("x", kind="link")), p(picture("n")), p("Words."), ties=ties,
                  parts={"word/media/a.emf": b"\x01\x00\x00\x00" + bytes(80), "word/media/no.png": b"nothing"}),
        "a.docx",
    )  # fmt: skip
    quotes = [oddity.quote for oddity in word.oddities if oddity.repair == "word-picture"]
    assert any("EMF" in quote for quote in quotes)
    assert "http://127.0.0.1:9/secret.png" in quotes
    assert any("cannot be read" in quote for quote in quotes)
    assert word.pictures == {}


def test_text_boxes_equations_drawings_and_hidden_words_are_named():
    """Nothing of the body goes unheard, and hidden text stays hidden."""
    box = (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wps:wsp><wps:txbx><w:txbxContent>'
        f"{p('Words in a box')}</w:txbxContent></wps:txbx></wps:wsp></wp:anchor></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>{p('Words in a box')}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    smart = '<w:r><w:drawing><wp:inline><a:graphic><a:graphicData><dgm:relIds r:dm="d"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
    data = f"<dgm:dataModel {HEAD}><a:t>Plan</a:t><a:t>Do</a:t></dgm:dataModel>"
    body = (
        p(run("Before"), box),
        p("The mass is ", "<m:oMath><m:r><m:t>m=E/c²</m:t></m:r></m:oMath>", "."),
        p(
            smart,
            run("secret", "<w:vanish/>"),
            run("old", "<w:strike/>"),
            run("check", '<w:highlight w:val="yellow"/>'),
        ),
        '<w:altChunk r:id="z"/>',
    )
    more = {"ties": [("d", "diagramData", "diagrams/data1.xml", False)], "parts": {"word/diagrams/data1.xml": data}}
    assert text(*body, **more) == "Before\n\nWords in a box\n\nThe mass is m=E/c².\n\noldcheck\n"
    found = oddities(*body, **more)
    assert found["word-text-box"] == "Words in a box"
    assert found["word-equation"] == "m=E/c²"
    assert found["word-drawing"] == "Plan Do"
    assert found["word-hidden"] == "secret"
    assert found["word-struck"] == "old"
    assert found["word-highlight"] == "check"
    assert "word-embedded" in found


def test_headers_contents_and_placeholders_are_left_out_and_named():
    """What Word makes by itself is no part of an issue."""
    found = oddities(
        p("Ports .... 3", style="Verzeichnis1"),
        p("Words.", "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click here</w:t></w:r></w:sdtContent></w:sdt>"),
        ties=[("f", "footer", "footer1.xml", False)],
        parts={"word/footer1.xml": f"<w:ftr {HEAD}>{p('HALDIS 2025')}</w:ftr>", "word/vbaProject.bin": b"x"},
    )  # fmt: skip
    assert found["contents-dropped"] == "Ports .... 3"
    assert found["word-header"] == "HALDIS 2025"
    assert found["word-placeholder"] == "Click here"
    assert "word-macros" in found


def test_hyphens_blanks_and_quotes():
    """Soft hyphens go, hard hyphens are hyphens, hard blanks stay but in a label, curly quotes stay."""
    made = text(
        p("At a glance\u00a0: Ha\u00adfen, “now” 40\u00a0m", "<w:r><w:noBreakHyphen/></w:r>", "ish", "<w:r><w:softHyphen/></w:r>")
    )  # fmt: skip
    assert made == "At a glance : Hafen, “now” 40&nbsp;m-ish\n"


def test_signs_at_the_beginning_of_a_line_are_no_markup():
    """What an author typed is text: a hash, an angle, a bar."""
    made = text(p("# of ships"), p("> 40 percent"), p("| or |"), p("*star* and _line_ and <b>"))
    assert made == "\\# of ships\n\n\\> 40 percent\n\n\\| or |\n\n\\*star\\* and \\_line\\_ and \\<b>\n"


def test_the_strict_form_is_read_as_well():
    """Word can save in the namespaces of ISO 29500 strict."""
    import zipfile

    usual = word_file(heading("Ports", 1), p(bold("Bold"), " words."))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(usual)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main")
            data = data.replace(OFFICE.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")
            new.writestr(name, data)
    assert read_docx(out.getvalue(), "strict.docx").text == "# Ports\n\n**Bold** words.\n"


def test_comments_are_listed_with_their_words():
    """Who, when, about what; an answer and a finished one are told apart."""
    extended = (
        f'<w15:commentsEx {HEAD}><w15:commentEx w15:paraId="0A" w15:done="0"/>'
        '<w15:commentEx w15:paraId="0B" w15:paraIdParent="0A" w15:done="0"/><w15:commentEx w15:paraId="0C" w15:done="1"/></w15:commentsEx>'
    )
    word = read_docx(
        word_file(
            p("First ", commented("diesel", 0), " then ", commented("wind", 2), "."),
            parts={
                "word/comments.xml": comments(
                    comment(0, "Really?", para="0A"),
                    comment(1, "Yes.", "Ada", para="0B"),
                    comment(2, "Nice", para="0C"),
                ),
                "word/commentsExtended.xml": extended,
            },
        ),
        "a.docx",
    )
    assert word.text == "First diesel then wind.\n"
    listed = [(c.author, c.words, c.quote, c.reply, c.resolved) for c in word.comments]
    assert listed == [
        ("Ben Ode", "Really?", "diesel", False, False), ("Ben Ode", "Nice", "wind", False, True), ("Ada", "Yes.", "", True, False),
    ]  # fmt: skip


words = st.text(st.sampled_from("abcÄßéx 中文-–“”.,:;!?()[]*_#<>|&'\u00a0\u00ad\u200b7"), min_size=1, max_size=14)
looks = st.sampled_from(
    ["", "<w:b/>", "<w:i/>", '<w:vertAlign w:val="superscript"/>', '<w:highlight w:val="red"/>', "<w:vanish/>"]
)
runs = st.builds(run, words, looks)
paragraphs = st.builds(
    lambda inner, style, number: p(*inner, style=style, number=number),
    st.lists(runs, min_size=1, max_size=4),
    st.sampled_from(
        ["", "", "Titel", "berschrift1", "berschrift2", "Zitat", "Beschriftung", "Listenabsatz", "Unbekannt"]
    ),
    st.sampled_from([None, None, (1, 0), (1, 1), (2, 0), (2, 2)]),
)
tables = st.lists(st.lists(paragraphs, min_size=1, max_size=3), min_size=1, max_size=3).map(lambda rows: table(*rows))


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(paragraphs, tables), min_size=1, max_size=6), st.booleans())
def test_no_word_of_a_word_file_is_lost(body, alone):
    """Every word is in the issue or named in a Remark, whatever the paragraphs are."""
    data = word_file(p("Title"), *body)
    reading = read_file(ManuscriptFile("a.docx", data), house_style=HouseStyle(), alone=alone)
    named = [place.quote for remark in reading.remarks for place in remark.places]
    root = etree.fromstring(f"<x {HEAD}>{''.join(body)}</x>")
    written = "".join(t.text or "" for t in root.iter(f"{{{W}}}t"))
    kept = "".join([*strings_of(reading.document), *named])
    # Letters, since half a word may be bold; typed numbers may become a list's.
    missing = Counter(filter(str.isalpha, written.casefold())) - Counter(kept.casefold())
    assert missing == Counter()


def test_what_is_named_names_a_picture_s_missing_file():
    """A tie to a part that is not there is a sentence, not a crash."""
    found = oddities(p("Words.", picture("i", "Map")), ties=[("i", "image", "media/gone.png", False)])
    assert "is not in the file" in found["word-picture"]


@pytest.mark.parametrize("style", ["Überschrift 1", "heading 1", "Titre 1", "Heading 1", "标题 1"])
def test_headings_by_any_name(style):
    """Other programs write the style's name in their own language."""
    styles = (
        f'<w:styles {HEAD}><w:style w:type="paragraph" w:styleId="x1"><w:name w:val="{style}"/></w:style></w:styles>'
    )
    assert text(p("Ports", style="x1"), p("Text."), styles=styles) == "# Ports\n\nText.\n"
