"""Letters: the lines that open and close one, which look like torn sentences and like titles, and are neither."""

from __future__ import annotations

import re

SALUTATION = re.compile(
    r"(?:dear|hello|hi|good (?:morning|day|evening)|to (?:our|all)|liebe[rs]?|sehr geehrter?|verehrter?|"
    r"guten (?:tag|morgen|abend)|hallo|moin)\b[^.!?:;]{0,80},",
    re.IGNORECASE,
)
"""``Dear readers,``: its comma ends the line."""
CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest|many) (?:wishes|regards|thanks)|regards|sincerely|"
    r"yours(?: sincerely| faithfully| truly)?|(?:mit )?(?:freundlichen?|herzlichen?|besten?|lieben?|vielen?) grüßen?|"
    r"herzlich(?:st)?|es grüßt(?: sie)?|ihre?),?",
    re.IGNORECASE,
)
"""``Best wishes,``: a name stands below it."""
