"""Messages: from a dispatch to the bytes of each recipient, compiled once per variant from what was signed off."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from sqlalchemy.orm import Session

from newsletter.delivery import digests
from newsletter.delivery.filling import Filling
from newsletter.delivery.message import CompiledMessage, MessageSlots, MessageSource, compile_message
from newsletter.delivery.message_source import Attachment, ListId
from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import get
from newsletter.delivery.promise import Fill
from newsletter.delivery.seals import keyring_of
from newsletter.delivery.states import DispatchKind, Variant
from newsletter.issues import assets, signoff, visibility
from newsletter.issues.mailing import mailing_of
from newsletter.issues.models import Approval, Issue, Revision
from newsletter.issues.places import READER_SHELF, issue_path, pdf_path, publication_path
from newsletter.issues.signoff import ApprovedEditions, Proofs
from newsletter.kit.database import Database
from newsletter.kit.errors import Conflict
from newsletter.kit.tokens import Keyring
from newsletter.mail.address import domain_of, wire_address
from newsletter.mail.dkim import DkimSigner
from newsletter.manuscripts.document import MailFormat
from newsletter.manuscripts.pictures import Pictures
from newsletter.notices import Notice
from newsletter.publications import Profile, Publication
from newsletter.rendering.digest import Digest, digest_html, digest_text, subject
from newsletter.rendering.edition import MEDIA_TYPES, Medium
from newsletter.rendering.editions import Editions
from newsletter.rendering.slots import Slot
from newsletter.rendering.wording import wording
from subscribers.links import ReaderLinks


@dataclass(frozen=True, slots=True)
class Issued:
    """The content of an issue's mail, signed off or, for a test of a draft, freshly rendered."""

    issue_id: int
    number: int
    title: str
    subject: str
    mail_format: MailFormat
    editions: Editions
    pictures: Pictures


class OutgoingMessages:
    """Prepares messages from the database; holds no session while rendering or compiling."""

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        links: ReaderLinks,
        public_url: str,
        bounce_domain: str = "",
        signer: DkimSigner | None = None,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._links = links
        self._public_url = public_url.rstrip("/")
        self._bounce_domain = bounce_domain
        self._signer = signer

    def prepare(self, dispatch_id: int, variant: Variant, language: str) -> Fill:
        """Compile the message of a dispatch; raises ``DeskError`` if it cannot be made.

        An issue has one language so far; *language* is the reader's wish and finds its edition when there are more.
        """
        keyring = keyring_of(self._database, dispatch_id, self._keyring)
        with self._database.read() as session:
            dispatch = get(session, dispatch_id)
            profile = session.get_one(Publication, dispatch.publication_id).profile
            content: Notice | Digest | Issued | Proofs
            if dispatch.kind is DispatchKind.NOTICE:
                content = session.get_one(Notice, dispatch.notice_id)
            elif dispatch.kind is DispatchKind.DIGEST:
                content = digests.load(session, dispatch, profile)
            elif dispatch.approval_id is None:
                content = _draft(session, dispatch, profile)
            else:
                content = _approved(session, dispatch, self._keyring)
            number = session.get_one(Issue, dispatch.issue_id).number if dispatch.issue_id else 0
            told = dispatch.options["issues"] if isinstance(content, Digest) else [dispatch.issue_id or 0]
            for_all = isinstance(content, Notice) or visibility.is_open_to_all(session, told)
        if isinstance(content, Notice):
            return self._fill_of(
                notice_source(profile, content), dispatch, profile, None, keyring=keyring, for_all=for_all
            )
        if isinstance(content, Digest):
            return self._digest(content, variant, dispatch, profile, keyring=keyring, for_all=for_all)
        if isinstance(content, Proofs):
            content = _rendered(content, number)
        archive = self._public_url + publication_path(profile.label)
        source = issue_source(profile, content, variant, archive=archive, kind=dispatch.kind)
        return self._fill_of(source, dispatch, profile, content, keyring=keyring, for_all=for_all)

    def _digest(
        self, digest: Digest, variant: Variant, dispatch: Dispatch, profile: Profile, *, keyring: Keyring, for_all: bool
    ) -> Fill:
        archive = self._public_url + publication_path(profile.label)
        source = digest_source(profile, digest, variant, archive=archive)
        compiled = compile_message(source, message_id_domain=domain_of(profile.from_address))
        # Each issue stands below this place under its number; what is not open to all stands below a reader's own.
        web = archive if for_all else archive + READER_SHELF
        pages = MessageSlots(to_address="", message_id="", date=dispatch.created_at, web_url=web, pdf_url=web)
        domain = self._bounce_domain or domain_of(profile.from_address)
        return self._filler(
            compiled, pages, dispatch.publication_id, domain, keyring=keyring,
            read_by_anybody=for_all,
        )  # fmt: skip

    def _fill_of(
        self, source: MessageSource, dispatch: Dispatch, profile: Profile, issued: Issued | None, *, keyring: Keyring,
        for_all: bool,
    ) -> Fill:  # fmt: skip
        domain = domain_of(profile.from_address)
        compiled = compile_message(source, message_id_domain=domain)
        pages = MessageSlots(to_address="", message_id="", date=dispatch.created_at)
        if issued is not None:
            web = self._public_url + issue_path(profile.label, issued.number)
            pages = replace(pages, web_url=web, pdf_url=self._public_url + pdf_path(profile.label, issued.number))
        return self._filler(
            compiled, pages, dispatch.publication_id, self._bounce_domain or domain, keyring=keyring,
            read_by_anybody=for_all,
        )  # fmt: skip

    def _filler(
        self, compiled: CompiledMessage, pages: MessageSlots, publication_id: int, domain: str, *, keyring: Keyring,
        read_by_anybody: bool,
    ) -> Filling:  # fmt: skip
        return Filling(
            compiled, pages, publication_id, domain, keyring, self._links, read_by_anybody, signer=self._signer
        )


