"""Manuscript files on disk: the text with the pictures that lie beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from newsletter.kit.errors import ManuscriptError, NotFound
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.pictures import Picture, Pictures, read_picture
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.remarks import Place, Remark, Severity
from newsletter.manuscripts.richtext import Figure

MAX_PICTURE_BYTES = 8_000_000
"""A picture travels inside every mail; beyond this no mail server would take the message."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came in with one manuscript file."""

    document: Document
    remarks: tuple[Remark, ...]
    pictures: Pictures


def receive(path: Path, *, house_style: HouseStyle) -> Received:
    """Read the manuscript at *path* and the pictures it names; a picture that cannot be had is a Remark.

    Raises ``NotFound`` if there is no such file, ``ManuscriptError`` if it is no manuscript.
    """
    try:
        source = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise ManuscriptError(f"{path} cannot be read: {error.strerror}.") from error
    reading = read(source, house_style=house_style, name=path.name)
    pictures: dict[str, Picture] = {}
    missing: list[Remark] = []
    for figure in figures_of(reading.document):
        try:
            pictures[figure.source] = _beside(path.parent, figure.source)
        except ManuscriptError as error:
            missing.append(_missing(figure, str(error)))
    return Received(reading.document, reading.remarks + tuple(missing), pictures)


def _beside(folder: Path, name: str) -> Picture:
    """Read the picture *name* from *folder* or below it, and from nowhere else."""
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
    return read_picture(data, name)


def _missing(figure: Figure, message: str) -> Remark:
    what, _, todo = message.partition("; ")
    return Remark(
        rule="missing-picture",
        severity=Severity.ERROR,
        message=what.rstrip(".") + ".",
        advice=(todo[:1].upper() + todo[1:]) or "Give the figure a picture that can be read.",
        places=(Place(line=figure.line, quote=figure.source),),
    )
