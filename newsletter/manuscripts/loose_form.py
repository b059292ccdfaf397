"""The loose form: a manuscript as it comes out of a PDF or a Word file, put in order as a Document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from newsletter.manuscripts.articles import ArticleDraft
from newsletter.manuscripts.briefs import EVENT_TITLES, are_briefs, briefs_of
from newsletter.manuscripts.contents import drop_contents
from newsletter.manuscripts.document import (
    Article,
    BriefList,
    Contact,
    Document,
    Entry,
    Note,
    PeopleGroup,
    Publisher,
    Section,
)
from newsletter.manuscripts.furniture import drop_furniture
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.labels import Labels, infer
from newsletter.manuscripts.languages import language_of_text
from newsletter.manuscripts.lines import Line, tidy
from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.masthead import Masthead, read_masthead
from newsletter.manuscripts.mending import mend
from newsletter.manuscripts.outline import Outline, Role
from newsletter.manuscripts.people import contact_of, people_of, publisher_of
from newsletter.manuscripts.pieces import Cutter, FieldLine, Piece, Prose, Roll, Title, chunks_of
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Block, Subheading, plain


@dataclass(slots=True)
class LooseReading:
    """What reading the loose form gives: the Document, the findings, and the lines whose words became values."""

    document: Document
    findings: list[Finding]
    taken: list[str]


def read_loose(
    lines: Sequence[Line],
    house: HouseStyle,
    known_values: Document | None = None,
    *,
    part: bool = False,
    headed: bool = False,
) -> LooseReading:
    """Return the Document that *lines* amount to; *known_values* (from front matter) win over the masthead.

    A *part* of an issue has no masthead; with *headed*, only what is marked as a title is one.
    """
    findings: list[Finding] = []
    tidied = [replace(line, text=tidy(line.text)) for line in lines]
    labels = infer(tidied, house)
    chunks = drop_furniture(drop_contents(chunks_of(tidied), house, findings), findings)
    pieces = Cutter(chunks, labels, house, headed=headed).cut()
    head = Masthead() if part else read_masthead(pieces, findings)
    if known_values is not None:
        head = _known(head, known_values)
    body = [*head.rest, *pieces[head.used :]]
    draft = _Draft(head, labels, findings)
    draft.read(body, Outline(body, labels, part=part).roles())
    return LooseReading(draft.document(lines, known_values, part=part), findings, head.taken)


def _known(head: Masthead, values: Document) -> Masthead:
    if values.title and head.title and values.title != head.title:
        head.rest = [Title(head.title, 1), *head.rest]
    return replace(
        head,
        title=values.title or head.title,
        date=values.date or head.date,
        period=values.period or head.period,
        organisation=values.organisation or head.organisation,
    )


@dataclass(slots=True)
class _Draft:
    """A Document in the making: sections so far, and the entry that prose goes to."""

    head: Masthead
    labels: Labels
    findings: list[Finding]
    sections: list[Section] = field(default_factory=list)
    people: list[PeopleGroup] = field(default_factory=list)
    contact: Contact | None = None
    publisher: Publisher | None = None
    _article: ArticleDraft | None = None
    _title: Title | None = None
    _role: Role = Role.NOTE
    _blocks: list[Block] = field(default_factory=list)

    def read(self, pieces: Sequence[Piece], roles: Mapping[int, Role]) -> None:
        """Take the pieces in, one after the other, each title as what it opens."""
        for at, piece in enumerate(pieces):
            match piece:
                case Title():
                    self._take_title(piece, roles[at])
                case FieldLine():
                    self._take_field(piece)
                case Prose():
                    self._take_prose(piece)
                case Roll():
                    self._take_roll(piece)
        self._close()

    def _take_title(self, title: Title, role: Role) -> None:
        match role:
            case Role.SECTION:
                self._close()
                self.sections.append(Section(self._words(title), line=title.line))
            case Role.ARTICLE:
                self._close()
                self._article = ArticleDraft(
                    self._words(title), title.number, title.line, self.labels, self.findings, self.head.taken
                )
            case Role.BRIEFS | Role.NOTE:
                self._close()
                self._title, self._role = title, role
            case Role.LABEL | Role.INSIDE if self._article:
                if role is Role.LABEL:
                    self._article.label(self._words(title), title.line)
                else:
                    self._article.add([self._subheading(title)])
            case Role.LABEL | Role.INSIDE:
                self._blocks.append(self._subheading(title))

    def _subheading(self, title: Title) -> Subheading:
        inlines, found = read_inlines(title.text, line=title.line)
        self.findings += found
        if title.number is not None:
            inlines, _ = read_inlines(f"{title.number}\\. {title.text}", line=title.line)
        return Subheading(inlines, line=title.line)

    def _words(self, title: Title) -> str:
        inlines, found = read_inlines(title.text, line=title.line)
        self.findings += found
        return plain(inlines).strip()

    def _take_field(self, field_line: FieldLine) -> None:
        if self._article and self._article.take(field_line):
            return
        words = f"{field_line.label}: {field_line.text}"
        self.findings.append(Finding("stray-field", field_line.line, words))
        blocks, found = read_blocks(words, first_line=field_line.line)
        self.findings += found
        self._add(blocks)

    def _take_prose(self, prose: Prose) -> None:
        if self._article is None and self.contact is None and self._is_contact(prose):
            return
        blocks, found = read_blocks(prose.text, first_line=prose.line)
        self.findings += found
        self._add(blocks)

    def _is_contact(self, prose: Prose) -> bool:
        lines = [Line(prose.line + n, text) for n, text in enumerate(prose.text.split("\n"))]
        if any(line.blank for line in lines) or not any(
            word in prose.text.casefold() for word in ("contact", "kontakt")
        ):
            return False
        self.contact = contact_of(lines, self.findings)
        return self.contact is not None

    def _add(self, blocks: Sequence[Block]) -> None:
        if self._article:
            self._article.add(blocks)
        else:
            self._blocks += blocks

    def _take_roll(self, roll: Roll) -> None:
        self._close()
        if roll.kind == "publisher":
            publisher = publisher_of(roll, self.findings)
            before = self.publisher.lines if self.publisher else ()
            self.publisher = Publisher(publisher.title, (*before, *publisher.lines))
            return
        group, contact = people_of(roll, self.findings)
        self.people.append(group)
        if contact and self.contact is None:
            self.contact = contact
        elif contact:
            self.findings.append(Finding("unplaced-words", roll.line, f"{contact.label} {contact.address}".strip()))

    def _close(self) -> None:
        """Put the entry in the making down as finished."""
        if self._article:
            self._put(self._article.finished())
        elif self._title or self._blocks:
            self._put(self._free())
        self._article, self._title, self._role, self._blocks = None, None, Role.NOTE, []

    def _free(self) -> Entry:
        """The entry that the gathered blocks make: briefs or a note."""
        blocks = mend(self._blocks, self.findings)
        title = self._words(self._title) if self._title else ""
        line = self._title.line if self._title else blocks[0].line if blocks else None
        over = title or (self.sections[-1].title if self.sections else "")
        if self._role is Role.BRIEFS or (not self._title and are_briefs(blocks) and not EVENT_TITLES.search(over)):
            briefs = briefs_of(blocks, period=self.head.period, issue_date=self.head.date, findings=self.findings)
            return BriefList(title, briefs, line=line)
        return Note(blocks, title, line=line)

    def _put(self, entry: Article | BriefList | Note) -> None:
        if not self.sections:
            self.sections.append(Section("", line=entry.line))
        last = self.sections[-1]
        self.sections[-1] = replace(last, entries=(*last.entries, entry))

    def document(self, lines: Sequence[Line], values: Document | None, *, part: bool) -> Document:
        """Return the finished Document; a part of an issue needs no title of its own."""
        head = self.head
        title = head.title
        if not title and not part:
            self.findings.append(
                Finding("title-missing", next((line.number for line in lines if not line.blank), 1), "")
            )
        base = values or Document("", language=language_of_text(" ".join(line.text for line in lines)))
        return replace(
            base,
            title=title,
            date=head.date,
            period=head.period,
            organisation=head.organisation,
            sections=tuple(self.sections),
            people=base.people or tuple(self.people),
            contact=base.contact or self.contact,
            publisher=base.publisher or self.publisher,
        )
