"""The report of a sending in words: one sheet that the page shows and the PDF prints."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from newsletter.delivery.bounces import Unreached
from newsletter.delivery.full_report import FullReport
from newsletter.delivery.growth import Growth
from newsletter.kit.catalogue import Words
from newsletter.rendering.charts import Point
from newsletter.rendering.report_sheet import ReportSheet, SheetTable
from newsletter.web.desk.sending_words import KINDS, REASONS, STATES


def sheet_of(
    seen: FullReport, say: Words, *, publication: str, title: str, number: int, zone: ZoneInfo,
    unreached: tuple[Unreached, ...] = (),
) -> ReportSheet:  # fmt: skip
    """Return the report in words; *unreached* are those to be named, an excerpt on the page and none on paper."""
    account = seen.account
    begun = account.started_at
    when = say("has not begun") if begun is None else say.moment(begun, zone)
    kind = say(KINDS[account.kind]) if account.kind in KINDS else account.kind.value
    tables = [_bounces(seen, say), _receivers(seen, say), _organisations(seen, say), _growth(seen.growth, say, zone)]
    if unreached:
        tables.append(_unreached(seen, unreached, say, zone))
    return ReportSheet(
        language=say.language,
        kicker=say("%(publication)s · No. %(number)s · %(kind)s", publication=publication, number=number, kind=kind),
        title=title or say("Without a title"),
        lead=say.ngettext("%(state)s · %(when)s · to one reader", "%(state)s · %(when)s · to %(count)s readers",
                          account.planned, state=say(STATES[account.state][0]), when=when),
        facts=tuple(_facts(seen, say)),
        curve_title=say("Over time"),
        curve_words=_curve_words(seen, say, zone),
        curve=tuple(Point(say.clock(step.ends_at, zone), step.altogether) for step in seen.curve),
        tables=tuple(table for table in tables if table.rows),
        foot=say("“Handed to the mail server” is not “read”: nobody is tracked. As of %(when)s.",
                 when=say.moment(seen.at, zone)),
    )  # fmt: skip


def curve_table(seen: FullReport, say: Words, zone: ZoneInfo) -> SheetTable:
    """Return the curve's numbers, for the table beside it."""
    rows = tuple(
        (say.moment(step.ends_at, zone), say.number(step.handed_over), say.number(step.altogether))
        for step in seen.curve
    )
    columns = (say("Until"), say("Handed over"), say("Altogether"))
    return SheetTable(say("Over time, in numbers"), columns, rows, (False, True, True))


def _facts(seen: FullReport, say: Words) -> list[tuple[str, str, str]]:
    account = seen.account
    returned, later = account.refused + account.expired, sum(one.later for one in seen.bounces)
    waiting = account.deferred + account.waiting + account.in_hand
    facts = [
        (say.number(account.accepted), say("handed to the mail server"),
         _share(account.accepted, account.planned, say)),
        (say.number(returned), say("returned"),
         say("%(number)s more came back later", number=say.number(later)) if later else ""),
        (say.number(waiting), say("waiting or trying again"), ""),
        (say.number(sum(account.skipped.values()) + account.cancelled), say("not sent"), ""),
        (say.number(account.unsubscribed), say("left through this mail"),
         _share(account.unsubscribed, account.accepted, say)),
        (say.number(seen.complained), say("marked it as spam"), _share(seen.complained, account.accepted, say)),
    ]  # fmt: skip
    if account.uncertain:
        facts.append((say.number(account.uncertain), say("may have arrived twice"), ""))
    if account.held:
        facts.append((say.number(account.held), say("in doubt; please decide"), ""))
    return facts


def _share(part: int, whole: int, say: Words) -> str:
    return say.percent(part / whole, 1) if whole else ""


def _curve_words(seen: FullReport, say: Words, zone: ZoneInfo) -> str:
    if not seen.curve:
        return ""
    last = seen.curve[-1]
    half = next(step for step in seen.curve if step.altogether * 2 >= last.altogether)
    return say(
        "Mails handed over as time passed: half of them by %(half)s, all %(number)s by %(end)s.",
        half=say.moment(half.ends_at, zone), number=say.number(last.altogether), end=say.moment(last.ends_at, zone),
    )  # fmt: skip


def _bounces(seen: FullReport, say: Words) -> SheetTable:
    rows = tuple(
        (say(REASONS[one.reason]), say.number(one.number), say.number(one.later), one.example) for one in seen.bounces
    )
    columns = (say("Why"), say("Mails"), say("of these later"), say("What a server said, for example"))
    return SheetTable(say("Returned, by reason"), columns, rows, (False, True, True, False))


def _receivers(seen: FullReport, say: Words) -> SheetTable:
    rows = tuple(
        (row.name or say("all others"),
         *map(say.number, (row.planned, row.accepted, row.deferred, row.returned, row.others)))
        for row in seen.receivers
    )  # fmt: skip
    columns = (say("Receiver"), say("Planned"), say("Handed over"), say("Waiting"), say("Returned"), say("Not sent"))
    return SheetTable(say("By receiver"), columns, rows, (False, True, True, True, True, True))


def _organisations(seen: FullReport, say: Words) -> SheetTable:
    found = seen.organisations
    rows = [(domain, say.number(number)) for domain, number in found.named]
    rows += [(say("other organisations"), say.number(found.others))] if found.others else []
    rows += [(say("private mailboxes"), say.number(found.private))] if found.private else []
    note = say("Read from the part after the @ of the addresses it was handed over for; nothing else is known.")
    return SheetTable(
        say("Readers by organisation"), (say("Organisation"), say("Readers")), tuple(rows), (False, True), note
    )


def _growth(found: Growth, say: Words, zone: ZoneInfo) -> SheetTable:
    rows = [
        (say("joined"), f"+{say.number(found.joined)}"),
        (say("left by themselves"), f"−{say.number(found.left)}"),
        (say("membership ended"), f"−{say.number(found.lapsed)}"),
        (say("marked a mail as spam"), f"−{say.number(found.complained)}"),
        (say("removed by the team"), f"−{say.number(found.removed)}"),
        (say("readers now"), say.number(found.readers)),
    ]
    since = say("since the beginning") if found.since is None else say("since the issue before, %(day)s",
                                                                       day=say.day(found.since, zone))  # fmt: skip
    columns = (since[:1].upper() + since[1:], say("Readers"))
    return SheetTable(say("Growth and losses"), columns, tuple(rows), (False, True))


def _unreached(seen: FullReport, rows: tuple[Unreached, ...], say: Words, zone: ZoneInfo) -> SheetTable:
    shown = tuple(
        (row.address, say(REASONS[row.reason]), row.reply, say.moment(row.at, zone) if row.at else "") for row in rows
    )
    more = seen.unreached - len(rows)
    note = say.ngettext("One more stands in the CSV.", "%(count)s more stand in the CSV.", more) if more > 0 else ""
    columns = (say("Address"), say("Why"), say("What the server said"), say("When"))
    return SheetTable(say("Not reached"), columns, shown, (False, False, False, False), note)
