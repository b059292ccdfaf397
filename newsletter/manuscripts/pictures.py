"""Pictures of a manuscript: checked, measured, named by their own SHA-256."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from newsletter.kit.errors import ManuscriptError

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}
"""What every mail client shows; WebP and SVG are not among them."""
MAX_PIXELS = 40_000_000
"""Beyond this a picture is a decompression bomb or a print original; either way not for a mail."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes with what a layout must know of it; sizes in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, hex: the picture's name in the database."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def suffix(self) -> str:
        """The file suffix that fits the bytes, with its dot."""
        return {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif"}[self.media_type]


Pictures = Mapping[str, Picture]
"""Pictures by the ``source`` that a Figure names them with."""


def read_picture(data: bytes, name: str) -> Picture:
    """Check and measure *data*; raise ``ManuscriptError`` naming *name* if it is no picture a mail can carry."""
    try:
        with Pillow.open(io.BytesIO(data)) as image:
            if image.format not in MEDIA_TYPES:
                raise ManuscriptError(f"The picture {name!r} is {image.format}; save it as PNG or JPEG.")
            if image.width * image.height > MAX_PIXELS:
                raise ManuscriptError(
                    f"The picture {name!r} has {image.width} × {image.height} pixels; save it with at most 40 million."
                )
            picture = Picture(data, MEDIA_TYPES[image.format], image.width, image.height)
            image.load()  # a truncated file fails here and not in a reader's mail
            return picture
    except (UnidentifiedImageError, OSError, Pillow.DecompressionBombError, SyntaxError, ValueError) as error:
        raise ManuscriptError(f"The picture {name!r} cannot be read; save it again as PNG or JPEG.") from error
