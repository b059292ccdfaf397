"""Tokens of every purpose on every page that takes one: forged, they change nothing, tell nothing, look all alike."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.app import create_app
from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import LINK_LENGTH, Keyring, LinkClaims, Purpose
from newsletter.publications import Access
from newsletter.worker import Installation
from subscribers import mailed_links
from subscribers.mail_domains import MailDomains
from subscribers.models import LinkKind, Subscriber, Wish
from tests.subscribers.readers import dump
from tests.town import PUBLIC_URL, SECRET, Town, link_in, settings_of, town

FOREIGN = Keyring(["a secret of somebody else's, long enough"])
FORGED = "x" * LINK_LENGTH
Ask = Callable[[TestClient, str], Any]

PAGES: dict[str, tuple[Purpose, Ask]] = {
    "the unsubscribe page": (Purpose.UNSUBSCRIBE, lambda site, token: site.get(f"/u/{token}")),
    "one click": (Purpose.UNSUBSCRIBE, lambda site, token: site.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})),
    "the button": (Purpose.UNSUBSCRIBE, lambda site, token: site.post(f"/u/{token}", data={"act": "leave"})),
    "the reason": (Purpose.UNSUBSCRIBE, lambda site, token: site.post(f"/u/{token}", data={"act": "why", "words": "x"})),
    "the choices": (Purpose.PREFERENCES, lambda site, token: site.get(f"/p/{token}")),
    "saving": (Purpose.PREFERENCES, lambda site, token: site.post(f"/p/{token}", data={"act": "save", "shown": "1", "format": "text"})),
    "leaving all": (Purpose.PREFERENCES, lambda site, token: site.post(f"/p/{token}", data={"act": "leave-all"})),
    "asking for data": (Purpose.PREFERENCES, lambda site, token: site.post(f"/p/{token}", data={"act": "mail-link"})),
    "the confirmation": (Purpose.CONFIRM, lambda site, token: site.get(f"/c/{token}")),
    "confirming": (Purpose.CONFIRM, lambda site, token: site.post(f"/c/{token}", data={"act": "confirm"})),
    "a mailed link": (Purpose.MAILED, lambda site, token: site.get(f"/m/{token}")),
    "opening": (Purpose.MAILED, lambda site, token: site.post(f"/m/{token}", data={"act": "open"})),
    "undoing": (Purpose.MAILED, lambda site, token: site.post(f"/m/{token}", data={"act": "undo"})),
    "moving": (Purpose.MAILED, lambda site, token: site.post(f"/m/{token}", data={"act": "move"})),
    "the data": (Purpose.OPENED, lambda site, token: site.post("/data", data={"key": token, "act": "json"})),
    "erasing": (Purpose.OPENED, lambda site, token: site.post("/data", data={"key": token, "act": "erase", "sure": "yes"})),
    "a closed issue": (Purpose.READ, lambda site, token: site.get(f"/n/circle/1/{token}/")),
    "its PDF": (Purpose.READ, lambda site, token: site.get(f"/n/circle/1/{token}/issue.pdf")),
    "a closed shelf": (Purpose.READ, lambda site, token: site.get(f"/n/circle/r/{token}/")),
}  # fmt: skip
"""Every way to hand a token in, with the purpose it takes."""


@dataclass
class Lock:
    """A town in which every kind of token is alive."""

    place: Town
    good: dict[Purpose, str]
    other: dict[Purpose, str]
    """The same kinds, of another reader."""


@pytest.fixture
def lock(database_url: str, tmp_path: Path) -> Iterator[Lock]:
    """Ada and Eva read the weekly and the circle; each has an open wish, a mailed link and an opened one."""
    with town(database_url, tmp_path) as place:
        place.publish("circle", access=Access.INVITED)
        place.issue("circle")
        place.deliver()
        yield Lock(place, tokens_of(place, "ada@example.org"), tokens_of(place, "eva@example.org"))


def tokens_of(place: Town, address: str) -> dict[Purpose, str]:
    """A living token of each purpose for a new reader."""
    from subscribers import subscriptions
    from subscribers.models import ConsentBasis

    place.reader(address)
    place.join(f"new-{address}")
    place.deliver()
    weekly, circle = place.publications["weekly"], place.publications["circle"]
    with place.database.write() as session:
        person = session.scalars(select(Subscriber.id).where(Subscriber.address == address)).one()
        subscriptions.subscribe(session, person, circle, now=place.now, basis=ConsentBasis.CONTRACT, source="tests")
        wish = session.scalars(select(Wish.id).order_by(Wish.id.desc())).first()
        mailed, opened = (
            mailed_links.make(session, LinkKind.RIGHTS, subscriber_id=person, publication_id=weekly, now=place.now)
            for _ in range(2)
        )
        mailed_links.use(session, opened, now=place.now)
    claims = {
        **dict.fromkeys(Purpose, LinkClaims(weekly, person, 1)),
        Purpose.CONFIRM: LinkClaims(weekly, 0, wish or 0), Purpose.MAILED: mailed, Purpose.OPENED: opened,
        Purpose.READ: LinkClaims(circle, person, 1),
    }  # fmt: skip
    return {purpose: place.here.links.keyring.link(purpose, claims[purpose]) for purpose in Purpose}


def seen(answer: Any) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """All that somebody outside learns."""
    return answer.status_code, answer.content, tuple(sorted(answer.headers.items()))


@st.composite
def spoilings(draw: st.DrawFn) -> Callable[[Purpose, Lock], str]:
    """A way to make a bad token of good ones."""
    place = draw(st.integers(0, 26))
    bit, cut = draw(st.integers(0, 7)), draw(st.integers(1, 35))
    noise = draw(st.binary(min_size=27, max_size=27))
    purpose = draw(st.sampled_from(list(Purpose)))

    def flipped(raw: bytes) -> bytes:
        return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]

    def raw(token: str) -> bytes:
        return base64.urlsafe_b64decode(token)

    def spelled(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode()

    return draw(
        st.sampled_from(
            [
                lambda wanted, lock: spelled(flipped(raw(lock.good[wanted]))),
                lambda wanted, lock: lock.good[wanted][:cut],
                lambda wanted, lock: lock.good[wanted] + lock.good[wanted][:cut],
                lambda wanted, lock: lock.good[wanted].swapcase(),
                # The claims of one reader under the seal of another, and a seal moved to another purpose.
                lambda wanted, lock: spelled(raw(lock.good[wanted])[:15] + raw(lock.other[wanted])[15:]),
                lambda wanted, lock: spelled(raw(lock.good[wanted])[:1] + raw(lock.good[purpose])[1:])
                if purpose is not wanted else FORGED,
                lambda wanted, lock: lock.good[purpose] if purpose is not wanted else FORGED,
                lambda wanted, lock: FOREIGN.link(wanted, LinkClaims(1, 1, 1)),
                lambda wanted, lock: spelled(noise),
            ]
        )
    )  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoil=spoilings())
def test_no_spoilt_token_changes_or_tells_anything(lock: Lock, spoil: Callable[[Purpose, Lock], str]):
    """On every page: the answer is, header by header and byte by byte, that to a plain forgery; no table moves."""
    before = dump(lock.place.database)
    for name, (purpose, ask) in PAGES.items():
        spoilt = spoil(purpose, lock)
        assert spoilt not in {lock.good[purpose], lock.other[purpose]}
        assert seen(ask(lock.place.client, spoilt)) == seen(ask(lock.place.client, FORGED)), name
    assert dump(lock.place.database) == before


def test_all_forgeries_get_one_of_two_pages(lock: Lock):
    """“This link is not valid”, or, below the archive's addresses, the words for an issue that there is not."""
    answers = {name: ask(lock.place.client, FORGED) for name, (_, ask) in PAGES.items()}
    assert {answer.status_code for answer in answers.values()} == {404}
    missing = lock.place.client.get("/n/circle/99/")
    for name, answer in answers.items():
        archive = name in {"a closed issue", "its PDF"}
        assert ("This link is not valid" in answer.text) is not archive, name
        assert (answer.content == missing.content) is archive, name
    # And so that all this tests something: the good tokens open each page.
    for name, (purpose, ask) in PAGES.items():
        if name not in {"erasing", "moving", "undoing", "leaving all"}:  # the mailed links here are for data
            assert ask(lock.place.client, lock.good[purpose]).status_code == 200, name


