"""Slots: the places in a rendered edition that are filled per reader, written as URL-safe words."""

from __future__ import annotations

from enum import StrEnum


class Slot(StrEnum):
    """A word in the edition's bytes that the message compiler replaces for each recipient; all are whole URLs."""

    UNSUBSCRIBE_URL = "https://slot.invalid/-unsubscribe-"
    """The page with the one button that ends this subscription."""
    PREFERENCES_URL = "https://slot.invalid/-preferences-"
    """The reader's page of choices."""
    WEB_URL = "https://slot.invalid/-web-"
    """The web edition."""
    PDF_URL = "https://slot.invalid/-pdf-"
    """The PDF edition."""
