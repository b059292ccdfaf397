"""Roles: what each lets a person do, in one table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from newsletter.kit.errors import SettingsError


class Permission(StrEnum):
    """One kind of thing that can be done with a publication; every route of the desk asks for one."""

    READ = "read"
    """See the publication, its issues and what was said about them."""
    WRITE = "write"
    """Write drafts and comments, ask for review."""
    EDIT = "edit"
    """Change any issue: its structure, findings left as they are, reviewers, test sendings."""
    APPROVE = "approve"
    """Sign an issue off, or ask for changes."""
    SEND = "send"
    """Schedule, send, stop, correct."""
    REPORT = "report"
    """See what became of a sending, and take the figures away."""
    READERS = "readers"
    """See and change who reads the publication."""
    ADMINISTER = "administer"
    """Settings of the publication; for the whole house also its people and its audit trail."""


class Role(StrEnum):
    """What a person is, for one publication or for all of them."""

    WRITER = "writer"
    """Writes drafts."""
    EDITOR = "editor"
    """Does everything with an issue but approve and send it."""
    APPROVER = "approver"
    """Edits, approves, schedules and sends."""
    REPORT_READER = "report_reader"
    """Looks on: issues and reports, changes nothing."""
    ADMINISTRATOR = "administrator"
    """Looks after people, newsletters and settings; writes and approves nothing."""


_WRITES = frozenset({Permission.READ, Permission.WRITE})
_EDITS = _WRITES | {Permission.EDIT, Permission.REPORT, Permission.READERS}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.WRITER: _WRITES,
    Role.EDITOR: _EDITS,
    Role.APPROVER: _EDITS | {Permission.APPROVE, Permission.SEND},
    Role.REPORT_READER: frozenset({Permission.READ, Permission.REPORT}),
    Role.ADMINISTRATOR: frozenset({Permission.READ, Permission.REPORT, Permission.READERS, Permission.ADMINISTER}),
}

RoleHeld = tuple[Role, int | None]
"""A role and the publication it is for; None: for all of them, those to come too."""


def named(text: str) -> frozenset[Role]:
    """Return the roles that a setting names, separated by commas; ``all`` are all. Raises ``SettingsError``."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["all"]:
        return frozenset(Role)
    unknown = sorted(set(words) - set(Role))
    if unknown:
        raise SettingsError(
            f"NEWSLETTER_SECOND_FACTOR names {', '.join(unknown)}; write all, or some of {', '.join(Role)}."
        )
    return frozenset(Role(word) for word in words)


def may(held: Iterable[RoleHeld], permission: Permission, publication_id: int | None) -> bool:
    """Tell whether somebody with the roles *held* may do it in the publication; None: in the whole house."""
    return any(permission in GRANTS[role] and where in {None, publication_id} for role, where in held)
