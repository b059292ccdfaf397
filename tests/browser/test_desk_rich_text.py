"""The rich field in a browser: what is stored comes back as it was, what is pasted comes in clean, keys do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.richtext import Break, Footnote, Inline, Link, Text
from tests.browser.editor_site import Site, browser, opened, saved, site
from tests.manuscripts import strategies

__all__ = ["browser", "site"]

pytestmark = pytest.mark.browser
FIELD = "#sheet rich-text:not([data-shape])"
EVERYTHING = """# A subheading

The harbour of **Esbjerg** has *three* new cranes^[Built in [Gdańsk](https://example.org/g).] and [a report](https://example.org/r?a=1&b=2) says CO~2~ fell by 10 m^2^.<br>A new line, **bold and <em>both</em>**.

- One
- Two&nbsp;m

* Another list

3. Three

4. Four

   > Quoted in it

> Said the master.
>
> - twice

| Port | Cranes |
| :--- | ---: |
| Esb&#124;jerg | 3 |
| **Bergen** |  |

: Cranes by port

![A crane \\[big\\]](asset:abc)

: The new crane, *seen from the sea*

\\# no heading

1\\. no list"""
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator content="Microsoft Word 15">
<style><!-- p.MsoNormal {mso-style-parent:"";} --></style><!--[if gte mso 9]><xml><o:x>1</o:x></xml><![endif]--></head>
<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->
<h2>A <b>heading</b><o:p></o:p></h2>
<p class=MsoNormal style='mso-margin-top-alt:auto'><span style='font-family:"Times New Roman"'>Plain,
<b style='mso-bidi-font-weight:normal'>bold</b>, <span style='font-style: italic'>sloped</span>, m<sup>2</sup> and
<a href="https://example.org/a">a link</a>, <a href="file:///C:/x.doc">a local one</a><a style='mso-footnote-id:ftn1'
href="#_ftn1" name="_ftnref1"><span class=MsoFootnoteReference>[1]</span></a>.<o:p></o:p></span></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]>First<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o<span>&nbsp; </span></span>Deeper</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>&nbsp; </span></span>Last</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.<span>&nbsp; </span></span>Counted</p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<table class=MsoTableGrid border=1><tr><td colspan=2><p class=MsoNormal>Wide</p></td></tr><tr><td><p>a</p></td><td><p>b</p></td></tr></table>
<p class=MsoNormal><img src="file:///C:/x.png" onerror="alert(1)"><script>alert(1)</script><del cite="mailto:Ada">old</del>End</p>
<!--EndFragment--><div style='mso-element:footnote-list'><div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText><a
href="#_ftnref1"><span>[1]</span></a> See the annex.</p></div></div></body></html>"""
CLEAN = """# A heading

Plain, **bold**, *sloped*, m^2^ and [a link](https://example.org/a), a local one^[See the annex.].

- First

  - Deeper

- Last

1. Counted

| Wide |  |
| --- | --- |
| a | b |

End"""
GOOGLE = """<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr"><span style="font-weight:700">Bold</span>
<span style="font-style:italic">sloped</span> <span style="vertical-align:super">up</span></p><ul><li><p>one</p></li></ul></b><br>"""
WEB = """<div><div onclick="x()">A <span class="c">div</span><br>with a line</div><div>and <a href="javascript:alert(1)">a trap</a></div></div>"""


def flat(inlines: tuple[Inline, ...], marks: frozenset[str] = frozenset()) -> list[object]:
    """Every character with the marks it carries, however they are nested in each other."""
    found: list[object] = []
    for one in inlines:
        match one:
            case Text():
                found += [(sign, marks) for sign in one.text]
            case Break():
                found.append(("break", marks))
            case Footnote():
                found.append(("footnote", tuple(flat(one.children)), marks))
            case _:
                found += flat(one.children, marks | {one.kind + (one.url if isinstance(one, Link) else "")})
    return found


def meaning(value: Any) -> Any:
    """A tree of blocks with the runs in it as ``flat`` has them."""
    if isinstance(value, tuple) and value and all(hasattr(one, "kind") and not hasattr(one, "line") for one in value):
        return flat(value)
    if isinstance(value, tuple):
        return [meaning(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return [
            type(value).__name__,
            *(meaning(getattr(value, name)) for name in value.__dataclass_fields__ if name != "line"),
        ]
    return value


def written(page: Page, texts: list[str], field: str = FIELD) -> list[str | None]:
    """What the field would store of each of *texts* if somebody had typed in it; None where it shows Markdown."""
    put = "([field, texts]) => texts.map((text) => { const one = document.querySelector(field); one.put(text); return one.written; })"
    return page.evaluate(put, [field, texts])  # type: ignore[no-any-return]


def pasted(page: Page, html: str, field: str = FIELD, plain: str = "") -> str | None:
    """What the empty field says after a paste."""
    page.evaluate(
        """([field, html, plain]) => { const one = document.querySelector(field); one.put(""); const data = new DataTransfer();
        if (html) data.setData("text/html", html); data.setData("text/plain", plain);
        one.view.focus(); one.view.dom.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }""",
        [field, html, plain],
    )
    return page.evaluate("(field) => document.querySelector(field).written", field)  # type: ignore[no-any-return]


def drawn(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """*number* examples of *strategy*, the same each time."""
    found: list[Any] = []

    @settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=[Phase.generate], derandomize=True)  # fmt: skip
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


def test_what_is_stored_comes_back_as_it_was(site: Site, browser: Browser):
    """Every construct to the letter; generated texts in what they say, and nothing of them falls back to Markdown."""
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        assert write_blocks(read_blocks(EVERYTHING)[0], heading_offset=0) == EVERYTHING
        assert written(page, [EVERYTHING]) == [EVERYTHING]
        blocks = drawn(strategies.blocks(2), 40)
        for block, back in zip(blocks, written(page, [write_blocks(b, heading_offset=0) for b in blocks]), strict=True):
            assert back is not None, block
            assert meaning(read_blocks(back)[0]) == meaning(block), back
        runs = drawn(strategies.runs(3), 40)
        for run, back in zip(
            runs, written(page, [write_inlines(r) for r in runs], "#rich-footnote rich-text"), strict=True
        ):
            assert back is not None, run
            assert flat(read_inlines(back)[0]) == flat(run), back
        lossy = ["<u>underlined</u>", "[a](javascript:x)", '[a](https://a.example "hover")', "words ![a](b.png) words", ": caption of nothing", "---", "[^1]: a note", "- <b>open"]  # fmt: skip
        assert written(page, lossy) == [None] * len(lossy)
        assert page.locator(f"{FIELD} textarea").first.input_value() == lossy[-1]  # as it is, to be edited as Markdown
        assert "only Markdown" in page.locator(FIELD).first.inner_text()


def test_what_is_pasted_comes_in_clean(site: Site, browser: Browser):
    """Word's lists, footnotes, tables and debris; Google's bold that is none; a web page's scripts."""
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        assert pasted(page, WORD) == CLEAN
        assert pasted(page, GOOGLE) == "**Bold** *sloped* ^up^\n\n- one"
        assert pasted(page, WEB) == "A div<br>with a line\n\nand a trap"
        assert pasted(page, "", plain="One\nTwo\n\nThree") == "One\n\nTwo\n\nThree"
        line = "#rich-footnote rich-text"
        page.evaluate("document.getElementById('rich-footnote').showModal()")
        assert pasted(page, "<p>One <b>two</b></p><ul><li>three</li></ul>", line) == "One <strong>two</strong><br>three"
        assert pasted(page, "", line, plain="One\nTwo") == "One<br>Two"
        assert [one for one in troubles if "sandbox" not in one.lower()] == []


def test_writing_is_saved_as_markdown_and_undone_by_key(site: Site, browser: Browser):
    """Typed signs, keys, the toolbar's arrows, a link, a footnote; autosave keeps what comes of it."""
    with site.signed_in(browser, "ada") as context:
        page = opened(site, context)
        words = page.locator(f"{FIELD} .rich-words").first
        assert words.get_attribute("role") == "textbox"
        written(page, [""])
        words.click()
        page.keyboard.type("# Cranes\nThree ")
        page.keyboard.press("Control+b")
        page.keyboard.type("new")
        page.keyboard.press("Control+b")
        page.keyboard.type(" ones at ")
        page.keyboard.press("Control+k")
        page.get_by_label("Address").fill("not one")
        page.get_by_role("button", name="Set the link").click()
        assert page.locator("#rich-link").is_visible()  # refused by the field
        page.get_by_label("Address").fill("example.org/esbjerg")
        page.get_by_label("Words of the link").fill("Esbjerg")
        page.get_by_role("button", name="Set the link").click()
        page.locator(f"{FIELD} .ProseMirror-focused").wait_for()
        page.keyboard.press("Alt+F10")
        assert page.evaluate("document.activeElement.dataset.deed") == "strong"
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.locator("#rich-footnote .rich-words").wait_for()
        page.keyboard.type("As of March.")
        page.get_by_role("button", name="Keep the footnote").click()
        page.locator(f"{FIELD} .ProseMirror-focused").wait_for()
        page.keyboard.type(".\n- one\ntwo\n\nend")
        markdown = "# Cranes\n\nThree **new** ones at [Esbjerg](https://example.org/esbjerg)^[As of March.].\n\n- one\n- two\n\nend"
        assert page.evaluate(f"document.querySelector({FIELD!r}).written") == markdown
        saved(page)
        page.wait_for_function("localStorage.length === 0")
        assert write_blocks(site.article().parts[0].blocks, heading_offset=0) == markdown
        for _ in range(12):
            page.keyboard.press("Control+z")
        assert "end" not in (page.evaluate(f"document.querySelector({FIELD!r}).written") or "")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('rich-text')")
