"""Picture files as they come: decoded within limits and encoded anew, so that nothing but the picture travels on."""

from __future__ import annotations

import io
import warnings

from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.pictures import MAX_PIXELS, Picture, read_picture

MAX_BYTES = 25_000_000
"""A photograph as a camera makes it; larger ones are print originals."""
MAX_SIDE = 2_400
"""Pixels: 20 cm in print at 300 to the inch, and four times a mail's width."""
MAX_FRAMES = 200
"""Pictures in a moving one."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
"""What is decoded at all; each decoder less is one less to be attacked."""
_VECTOR = ((b"\xd7\xcd\xc6\x9a", "WMF"), (b"\x01\x00\x09\x00", "WMF"), (b"\x01\x00\x00\x00", "EMF"))


def reencoded(data: bytes, name: str) -> Picture:
    """Return the picture in *data* as PNG, JPEG or GIF, upright, no larger than needed, without camera data, places
    or anything else behind it. Raises ``ManuscriptError`` naming *name* and what to do."""
    if len(data) > MAX_BYTES:
        raise ManuscriptError(f"The picture {name!r} has {len(data) / 1e6:.0f} MB; save it with at most 25.")
    for signature, kind in _VECTOR:
        if data.startswith(signature):
            raise ManuscriptError(
                f"The picture {name!r} is {kind}, which no mail shows; in Word, copy it and paste it as a PNG picture."
            )
    if data.lstrip()[:5].lower() in {b"<svg ", b"<?xml"}:
        raise ManuscriptError(f"The picture {name!r} is a drawing (SVG), which no mail shows; save it as PNG.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    size = f"{image.width} × {image.height}"
                    raise ManuscriptError(f"The picture {name!r} has {size} pixels; save it with at most 40 million.")
                return read_picture(_encoded(image), name)
    except (
        UnidentifiedImageError, OSError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning, SyntaxError,
        ValueError, EOFError, MemoryError, OverflowError, IndexError, KeyError, TypeError,
    ) as error:  # fmt: skip  # decoders of damaged files fail in every way
        raise ManuscriptError(f"The picture {name!r} cannot be read; save it again as PNG or JPEG.") from error


def _encoded(image: Pillow.Image) -> bytes:
    if image.format == "GIF" and 1 < getattr(image, "n_frames", 1) <= MAX_FRAMES:
        out = io.BytesIO()
        image.info.pop("comment", None)
        image.save(out, "GIF", save_all=True)
        return out.getvalue()
    photograph = image.format == "JPEG"
    upright = ImageOps.exif_transpose(image) or image
    upright.thumbnail((MAX_SIDE, MAX_SIDE), Pillow.Resampling.LANCZOS)
    clear = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
    mode = "RGB" if photograph or not clear else "RGBA"
    plain = Pillow.new(mode, upright.size)
    plain.paste(upright.convert(mode))  # a new picture has no text, profile or camera data of the old one
    out = io.BytesIO()
    if photograph:
        plain.save(out, "JPEG", quality=90, optimize=True)
    else:
        plain.save(out, "PNG", optimize=True)
    return out.getvalue()
