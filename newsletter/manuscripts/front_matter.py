"""Front matter: the YAML block before a house-form manuscript, and the Document values in it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import yaml

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.dates import find_period, iso_date
from newsletter.manuscripts.document import (
    Contact,
    Correction,
    Document,
    MailFormat,
    Mailing,
    PeopleGroup,
    Period,
    Person,
    Publisher,
)
from newsletter.manuscripts.lines import Line
from newsletter.manuscripts.repairs import Finding

MAX_LINES = 2000
"""A front matter longer than this is an opening rule with no closing one."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*\Z")


T = TypeVar("T")


class _TextLoader(yaml.SafeLoader):
    """YAML in which every value is text: 2024-03-06 stays as written, and ``no`` is a word."""


_TextLoader.yaml_implicit_resolvers = {}


def split_front_matter(lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]] | None:
    """Return the lines of the front matter and those after it; None if the manuscript does not begin with one."""
    start = next((at for at, line in enumerate(lines) if not line.blank), None)
    if start is None or lines[start].text.rstrip() != "---":
        return None
    for at in range(start + 1, min(len(lines), start + MAX_LINES)):
        if lines[at].text.rstrip() in {"---", "..."}:
            between = lines[start + 1 : at]
            if any(re.match(r"\s*[\w-]+\s*:", line.text) for line in between) or all(line.blank for line in between):
                return between, lines[at + 1 :]
            return None
    return None


def read_front_matter(lines: Sequence[Line]) -> tuple[Document, list[Finding]]:
    """Return a Document without sections with the values of the front matter, and what in it could not be used.

    Raises ``ManuscriptError`` with the line if it is not YAML.
    """
    first = lines[0].number if lines else 2
    text = "\n".join(line.text for line in lines)
    if text.count("&") + text.count("*") > 200:
        raise ManuscriptError(f"The front matter from line {first} has too many references to be meant.")
    try:
        loaded: object = yaml.load(text, _TextLoader) if text.strip() else {}  # noqa: S506  # built on SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise ManuscriptError(f"The front matter cannot be read at line {line}: {problem}.") from error
    if not isinstance(loaded, dict):
        raise ManuscriptError(f"The front matter at line {first} is not a list of fields such as `title: …`.")
    return _Values(loaded, lines).document()