def issue_source(
    profile: Profile, issued: Issued, variant: Variant, *, archive: str, kind: DispatchKind
) -> MessageSource:
    """Return the source of an issue's mail for *variant*."""
    plain = variant in {Variant.TEXT, Variant.NOTICE}
    with_pdf = carries_pdf(profile, issued.mail_format, variant)
    text = (
        short_note(issued.title, issued.editions[Medium.TEXT].language)
        if variant is Variant.NOTICE
        else issued.editions[Medium.TEXT].data.decode()
    )
    html = None if plain else issued.editions[Medium.HTML].data.decode()
    pdf = Attachment(file_name(profile, issued), MEDIA_TYPES[Medium.PDF], issued.editions[Medium.PDF].data)
    label, _, domain = profile.list_id.partition(".")
    return MessageSource(
        from_name=profile.from_name or profile.name,
        from_address=profile.from_address,
        reply_to=profile.reply_to,
        subject=issued.subject,
        text=text,
        html=html,
        pictures={picture.sha256: picture for picture in issued.pictures.values()},
        attachments=(pdf,) if with_pdf else (),
        list_id=ListId(label, domain_of(f"list@{domain}"), profile.name),
        # Percent-encoded, since a local part may hold what is syntax in a URI (RFC 6068 §2).
        list_owner=f"mailto:{quote(wire_address(profile.reply_to or profile.from_address), safe='@+')}",
        list_archive=archive,
        bulk=True,
        feedback_id=f"{issued.issue_id}:{profile.label}:{kind.value}:{profile.label}",
        language=issued.editions[Medium.HTML].language,
        test=kind is DispatchKind.TEST,
    )


