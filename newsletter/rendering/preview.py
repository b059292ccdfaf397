"""Preview: a mail's HTML as a browser can show it."""

from __future__ import annotations

import base64
import re

from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.rendering.slots import Slot

_SLOTS = re.compile("|".join(re.escape(slot.value) for slot in Slot))


def for_screen(html: str, pictures: Pictures) -> str:
    """Return *html* with its attached pictures in place, and the links of the reader leading nowhere."""
    # A link into the web edition keeps its fragment, which is a place in this page where the mail is the whole issue.
    html = re.sub(rf"(?:{_SLOTS.pattern})(#[\w-]+)", r"\1", html)
    html = _SLOTS.sub("#", html)
    for picture in pictures.values():
        html = html.replace(f"cid:{picture.sha256}", data_url(picture))
    return html


def data_url(picture: Picture) -> str:
    """Return *picture* as a data: URL (RFC 2397)."""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def without_slots(text: str) -> str:
    """Return the plain-text edition with each slot replaced by words, as a file on disk shows it."""
    for slot in Slot:
        text = text.replace(slot.value, f"[{slot.name.replace('_URL', '').lower()} link of each reader]")
    return text