class _Values:
    """The fields one by one; what cannot be used becomes a Finding with its line."""

    def __init__(self, loaded: Mapping[Any, Any], lines: Sequence[Line]) -> None:
        self.loaded = loaded
        self.lines = lines
        self.findings: list[Finding] = []

    def document(self) -> tuple[Document, list[Finding]]:
        date = self._parsed("date", iso_date)
        mailing = Mailing(self._text("subject"), self._text("preheader"), self._parsed("format", _format))
        document = Document(
            title=self._text("title"),
            date=date,
            period=self._parsed("period", lambda text: _period(text, date)),
            language=self._parsed("language", _language) or "en",
            organisation=self._text("organisation", "organization"),
            mailing=mailing,
            people=self._people(),
            contact=self._contact(),
            publisher=self._publisher(),
            corrections=self._corrections(),
        )
        for key in self.loaded:
            if key not in FIELDS:
                self._refuse(str(key), self.loaded[key])
        return document, self.findings

    def _refuse(self, key: str, value: object) -> None:
        line = next((line.number for line in self.lines if line.text.lstrip().startswith(key)), None)
        self.findings.append(Finding("front-matter", line, f"{key}: {_shown(value)}"))

    def _text(self, *keys: str) -> str:
        for key in keys:
            value = self.loaded.get(key)
            if isinstance(value, str):
                return value
            if value is not None:
                self._refuse(key, value)
        return ""

    def _parsed(self, key: str, parse: Callable[[str], T | None]) -> T | None:
        text = self._text(key)
        parsed = parse(text.strip()) if text.strip() else None
        if text.strip() and parsed is None:
            self._refuse(key, text)
        return parsed

    def _people(self) -> tuple[PeopleGroup, ...]:
        groups = self.loaded.get("people")
        if groups is None:
            return ()
        found: list[PeopleGroup] = []
        if isinstance(groups, dict):
            groups = [{"title": title, "people": people} for title, people in groups.items()]
        for group in groups if isinstance(groups, list) else [groups]:
            people = group.get("people") or [] if isinstance(group, dict) else None
            if not isinstance(group, dict) or not isinstance(people, list) or set(group) - {"title", "people"}:
                self._refuse("people", group)
                continue
            members = [person for one in people if (person := self._person(one))]
            found.append(PeopleGroup(_shown(group.get("title", "")), tuple(members)))
        return tuple(found)

    def _person(self, value: object) -> Person | None:
        if isinstance(value, str):
            name, _, role = value.partition(", ")
            return Person(name, role)
        if isinstance(value, dict) and not set(value) - {"name", "role"}:
            return Person(_shown(value.get("name", "")), _shown(value.get("role", "")))
        self._refuse("people", value)
        return None

    def _contact(self) -> Contact | None:
        value = self.loaded.get("contact")
        if isinstance(value, str):
            return Contact(value)
        if isinstance(value, dict) and not set(value) - {"address", "label"}:
            return Contact(_shown(value.get("address", "")), _shown(value.get("label", "")))
        if value is not None:
            self._refuse("contact", value)
        return None

    def _publisher(self) -> Publisher | None:
        value = self.loaded.get("publisher")
        if value is None:
            return None
        if isinstance(value, str):
            value = {"lines": value.splitlines()}
        elif isinstance(value, list):
            value = {"lines": value}
        lines = value.get("lines") or [] if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(lines, list) or set(value) - {"title", "lines"}:
            self._refuse("publisher", value)
            return None
        return Publisher(_shown(value.get("title", "Publisher")), tuple(map(_shown, lines)))

    def _corrections(self) -> tuple[Correction, ...]:
        value = self.loaded.get("corrections")
        found = []
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            given = {"text": one} if isinstance(one, str) else one
            if not isinstance(given, dict) or set(given) - {"date", "text"}:
                self._refuse("corrections", one)
                continue
            written = _shown(given.get("date", ""))
            date = iso_date(written.strip())
            if written and date is None:
                self._refuse("corrections", written)
            found.append(Correction(_shown(given.get("text", "")), date))
        return tuple(found)


FIELDS = (
    "title", "date", "period", "language", "organisation", "organization", "subject", "preheader", "format",
    "people", "contact", "publisher", "corrections",
)  # fmt: skip
"""The fields of the front matter, in the order they are written."""


def _shown(value: object) -> str:
    """Return a value as text; a list or group of fields as its words."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{_shown(key)}: {_shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value)


def _format(text: str) -> MailFormat | None:
    try:
        return MailFormat(text.lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        return None


def _period(text: str, date: datetime.date | None) -> Period | None:
    return find_period(text, date)


def _language(text: str) -> str | None:
    return text if _LANGUAGE.match(text) else None


def front_matter_of(document: Document) -> str:
    """Return the front matter of *document* as YAML between its rules; empty values are left out."""
    values: dict[str, object] = {"title": document.title}
    if document.date:
        values["date"] = document.date.isoformat()
    if document.period:
        values["period"] = f"{document.period.first.isoformat()} to {document.period.last.isoformat()}"
    values["language"] = document.language
    values["organisation"] = document.organisation
    values["subject"] = document.mailing.subject
    values["preheader"] = document.mailing.preheader
    values["format"] = document.mailing.format.value if document.mailing.format else ""
    values = {key: value for key, value in values.items() if value or key == "title"}
    if document.people:
        values["people"] = [
            {"title": group.title, "people": [_fields(name=p.name, role=p.role) for p in group.people]}
            for group in document.people
        ]
    if document.contact:
        values["contact"] = _fields(label=document.contact.label, address=document.contact.address)
    if document.publisher:
        values["publisher"] = {"title": document.publisher.title, "lines": list(document.publisher.lines)}
    if document.corrections:
        values["corrections"] = [
            _fields(date=one.date.isoformat() if one.date else "", text=one.text) for one in document.corrections
        ]
    written = yaml.dump(values, Dumper=_TextDumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return f"---\n{written}---\n"


def _fields(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


class _TextDumper(yaml.SafeDumper):
    """YAML that quotes only what the text loader would misread."""


_TextDumper.yaml_implicit_resolvers = {}
