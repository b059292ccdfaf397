"""What the print edition says when it cannot be made, and that it leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.richtext import BulletList, ListItem
from newsletter.rendering import fonts, pdf_compiler, pdf_process
from newsletter.rendering.pdf import pdf
from newsletter.rendering.pdf_compiler import Limits
from newsletter.rendering.theme import Theme
from tests.factories import paragraph, sample_document, sample_masthead, sample_pictures, with_blocks


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """Whatever happens, neither a temporary file nor a process stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = _children()
    yield
    assert list(tmp_path.iterdir()) == []
    assert _children() <= before


def _children() -> set[str]:
    """The processes this one has started and not yet waited for; other tests may have a database server among them."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def _refused(document, **options) -> str:
    with pytest.raises(RenderingError) as caught:
        pdf(document, options.pop("masthead", sample_masthead()), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("The PDF edition")
    return message


def test_a_missing_picture_is_named():
    """The author learns which file to add."""
    assert "'grid-storage.png'" in _refused(sample_document())


def test_characters_that_no_font_has_are_named():
    """Never an empty box on paper."""
    message = _refused(with_blocks(paragraph("A 😀 and a \ue000, twice 😀.")))
    assert "'😀' (GRINNING FACE, U+1F600)" in message
    assert "U+E000" in message
    assert message.count("U+1F600") == 1


def test_many_missing_characters_are_counted():
    """A sentence stays a sentence."""
    assert "and 15 more" in _refused(with_blocks(paragraph("".join(chr(0x1F600 + n) for n in range(20)))))


def test_a_missing_character_in_the_masthead_counts_too():
    """What stands around the text is printed as well."""
    assert "U+1F4F0" in _refused(with_blocks(paragraph("Text")), masthead=replace(sample_masthead(), publisher="📰"))


def test_a_theme_with_a_font_we_do_not_have_is_told_so():
    """A typing error in a setting is named."""
    masthead = replace(sample_masthead(), theme=Theme(serif="Comic Sans"))
    assert "no font called Comic Sans" in _refused(with_blocks(paragraph("Text")), masthead=masthead)


def test_a_rendering_that_takes_too_long_is_stopped():
    """The process is killed and reaped, and the limit is named."""
    message = _refused(sample_document(), pictures=sample_pictures(), limits=Limits(seconds=0.02))
    assert "0.02 seconds" in message


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps RLIMIT_AS")
@pytest.mark.parametrize("megabytes", [40, 60, 90, 120])
def test_a_rendering_that_needs_too_much_memory_says_so(megabytes):
    """An abort, a panic, a library or a font that cannot be mapped: all are the same to a person."""
    limits = Limits(memory_bytes=megabytes * 2**20)
    assert f"{megabytes} MB of memory" in _refused(sample_document(), pictures=sample_pictures(), limits=limits)


@pytest.mark.parametrize(
    ("code", "words"), [(-6, "MB of memory"), (-9, "MB of memory"), (-11, "MB of memory"), (-24, "processor time")]
)
def test_a_process_that_dies_of_a_signal_is_explained(code, words):
    """SIGABRT and the kernel's SIGKILL mean memory, SIGXCPU means time."""
    with pytest.raises(RenderingError, match=words):
        pdf_compiler._judge(subprocess.CompletedProcess([], code, b"", b""), Limits())


def test_a_process_that_fails_in_another_way_passes_its_last_line_on():
    """Nothing is swallowed."""
    died = subprocess.CompletedProcess([], 1, b"", b"Traceback\nOSError: no space left on device\n")
    with pytest.raises(RenderingError, match="OSError: no space left on device"):
        pdf_compiler._judge(died, Limits())


def test_a_pdf_that_came_out_without_a_font_is_refused():
    """Typst has dropped a font without a word before."""
    printed = pdf(with_blocks(paragraph("Text")), sample_masthead())
    pdf_compiler._require_embedded(printed, ["Noto Sans", "Noto Serif"])
    with pytest.raises(RenderingError, match="Noto Sans CJK SC"):
        pdf_compiler._require_embedded(printed, ["Noto Sans CJK SC"])


def test_the_chinese_font_does_not_pass_for_the_latin_one():
    """Noto Sans CJK begins with Noto Sans."""
    with pytest.raises(RenderingError, match="Noto Sans"):
        pdf_compiler._require_embedded(b"/BaseFont/ABCDEF+NotoSansCJKsc-Thin/", ["Noto Sans"])


def test_lists_without_end_are_refused_in_time():
    """A manuscript of nested brackets does not reach the typesetter's stack."""
    block = paragraph("leaf")
    for _ in range(25):
        block = BulletList((ListItem((block,)),))
    assert "nested" in _refused(with_blocks(block))


def test_a_template_can_read_nothing_outside_its_folder(tmp_path, monkeypatch):
    """Typst's root is the fresh folder, and packages are not fetched."""
    house = tmp_path.parent / f"{tmp_path.name}-templates"
    (house / "pdf").mkdir(parents=True)
    monkeypatch.setattr(pdf_compiler, "bundled", lambda name: house)
    for attempt in ('#read("/etc/passwd")', '#read("../../../etc/passwd")', '#import "@preview/cetz:0.3.0"'):
        (house / "pdf" / "issue.typ").write_text(attempt)
        assert "root:" not in _refused(with_blocks(paragraph("Text")))


def test_the_process_imports_nothing_of_the_house():
    """It starts in milliseconds because it loads Typst and little else."""
    code = (
        f"import sys; sys.argv = ['x']; exec(open({str(Path(pdf_process.__file__))!r}).read().split('if __name__')[0])"
    )
    code += (
        "; print([name for name in sys.modules if name.split('.')[0] in ('newsletter', 'pydantic', 'jinja2', 'PIL')])"
    )
    done = subprocess.run([sys.executable, "-P", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_environment_of_the_process_holds_no_secret(monkeypatch):
    """What the parent was told in confidence stays with it."""
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "confidential")
    assert "confidential" not in pdf_compiler._environment().values()


def test_a_font_package_that_is_not_installed_is_named(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(fonts.PACKAGES, "Noto Nothing", ("fontpkg_noto_nothing", "files"))
    with pytest.raises(RenderingError, match="fontpkg-noto-nothing"):
        fonts.font_folder("Noto Nothing")
