"""The one tree of errors; the message of each tells the reader what to do.

    DeskError                     anything a person can be told in one sentence
    ├── SettingsError             a setting is missing or bad            (named at start)
    ├── ManuscriptError           a file cannot be read as a manuscript
    ├── RenderingError            an edition cannot be made
    ├── NotFound                  the thing named does not exist
    ├── Conflict                  the thing is not in a state that allows this
    │   └── SignOffRefused        blockers stand against approving
    ├── BadInput                  a value given by a person cannot be used
    ├── NotPermitted              the person's role does not allow this
    ├── TooMany                   tried too often; later it will be allowed again
    ├── BadToken                  a link is forged, damaged or meant for something else
    └── DispatchRefused           a sending may not start

``raise Conflict(N_("It is out already."))``, or with places ``raise Conflict(Sentence(N_("…%(count)s…"), count=…))``
(``kit/sentences.py``): what somebody at the desk may be told is said there in their language by
``words.said(error.sentence, zone)``. What helps on the command line alone is its ``hint``.
HTTP status codes live in ``newsletter/web/problems.py``, exit codes in ``newsletter/cli/``.
"""

from __future__ import annotations

from datetime import timedelta

from newsletter.kit.sentences import N_


class DeskError(Exception):
    """Something went wrong; the message says what, where and what to do about it."""

    def __init__(self, sentence: str = "", *, hint: str = "") -> None:
        super().__init__(f"{sentence} {hint}" if hint else sentence)
        self.sentence = sentence
        """What is shown to people, who each have a language; without what only a terminal can do."""


class SettingsError(DeskError):
    """A setting is missing or bad; the message names it and says what it should look like."""


class ManuscriptError(DeskError):
    """The file is not a manuscript; the message says why in one sentence."""


class RenderingError(DeskError):
    """An edition could not be made; the message names the edition and the cause."""


class NotFound(DeskError):
    """There is no such thing; the message says how to list what there is."""


class Conflict(DeskError):
    """The thing is in a state that does not allow this; the message says which and what to do first."""


class SignOffRefused(Conflict):
    """Blockers stand against signing off; the message names each."""


class BadInput(DeskError):
    """A value given by a person cannot be used; the message says which and why."""


class NotPermitted(DeskError):
    """Your role does not allow this; the message says who can change that."""

    def __init__(self) -> None:
        super().__init__(N_("Your role does not allow this; an administrator of the desk can give you another."))


class TooMany(DeskError):
    """That was tried too often; the message says when it is allowed again."""

    def __init__(self, message: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait
        """How long until the next try is heard."""


class BadToken(DeskError):
    """This link is not valid; no hint is given why (STANDARDS: no hint whether an address exists)."""

    def __init__(self) -> None:
        super().__init__(N_("This link is not valid."))


class DispatchRefused(DeskError):
    """The sending may not start; the message says why and what would allow it."""
