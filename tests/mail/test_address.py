"""Addresses: one key for all spellings, the wire's form, a mask; and one clear sentence for everything else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key, domain_of, masked, needs_smtputf8, wire_address


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("o'Hara+News@example.org", "o'hara+news@example.org"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@例え。jp", "ada@xn--r8jz45g.jp"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("Ju\u0308rgen@example.org", "jürgen@example.org"),
        ("JÜRGEN@example.org", "jürgen@example.org"),
        ("李@example.org", "李@example.org"),
        ("ada@r3---sn.example", "ada@r3---sn.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_all_spellings_of_an_address_have_one_key(written: str, key: str):
    """Case, normalisation and the two forms of a domain make no difference."""
    assert address_key(written) == key
    assert address_key(key) == key


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "empty"),
        ("ada", "no @"),
        ("@example.org", "before the @"),
        ("ada@", "after the @"),
        ("a@b@example.org", "more than one @"),
        ("a da@example.org", "space"),
        (" ada@example.org", "space"),
        ("ada@example.org\u00a0", "space"),
        ("ada@example.org\n", "line break"),
        ("ada\r\nBcc: x@example.org", "line break"),
        ("ada\u2028@example.org", "line break"),
        ("ada\x85@example.org", "line break"),
        ("ada\0@example.org", "control character"),
        ("ada\u200b@example.org", "invisible"),
        ("\u202eada@example.org", "invisible"),
        ("a..b@example.org", "two dots"),
        ("ada@example..org", "two dots"),
        (".ada@example.org", "dot at the edge"),
        ("ada.@example.org", "dot at the edge"),
        ('"a b"@example.org', "quoted"),
        ('"ada"@example.org', "quoted"),
        ("Ada <ada@example.org>", "angle brackets"),
        ("ada,bob@example.org", "','"),
        ("a;b@example.org", "';'"),
        ("ada@[127.0.0.1]", "by number"),
        ("ada@127.0.0.1", "domain"),
        ("ada@example", "domain"),
        ("ada@-example.org", "domain"),
        ("ada@example-.org", "domain"),
        ("ada@exa_mple.org", "domain"),
        ("ada@example.org.", "domain"),
        ("ada@example.123", "domain"),
        ("ada@xn--zzzzzz--.example", "domain"),
        ("ada@" + "x" * 64 + ".org", "domain"),
        ("x" * 65 + "@example.org", "64"),
        ("ü" * 33 + "@example.org", "64"),
        ("ada@" + ".".join(["x" * 50] * 5) + ".org", "too long"),
        ("x" * 60 + "@" + ".".join(["y" * 49] * 4) + ".org", "254"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(written: str, why: str):
    """One sentence that the person who typed it understands."""
    for function in (address_key, wire_address, domain_of):
        with pytest.raises(BadInput, match=why):
            function(written)


def test_the_longest_address_is_taken():
    """64 before the @ and 254 in all."""
    domain = ".".join(["y" * 46] * 4) + ".y"
    address = "x" * 64 + "@" + domain
    assert len(address) == 254
    assert address_key(address) == address


def test_the_wire_keeps_the_local_part_and_encodes_the_domain():
    """Servers may tell Ada from ada (RFC 5321 §2.4)."""
    assert wire_address("Ada@Bücher.Example") == "Ada@xn--bcher-kva.example"
    assert not needs_smtputf8(wire_address("Ada@Bücher.Example"))
    assert needs_smtputf8(wire_address("Jürgen@example.org"))
    assert domain_of("ada@Bücher.Example") == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.org", "a…a@e…e.org"),
        ("al@example.org", "a…@e…e.org"),
        ("a@b.org", "a…@b….org"),
        ("ada@mail.example.co.uk", "a…a@m…l.e…e.c….uk"),
        ("李小龙@example.org", "李…龙@e…e.org"),
        ("ada@localhost", "a…a@l…t"),
    ],
)
def test_a_masked_address_is_known_to_its_owner_alone(address: str, shown: str):
    """Newsletters are forwarded; the page behind a link is seen by strangers."""
    assert masked(address) == shown


locals_ = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
domains = st.sampled_from(["example.org", "Bücher.example", "例え.jp", "xn--bcher-kva.example", "MAIL.example.co.uk"])


@settings(deadline=None)  # a busy machine is no fault
@given(locals_, domains)
@example("ŉ", "example.org")
@example("\u0345\u03b1", "example.org")
@example("ǰ\u0323", "example.org")
def test_a_key_is_its_own_key_and_survives_the_wire(local: str, domain: str):
    """Whatever is accepted: the key is stable, and the wire's form has the same key."""
    try:
        key = address_key(f"{local}@{domain}")
    except BadInput:
        return
    assert address_key(key) == key
    assert address_key(wire_address(f"{local}@{domain}")) == key
    assert address_key(unicodedata.normalize("NFD", f"{local}@{domain}")) == key


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=80))
def test_any_text_is_an_address_or_one_clear_sentence(text: str):
    """Never a traceback, never a line break that gets through."""
    try:
        wire = wire_address(text)
    except BadInput:
        return
    assert not set(wire) & set(' \t\r\n\0<>,;"\x85\u2028\u2029')
    assert wire.count("@") == 1
