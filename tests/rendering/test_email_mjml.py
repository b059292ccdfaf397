"""MJML is checked before it is compiled, and inlining keeps what mail programs need."""

from __future__ import annotations

import re

import pytest
from mjml import mjml2html

from newsletter.kit.errors import RenderingError
from newsletter.rendering.inlining import inlined
from newsletter.rendering.mjml_source import compiled
from tests.rendering.email_accessibility import tree

pytestmark = pytest.mark.filterwarnings("ignore:Coercing non-XML name")

GOLDEN = """<!doctype html><html lang="en"><head><title>T</title>
<!--[if mso]><style type="text/css">.x { width: 1px !important; }</style><![endif]-->
<style type="text/css">@media only screen and (min-width:480px) { .column { width:100% !important; } }</style>
<style media="screen and (min-width:480px)">.moz-text-html .column { width:100% !important; }</style>
</head><body style="margin:0;"><!--[if mso | IE]><table width="640"><tr><td><![endif]--><div class="column"><img src="cid:abc" alt="A" width="590" height="20" style="width:100%;"><table cellpadding="0" bgcolor="#ffffff"><tr><td align="left"><a href="https://slot.invalid/-web-#a-1">工业 &amp; “x”</a></td></tr></table></div><!--[if mso | IE]></td></tr></table><![endif]--></body></html>"""

EXPECTED = """<!DOCTYPE html>
<html lang="en"><head><title>T</title>
<!--[if mso]><style type="text/css">.x { width: 1px !important; }</style><![endif]-->
<style type="text/css">@media only screen and (min-width:480px) { .column { width:100% !important; } }</style>
<style media="screen and (min-width:480px)">.moz-text-html .column { width:100% !important; }</style>
</head><body style="margin:0;"><!--[if mso | IE]><table width="640"><tr><td><![endif]--><div class="column"><img src="cid:abc" alt="A" width="590" height="20" style="width:100%"><table cellpadding="0" bgcolor="#ffffff"><tr><td align="left"><a href="https://slot.invalid/-web-#a-1" style="color:#0b3c5d">工业 &amp; “x”</a></td></tr></table></div><!--[if mso | IE]></td></tr></table><![endif]--></body></html>"""


def test_inlining_changes_style_attributes_and_nothing_else():
    """The golden page: doctype, comments, !important, widths, slots and Chinese are as they were."""
    done = inlined(GOLDEN, "a { color: #0b3c5d; } img { width: 100%; }")
    assert done == EXPECTED


def test_inlining_fetches_nothing():
    """A style sheet named by the page stays a name."""
    page = '<html><head><link rel="stylesheet" href="http://127.0.0.1:9/x.css"></head><body><p>x</p></body></html>'
    assert 'style="margin:0"' in inlined(page, "p { margin: 0 }")


def mail(body: str, head: str = "") -> str:
    """The least MJML around *body*."""
    return f"<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (mail("<mj-txet>x</mj-txet>"), "<mj-txet>"),
        (mail('<mj-text colour="red">x</mj-text>'), "colour on <mj-text>"),
        (mail("<mj-include path='/etc/passwd'/>"), "<mj-include>"),
        (mail("<mj-text><script>x</script></mj-text>"), "<script>"),
        (mail('<mj-text><p onclick="x">x</p></mj-text>'), "onclick on <p>"),
        (mail("<mj-text>x"), "not well-formed"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + mail("<mj-text>&e;</mj-text>"), "unknown element"),
        (mail("", "<mj-style>p { content: '\\\\201c' }</mj-style>"), "style sheet"),
        (mail("<mj-text>" + "<p>" * 10_000 + "</p>" * 10_000 + "</mj-text>"), "not well-formed"),
    ],
)
def test_what_the_compiler_would_pass_over_in_silence_is_an_error(source, named):
    """A misspelt tag or attribute vanishes without a word in the compiler; ten thousand nested ones crash it."""
    with pytest.raises(RenderingError, match=re.escape(named)):
        compiled(source)


def test_attributes_reach_the_page_as_they_were_meant():
    """Newline, no-break space, joined emoji, quotes and backslashes, in the title's label too."""
    value = "a&#34;b&#10;c&#160;d👩&#8205;🔬\\ne"
    html = compiled(mail(f'<mj-text><p class="{value}">x</p></mj-text>', f"<mj-title>{value}</mj-title>"))
    root = tree(inlined(html, ""))
    expected = 'a"b c\u00a0d👩\u200d🔬\\ne'
    assert root.xpath("//p/@class") == [expected]
    assert root.xpath("//@aria-label") == [expected]


def test_the_compiler_still_has_the_flaw_we_work_around():
    """When this fails, the numeric references in attributes are needed no more."""
    raw = mjml2html(mail("<mj-text>x</mj-text>", '<mj-title>a "b"</mj-title>'), fonts={})
    assert 'aria-label="a \\"b\\""' in raw
