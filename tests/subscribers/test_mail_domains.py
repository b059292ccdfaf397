"""Mail domains: slips are asked about, throw-away addresses known, and DNS believed only when it is sure."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from newsletter.kit.errors import BadInput
from subscribers.mail_domains import WELL_KNOWN, MailDomains, is_disposable, meant


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("ada@gmial.com", "gmail.com"), ("ada@gmal.com", "gmail.com"), ("ada@gmaill.com", "gmail.com"),
        ("ada@gmail.con", "gmail.com"), ("ada@hotmial.com", "hotmail.com"), ("ada@outlok.de", "outlook.de"),
        ("ada@gxm.de", "gmx.de"), ("ada@wbe.de", "web.de"), ("ada@t-onlin.de", "t-online.de"),
    ],
)  # fmt: skip
def test_a_slip_in_a_well_known_domain_is_noticed(typed: str, wanted: str):
    """Swapped, missing, doubled, wrong letters."""
    assert meant(typed) == f"ada@{wanted}"


@pytest.mark.parametrize("typed", [
    *(f"ada@{domain}" for domain in WELL_KNOWN), "ada@example.org", "ada@university.edu", "ada@gmy.de", "ada@wet.de",
    "ada@gmailing-house.com", "jürgen@exämple.de",
])  # fmt: skip
def test_no_other_domain_is_doubted(typed: str):
    """Well-known ones are never taken for each other, and short ones have many neighbours."""
    assert meant(typed) == ""


def test_what_is_no_address_is_said_to_be_none():
    """As everywhere."""
    with pytest.raises(BadInput):
        meant("nobody")


def test_throw_away_domains_are_known_with_all_below_them():
    """From the package's list, which has thousands."""
    assert is_disposable("mailinator.com")
    assert is_disposable("box7.mailinator.com")
    assert not is_disposable("example.org")
    assert not is_disposable("com", listed={"com"})  # a list with a mistake in it must not shut out the world


@contextmanager
def name_server(answer: Callable[[dns.message.Message], dns.message.Message | None]) -> Iterator[dns.resolver.Resolver]:
    """A name server on loopback that answers as told, and a resolver that asks it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    data, asker = door.recvfrom(2000)
                except TimeoutError:
                    continue
                reply = answer(dns.message.from_wire(data))
                if reply is not None:
                    door.sendto(reply.to_wire(), asker)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.cache = ["127.0.0.1"], door.getsockname()[1], None
        try:
            yield resolver
        finally:
            over.set()
            thread.join()


def zone(query: dns.message.Message) -> dns.message.Message | None:
    """A small world."""
    name, kind = query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    records = {
        ("mx.example", "MX"): "10 mail.example.", ("null.example", "MX"): "0 .", ("a.example", "A"): "192.0.2.1",
        ("six.example", "AAAA"): "2001:db8::1",
    }  # fmt: skip
    if name == "silent.example":
        return None
    if name == "broken.example":
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif name not in {known for known, _ in records} | {"empty.example"}:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    for (known, rdtype), text in records.items():
        if (name, kind) == (known, dns.rdatatype.from_text(rdtype)):
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", rdtype, text))
    return reply


@pytest.mark.parametrize(("domain", "takes"), [
    ("mx.example", True), ("null.example", False), ("a.example", True), ("six.example", True),
    ("empty.example", False), ("gone.example", False), ("broken.example", True),
])  # fmt: skip
def test_dns_is_asked_as_the_rfcs_say(domain: str, takes: bool):
    """MX, a null MX, A and AAAA instead, nothing at all, no such domain; a fault is no answer."""
    with name_server(zone) as resolver:
        assert MailDomains(resolver).takes_mail(domain) is takes


def test_a_silent_dns_is_believed_and_left_alone_for_a_minute():
    """The form must not hang for every visitor."""
    asked = []
    time = [0.0]

    def note(query: dns.message.Message) -> dns.message.Message | None:
        asked.append(query.question[0].name)
        return zone(query)

    with name_server(note) as resolver:
        domains = MailDomains(resolver, elapsed=lambda: time[0])
        assert domains.takes_mail("silent.example")
        before = len(asked)
        assert domains.takes_mail("gone.example")
        assert len(asked) == before
        time[0] = 61.0
        assert not domains.takes_mail("gone.example")


def test_without_dns_every_domain_is_believed():
    """An installation in a closed network takes sign-ups."""
    assert MailDomains(None).takes_mail("gone.example")
