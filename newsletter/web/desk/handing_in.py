"""Handing in: the files or the text that somebody drops on the desk, as they come with a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, ManuscriptError
from newsletter.manuscripts.files import ManuscriptFile
from newsletter.web.problems import BadForm, FormTooLong

MOST_BYTES = 64_000_000
"""Of everything dropped together: a dozen manuscripts with their pictures, each of which travels in every mail."""
MOST_FILES = 60
MOST_TEXT = 2_000_000
"""Bytes of a field; the longest issue that was ever pasted has a tenth of it."""
PASTED = "pasted text.md"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What came with the form."""

    label: str
    """Of the newsletter it is for."""
    files: tuple[tuple[str, bytes], ...]
    """Each with the name it was sent under."""
    text: str

    @property
    def manuscripts(self) -> tuple[ManuscriptFile, ...]:
        """Return the files, the pasted text last; raise ``BadInput`` if there is none or one has no usable name."""
        found = [ManuscriptFile(own_name(sent_as), data) for sent_as, data in self.files]
        if self.text.strip():
            found.append(ManuscriptFile(PASTED, self.text.encode()))
        if not found:
            raise BadInput(N_("There is no manuscript yet; choose Word or Markdown files, or paste the text."))
        return tuple(found)


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
        files = tuple([(one.filename or "", await one.read()) for one in given])
        label, text = form.get("publication"), form.get("text")
        return HandedIn(label if isinstance(label, str) else "", files, text if isinstance(text, str) else "")


HandedDep = Annotated[HandedIn, Depends(handed_in)]
"""What came with the form, read before a thread is taken."""


def own_name(sent_as: str) -> str:
    """Return a file's own name without any folder; raise ``ManuscriptError`` for what is no name."""
    name = sent_as.replace("\\", "/").rpartition("/")[2].strip()
    if name in {"", ".", ".."} or "\0" in name or len(name.encode()) > 200:
        raise ManuscriptError(f"A file is called {sent_as[:80]!r}; give it an ordinary name.")
    return name
