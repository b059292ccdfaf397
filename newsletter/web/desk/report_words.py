"""The report of a sending in words: one sheet that the page shows and the PDF prints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.delivery.bounces import Unreached
from newsletter.delivery.full_report import FullReport
from newsletter.delivery.growth import Growth
from newsletter.kit.catalogue import Words
from newsletter.rendering.charts import Point
from newsletter.rendering.report_sheet import ReportSheet, SheetTable
from newsletter.web.desk.sending_words import KINDS, REASONS, STATES


def sheet_of(
    seen: FullReport, _: Words, *, publication: str, title: str, number: int, zone: ZoneInfo,
    unreached: tuple[Unreached, ...] = (),
) -> ReportSheet:  # fmt: skip
    """Return the report in words; *unreached* are those to be named, an excerpt on the page and none on paper."""
    account = seen.account
    begun = account.started_at
    when = _("has not begun") if begun is None else _.moment(begun, zone)
    kind = _(KINDS[account.kind]) if account.kind in KINDS else account.kind.value
    tables = [_bounces(seen, _), _receivers(seen, _), _organisations(seen, _), _growth(seen.growth, _, zone)]
    if unreached:
        tables.append(_unreached(seen, unreached, _, zone))
    return ReportSheet(
        language=_.language,
        kicker=_("%(publication)s · No. %(number)s · %(kind)s", publication=publication, number=number, kind=kind),
        title=title or _("Without a title"),
        lead=_.ngettext("%(state)s · %(when)s · to one reader", "%(state)s · %(when)s · to %(count)s readers",
                          account.planned, state=_(STATES[account.state][0]), when=when),
        facts=tuple(_facts(seen, _)),
        curve_title=_("Over time"),
        curve_words=_curve_words(seen, _, zone),
        curve=tuple(_points(seen, _, zone)),
        tables=tuple(table for table in tables if table.rows),
        foot=_("“Handed to the mail server” is not “read”: nobody is tracked. As of %(when)s.",
                 when=_.moment(seen.at, zone)),
    )  # fmt: skip


def curve_table(seen: FullReport, _: Words, zone: ZoneInfo) -> SheetTable:
    """Return the curve's numbers, for the table beside it; where nothing was handed over nothing is said."""
    rows = tuple(
        (_at(step.ends_at, seen, _, zone), _.number(step.handed_over), _.number(step.altogether))
        for step in seen.curve
        if step.handed_over
    )
    columns = (_("Until"), _("Handed over"), _("Altogether"))
    return SheetTable(_("Over time, in numbers"), columns, rows, (False, True, True))


def _facts(seen: FullReport, _: Words) -> list[tuple[str, str, str]]:
    account = seen.account
    returned, later = account.refused + account.expired, sum(one.later for one in seen.bounces)
    waiting = account.deferred + account.waiting + account.in_hand
    facts = [
        (_.number(account.accepted), _("handed to the mail server"),
         _share(account.accepted, account.planned, _)),
        (_.number(returned), _("returned"),
         _("%(number)s more came back later", number=_.number(later)) if later else ""),
        (_.number(waiting), _("waiting or trying again"), ""),
        (_.number(sum(account.skipped.values()) + account.cancelled), _("not sent"), ""),
        (_.number(account.unsubscribed), _("left through this mail"),
         _share(account.unsubscribed, account.accepted, _)),
        (_.number(seen.complained), _("marked it as spam"), _share(seen.complained, account.accepted, _)),
    ]  # fmt: skip
    if account.uncertain:
        facts.append((_.number(account.uncertain), _("may have arrived twice"), ""))
    if account.held:
        facts.append((_.number(account.held), _("in doubt; please decide"), ""))
    return facts


def _share(part: int, whole: int, _: Words) -> str:
    return _.percent(part / whole, 1) if part and whole else ""


def _points(seen: FullReport, _: Words, zone: ZoneInfo) -> Iterator[Point]:
    """Yield the way from nothing, when the sending began, to all."""
    begun = seen.account.started_at
    if begun is not None and seen.curve:
        yield Point(_.clock(begun, zone), 0)
    yield from (Point(_.clock(step.ends_at, zone), step.altogether) for step in seen.curve)