def test_a_forged_stamp_signs_nobody_up(lock: Lock):
    """The form's time trap takes a token as well; a bad one, or one of another purpose, asks for another press."""
    wishes = len(dump(lock.place.database)["wishes"])
    lock.place.turn(seconds=9)
    for stamp in (FORGED, "", lock.good[Purpose.UNSUBSCRIBE], FOREIGN.link(Purpose.FORM, LinkClaims(0, 0, 1))):
        answer = lock.place.client.post("/join/weekly", data={"address": "bob@example.org", "stamp": stamp})
        assert (answer.status_code, "press the button once more" in answer.text) == (422, True)
    assert len(dump(lock.place.database)["wishes"]) == wishes


@given(token=st.text(max_size=40) | st.binary(min_size=20, max_size=20).map(lambda raw: base64.b32encode(raw).decode()))
def test_no_invented_return_address_names_a_delivery(token: str):
    """Envelope senders and Message-IDs are read the same way: ours, or an error that says nothing."""
    ours = Keyring([SECRET])
    for purpose in (Purpose.RETURN_PATH, Purpose.MESSAGE_ID):
        good = ours.delivery(purpose, 7)
        other = ours.delivery(Purpose.MESSAGE_ID if purpose is Purpose.RETURN_PATH else Purpose.RETURN_PATH, 7)
        for bad in (token, good[:-1], good + "a", other, FOREIGN.delivery(purpose, 7)):
            with pytest.raises(BadToken):
                ours.read_delivery(purpose, bad)


def test_a_link_has_one_spelling(keyring: Keyring):
    """The other base64 alphabet spells nothing of ours."""
    tokens = [keyring.link(Purpose.UNSUBSCRIBE, LinkClaims(1, 1, number)) for number in range(50)]
    respelled = [token.replace("-", "+").replace("_", "/") for token in tokens]
    assert set(respelled) != set(tokens)
    for token, other in zip(tokens, respelled, strict=True):
        if other != token:
            with pytest.raises(BadToken):
                keyring.read_link(Purpose.UNSUBSCRIBE, other)


def test_links_in_old_mails_outlive_a_new_secret(database_url: str, tmp_path: Path):
    """With the old secret kept second, every old link works and new mails are signed anew; without it, none does."""
    with town(database_url, tmp_path) as place:
        place.reader("ada@example.org")
        place.issue("weekly")
        (mail,) = place.deliver()
        leave, choose = link_in(mail, "u"), link_in(mail, "p")
        fresh = "a fresh secret of the town that is long enough"

        def site(secret: str) -> TestClient:
            here = Installation.open(
                settings_of(database_url, tmp_path, secret_key=secret), clock=lambda: place.clock[0]
            )
            return TestClient(create_app(here, domains=MailDomains(None)), base_url=PUBLIC_URL, follow_redirects=False)

        without, rotated = site(fresh), site(f"{fresh},{SECRET}")
        assert without.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 404
        assert place.state("ada@example.org") == "active"
        shown = rotated.get(choose)
        assert shown.status_code == 200
        assert leave not in shown.text
        assert rotated.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert place.state("ada@example.org") == "ended"
