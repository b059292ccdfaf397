"""The pages of a newsletter's settings: which entries stand on which, in the words of screens."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.kit.catalogue import N_
from newsletter.web.desk.settings_fields import Field, Kind

FAMILIES = (("Noto Serif", "Noto Serif"), ("Noto Sans", "Noto Sans"))
"""The families that the PDF can be set in; they are installed with the program."""
SENTENCE_HINT = N_("{publisher} and {newsletter} are filled in. Empty: the usual sentence.")
COLOURS = ("accent", "highlight", "ink", "muted", "tint", "rule", "paper")


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One form of the settings."""

    name: str
    """In the path; empty for the first."""
    title: str
    lead: str
    fields: tuple[Field, ...]


BASICS = SettingsPage(
    "", N_("Name and sender"), N_("What readers see before they open a mail, and where their answers go."),
    (
        Field("name", Kind.LINE, N_("Name"), is_required=True),
        Field("publisher", Kind.LINE, N_("Publisher"), N_("Stands above the title. Empty: the name in the imprint.")),
        Field("language", Kind.CHOICE, N_("Language"),
              N_("Of the words around an issue, such as Contents and Unsubscribe."),
              (("en", N_("English")), ("de", N_("German")))),
        Field("time_zone", Kind.LINE, N_("Time zone"),
              N_("Whose clocks dates and send times go by, as in Europe/Berlin.")),
        Field("from_name", Kind.LINE, N_("Sender’s name"), N_("Empty: the name of the newsletter.")),
        Field("from_address", Kind.ADDRESS, N_("Sender’s address"),
              N_("Your mail server must be allowed to send for it."), is_required=True),
        Field("reply_to", Kind.ADDRESS, N_("Answers go to"), N_("Empty: to the sender’s address.")),
        Field("team_address", Kind.ADDRESS, N_("Word to the team goes to"),
              N_("Who is told when a sending stops by itself. Empty: where answers go.")),
        Field("access", Kind.CHOICE, N_("Who may subscribe"), "",
              (("open", N_("Anybody; the archive is public")), ("invited", N_("Whom the team invites")),
               ("members", N_("Members, as long as their membership runs")))),
    ),
)  # fmt: skip

LOOK = SettingsPage(
    "look",
    N_("Look"),
    N_("Colours and type of email, PDF and web page. What you choose is shown on an issue at once."),
    (
        Field("theme.accent", Kind.COLOUR, N_("Accent"), N_("Masthead, headings, links.")),
        Field("theme.highlight", Kind.COLOUR, N_("Highlight"), N_("Numbers, rules, small signals.")),
        Field("theme.ink", Kind.COLOUR, N_("Text")),
        Field("theme.muted", Kind.COLOUR, N_("Quiet text")),
        Field("theme.tint", Kind.COLOUR, N_("Ground of boxes")),
        Field("theme.rule", Kind.COLOUR, N_("Lines")),
        Field("theme.paper", Kind.COLOUR, N_("Paper")),
        Field("theme.serif", Kind.CHOICE, N_("Type of the text"), "", FAMILIES),
        Field("theme.sans", Kind.CHOICE, N_("Type of headings and labels"), "", FAMILIES),
    ),
)

STYLE = SettingsPage(
    "style", N_("House style"), N_("What proofing holds manuscripts to, and how it tells the parts of an issue apart."),
    (
        Field("house_style.preferred", Kind.LINES, N_("Preferred spellings"),
              N_("Names in their one right spelling, one a line; any other is a finding.")),
        Field("house_style.acronyms", Kind.PAIRS, N_("Glossary of acronyms"),
              N_("One a line, as in NEA = National Energy Administration.")),
        Field("house_style.part_labels", Kind.LINES, N_("Labels inside an article"),
              N_("As in At a glance, Our comment; one a line. Empty: they are found out from the manuscript.")),
        Field("house_style.source_labels", Kind.LINES, N_("Labels of sources")),
        Field("house_style.bodies_labels", Kind.LINES, N_("Labels of issuing bodies")),
        Field("house_style.date_labels", Kind.LINES, N_("Labels of dates")),
        Field("house_style.contents_titles", Kind.LINES, N_("Titles of the table of contents")),
        Field("house_style.people_titles", Kind.LINES, N_("Titles above authors and editors")),
        Field("house_style.publisher_titles", Kind.LINES, N_("Titles of the imprint")),
    ),
)  # fmt: skip

IMPRINT = SettingsPage(
    "imprint",
    N_("Imprint"),
    N_("Stands at the foot of every mail; the law asks for a name and a postal address."),
    (
        Field("imprint.name", Kind.LINE, N_("Name of the organisation")),
        Field("imprint.lines", Kind.LINES, N_("Postal address and telephone"), N_("One line of the imprint a line.")),
        Field("imprint.email", Kind.ADDRESS, N_("Mail address")),
        Field("imprint.website", Kind.LINE, N_("Web address"), N_("Beginning with https://")),
    ),
)

SIGN_UP = SettingsPage(
    "sign-up",
    N_("Sign-up"),
    N_("What somebody agrees to by signing up. Every reader’s consent record keeps the sentence and its version."),
    (
        Field("sign_up.en", Kind.LINE, N_("Sentence in English"), SENTENCE_HINT),
        Field("sign_up.de", Kind.LINE, N_("Sentence in German"), SENTENCE_HINT),
        Field("refuse_disposable", Kind.TICK, N_("Refuse addresses made to be thrown away at the sign-up")),
    ),
)

SENDING = SettingsPage(
    "sending", N_("Sign-off and sending"), N_("Who must agree before an issue goes out, how it goes out, and when."),
    (
        Field("approvals", Kind.CHOICE, N_("Approvals needed"), "",
              (("0", N_("None: whoever wrote it may sign it off")), ("1", N_("One, by somebody who did not edit last")),
               ("2", N_("Two, by different people")))),
        Field("deputies", Kind.LINES, N_("Deputies"),
              N_("Addresses of those who may approve in the approvers’ stead, one a line.")),
        Field("hold_minutes", Kind.NUMBER, N_("Hold, in minutes"),
              N_("How long a sending waits, with a large Stop, before the first mail leaves.")),
        Field("confirm_number", Kind.TICK, N_("Ask for the number of readers to be typed before an issue is sent")),
        Field("send_windows", Kind.LINES, N_("Send only at these times"),
              N_("As in Mon-Fri 07:00-19:00, one a line. Empty: at any time.")),
        Field("routes", Kind.LINES, N_("Mail servers"),
              N_("Names from the installation’s list, the first that works is used. Empty: the installation’s own.")),
        Field("mail_format", Kind.CHOICE, N_("Form of the mail"), "",
              (("full", N_("The whole issue")), ("teaser", N_("Beginnings that lead to the web page")),
               ("pdf_only", N_("A short note with the PDF")))),
        Field("attach_pdf", Kind.TICK, N_("Attach the PDF; else the mail links to it")),
        Field("subject", Kind.LINE, N_("Subject"), N_("{title}, {publication} and {date} are filled in.")),
        Field("preheader", Kind.LINE, N_("Preview line"), N_("What inboxes show beside the subject.")),
        Field("test_groups", Kind.GROUPS, N_("Groups for test sends"),
              N_("One a line, as in Board: ada@example.org, jo@example.org.")),
    ),
)  # fmt: skip

PAGES = {page.name: page for page in (BASICS, LOOK, STYLE, IMPRINT, SIGN_UP, SENDING)}
