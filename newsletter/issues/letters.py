"""Letters: what the team is told of sign-off by mail, in the publication's language."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.publications import Profile


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a notice."""

    subject: str
    text: str
    language: str


def asked(profile: Profile, title: str, *, by: str, note: str, link: str) -> Letter:
    """Ask somebody to read and approve an issue."""
    return _letter(
        profile,
        ("{publication}: please review “{title}”", "{by} asks you to read and approve “{title}”."),
        ("{publication}: bitte „{title}“ prüfen", "{by} bittet Sie, „{title}“ zu lesen und freizugeben."),
        title=title, by=by, note=note, link=link,
    )  # fmt: skip


def changes_requested(profile: Profile, title: str, *, by: str, note: str, link: str) -> Letter:
    """Say that an approver wants something changed."""
    return _letter(
        profile,
        ("{publication}: changes wanted in “{title}”", "{by} asks for changes in “{title}”."),
        ("{publication}: Änderungswünsche zu „{title}“", "{by} bittet um Änderungen an „{title}“."),
        title=title, by=by, note=note, link=link,
    )  # fmt: skip


def signed_off(profile: Profile, title: str, *, by: str, link: str) -> Letter:
    """Say that an issue is signed off and may be sent."""
    return _letter(
        profile,
        ("{publication}: “{title}” is signed off", "{by} signed off “{title}”. It can be sent."),
        ("{publication}: „{title}“ ist freigegeben", "{by} hat „{title}“ freigegeben. Sie kann verschickt werden."),
        title=title, by=by, note="", link=link,
    )  # fmt: skip


def released(profile: Profile, title: str, *, by: str, reason: str) -> Letter:
    """Tell the team of an emergency release."""
    return _letter(
        profile,
        ("{publication}: emergency release of “{title}”",
         "{by} signed off “{title}” alone, as an emergency release. The reason given:"),
        ("{publication}: Notfreigabe von „{title}“",
         "{by} hat „{title}“ allein freigegeben, als Notfreigabe. Die Begründung:"),
        title=title, by=by, note=reason, link="",
    )  # fmt: skip


def _letter(
    profile: Profile, english: tuple[str, str], german: tuple[str, str], *, title: str, by: str, note: str, link: str
) -> Letter:
    """Fill the words of the publication's language; what people wrote is put in last and is never a pattern."""
    is_german = profile.language.partition("-")[0].lower() == "de"
    subject, text = german if is_german else english
    values = {
        "publication": _one_line(profile.name),
        "title": _one_line(title) or ("ohne Titel" if is_german else "untitled"),
        "by": _one_line(by),
    }
    paragraphs = [text.format_map(values), note.strip(), link]
    return Letter(
        subject.format_map(values)[:SUBJECT_LIMIT],
        "\n\n".join(filter(None, paragraphs)) + "\n",
        "de" if is_german else "en",
    )


SUBJECT_LIMIT = 200
"""Characters, as of an issue's subject."""


def _one_line(text: str) -> str:
    return " ".join(text.split())
