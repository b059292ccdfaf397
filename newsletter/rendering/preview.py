"""Preview: an edition as a browser can show it, in the light or in the dark, its personal slots filled for nobody."""

from __future__ import annotations

import base64
import html as markup
import re
from collections.abc import Mapping
from types import MappingProxyType

from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.rendering.slots import Slot

NOWHERE: Mapping[Slot, str] = MappingProxyType(dict.fromkeys(Slot, "#"))
_SLOTS = re.compile("|".join(re.escape(slot.value) for slot in Slot))
_PAGES = re.compile(rf"(?:{re.escape(Slot.WEB_URL)}|{re.escape(Slot.PDF_URL)})(#[\w-]+)")
_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")
_SCHEMES = re.compile(r"(color-schemes?(?:: |\" content=\"))light dark")
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"


def for_screen(html: str, pictures: Pictures, urls: Mapping[Slot, str] = NOWHERE) -> str:
    """Return *html* with its attached pictures in place and its slots filled; without *urls* they lead nowhere."""
    # A link into the web edition keeps its fragment, which is a place in this page where the mail is the whole issue.
    html = _PAGES.sub(r"\1", html)
    html = _SLOTS.sub(lambda found: markup.escape(urls[Slot(found[0])]), html)
    for picture in pictures.values():
        html = html.replace(f"cid:{picture.sha256}", data_url(picture))
    return html


def in_light(html: str, *, dark: bool) -> str:
    """Return *html* as a program shows it that is set to dark, or to light, whatever the browser here is set to.

    Only what the edition itself says of the dark is followed; what some programs do to colours by force is not shown.
    """
    head, end, rest = html.partition("</head>")
    head = _DARK.sub(_ALWAYS if dark else _NEVER, head)
    head = _SCHEMES.sub(rf"\1{'dark' if dark else 'light'}", head)
    return head + end + rest


def data_url(picture: Picture) -> str:
    """Return *picture* as a data: URL (RFC 2397)."""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def with_urls(text: str, urls: Mapping[Slot, str]) -> str:
    """Return the plain-text edition with each slot filled, as the message compiler fills it."""
    return _SLOTS.sub(lambda found: urls[Slot(found[0])], text)


def without_slots(text: str) -> str:
    """Return the plain-text edition with each slot replaced by words, as a file on disk shows it."""
    return with_urls(text, {slot: f"[{slot.name.replace('_URL', '').lower()} link of each reader]" for slot in Slot})
