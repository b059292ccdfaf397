"""The words of the readers' pages in each language they speak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from newsletter.rendering.wording import wording as edition_wording


@dataclass(frozen=True, slots=True)
class PageWording:
    """Every word on the readers' pages."""

    language: str
    unsubscribe_title: str
    unsubscribe_lead: str
    """Filled with publication and address."""
    unsubscribe_button: str
    unsubscribe_other: str
    left_title: str
    left_lead: str
    """Filled with publication and address."""
    left_effect: str
    left_undo: str
    one_click_done: str
    """Filled with publication; plain text for a mail program."""
    not_reading_title: str
    not_reading_lead: str
    """Filled with publication and address."""
    preferences_title: str
    preferences_lead: str
    """Filled with address."""
    preferences_link: str
    newsletters: str
    newsletters_hint: str
    paused: str
    """Filled with day."""
    paused_openly: str
    unconfirmed: str
    none: str
    format_title: str
    formats: tuple[tuple[str, str, str], ...]
    """Value, name and what it means."""
    save: str
    leave_all_title: str
    leave_all_lead: str
    leave_all_button: str
    saved: str
    nothing_changed: str
    joined: str
    """Filled with names."""
    left: str
    """Filled with names."""
    format_changed: str
    """Filled with format."""
    suppressed: str
    skip: str

    def day(self, day: date) -> str:
        """Return *day* as the language writes it."""
        return edition_wording(self.language).date(day)

    def format_name(self, value: str) -> str:
        """Return what readers call a format."""
        return next(name for known, name, _ in self.formats if known == value)


ENGLISH = PageWording(
    language="en",
    unsubscribe_title="Unsubscribe?",
    unsubscribe_lead="{address} will no longer receive {publication}.",
    unsubscribe_button="Unsubscribe",
    unsubscribe_other="Change what you receive instead",
    left_title="You are unsubscribed",
    left_lead="{address} no longer receives {publication}.",
    left_effect="This takes effect at once, also for an issue that is being sent just now and has not reached you yet.",
    left_undo="Changed your mind? See all your choices",
    one_click_done="You are unsubscribed from {publication}.",
    not_reading_title="You do not receive this newsletter",
    not_reading_lead="{address} is not subscribed to {publication}. There is nothing to do.",
    preferences_title="What you receive",
    preferences_lead="Choices for {address}",
    preferences_link="See all your choices",
    newsletters="Newsletters",
    newsletters_hint="Those with a tick come to you.",
    paused="Paused until {day}",
    paused_openly="Paused",
    unconfirmed="Not confirmed yet; tick it to confirm",
    none="There is no newsletter to choose at the moment.",
    format_title="How it arrives",
    formats=(
        ("html", "Designed", "with pictures and formatting"),
        ("text", "Plain text", "the same words, for any mail program"),
        ("notice", "A short note", "with links to the issue"),
        ("pdf", "Designed, with PDF", "the PDF attached for print and archive"),
    ),
    save="Save choices",
    leave_all_title="Leave everything",
    leave_all_lead="Ends every newsletter you get from us. You can come back here whenever you like.",
    leave_all_button="Unsubscribe from all",
    saved="Saved",
    nothing_changed="Nothing has changed.",
    joined="You now receive: {names}.",
    left="You no longer receive: {names}.",
    format_changed="From the next issue on: {format}.",
    suppressed=(
        "We do not write to this address at present, because mail to it came back, was marked as spam, or somebody "
        "asked us not to. Newsletters can be left here, but not taken up."
    ),
    skip="Skip to the content",
)

GERMAN = PageWording(
    language="de",
    unsubscribe_title="Abbestellen?",
    unsubscribe_lead="{address} erhält dann {publication} nicht mehr.",
    unsubscribe_button="Abbestellen",
    unsubscribe_other="Lieber die Auswahl ändern",
    left_title="Sie sind abgemeldet",
    left_lead="{address} erhält {publication} nicht mehr.",
    left_effect="Das gilt ab sofort, auch für eine Ausgabe, die gerade verschickt wird und noch nicht bei Ihnen ist.",
    left_undo="Doch anders überlegt? Zu Ihrer Auswahl",
    one_click_done="Sie sind von {publication} abgemeldet.",
    not_reading_title="Sie erhalten diesen Newsletter nicht",
    not_reading_lead="{address} hat {publication} nicht abonniert. Es ist nichts zu tun.",
    preferences_title="Was Sie erhalten",
    preferences_lead="Auswahl für {address}",
    preferences_link="Zu Ihrer Auswahl",
    newsletters="Newsletter",
    newsletters_hint="Was angekreuzt ist, kommt zu Ihnen.",
    paused="Pausiert bis {day}",
    paused_openly="Pausiert",
    unconfirmed="Noch nicht bestätigt; ankreuzen bestätigt",
    none="Zurzeit gibt es keinen Newsletter zur Auswahl.",
    format_title="Wie er ankommt",
    formats=(
        ("html", "Gestaltet", "mit Bildern und Formatierung"),
        ("text", "Nur Text", "dieselben Worte, für jedes Mailprogramm"),
        ("notice", "Kurzer Hinweis", "mit Links zur Ausgabe"),
        ("pdf", "Gestaltet, mit PDF", "das PDF im Anhang, für Druck und Archiv"),
    ),
    save="Auswahl speichern",
    leave_all_title="Alles abbestellen",
    leave_all_lead="Beendet alle Newsletter, die Sie von uns erhalten. Sie können jederzeit hierher zurückkommen.",
    leave_all_button="Alle Newsletter abbestellen",
    saved="Gespeichert",
    nothing_changed="Es hat sich nichts geändert.",
    joined="Sie erhalten jetzt: {names}.",
    left="Sie erhalten nicht mehr: {names}.",
    format_changed="Ab der nächsten Ausgabe: {format}.",
    suppressed=(
        "An diese Adresse schreiben wir zurzeit nicht, weil Post zurückkam, als Spam gemeldet wurde oder jemand darum "
        "gebeten hat. Newsletter lassen sich hier abbestellen, aber nicht bestellen."
    ),
    skip="Zum Inhalt springen",
)


def page_wording(*languages: str) -> PageWording:
    """Return the wording for the first of *languages* that is not empty; one we do not have gets English."""
    wanted = next(filter(None, languages), "en")
    return GERMAN if wanted.split("-", maxsplit=1)[0].lower() == "de" else ENGLISH
