"""What the editor's pages post: forms of many fields and the JSON of the autosave, read within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from newsletter.web.problems import BadForm, FormTooLong

BODY_LIMIT = 2_000_000
"""Octets; the longest article in all its fields has a tenth of that."""
FIELD_LIMIT = 3_000
NOT_WHOLE = "The form did not arrive whole. Please go back, load the page again and try once more."


async def read_body(request: Request) -> bytes:
    """Return the body of *request*; raise ``FormTooLong``. Asynchronous, so that a slow sender holds no thread."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > BODY_LIMIT:
            raise FormTooLong("This is more text than one page of the editor holds; divide it.")
    return bytes(body)


async def read_fields(body: Annotated[bytes, Depends(read_body)]) -> Mapping[str, str]:
    """Return the fields of an urlencoded form, the last of each name; raise ``BadForm``."""
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELD_LIMIT, errors="strict")
    except ValueError as error:
        raise BadForm(NOT_WHOLE) from error
    if b"%00" in body:  # no keyboard types it, and PostgreSQL stores no text with a NUL
        raise BadForm(NOT_WHOLE)
    return dict(fields)


BodyDep = Annotated[bytes, Depends(read_body)]
FieldsDep = Annotated[Mapping[str, str], Depends(read_fields)]


def number_in(fields: Mapping[str, str], name: str) -> int:
    """Return the field *name* as a number; raise ``BadForm`` for what is none."""
    value = fields.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadForm(NOT_WHOLE)
    return int(value)
