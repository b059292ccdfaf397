"""Manuscript files on disk: the text with the pictures that lie beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from newsletter.kit.errors import ManuscriptError, NotFound
from newsletter.manuscripts.document import figures_of
from newsletter.manuscripts.docx_changes import UNDECIDED, Decisions
from newsletter.manuscripts.files import FileReading, ManuscriptFile, read_file
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.picture_files import reencoded
from newsletter.manuscripts.pictures import Picture
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.manuscripts.richtext import Figure

Received = FileReading
"""What came in with one manuscript file."""
MAX_PICTURE_BYTES = 8_000_000
"""A picture travels inside every mail; beyond this no mail server would take the message."""


def receive(
    path: Path, *, house_style: HouseStyle, alone: bool = True, decisions: Decisions = UNDECIDED
) -> FileReading:
    """Read the manuscript at *path* and the pictures it names; a picture that cannot be had is a Remark.

    *alone* says that it is an issue by itself, *decisions* are those on a Word file's tracked changes. Raises
    ``NotFound`` if there is no such file, ``ManuscriptError`` if it is no manuscript.
    """
    try:
        source = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise ManuscriptError(f"{path} cannot be read: {error.strerror}.") from error
    file = ManuscriptFile(path.name, source)
    reading = read_file(file, house_style=house_style, alone=alone, decisions=decisions)
    pictures: dict[str, Picture] = dict(reading.pictures)
    missing: list[Remark] = []
    for figure in figures_of(reading.document):
        if figure.source in pictures:
            continue
        try:
            pictures[figure.source] = _beside(path.parent, figure.source)
        except ManuscriptError as error:
            missing.append(_missing(figure, str(error)))
    return replace(reading, remarks=reading.remarks + tuple(missing), pictures=pictures)


def _beside(folder: Path, name: str) -> Picture:
    """Read the picture *name* from *folder* or below it, and from nowhere else; what goes on is encoded anew."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or ":" in name:
        raise ManuscriptError(f"The picture {name!r} does not lie beside the manuscript; put it into the same folder.")
    try:
        path = (folder / pure).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ManuscriptError(f"The picture {name!r} points out of the manuscript's folder; copy it there.")
        if not path.is_file():
            raise ManuscriptError(f"The picture {name!r} is not there; put it into the manuscript's folder.")
        if path.stat().st_size > MAX_PICTURE_BYTES:
            raise ManuscriptError(
                f"The picture {name!r} is larger than 8 MB; save it smaller, it travels in every mail."
            )
        data = path.read_bytes()
    except OSError as error:
        raise ManuscriptError(f"The picture {name[:80]!r} cannot be read ({error.strerror}); mend that.") from error
    except (ValueError, RuntimeError) as error:  # a NUL in the name; links that lead to each other
        raise ManuscriptError(f"The picture {name[:80]!r} has no usable name; give it another.") from error
    return reencoded(data, name)


def _missing(figure: Figure, message: str) -> Remark:
    what, _, todo = message.partition("; ")
    return Remark(
        rule="missing-picture",
        severity=Severity.ERROR,
        message=what.rstrip(".") + ".",
        advice=(todo[:1].upper() + todo[1:]) or "Give the figure a picture that can be read.",
        places=(Place(line=figure.line, quote=figure.source),),
    )