def digest_source(profile: Profile, digest: Digest, variant: Variant, *, archive: str) -> MessageSource:
    """Return the source of a digest's mail for *variant*; there is no PDF of it."""
    masthead = profile.masthead
    plain = variant in {Variant.TEXT, Variant.NOTICE}
    label, _, domain = profile.list_id.partition(".")
    return MessageSource(
        from_name=profile.from_name or profile.name,
        from_address=profile.from_address,
        reply_to=profile.reply_to,
        subject=subject(digest, masthead),
        text=digest_text(digest, masthead),
        html=None if plain else digest_html(digest, masthead),
        list_id=ListId(label, domain_of(f"list@{domain}"), profile.name),
        list_owner=f"mailto:{quote(wire_address(profile.reply_to or profile.from_address), safe='@+')}",
        list_archive=archive,
        bulk=True,
        feedback_id=f"digest:{profile.label}:digest:{profile.label}",
        language=profile.language,
    )


def notice_source(profile: Profile, notice: Notice) -> MessageSource:
    """Return the source of a mail to one person."""
    return MessageSource(
        from_name=profile.from_name or profile.name,
        from_address=profile.from_address,
        reply_to=profile.reply_to,
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        auto_submitted=True,
        language=notice.language,
    )


def carries_pdf(profile: Profile, mail_format: MailFormat, variant: Variant) -> bool:
    """Say whether the PDF is attached to an issue's mail for *variant*."""
    wanted = variant is Variant.PDF or mail_format is MailFormat.PDF_ONLY
    return variant is not Variant.NOTICE and (wanted or (profile.attach_pdf and variant is not Variant.TEXT))


def short_note(title: str, language: str) -> str:
    """Return the note for readers who want no more than word that an issue is out, its links as slots."""
    words = wording(language)
    return (
        f"{title}\n\n{words.view_in_browser}:\n{Slot.WEB_URL}\n\n{words.download_pdf}:\n{Slot.PDF_URL}\n\n"
        f"{words.preferences}:\n{Slot.PREFERENCES_URL}\n\n{words.unsubscribe}:\n{Slot.UNSUBSCRIBE_URL}\n"
    )


def file_name(profile: Profile, issued: Issued) -> str:
    """Return the name of the attached PDF: the publication, the number, the title, as far as a file name may."""
    words = re.sub(r"[^\w .–-]+", " ", f"{profile.name} {issued.number} {issued.title}" if issued.title != profile.name
                   else f"{profile.name} {issued.number}")  # fmt: skip
    return f"{' '.join(words.split())[:80].strip(' .')}.pdf"


def _approved(session: Session, dispatch: Dispatch, keyring: Keyring) -> Issued:
    """Take out what was signed off, verified; a sign-off voided since the start still stands for this dispatch."""
    approval = session.get_one(Approval, dispatch.approval_id)
    approved: ApprovedEditions = signoff.editions_of(session, approval, keyring=keyring)
    issue = session.get_one(Issue, approved.issue_id)
    title = session.get_one(Revision, approved.revision_id).document.title
    return Issued(
        issue.id, issue.number, title, approved.subject, approved.mail_format, approved.editions, approved.pictures
    )


def _draft(session: Session, dispatch: Dispatch, profile: Profile) -> Proofs:
    """Take out what rendering the dispatch's very revision needs, whatever was edited since."""
    if dispatch.revision_id is None or dispatch.issue_id is None:
        raise Conflict(f"Sending {dispatch.id} names no revision to send.")
    revision = session.get_one(Revision, dispatch.revision_id)
    document = revision.document
    return Proofs(
        issue_id=dispatch.issue_id,
        revision_id=revision.id,
        revision_sha256=revision.sha256,
        document=document,
        pictures=assets.load(session, document, profile.theme.logo),
        profile=profile,
        mailing=mailing_of(document, profile),
    )


def _rendered(proofs: Proofs, number: int) -> Issued:
    return Issued(
        proofs.issue_id, number, proofs.document.title, proofs.mailing.subject, proofs.mailing.format,
        proofs.render(), proofs.pictures,
    )  # fmt: skip
