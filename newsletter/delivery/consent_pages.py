"""The consent record in words: a person's chain as one page that explains itself, for the PDF."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_, Words, words
from newsletter.publications import Profile
from newsletter.rendering.consent_pdf import ConsentPage, Entry
from subscribers import record
from subscribers.evidence import verify_chain
from subscribers.models import Subscriber

KINDS = {
    "requested": N_("Asked to join"),
    "confirmed": N_("Confirmed"),
    "subscribed": N_("Joined"),
    "resubscribed": N_("Joined again"),
    "imported": N_("Brought in by the team"),
    "unsubscribed": N_("Left"),
    "unconfirmed": N_("Never confirmed; taken back"),
    "changed": N_("Changed a choice"),
    "paused": N_("Paused"),
    "resumed": N_("Ended the pause"),
    "readdressed": N_("Moved to another address"),
    "objected": N_("Objected to any mail"),
    "merged": N_("Two entries became one person"),
    "erased": N_("Erased"),
}
"""What people call each kind of event."""
FACTS = {
    "address": N_("Address"),
    "asked_at": N_("Asked at"),
    "basis": N_("Ground"),
    "by": N_("Done by"),
    "confirmation_mail": N_("Confirmation mail"),
    "do_not_mail_lifted": N_("Do-not-mail entry lifted"),
    "evidence": N_("Proof kept at"),
    "form": N_("Form"),
    "format": N_("Format"),
    "from": N_("From"),
    "invited_by": N_("Invited by"),
    "language": N_("Language"),
    "network": N_("Network"),
    "reason": N_("How"),
    "rhythm": N_("How often"),
    "source": N_("Where"),
    "to": N_("To"),
    "until": N_("Until"),
    "valid_until": N_("Member until"),
    "wording": N_("Agreed to"),
    "wording_version": N_("Version of the wording"),
}
"""What people call each fact; the others are in the sealed text alone."""

VALUES = {
    "double_opt_in": N_("double opt-in: asked for, and confirmed by mail"),
    "soft_opt_in": N_("soft opt-in: a customer, told of it when buying"),
    "contract": N_("contract: part of what was agreed"),
    "imported_with_evidence": N_("consent given elsewhere, its proof kept there"),
    "sign_up": N_("sign-up"),
    "confirmation": N_("the link in the confirmation mail"),
    "preferences": N_("the reader's own page of choices"),
    "one_click": N_("one click in the mail program"),
    "page": N_("our own page"),
    "embedded": N_("a form on another site"),
    "api": N_("a program"),
    "team": N_("the team"),
    "all": N_("left everything at once"),
    "lapsed": N_("the membership ended"),
    "accepted": N_("handed to the mail server"),
    "message_id": N_("Message-ID"),
    "handed_over_at": N_("handed over at"),
    "state": N_("state"),
    "answer": N_("the server's answer"),
}
"""What people call the words of the sealed text; any other is shown as it was sealed."""


def consent_page(
    session: Session, subscriber_id: int, profile: Profile, *, language: str, now: datetime
) -> ConsentPage:
    """Return the record of a person, with times on the clocks of *profile*."""
    _ = words(language)
    zone = ZoneInfo(profile.time_zone)
    person = session.get_one(Subscriber, subscriber_id)
    proofs = record.consent_record(session, subscriber_id)
    verdict = _("complete and unchanged") if verify_chain(session, subscriber_id) else _("DAMAGED: it does not verify")
    return ConsentPage(
        language=_.language,
        title=_("Consent record"),
        lead=_("What this reader agreed to, when and how, entry by entry, as %(publisher)s has recorded it.",
               publisher=profile.masthead.publisher),
        facts=(
            (_("Address"), person.address or _("erased")),
            (_("Entries"), _.number(len(proofs))),
            (_("Chain"), verdict),
            (_("Newest hash"), person.chain_head),
            (_("Made"), f"{_.moment(now, zone)} ({profile.time_zone})"),
        ),
        entries_title=_("Entries"),
        entries=tuple(_entry(_, proof, zone, profile.time_zone) for proof in proofs),
        check_title=_("How to check this record"),
        check=(
            _("Each entry seals its text with a random salt: the commitment is the SHA-256 of the 16 bytes of the salt "
              "followed by the sealed text in UTF-8."),
            _("The hash of an entry is the SHA-256 of the previous entry's hash and its own commitment, both in "
              "hexadecimal, one after the other; before the first entry there is nothing."),
            _("So nobody can change, add or take away an entry without changing every hash after it, down to the "
              "newest, which is kept beside the reader's address. Where a person was erased, salt and text are "
              "gone and the hashes still follow one another."),
            _("The attached file consent-record.json holds every sealed text and salt exactly; compute with those."),
        ),
        json=json.dumps([record.as_data(proof) for proof in proofs], ensure_ascii=False, indent=2),
        publisher=profile.masthead.publisher,
        made=now,
    )  # fmt: skip


def _entry(_: Words, proof: record.Proof, zone: ZoneInfo, zone_name: str) -> Entry:
    title = f"{proof.position}. {_(KINDS.get(proof.kind, proof.kind))}"
    if proof.of:
        title = _("Merged reader %(number)s: %(title)s", number=proof.of, title=title)
    facts = [(_("When"), f"{_.moment(proof.at, zone)} ({zone_name}); {proof.at.isoformat(timespec='seconds')}")]
    if proof.publication:
        facts.append((_("Newsletter"), proof.publication))
    facts += [(_(FACTS[name]), _shown(_, value)) for name, value in proof.facts.items() if name in FACTS and value]
    hashes = (proof.previous_hash or "–", proof.commitment, proof.hash)
    chain = list(zip((_("Previous hash"), _("Commitment"), _("Hash")), hashes, strict=True))
    if proof.sealed:
        chain = [(_("Salt"), proof.salt), (_("Sealed text"), proof.sealed), *chain]
    return Entry(f"{title}: {proof.publication}" if proof.publication else title, tuple(facts), tuple(chain))


def _shown(_: Words, value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{_shown(_, name)}: {_shown(_, one)}" for name, one in value.items() if one)
    if isinstance(value, str):
        return _(VALUES[value]) if value in VALUES else value
    return json.dumps(value, ensure_ascii=False)
