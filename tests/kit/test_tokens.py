"""Tokens: forged by nobody, alive after a rotation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import LINK_LENGTH, Keyring, LinkClaims, Purpose

OLD, NEW = "the first secret, long enough to use", "the second secret, long enough too"
CLAIMS = st.builds(
    LinkClaims,
    publication_id=st.integers(0, 2**16 - 1),
    subscriber_id=st.integers(0, 2**40 - 1),
    delivery_id=st.integers(0, 2**56 - 1),
)


@given(CLAIMS, st.sampled_from([Purpose.UNSUBSCRIBE, Purpose.PREFERENCES]))
def test_a_link_says_what_was_put_in(claims: LinkClaims, purpose: Purpose):
    """Every claim comes back, in 36 characters."""
    ring = Keyring([NEW])
    token = ring.link(purpose, claims)
    assert len(token) == LINK_LENGTH
    assert ring.read_link(purpose, token) == claims


@given(CLAIMS, st.integers(0, LINK_LENGTH * 6 - 1))
def test_one_flipped_bit_makes_a_link_worthless(claims: LinkClaims, bit: int):
    """No bit of a token is without guard."""
    import base64

    ring = Keyring([NEW])
    raw = bytearray(base64.urlsafe_b64decode(ring.link(Purpose.UNSUBSCRIBE, claims)))
    raw[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(BadToken):
        ring.read_link(Purpose.UNSUBSCRIBE, base64.urlsafe_b64encode(bytes(raw)).decode())


@given(st.text(max_size=80))
def test_junk_is_no_token(junk: str):
    """Whatever stands in a URL is answered by the one error."""
    ring = Keyring([NEW])
    with pytest.raises(BadToken):
        ring.read_link(Purpose.UNSUBSCRIBE, junk)
    with pytest.raises(BadToken):
        ring.read_delivery(Purpose.RETURN_PATH, junk)


def test_a_link_for_one_purpose_is_worthless_for_another():
    """A link to the page of choices does not unsubscribe."""
    ring = Keyring([NEW])
    with pytest.raises(BadToken):
        ring.read_link(Purpose.UNSUBSCRIBE, ring.link(Purpose.PREFERENCES, LinkClaims(1, 2, 3)))


def test_old_links_live_on_after_a_rotation_and_new_ones_need_the_new_secret():
    """The keyring believes every secret and signs with the first."""
    old, both = Keyring([OLD]), Keyring([NEW, OLD])
    assert both.read_link(Purpose.UNSUBSCRIBE, old.link(Purpose.UNSUBSCRIBE, LinkClaims(1, 2))) == LinkClaims(1, 2)
    with pytest.raises(BadToken):
        old.read_link(Purpose.UNSUBSCRIBE, both.link(Purpose.UNSUBSCRIBE, LinkClaims(1, 2)))


@given(st.integers(0, 2**56 - 1))
def test_a_return_path_survives_a_change_of_case(delivery_id: int):
    """Some servers shout; the token still says which delivery came back."""
    ring = Keyring([NEW])
    token = ring.delivery(Purpose.RETURN_PATH, delivery_id)
    assert len(token) == 32
    assert token == token.lower()
    assert ring.read_delivery(Purpose.RETURN_PATH, token.upper()) == delivery_id


def test_a_keyring_can_sign_with_the_secret_that_a_sending_began_with():
    """By a name that is no part of the secret; one that is gone leaves the first."""
    old, new = Keyring(["the old secret of the house"]), Keyring(["the new secret of the house"])
    both = Keyring(["the new secret of the house", "the old secret of the house"])
    assert both.newest == new.newest != old.newest
    assert both.signing_with(old.newest).delivery(Purpose.MESSAGE_ID, 7) == old.delivery(Purpose.MESSAGE_ID, 7)
    assert both.signing_with("gone").delivery(Purpose.MESSAGE_ID, 7) == new.delivery(Purpose.MESSAGE_ID, 7)
    assert both.delivery(Purpose.MESSAGE_ID, 7) == new.delivery(Purpose.MESSAGE_ID, 7)
    assert both.signing_with(old.newest).read_delivery(Purpose.MESSAGE_ID, new.delivery(Purpose.MESSAGE_ID, 7)) == 7
