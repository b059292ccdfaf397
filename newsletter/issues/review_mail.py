"""The mail with which a reviewer is asked to look at one article."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.publications import CONTROL, Profile
from newsletter.rendering.wording import wording


@dataclass(frozen=True, slots=True)
class Mail:
    """Subject and text."""

    subject: str
    text: str


_WORDS = {
    "en": (
        "Please look at: {title}",
        "{by} asks you to look at “{title}” of {publication} before it goes out.",
        (
            "You need no account. The page shows the text as it will look in the mail and on paper, and takes a comment"
            " or the word “correct”:"
        ),
        "The link opens this one text until {until}. Opening it changes nothing.",
    ),
    "de": (
        "Bitte ansehen: {title}",
        "{by} bittet Sie, „{title}“ aus {publication} anzusehen, bevor es erscheint.",
        (
            "Sie brauchen kein Konto. Die Seite zeigt den Text, wie er in der Mail und auf Papier aussehen wird, und"
            " nimmt einen Kommentar oder das Wort „richtig“ entgegen:"
        ),
        "Der Link öffnet diesen einen Text bis {until}. Ihn zu öffnen ändert nichts.",
    ),
}


def invitation(profile: Profile, *, title: str, by: str, message: str, url: str, until: datetime) -> Mail:
    """Return the mail in the publication's language, else in English."""
    language = profile.language.partition("-")[0].lower()
    subject, asks, how, lasts = _WORDS.get(language, _WORDS["en"])
    local = until.astimezone(ZoneInfo(profile.time_zone))
    day = f"{wording(profile.language).date(local.date())}, {local:%H:%M}"
    title, by = (" ".join(CONTROL.sub(" ", text).split()) for text in (title, by))
    paragraphs = [textwrap.fill(asks.format(by=by, title=title, publication=profile.name), 72)]
    if message:
        paragraphs.append(textwrap.indent(message, "> ", lambda line: True))
    paragraphs += [textwrap.fill(how, 72), url, textwrap.fill(lasts.format(until=day), 72)]
    return Mail(subject.format(title=title)[:200], "\n\n".join(paragraphs) + "\n")
