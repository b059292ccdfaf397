"""What ``proof`` and ``render`` are given: the id of an issue, or a manuscript file that needs no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.issues import findings, signoff
from newsletter.issues.drafts import current_revision, get, publication_of
from newsletter.issues.findings import Findings
from newsletter.issues.mailing import mailing_of
from newsletter.issues.manuscript_files import receive
from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.files import FileReading
from newsletter.manuscripts.pictures import Pictures
from newsletter.publications import Profile, read_profile
from newsletter.rendering.editions import Editions, render


@dataclass(frozen=True, slots=True)
class Subject:
    """A manuscript or a stored issue, ready to be proofed or rendered."""

    name: str
    document: Document
    pictures: Pictures
    profile: Profile
    findings: Findings

    def render(self) -> Editions:
        """Make the four editions."""
        mailing = mailing_of(self.document, self.profile)
        return render(
            self.document, self.profile.masthead, pictures=self.pictures,
            mail_format=mailing.format, preheader=mailing.preheader,
        )  # fmt: skip


def subject_named(target: str, publication: Path | None) -> Subject:
    """Return the issue with the id *target*, or the manuscript in the file *target*.

    Raises ``NotFound`` if there is neither, ``BadInput`` if a publication file is given for a stored issue.
    """
    path = Path(target)
    if target.isdecimal() and not path.exists():
        if publication is not None:
            raise BadInput("--publication goes with a manuscript file; a stored issue has its publication already.")
        return _stored(int(target))
    if not path.is_file():
        raise NotFound(f"There is no file {target}, and it is no issue's number either.")
    return _from_file(path, publication)


def received_with(path: Path, publication: Path | None) -> tuple[FileReading, Profile]:
    """Read a manuscript file with the profile of a publication file, or with a generic one made from its own title."""
    given = read_profile(publication) if publication else Profile()
    received = receive(path, house_style=given.house_style)
    if publication:
        return received, given
    document = received.document
    generic = replace(
        given, name=document.title or path.stem, publisher=document.organisation, language=document.language
    )
    return received, generic


def _from_file(path: Path, publication: Path | None) -> Subject:
    received, profile = received_with(path, publication)
    remarks = findings.proofed(received.document, house_style=profile.house_style, reading=received.remarks)
    return Subject(path.name, received.document, received.pictures, profile, Findings(remarks, {}))


def _stored(issue_id: int) -> Subject:
    from newsletter.cli.installation import opened

    with opened() as here, here.database.read() as session:
        issue = get(session, issue_id)
        proofs = signoff.proofs_of(session, issue)
        profile = publication_of(session, issue).profile
        found = findings.of_revision(session, current_revision(session, issue), profile)
    return Subject(f"issue {issue_id}", proofs.document, proofs.pictures, profile, found)
