"""Manuscript files: pictures that cannot be had are findings, never the end of reading."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from newsletter.issues import manuscript_files
from newsletter.issues.manuscript_files import receive
from newsletter.manuscripts.house_style import HouseStyle


def findings_on(folder: Path, picture: str) -> list[tuple[str, str]]:
    """Rule and message of what is said of pictures in a manuscript that shows *picture*."""
    manuscript = folder / "issue.md"
    manuscript.write_text(
        f"---\ntitle: Notes\n---\n\n# Part\n\n## 1. Crane\n\n![a crane]({picture})\n", encoding="utf-8"
    )
    received = receive(manuscript, house_style=HouseStyle())
    assert received.pictures == {}
    return [(remark.rule, remark.message) for remark in received.remarks if remark.rule == "missing-picture"]


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ("nowhere.png", "is not there"),
        (".", "is not there"),
        ("../secret.png", "does not lie beside"),
        ("/etc/hostname", "does not lie beside"),
        ("x" * 300 + ".png", "cannot be read"),
        ("loop.png", "loop.png"),
        ("outside.png", "points out of"),
        ("large.png", "larger than"),
        ("text.png", "text.png"),
    ],
)
def test_a_picture_that_cannot_be_had_is_one_finding(tmp_path: Path, monkeypatch, picture: str, words: str):
    """Whatever stands in the brackets; and nothing is read from outside the manuscript's folder."""
    monkeypatch.setattr(manuscript_files, "MAX_PICTURE_BYTES", 100)
    folder = tmp_path / "issue"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "outside.png").symlink_to(tmp_path / "secret.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "large.png").write_bytes(bytes(101))
    (folder / "text.png").write_text("no picture", encoding="utf-8")
    ((rule, message),) = findings_on(folder, picture)
    assert rule == "missing-picture"
    assert words in message


@pytest.mark.parametrize("fault", [PermissionError(13, "Permission denied"), ValueError("embedded null byte")])
def test_a_picture_that_the_system_refuses_is_one_finding(tmp_path: Path, monkeypatch, fault: Exception):
    """A locked file, or a name that no file can have."""

    def refuse(_: Path) -> bytes:
        raise fault

    (tmp_path / "locked.png").write_bytes(b"x")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "is_file", refuse)
        ((rule, _),) = findings_on(tmp_path, "locked.png")
    assert rule == "missing-picture"


def test_a_picture_beside_the_manuscript_keeps_nothing_of_the_camera(tmp_path: Path):
    """Turned upright, and without the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRET camera"  # to be turned a quarter to the right
    Image.new("RGB", (40, 20), "teal").save(tmp_path / "crane.jpg", exif=exif)
    (tmp_path / "issue.md").write_text("---\ntitle: Notes\n---\n\n# Part\n\n## 1. Crane\n\n![a crane](crane.jpg)\n")
    picture = receive(tmp_path / "issue.md", house_style=HouseStyle()).pictures["crane.jpg"]
    assert (picture.width, picture.height) == (20, 40)
    assert b"SECRET" not in picture.data
