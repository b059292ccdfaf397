"""Handing in: the files or the text that somebody drops on the desk, read into an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import Request
from starlette.datastructures import UploadFile

from newsletter.issues.manuscript_files import Received, receive
from newsletter.kit.errors import BadInput, ManuscriptError
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.web.problems import BadForm, FormTooLong

MOST_BYTES = 64_000_000
"""Of everything dropped together: a dozen manuscripts with their pictures, each of which travels in every mail."""
MOST_FILES = 60
MOST_TEXT = 2_000_000
"""Bytes of a field; the longest issue that was ever pasted has a tenth of it."""
PICTURES = {".png", ".jpg", ".jpeg", ".gif"}
PASTED = "pasted text.md"


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file as the browser sent it."""

    sent_as: str
    data: bytes

    @property
    def name(self) -> str:
        """Its own name without any folder; raises ``ManuscriptError`` for what is no name."""
        name = self.sent_as.replace("\\", "/").rpartition("/")[2].strip()
        if name in {"", ".", ".."} or "\0" in name or len(name.encode()) > 200:
            raise ManuscriptError(f"A file is called {self.sent_as[:80]!r}; give it an ordinary name.")
        return name

    @property
    def is_picture(self) -> bool:
        """Whether it belongs beside a manuscript."""
        return Path(self.name).suffix.lower() in PICTURES


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What came with the form."""

    label: str
    """Of the newsletter it is for."""
    files: tuple[HandedFile, ...]
    text: str


async def handed_in(request: Request) -> HandedIn:
    """Read the form; raise ``FormTooLong`` before anything is taken in that is too much, ``BadForm`` if it is torn.

    Asynchronous because a body is a stream: slow senders must hold neither a thread nor a session.
    """
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise BadForm("The form did not say how long it is; please try again.")
    if int(length) > MOST_BYTES:
        raise FormTooLong(
            f"That is more than {MOST_BYTES // 1_000_000} MB; save the pictures smaller, or hand in fewer files."
        )
    async with request.form(max_files=MOST_FILES, max_fields=10, max_part_size=MOST_TEXT) as form:
        given = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
        files = tuple([HandedFile(one.filename or "", await one.read()) for one in given])
        label, text = form.get("publication"), form.get("text")
        return HandedIn(label if isinstance(label, str) else "", files, text if isinstance(text, str) else "")


def read_in(handed: HandedIn, *, house_style: HouseStyle) -> Received:
    """Return the manuscript among what was handed in, with its pictures; raise ``BadInput`` or ``ManuscriptError``."""
    manuscripts = [file for file in handed.files if not file.is_picture]
    if handed.text.strip():
        manuscripts.append(HandedFile(PASTED, handed.text.encode()))
    if not manuscripts:
        raise BadInput("There is no manuscript among these; choose a Markdown file, or paste the text.")
    if len(manuscripts) > 1:
        named = ", ".join(file.name for file in manuscripts)
        raise BadInput(f"These are several manuscripts ({named}); an issue is begun from one.")
    return _read(manuscripts[0], [file for file in handed.files if file.is_picture], house_style)


def _read(manuscript: HandedFile, pictures: Sequence[HandedFile], house_style: HouseStyle) -> Received:
    with TemporaryDirectory(prefix="handed-in-") as folder:
        for file in (*pictures, manuscript):
            (Path(folder) / file.name).write_bytes(file.data)
        return receive(Path(folder) / manuscript.name, house_style=house_style)