def _at(at: datetime, seen: FullReport, _: Words, zone: ZoneInfo) -> str:
    """Return the time of day, for what happened on the day on which the sending began; else the day as well."""
    begun = seen.account.started_at
    same_day = begun is not None and begun.astimezone(zone).date() == at.astimezone(zone).date()
    return _.clock(at, zone) if same_day else _.moment(at, zone)


def _curve_words(seen: FullReport, _: Words, zone: ZoneInfo) -> str:
    if not seen.curve:
        return ""
    last = seen.curve[-1]
    half = next(step for step in seen.curve if step.altogether * 2 >= last.altogether)
    return _(
        "Mails handed over as time passed: half of them by %(half)s, all %(number)s by %(end)s.",
        half=_at(half.ends_at, seen, _, zone), number=_.number(last.altogether), end=_at(last.ends_at, seen, _, zone),
    )  # fmt: skip


def _bounces(seen: FullReport, _: Words) -> SheetTable:
    rows = tuple(
        (_(REASONS[one.reason]), _.number(one.number), _.number(one.later), one.example) for one in seen.bounces
    )
    columns = (_("Why"), _("Mails"), _("of these later"), _("What a server said, for example"))
    return SheetTable(_("Returned, by reason"), columns, rows, (False, True, True, False))


def _receivers(seen: FullReport, _: Words) -> SheetTable:
    rows = tuple(
        (row.name or _("all others"),
         *map(_.number, (row.planned, row.accepted, row.deferred, row.returned, row.others)))
        for row in seen.receivers
    )  # fmt: skip
    columns = (_("Receiver"), _("Planned"), _("Handed over"), _("Waiting"), _("Returned"), _("Not sent"))
    return SheetTable(_("By receiver"), columns, rows, (False, True, True, True, True, True))


def _organisations(seen: FullReport, _: Words) -> SheetTable:
    found = seen.organisations
    rows = [(domain, _.number(number)) for domain, number in found.named]
    rows += [(_("other organisations"), _.number(found.others))] if found.others else []
    rows += [(_("private mailboxes"), _.number(found.private))] if found.private else []
    note = _("Read from the part after the @ of the addresses it was handed over for; nothing else is known.")
    return SheetTable(_("Readers by organisation"), (_("Organisation"), _("Readers")), tuple(rows), (False, True), note)


def _growth(found: Growth, _: Words, zone: ZoneInfo) -> SheetTable:
    rows = [
        (_("joined"), f"+{_.number(found.joined)}" if found.joined else "0"),
        (_("left by themselves"), _lost(found.left, _)),
        (_("membership ended"), _lost(found.lapsed, _)),
        (_("marked a mail as spam"), _lost(found.complained, _)),
        (_("removed by the team"), _lost(found.removed, _)),
        (_("readers now"), _.number(found.readers)),
    ]
    since = _("since the beginning") if found.since is None else _("since the issue before, %(day)s",
                                                                       day=_.day(found.since, zone))  # fmt: skip
    columns = (since[:1].upper() + since[1:], _("Readers"))
    return SheetTable(_("Growth and losses"), columns, tuple(rows), (False, True))


def _lost(number: int, _: Words) -> str:
    return f"−{_.number(number)}" if number else "0"


def _unreached(seen: FullReport, rows: tuple[Unreached, ...], _: Words, zone: ZoneInfo) -> SheetTable:
    shown = tuple(
        (row.address, _(REASONS[row.reason]), row.reply, _.moment(row.at, zone) if row.at else "") for row in rows
    )
    more = seen.unreached - len(rows)
    note = _.ngettext("One more stands in the CSV.", "%(count)s more stand in the CSV.", more) if more > 0 else ""
    columns = (_("Address"), _("Why"), _("What the server said"), _("When"))
    return SheetTable(_("Not reached"), columns, shown, (False, False, False, False), note)
