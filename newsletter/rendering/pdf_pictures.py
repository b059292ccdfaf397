"""Pictures as PDF/A takes them: without a printer's profile, four-colour pictures become red, green and blue."""

from __future__ import annotations

import io

from PIL import Image

from newsletter.manuscripts.pictures import Picture

QUALITY = 92


def in_screen_colours(picture: Picture) -> bytes:
    """Return the bytes of *picture*, recoded only where they are CMYK (ISO 19005-3 §6.2.4.3); only JPEG can be."""
    if picture.media_type != "image/jpeg":
        return picture.data
    with Image.open(io.BytesIO(picture.data)) as image:
        if image.mode != "CMYK":
            return picture.data
        recoded = io.BytesIO()
        image.convert("RGB").save(recoded, "JPEG", quality=QUALITY, subsampling=0)
        return recoded.getvalue()
