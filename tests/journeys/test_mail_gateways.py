"""What stands between us and a mailbox: gateways that follow every link, and mail programs that unsubscribe."""

from __future__ import annotations

import asyncio
import email
import email.policy
import html
import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from sqlalchemy import select, update

from newsletter import publications
from newsletter.app import create_app
from newsletter.cli.invented_readers import invented_readers, write_csv
from newsletter.publications import Access
from subscribers import mailed_links, membership, readdressing, wishes
from subscribers.mail_domains import MailDomains
from subscribers.models import ConsentBasis, Format, LinkKind, Subscriber
from subscribers.roster import import_readers
from tests.subscribers.readers import add_reader, dump
from tests.town import PUBLIC_URL, Town, link_in, town

MAILS = 1000
FEW = 120
"""In the short form, which runs with every change; ``make torture`` has them all."""
GATEWAYS: list[dict[str, str]] = [
    {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks)", "Sec-Purpose": "prefetch"},
    {"User-Agent": "LinkScanner/3.1", "Purpose": "prefetch", "X-Moz": "prefetch"},
    {"User-Agent": "Mozilla/5.0", "Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Site": "none"},
    {"User-Agent": "Barracuda", "Accept": "*/*", "Cookie": "session=1; csrf=2"},
    {},
]


async def fetch(app: Any, method: str, url: str, headers: dict[str, str]) -> int:
    """One request to the application itself, as a server would hand it on; return the status."""
    parts = urlsplit(url)
    statuses: list[int] = []
    given = [(name.lower().encode(), value.encode()) for name, value in {"Host": parts.netloc, **headers}.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": parts.path or "/", "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
        "root_path": "", "headers": given, "client": ("203.0.113.77", 4711), "server": (parts.netloc, 443),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def links_of(raw: bytes) -> set[str]:
    """Every address of ours in a mail: headers, text and HTML."""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    texts = [str(value) for value in mail.values()]
    texts += [
        (part.get_payload(decode=True) or b"").decode()  # type: ignore[union-attr]
        for part in mail.walk() if part.get_content_maintype() == "text"
    ]  # fmt: skip
    found = re.findall(rf"{re.escape(PUBLIC_URL)}[^\s<>\"']*", "\n".join(texts))
    return {html.unescape(link).rstrip(".,;)") for link in found}


def delivered(place: Town, mails: int) -> None:
    """Deliver issues in every format, and every kind of mail that a reader may get beside them."""
    place.publish("circle", access=Access.MEMBERS)
    place.issue("weekly")
    place.issue("circle")
    place.deliver()
    for number in range(4):
        place.reader(f"special{number}@example.org")
    with place.database.write() as session:
        circle = publications.by_label(session, "circle")
        ids = list(session.scalars(select(Subscriber.id).order_by(Subscriber.id)))
        members = [
            membership.Member(f"m{number}@example.org", f"m{number}@example.org", last_day=place.now.date())
            for number in range(20)
        ]
        membership.keep(session, circle, members, keyring=place.here.settings.keyring, source="tests", now=place.now)
        for number in range(5):
            wishes.invite(session, circle, f"guest{number}@example.org", by="ann", now=place.now)
        readdressing.ask_new(
            session, ids[0], "moved@example.org", publication_id=place.publications["weekly"],
            links=place.here.links, keyring=place.here.settings.keyring, now=place.now,
        )  # fmt: skip
        mailed_links.make(
            session, LinkKind.RIGHTS, subscriber_id=ids[1], publication_id=place.publications["weekly"], now=place.now
        )
    roster = place.here.settings.data_dir.with_name("roster.csv")
    write_csv(roster, invented_readers(mails - 60, seed=7))
    import_readers(
        place.database, roster, publication_id=place.publications["weekly"], basis=ConsentBasis.CONTRACT, evidence="x",
        by="tests", now=lambda: place.now, keyring=place.here.settings.keyring,
    )  # fmt: skip
    with place.database.write() as session:
        for form, every in ((Format.TEXT, 2), (Format.NOTICE, 3), (Format.PDF, 40)):
            session.execute(update(Subscriber).where(Subscriber.id % every == 0).values(format=form))
    for number in range(25):
        place.join(f"new{number}@example.org")
    place.issue("weekly")
    place.issue("circle")
    place.deliver()
    own = {mail["To"]: mail for mail in place.mails() if "special" in mail["To"] and mail["List-Unsubscribe"]}
    for mail in own.values():
        preferences = link_in(mail, "p")
        place.client.post(preferences, data={"act": "mail-link"})
        place.client.post(link_in(mail, "u"), data={"act": "leave"})
    place.deliver()


@pytest.mark.torture
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_gateways_that_follow_every_link_of_a_thousand_mails_change_nothing(database_url: str, tmp_path: Path):
    """As below, with a thousand."""
    every_link_is_followed(database_url, tmp_path, mails=MAILS)


def test_gateways_that_follow_every_link_of_every_mail_change_nothing(database_url: str, tmp_path: Path):
    """GET and HEAD with the headers of prefetchers; every row of every table is the same before and after."""
    every_link_is_followed(database_url, tmp_path, mails=FEW)


def every_link_is_followed(database_url: str, folder: Path, *, mails: int) -> None:
    """Let gateways take the delivered mails, and compare whole tables."""
    with town(database_url, folder) as place:
        delivered(place, mails)
        assert len(place.server.received) >= mails
        links = sorted(set().union(*(links_of(one.data) for one in place.server.received)))
        assert {urlsplit(link).path[:3] for link in links} >= {"/u/", "/p/", "/c/", "/m/", "/n/"}
        assert len(links) > 2 * (mails - 60)
        app = create_app(place.here, domains=MailDomains(None))

        async def crawl() -> set[int]:
            gateways = cycle(GATEWAYS)
            return {await fetch(app, method, link, next(gateways)) for link in links for method in ("HEAD", "GET")}

        before = dump(place.database)
        assert asyncio.run(crawl()) <= {200, 303, 404}
        assert dump(place.database) == before
        assert place.deliver() == []


@contextmanager
def on_a_socket(place: Town) -> Iterator[int]:
    """The site on a port of this machine."""
    app = create_app(place.here, domains=MailDomains(None))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


BOUNDARY = "----=_Part_7"
BODIES = {
    "urlencoded": ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
    "with a charset": ("application/x-www-form-urlencoded; charset=UTF-8", b"List-Unsubscribe=One-Click"),
    "with more in it": ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click&x=y&token="),
    "no type": ("", b"List-Unsubscribe=One-Click"),
    "multipart": (
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--{BOUNDARY}--\r\n'.encode(),
    ),
    "in chunks": ("application/x-www-form-urlencoded", b""),
}


def post(port: int, path: str, kind: str, body: bytes) -> http.client.HTTPResponse:
    """What a mail program sends: no cookie, no Accept, no Origin, nothing that is not needed; it follows nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", path, skip_accept_encoding=True)
    if kind:
        connection.putheader("Content-Type", kind)
    if body:
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
    else:
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(iter([b"List-Unsub", b"scribe=One-Click"]), encode_chunked=True)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_foreign_mail_program_unsubscribes_by_what_stands_in_the_mail(database_url: str, tmp_path: Path):
    """RFC 8058 from nothing but the bytes: 200 at once, again the same, that newsletter alone, all kinds of body."""
    with town(database_url, tmp_path) as place:
        place.publish("daily")
        readers = {f"reader{number}@example.org": body for number, body in enumerate(BODIES.values())}
        for address in readers:
            add_reader(place.database, address, *place.publications.values(), now=place.now)
        place.issue("weekly")
        mails = {mail["To"]: mail for mail in place.deliver()}
        place.issue("weekly")  # ordered before they leave, sent after: whoever has left gets none of it
        with on_a_socket(place) as port:
            for address, (kind, body) in readers.items():
                path = one_click_path(mails[address])
                for _ in range(2):
                    answer = post(port, path, kind, body)
                    assert (answer.status, answer.getheader("Location"), answer.getheader("Set-Cookie")) == (
                        200, None, None,
                    )  # fmt: skip
                assert (place.state(address), place.state(address, "daily")) == ("ended", "active")
                assert place.kinds(address).count("unsubscribed") == 1
        after = place.deliver()
        assert {mail["Subject"] for mail in after} == {"You are unsubscribed: Weekly"}
        assert len(after) == len(readers)


def one_click_path(mail: EmailMessage) -> str:
    """The path of the URI in List-Unsubscribe, as RFC 2369 and RFC 8058 tell a program to find it."""
    assert str(mail["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    (uri,) = re.findall(r"<(https:[^>]*)>", str(mail["List-Unsubscribe"]))
    return urlsplit(uri).path
