"""Picture files as they come: decoded within limits and encoded anew, so that nothing but the picture travels on."""

from __future__ import annotations

import io
import warnings

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.pictures import MAX_PIXELS, Picture, read_picture

MAX_BYTES = 25_000_000
"""A photograph as a camera makes it; larger ones are print originals."""
MAX_SIDE = 2_400
"""Pixels: 20 cm in print at 300 to the inch, and four times a mail's width."""
MAX_FRAMES = 200
"""Pictures in a moving one, which together may have MAX_PIXELS."""
MAX_MADE = 4_000_000
"""Bytes after encoding: a picture travels in every mail."""
PHOTOGRAPH = 600_000
"""Bytes of a PNG without clear places from which on JPEG says the same in a fifth: no drawing has so many."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
"""What is decoded at all; each decoder less is one less to be attacked."""
_VECTOR = ((b"\xd7\xcd\xc6\x9a", "WMF"), (b"\x01\x00\x09\x00", "WMF"), (b"\x01\x00\x00\x00", "EMF"))
_DAMAGED = (
    UnidentifiedImageError, OSError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning, SyntaxError,
    ValueError, EOFError, MemoryError, OverflowError, IndexError, KeyError, TypeError, AttributeError,
)  # fmt: skip
"""Decoders of damaged files fail in every way."""


def reencoded(data: bytes, name: str, *, max_side: int = MAX_SIDE) -> Picture:
    """Return the picture in *data* as PNG, JPEG or GIF: upright, in the colours of screens (sRGB), neither side longer
    than *max_side* pixels, without camera data, places or anything else behind it.

    Raises ``ManuscriptError`` naming *name* and what to do.
    """
    if len(data) > MAX_BYTES:
        raise ManuscriptError(f"The picture {name!r} has {len(data) / 1e6:.0f} MB; save it with at most 25.")
    for signature, kind in _VECTOR:
        if data.startswith(signature):
            raise ManuscriptError(
                f"The picture {name!r} is {kind}, which no mail shows; in Word, copy it and paste it as a PNG picture."
            )
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5].lower() in {b"<svg ", b"<?xml"}:
        raise ManuscriptError(f"The picture {name!r} is a drawing (SVG), which no mail shows; save it as PNG.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    size = f"{image.width} × {image.height}"
                    raise ManuscriptError(f"The picture {name!r} has {size} pixels; save it with at most 40 million.")
                moves = image.format == "GIF" and getattr(image, "is_animated", False)
                made = _moving(image, name, max_side) if moves else _still(image, max_side)
    except _DAMAGED as error:
        raise ManuscriptError(f"The picture {name!r} cannot be read; save it again as PNG or JPEG.") from error
    if len(made) > MAX_MADE:
        raise ManuscriptError(
            f"The picture {name!r} still has {len(made) / 1e6:.0f} MB when it is packed, and travels in every mail; "
            "save it smaller, or as JPEG."
        )
    return read_picture(made, name)


def _still(image: Pillow.Image, max_side: int) -> bytes:
    photograph = image.format == "JPEG"
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image) or image
    if upright.mode.startswith("I") or upright.mode == "F":
        # Pillow would cut 16 bits of grey off instead of scaling them.
        upright = upright.convert("I").point(lambda grey: grey / 257).convert("L")
    upright = _for_screens(upright, profile)
    clear = not photograph and (upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info)
    mode = "RGBA" if clear else "RGB"
    shown = upright.convert(mode)
    shown.thumbnail((max_side, max_side), Pillow.Resampling.LANCZOS)
    plain = Pillow.new(mode, shown.size)
    plain.paste(shown)  # a new picture has no text, profile or camera data of the old one
    if photograph:
        return _written(plain, "JPEG", quality=90, optimize=True)
    made = _written(plain, "PNG", optimize=True)
    if clear or len(made) <= PHOTOGRAPH:
        return made
    return min(made, _written(plain, "JPEG", quality=90, optimize=True), key=len)


def _moving(image: Pillow.Image, name: str, max_side: int) -> bytes:
    """Return a GIF of the same frames for the same times; what browsers show of them, and nothing beside."""
    frames: list[Pillow.Image] = []
    times: list[int] = []
    for frame in ImageSequence.Iterator(image):
        if len(frames) == MAX_FRAMES or (len(frames) + 1) * image.width * image.height > MAX_PIXELS:
            raise ManuscriptError(f"The picture {name!r} moves for too long; save it shorter or smaller.")
        shown = frame.convert("RGBA")
        shown.thumbnail((max_side, max_side), Pillow.Resampling.LANCZOS)
        plain = Pillow.new("RGBA", shown.size)
        plain.paste(shown)
        frames.append(plain)
        times.append(int(frame.info.get("duration", 100)))
    again = {"loop": int(image.info["loop"])} if "loop" in image.info else {}
    return _written(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=times, disposal=2, **again)


def _for_screens(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Return *image* in sRGB; one whose profile is damaged or fits another kind of picture is taken as it is."""
    if not profile or image.mode not in {"RGB", "RGBA", "L", "CMYK"}:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGBA" if image.mode == "RGBA" else "RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return made or image


def _written(image: Pillow.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()
