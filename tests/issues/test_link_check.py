"""The link check against real servers on loopback, some of them hostile; and everything it must never connect to."""

from __future__ import annotations

import contextlib
import datetime as calendar
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.issues.link_check import check
from newsletter.issues.link_hosts import Reach, is_public
from newsletter.issues.link_probe import REDIRECTS, Verdict, probe

LOOPBACK = ip_network("127.0.0.0/8")


class Site:
    """A server that answers each connection with whatever bytes *answer* makes of the request; it remembers all."""

    def __init__(self, answer: Callable[[str, str], bytes], *, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._tls = tls
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(line, server_side=True) if self._tls else line as talk:
                head = b""
                while b"\r\n\r\n" not in head and (block := talk.recv(4096)):
                    head += block
                method, path, *_ = head.decode("latin-1").split(" ")
                self.asked.append(f"{method} {path}")
                said = self._answer(method, path)
                if said == DRIP:
                    talk.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                    while True:
                        talk.sendall(b"x")
                        time.sleep(0.02)
                talk.sendall(said)
        except OSError:
            pass  # the other side has gone, as it should

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


DRIP = b"drip"


def answer(status: str, *headers: str) -> bytes:
    """An answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]).encode()


@contextmanager
def site(said: Callable[[str, str], bytes], **more: Any) -> Iterator[Site]:
    """A site for as long as it is needed."""
    made = Site(said, **more)
    try:
        yield made
    finally:
        made.close()


def reach(**more: Any) -> Reach:
    """A reach that goes to this machine as well."""
    return Reach(**({"ports": None, "allowed": (LOOPBACK,)} | more))


def dispatch(method: str, path: str) -> bytes:
    """A site with a page for every verdict."""
    match path.partition("?")[0]:
        case "/fine" | "/%C3%BC%20ber":
            return answer("200 OK")
        case "/no-head":
            return answer("405 Method Not Allowed") if method == "HEAD" else answer("200 OK")
        case "/gone":
            return answer("404 Not Found")
        case "/closed":
            return answer("403 Forbidden")
        case "/broken":
            return answer("500 Oops")
        case "/moved":
            return answer("301 Moved Permanently", "Location: fine#there")
        case "/passing":
            return answer("302 Found", "Location: /fine")
        case "/around":
            return answer("302 Found", "Location: /around")
        case "/file":
            return answer("302 Found", "Location: file:///etc/passwd")
        case "/garbage":
            return b"\0\xff nonsense\r\n\r\n"
        case "/headers":
            return b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000 + b"\r\n"
        case "/drip":
            return DRIP
        case "/endless":
            return b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + answer("200 OK")
        case _:
            return b""


VERDICTS = {
    "/fine": Verdict.FINE, "/no-head": Verdict.FINE, "/ü ber?q=ö&x=%20": Verdict.FINE, "/gone": Verdict.GONE,
    "/closed": Verdict.CLOSED, "/broken": Verdict.BROKEN, "/moved": Verdict.MOVED, "/passing": Verdict.FINE,
    "/around": Verdict.ENDLESS, "/file": Verdict.FORBIDDEN, "/garbage": Verdict.BROKEN, "/headers": Verdict.BROKEN,
    "/endless": Verdict.FINE, "/hung-up": Verdict.BROKEN,
}  # fmt: skip


def test_each_kind_of_answer_has_its_verdict():
    """HEAD first, GET where HEAD is no answer; redirects are followed by hand and shown; nothing is called dead by
    HEAD alone."""
    with site(dispatch) as there:
        found = {path: probe(there.url + path, reach()) for path in VERDICTS}
        assert {path: one.verdict for path, one in found.items()} == VERDICTS
        assert [hop.status for hop in found["/moved"].hops] == [301, 200]
        assert found["/moved"].end == there.url + "/fine#there"
        assert len(found["/around"].hops) == REDIRECTS + 1
        assert [one for one in there.asked if one.endswith("/fine")] == ["HEAD /fine"] * 3
        assert [one for one in there.asked if "/gone" in one] == ["HEAD /gone", "GET /gone"]
    assert probe(there.url + "/fine", reach()).verdict is Verdict.SILENT


def test_a_server_that_lets_its_answer_drip_is_cut_off():
    """Each byte comes before any time-out; the time for the whole ends it, and the rest is checked meanwhile."""
    with site(dispatch) as there:
        assert probe(there.url + "/drip", reach(), seconds=0.4).verdict is Verdict.SLOW
        started = time.monotonic()
        urls = [
            there.url + "/drip",
            *(f"http://127.0.0.{n}:{there.port}/fine" for n in range(2, 12)),
            "http://x.invalid/",
        ]
        with socket.create_server(("127.0.0.20", there.port)):  # accepts and says nothing
            urls.append(f"http://127.0.0.20:{there.port}/")
            found = check(urls, reach(resolve=known({})), seconds=1.2, each=0.5)
        assert time.monotonic() - started < 5
        assert found[there.url + "/drip"].verdict is Verdict.SLOW
        assert found[urls[-1]].verdict is Verdict.SLOW
        assert found["http://x.invalid/"].verdict is Verdict.UNKNOWN


def known(names: dict[str, list[str]]) -> Any:
    """A name server that knows *names*, each answer once, the last for ever; addresses are what they are."""
    left = {name: list(answers) for name, answers in names.items()}

    def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        if host in left:
            answers = left[host]
            said = answers.pop(0) if len(answers) > 1 else answers[0]
            return [entry for one in said.split() for entry in socket.getaddrinfo(one, port, type=socket.SOCK_STREAM)]
        try:
            return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
        except OSError as error:
            raise socket.gaierror("nobody has this name") from error

    return resolve


PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9", "168.63.129.16", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_on_the_public_web_is_no_public_address(address: str):
    """Private, loopback, link-local, metadata, shared, mapped, tunnelled, documentation, multicast."""
    assert not is_public(ip_address(address))


def test_public_addresses_are_public():
    """Of both families, and as a network without IPv4 names them."""
    for address in ("8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::5e", "64:ff9b::808:808"):
        assert is_public(ip_address(address)), address


@settings(max_examples=200)
@given(st.ip_addresses(v=4))
def test_an_address_is_as_private_mapped_or_translated_as_it_is_by_itself(address: Any):
    """No way of writing an IPv4 address within IPv6 makes it reachable."""
    assert not is_public(ip_address(f"::ffff:{address}"))
    assert not is_public(ip_address(f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1"))
    assert is_public(ip_address(f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}")) == is_public(address)


def test_no_way_of_writing_loopback_reaches_it():
    """By number in every base, by name, by mapped address, with credentials: never a connection."""
    with site(dispatch) as there:
        port = there.port
        for url in (
            f"http://127.0.0.1:{port}/fine", f"http://2130706433:{port}/", f"http://0x7f.1:{port}/", f"http://0177.1:{port}/",
            f"http://127.1:{port}/", f"http://0:{port}/", f"http://localhost:{port}/", f"http://[::1]:{port}/",
            f"http://[::ffff:127.0.0.1]:{port}/", f"http://127.0.0.1.:{port}/", f"http://①②⑦.0.0.1:{port}/",
            f"http://example.org@127.0.0.1:{port}/", f"http://127.0.0.1:{port}\\@example.org/",
        ):  # fmt: skip
            assert probe(url, Reach(ports=None), seconds=3).verdict in {Verdict.FORBIDDEN, Verdict.UNKNOWN}, url
        assert there.asked == []


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14 127.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_a_name_that_leads_inside_is_not_asked(answers: list[str]):
    """Not even if it has a public address beside: whoever mixes them means no good."""
    with site(dispatch) as there:
        far = Reach(ports=None, resolve=known({"inside.example": answers}))
        assert probe(f"http://inside.example:{there.port}/fine", far, seconds=2).verdict is Verdict.FORBIDDEN
        assert there.asked == []


def test_a_redirect_does_not_lead_inside_either():
    """The first hop is allowed, the second is judged like any other; its address stands in the result."""
    with site(dispatch) as inside:

        def lead(method: str, path: str) -> bytes:  # fmt: skip
            return answer("302 Found", f"Location: http://127.0.0.2:{inside.port}/fine")

        with site(lead) as outside:
            only_the_first = Reach(ports=None, allowed=(ip_network("127.0.0.1/32"),))
            found = probe(outside.url, only_the_first)
        assert found.verdict is Verdict.FORBIDDEN
        assert [hop.status for hop in found.hops] == [302, 0]
        assert found.end == f"http://127.0.0.2:{inside.port}/fine"
        assert inside.asked == []


def test_a_name_that_changes_between_two_looks_gains_nothing():
    """The connection goes to the address that was judged; the answer after that is judged again (DNS rebinding)."""
    with site(dispatch) as there:
        allowed = (ip_network("127.0.0.1/32"),)
        names = known({"turncoat.example": ["127.0.0.1", "127.0.0.2"]})
        far = Reach(ports=None, allowed=allowed, resolve=names)
        assert probe(f"http://turncoat.example:{there.port}/fine", far).verdict is Verdict.FINE
        assert probe(f"http://turncoat.example:{there.port}/fine", far).verdict is Verdict.FORBIDDEN
        names = known({"turncoat.example": ["127.0.0.1", "127.0.0.2"]})
        found = probe(f"http://turncoat.example:{there.port}/gone", Reach(ports=None, allowed=allowed, resolve=names))
        assert found.verdict is Verdict.FORBIDDEN  # between HEAD and GET
        assert there.asked == ["HEAD /fine", "HEAD /gone"]


def test_only_the_ports_of_the_web_are_asked():
    """A mail server or a database takes no request from here."""
    with site(dispatch) as there:
        assert probe(there.url + "/fine", Reach(allowed=(LOOPBACK,))).verdict is Verdict.FORBIDDEN
        assert there.asked == []
    for url in ("ftp://example.org/", "http://", "http://example.org:0/", "http://a\r\nb/", "http://[", "http://x:99999/",
                "http://example.org/" + "x" * 3000):  # fmt: skip
        assert probe(url, Reach(resolve=known({})), seconds=2).verdict in {Verdict.FORBIDDEN, Verdict.UNKNOWN}, url


def test_nothing_in_an_address_ends_a_line_of_the_request():
    """Line breaks, spaces and letters beyond ASCII travel percent-encoded."""
    with site(dispatch) as there:
        probe(there.url + "/a b\u2028c?d=\x7fé", reach())
        assert there.asked[0] == "HEAD /a%20b%E2%80%A8c?d=%7F%C3%A9"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for *name* that has signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = calendar.datetime.now(calendar.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(today - calendar.timedelta(days=1))
        .not_valid_after(today + calendar.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_file, key_file


def test_certificates_are_checked_as_browsers_do(tmp_path: Path):
    """One that nobody vouches for, or that is for another name, is named with the reason; a good one is fine."""
    cert, key = certificate(tmp_path, "good.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    names = {"good.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    with site(dispatch, tls=server) as there:
        there_by = f"https://%s:{there.port}/fine"
        strange = probe(there_by % "good.example", reach(resolve=known(names)))
        assert (strange.verdict, strange.said) == (Verdict.UNSAFE, "self-signed certificate")
        trusting = ssl.create_default_context(cafile=str(cert))
        assert probe(there_by % "good.example", reach(resolve=known(names), tls=trusting)).verdict is Verdict.FINE
        other = probe(there_by % "other.example", reach(resolve=known(names), tls=trusting))
        assert other.verdict is Verdict.UNSAFE
        assert "not valid for 'other.example'" in other.said
