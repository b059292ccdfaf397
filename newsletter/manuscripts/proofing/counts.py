"""Counts that do not fit what they count: issuing bodies, and the list after ``three steps:``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from newsletter.manuscripts.document import Article, Note, Source
from newsletter.manuscripts.places import Passage, path_of, title_of
from newsletter.manuscripts.proofing.rule import Copy, Found
from newsletter.manuscripts.remarks import Place
from newsletter.manuscripts.richtext import Block, BulletList, OrderedList, Paragraph, plain

_ENGLISH = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
_GERMAN = (
    "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
    " achtzehn neunzehn zwanzig"
)
NUMBERS = {word: n for words in (_ENGLISH, _GERMAN) for n, word in enumerate(words.split(), 1)}
_NUMBER = r"(?P<number>\d{1,2}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + r")"
_BODIES = re.compile(
    rf"(?P<lead>\b(?:and|und|with|sowie|mit)\s+)?(?<![\d.,-])\b{_NUMBER}\s+(?P<other>other\s+|further\s+|more\s+|additional\s+|weitere[nr]?\s+"
    r"|andere[nr]?\s+)?(?:[\w-]+\s+){0,2}?(?P<noun>ministries|departments|agencies|bodies|authorities|regulators|commissions"
    r"|ministerien|behörden|stellen|ressorts|ämter)\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?P<number>[一二两三四五六七八九十]{1,3}|\d{1,2})(?:个)?(?:部门|部委|单位|机构|部|厅局|厅)(?!分)"
)
_ISSUED = re.compile(
    r"\b(?:issued?|released?|published|announced|jointly|led by|unveiled|veröffentlich|erlassen|vorgelegt|gemeinsam)",
    re.IGNORECASE,
)
_ACRONYM = re.compile(r"\([A-Z][A-Za-z]*[A-Z]s?\)")
_LIST = re.compile(
    rf"(?<![\d.,-])\b{_NUMBER}\s+(?P<what>(?:[\w-]+\s+){{0,3}}?[^\W\d_]{{3,}})(?:\s+(?:are|were|is|sind|to|in|for|by|of|this|next|follow)"
    r"(?:\s+[\w-]+){0,4})?\s*:\s*\Z",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:including|among|such as|for example|at least|more than|over|up to|about|some|nearly|almost|darunter|etwa"
    r"|mindestens|mehr als|rund|über|bis zu|z\. ?b\.)\b",
    re.IGNORECASE,
)
_UNITS = re.compile(
    r"\b(?:years?|months?|weeks?|days?|hours?|percent|million|billion|jahre?n?|monate?n?|wochen?|tage?n?|prozent"
    + "|".join(("ministries", "departments", "agencies", "bodies", "january", "february", "march", "april", "may"))
    + r")\b",
    re.IGNORECASE,
)


def number_of(text: str) -> int | None:
    """Return the number that *text* is: digits, an English, German or Chinese word; None if it is none."""
    if text.isdigit():
        return int(text)
    if text.lower() in NUMBERS:
        return NUMBERS[text.lower()]
    digits = {sign: n for n, sign in enumerate("一二三四五六七八九", 1)} | {"两": 2}
    if "十" in text:
        tens, _, ones = text.partition("十")
        if (tens and tens not in digits) or (ones and ones not in digits):
            return None
        return (digits[tens] if tens else 1) * 10 + (digits[ones] if ones else 0)
    return digits.get(text)


def wrong_counts(copy: Copy) -> Iterator[Found]:
    """Find counts of issuing bodies that do not fit the list, and counts before a list that has another length."""
    for section in copy.document.sections:
        for entry in section.entries:
            path = path_of(section.title, title_of(entry))
            if isinstance(entry, Article):
                yield from _issuing(copy, entry, path)
                for part in entry.parts:
                    yield from _lists(part.blocks, path_of(path, part.label))
            elif isinstance(entry, Note):
                yield from _lists(entry.blocks, path)


def _issuing(copy: Copy, article: Article, path: str) -> Iterator[Found]:
    listed = [source for source in article.sources if len(source.bodies) > 1]
    for source in listed:
        match = _CHINESE.search(source.original_title)
        number = number_of(match.group("number")) if match else None
        if match and number and number > 1 and number != len(source.bodies):
            place = Place(source.line, path_of(path, source.label), match.group())
            yield _found(match.group(), number, source, place)
    if not listed or not article.parts:
        return
    inner = {path_of(path, part.label): at for at, part in enumerate(article.parts)}
    for passage in copy.passages:
        if passage.field != "text" or passage.path not in inner:
            continue
        for match in _BODIES.finditer(passage.words):
            sentence = _sentence(passage.words, match.start())
            if inner[passage.path] and not _ISSUED.search(sentence):
                continue  # further down an article speaks of other documents as well
            yield from _judge(match, sentence, listed, passage)


def _sentence(words: str, at: int) -> str:
    start = max(words.rfind(". ", 0, at), words.rfind("; ", 0, at), -1) + 1
    end = words.find(". ", at)
    return words[start : end if end >= 0 else len(words)]


def _judge(match: re.Match[str], sentence: str, listed: Sequence[Source], passage: Passage) -> Iterator[Found]:
    number = number_of(match.group("number"))
    if not number or number < 2:
        return
    before = sentence.split(match.group(), 1)[0]
    for source in listed:
        named = {body for body in source.bodies if re.search(rf"\b{re.escape(body)}\b", before)}
        leads = max(1, len(named), len(_ACRONYM.findall(before)))
        allowed = (
            {number + leads} if match.group("other") else {number, number + leads} if match.group("lead") else {number}
        )
        if len(source.bodies) in allowed:
            return
    total = number + leads if match.group("other") else number
    quote = match.group()
    if match.group("other") and leads == 1:
        # The quote shows who the others are counted beside.
        quote = " ".join([*before.split()[-1:], quote]) if before.split() else quote
    yield _found(quote, total, listed[0], passage.place(quote.strip()))


def _found(quote: str, total: int, source: Source, place: Place) -> Found:
    return Found(
        f"“{' '.join(quote.split())}” makes {total} issuing bodies, and the list has {len(source.bodies)}.",
        f"Mend the number or the list ({', '.join(source.bodies)}).",
        (place,),
    )


def _lists(blocks: Sequence[Block], path: str) -> Iterator[Found]:
    for before, block in itertools.pairwise(blocks):
        if not isinstance(before, Paragraph) or not isinstance(block, BulletList | OrderedList):
            continue
        words = plain(before.children)
        clause = re.split(r"[.;!?]\s", words)[-1]
        match = _LIST.search(clause)
        number = number_of(match.group("number")) if match else None
        if not match or not number or number < 2 or number == len(block.items):
            continue
        around = clause[max(0, match.start() - 20) :]
        if (
            _VAGUE.search(around)
            or _UNITS.search(match.group("what"))
            or not match.group("what").rstrip().endswith(("s", "n", "e"))
        ):
            continue
        yield Found(
            f"“{match.group().strip()}” is followed by a list of {len(block.items)}.",
            "Mend the number or the list.",
            (Place(before.line, path, match.group().strip()),),
        )
