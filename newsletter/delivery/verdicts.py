"""Verdicts: what a refusal (5xx) or a request to slow down (4xx) means for the reader and for us."""

from __future__ import annotations

import re
from enum import StrEnum

from newsletter.mail.envelope import Deferred, Refused


class Verdict(StrEnum):
    """Whom a refusal concerns."""

    DEAD_MAILBOX = "dead mailbox"
    """There is no such mailbox: refused, and the address is suppressed after one."""
    FULL_MAILBOX = "full mailbox"
    """Full at the moment, said with a permanent code: refused, the address stays good."""
    ONE_READER = "one reader"
    """Refused for this reader; says nothing of the others, nor that the mailbox is dead."""
    TOO_MANY = "too many"
    """A limit on recipients said with a permanent code; as 452 (RFC 5321 §4.5.3.1.10)."""
    OUR_FAULT = "our fault"
    """We are refused (reputation, sign-in, content, size): stop and tell the team, the reader is blameless."""


# RFC 3463 §3.2: bad mailbox, system, syntax, moved, null MX (RFC 7505); §3.5: no route; RFC 6710 §7: disabled, too new.
_DEAD = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "4.4", "7.17", "7.18"})
_OURS = frozenset({"1.7", "1.8", "2.3", "3.4", "7.3", "7.8", "7.9", "7.11", "7.40", "7.57", "7.60", "7.64"})
# 5.7.1 stands for anything from "this list is for members" to "your network is blocked": the words decide.
_ABOUT_US = re.compile(
    r"spam|block|black.?list|deny.?list|reputation|\brbl\b|dnsbl|spamhaus|barracuda|\bdkim\b|\bspf\b|\bdmarc\b|"
    r"unauthenticated|authenticat|not authori[sz]ed|relay|reverse dns|\bptr\b|listed|unsolicited|banned",
    re.IGNORECASE,
)
_NOBODY_THERE = re.compile(
    r"(user|recipient|mailbox|address|account)[^.;]{0,60}"
    r"(unknown|not found|does ?n.t exist|does not exist|disabled|inactive)|"
    r"(unknown|no such|invalid|nonexistent) (local )?(user|recipient|mailbox|address|account)",
    re.IGNORECASE,
)
_GREYLISTING = re.compile(r"gr[ea]y.?list", re.IGNORECASE)
_BARE_OURS = frozenset({500, 501, 502, 503, 504, 521, 523, 530, 534, 535, 538, 555})


def verdict_of(refused: Refused) -> Verdict:
    """Return whom *refused* concerns (STANDARDS §4); the enhanced code decides, then words, then the bare code."""
    subject = refused.enhanced.partition(".")[2]
    if subject:
        return _by_enhanced(refused, subject)
    if refused.code in _BARE_OURS or _ABOUT_US.search(refused.reply):
        return Verdict.OUR_FAULT
    if refused.code == 550 and _NOBODY_THERE.search(refused.reply):
        return Verdict.DEAD_MAILBOX
    return Verdict.FULL_MAILBOX if refused.code == 552 else Verdict.ONE_READER


def _by_enhanced(refused: Refused, subject: str) -> Verdict:
    group, _, detail = subject.partition(".")
    if subject in _DEAD or (subject == "2.1" and refused.code == 550):
        return Verdict.DEAD_MAILBOX
    if subject == "2.2":
        return Verdict.FULL_MAILBOX
    if subject == "5.3":
        return Verdict.TOO_MANY
    if subject in _OURS or group == "5" or (group == "6" and detail != "7"):
        return Verdict.OUR_FAULT
    if group == "7":
        # 25-32: PTR, SPF, DKIM, ARC, DMARC (RFC 7372, RFC 8601); from 500 on Microsoft's, all about the sender.
        number = int(detail)
        if 25 <= number <= 32 or number >= 500 or (number in {0, 1} and _ABOUT_US.search(refused.reply)):
            return Verdict.OUR_FAULT
    return Verdict.ONE_READER


def asks_to_slow_down(deferred: Deferred) -> bool:
    """Tell whether the receiver objects to our rate or reputation (4.7.x, RFC 3463 §3.8), not to this one mail.

    Greylisting often bears the same code; it asks for patience with one mail, which the ladder has.
    """
    return deferred.enhanced.startswith("4.7.") and not _GREYLISTING.search(deferred.reply)
