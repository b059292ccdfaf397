"""Forms: the small bodies that readers' pages and mail programs post, read within limits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.formparsers import MultiPartException, MultiPartParser

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.web.problems import BadForm, FormTooLong

BODY_LIMIT = 32_768
"""Octets; our largest form, 200 newsletters to tick, each with its pause, has two thirds, a one-click body 26."""
FIELD_LIMIT = 1_000
NOT_WHOLE = N_("The form did not arrive whole. Please go back, load the page again and try once more.")
NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of U+0000; a backslash before it would make it six plain characters."""
HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: a part of a multipart form may name an encoding in which it can be written."""
TOO_LONG = N_("The form is longer than anything our pages send.")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a posted form, in order."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return the first value of *name*, empty if there is none."""
        return next((value for field, value in self.fields if field == name), "")

    def has(self, name: str) -> bool:
        """Tell whether the field *name* was in the form, empty or not."""
        return any(field == name for field, _ in self.fields)

    def numbers(self, name: str) -> frozenset[int]:
        """Return the values of *name* as numbers; raise ``BadForm`` for what is none."""
        values = [value for field, value in self.fields if field == name]
        if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in values):
            raise BadForm(NOT_WHOLE)
        return frozenset(map(int, values))

    @property
    def is_one_click(self) -> bool:
        """Whether this is the POST of a mail program (RFC 8058 §3.1)."""
        return self.get("List-Unsubscribe").strip().casefold() == "one-click"


async def read_form(request: Request) -> Form:
    """Read the body of *request*, urlencoded or multipart; raise ``FormTooLong`` or ``BadForm``.

    Asynchronous because a body is a stream: a slow sender must not hold a thread, and no session is open yet.
    """
    body = await _body(request, BODY_LIMIT)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request, body)
    try:
        # Some senders name no type; the one-click body reads the same either way.
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELD_LIMIT, errors="strict")
    except ValueError as error:
        raise BadForm(NOT_WHOLE) from error
    return _whole(pairs)


async def _multipart(request: Request, body: bytes) -> Form:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=0, max_fields=FIELD_LIMIT, max_part_size=BODY_LIMIT)  # type: ignore[arg-type]  # any async iterator will do
    try:
        parsed = await parser.parse()
    except (MultiPartException, KeyError, ValueError, LookupError) as error:
        raise BadForm(NOT_WHOLE) from error
    return _whole((name, value) for name, value in parsed.multi_items() if isinstance(value, str))


def _whole(pairs: Iterable[tuple[str, str]]) -> Form:
    form = Form(tuple(pairs))
    # No keyboard types a NUL, and PostgreSQL stores no such text; half of a surrogate pair is no character at all.
    if any("\0" in value or HALF.search(value) for _, value in form.fields):
        raise BadForm(NOT_WHOLE)
    return form


M = TypeVar("M", bound=BaseModel)


def json_of(model: type[M], *, limit: int) -> Callable[[Request], Awaitable[M]]:
    """Return what reads a JSON body of at most *limit* octets into *model*.

    It raises ``FormTooLong``, or ``BadInput`` naming each entry that cannot be used.
    """

    async def read(request: Request) -> M:
        body = await _body(request, limit)
        if NUL_IN_JSON.search(body):
            raise BadInput("The body holds a character U+0000, which no text has; leave it out.")
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            wrong = (f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors()[:5])
            raise BadInput(f"These entries cannot be used: {'; '.join(wrong)}.") from error

    return read


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > limit:
            raise FormTooLong(TOO_LONG)
    return bytes(body)
