"""Picture files as people upload them: what they become, what is left behind, what is refused."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts import picture_files
from newsletter.manuscripts.picture_files import reencoded


def file(kind: str, image: Image.Image | None = None, **more) -> bytes:
    out = io.BytesIO()
    (image or Image.new("RGB", (20, 10), "#123456")).save(out, kind, **more)
    return out.getvalue()


def opened(data: bytes, name: str = "a") -> Image.Image:
    return Image.open(io.BytesIO(reencoded(data, name).data))


def test_a_photograph_comes_upright_and_without_camera_or_place():
    """The turn that the camera noted is made, and then nothing of its notes is left."""
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRET camera"  # to be turned a quarter to the right
    exif.get_ifd(0x8825)[1] = "N"
    made = reencoded(file("JPEG", image, exif=exif, quality=95, comment=b"SECRET place"), "a")
    assert (made.width, made.height) == (20, 40)
    assert b"SECRET" not in made.data
    assert b"Exif" not in made.data
    top = Image.open(io.BytesIO(made.data)).getpixel((10, 5))
    assert isinstance(top, tuple)
    assert top[0] > 200 > 90 > top[1]


def test_colours_of_another_space_become_those_of_screens():
    """A picture of wide or printed colours looks on screens as it was meant to; its profile is not sent along."""
    lab_white = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    plain = reencoded(file("PNG", icc_profile=lab_white), "a")  # a profile that fits no such picture
    assert Image.open(io.BytesIO(plain.data)).getpixel((0, 0)) == (0x12, 0x34, 0x56)
    green = opened(file("TIFF", Image.new("RGB", (4, 4), (0, 200, 0)), icc_profile=_swapped_srgb()))
    assert green.getpixel((0, 0)) == (200, 0, 0)
    assert "icc_profile" not in green.info


def _swapped_srgb() -> bytes:
    """Return sRGB with red and green exchanged: a profile that can be seen to be used."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ", 128), data.index(b"gXYZ", 128)  # in the table of tags (ICC.1 §7.3)
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off():
    """Middle grey stays middle grey."""
    image = Image.new("I;16", (2, 2), 32_768)
    assert opened(file("PNG", image)).convert("L").getpixel((0, 0)) == pytest.approx(128, abs=1)


def test_clear_places_stay_clear_and_a_photograph_as_png_becomes_lighter():
    """A logo keeps its background away; what only JPEG can pack well is packed so."""
    logo = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    clear = opened(file("WEBP", logo, lossless=True)).getpixel((0, 0))
    assert isinstance(clear, tuple)
    assert clear[3] == 0
    noise = Image.effect_noise((900, 900), 60).convert("RGB")
    assert reencoded(file("PNG", noise), "a").media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("kind", "made"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("BMP", "image/png"), ("TIFF", "image/png"), ("WEBP", "image/png")],
)
def test_pictures_become_what_every_mail_shows(kind, made):
    """Formats that some mail programs do not know are made into one that all do."""
    assert reencoded(file(kind), "a").media_type == made


def test_what_is_too_large_is_made_smaller_or_refused(monkeypatch):
    """A print original is scaled down; too many bytes, before or after, are refused with the limit."""
    wide = file("PNG", Image.new("RGB", (5000, 100)))
    assert reencoded(wide, "a").width == picture_files.MAX_SIDE
    assert reencoded(wide, "a", max_side=600).width == 600
    monkeypatch.setattr(picture_files, "MAX_MADE", 10)
    with pytest.raises(ManuscriptError, match="travels in every mail"):
        reencoded(file("PNG"), "a")
    monkeypatch.setattr(picture_files, "MAX_BYTES", 10)
    with pytest.raises(ManuscriptError, match="at most 25"):
        reencoded(file("PNG"), "a")


SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + b"".join(chunks) + _chunk(b"IEND", b"")


def _long_gif() -> bytes:
    frames = [Image.new("P", (8, 8), at % 2) for at in range(picture_files.MAX_FRAMES + 1)]
    return file("GIF", frames[0], save_all=True, append_images=frames[1:], optimize=False, duration=20)


REFUSED = {
    "svg": b"\xef\xbb\xbf\n <?xml version='1.0'?><svg onload='alert(1)'/>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "script after a picture's signature": b"GIF89a/*<script>*/=1;alert(1)//" + bytes(40),
    "print program": b"%!PS-Adobe",
    "Windows drawing": b"\x01\x00\x00\x00" + bytes(40),
    "signature alone": b"\xff\xd8\xff",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + bytes(60),
    "half a JPEG": file("JPEG", Image.effect_noise((200, 200), 90))[:4000],
    "half a PNG": file("PNG", Image.effect_noise((200, 200), 90))[:4000],
    "half a WebP": file("WEBP", Image.effect_noise((200, 200), 90).convert("RGB"))[:4000],
    "bomb of pixels": _png(60_000, 60_000, _chunk(b"IDAT", zlib.compress(bytes(1000)))),
    "just below Pillow's own limit": _png(9_000, 9_000, _chunk(b"IDAT", zlib.compress(bytes(1000)))),
    "bomb of text": _png(1, 1, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 9))),
    "no pixels": _png(0, 0),
    "hour-long GIF": _long_gif(),
    "nothing": b"",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_picture_for_a_mail_is_refused_in_a_sentence(data):
    """Drawings, pages, scripts in disguise, halves, bombs: one sentence that names the file and says what to do."""
    with pytest.raises(ManuscriptError, match=r"^The picture 'chart\.png' .*; .*\.$"):
        reencoded(data, "chart.png")


def test_nothing_but_the_picture_is_left_of_a_file_that_is_two_things():
    """A picture that is an archive, a page or a PDF as well is only a picture afterwards."""
    behind = b"PK\x03\x04<script>alert(1)</script>%PDF-1.7"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", behind.decode(), zip=False)
    for data in (
        file("PNG", pnginfo=text) + behind, file("JPEG", comment=behind) + behind,
        file("GIF", comment=behind) + behind, file("WEBP", xmp=behind) + behind,
    ):  # fmt: skip
        made = reencoded(data, "a").data
        assert not any(piece in made for piece in (b"script", b"PK\x03\x04", b"%PDF"))


def test_a_moving_picture_keeps_its_frames_times_and_rounds():
    """The comment, and what an application wrote beside, goes."""
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]
    data = file("GIF", frames[0], save_all=True, append_images=frames[1:], duration=[50, 70, 90], loop=3, comment=b"S")
    made = opened(data)
    assert (getattr(made, "n_frames", 1), made.info["loop"], made.info["duration"]) == (3, 3, 50)
    assert "comment" not in made.info


GOOD = [file(kind, Image.effect_noise((24, 24), 50).convert("RGB")) for kind in ("PNG", "JPEG", "GIF", "WEBP")]


@settings(max_examples=80)
@given(st.sampled_from(GOOD), st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_a_damaged_picture_is_read_or_refused_in_a_sentence(good, at, noise):
    """Bytes changed anywhere end in a picture or in one sentence, and never in anything else."""
    at %= len(good)
    with contextlib.suppress(ManuscriptError):
        assert reencoded(good[:at] + noise + good[at + len(noise) :], "a").width <= picture_files.MAX_SIDE
