"""How many copies of a compiled message are filled a second; the yardstick is Python's own email package."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from newsletter.cli.manuscript import subject_named
from newsletter.delivery.message import compile_message
from newsletter.delivery.message_source import ListId, MessageSlots, MessageSource
from newsletter.mail.dkim import DkimSigner
from newsletter.rendering.edition import Medium

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "cli" / "sample"
HOST = "https://news.example.org"


def per_second(work: Callable[[int], object], *, seconds: float = 1.0) -> float:
    """How often *work* can be done in a second."""
    done, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        work(done)
        done += 1
    return done / taken


def slots(number: int) -> MessageSlots:
    """The slots of one reader."""
    token = f"{number:036d}"
    return MessageSlots(
        to_address=f"reader{number}@example.org", to_name="Jūratė Müller", message_id=f"m{number}@example.org",
        date=datetime.now(UTC), one_click_url=f"{HOST}/u/{token}", unsubscribe_url=f"{HOST}/u/{token}",
        preferences_url=f"{HOST}/p/{token}", web_url=f"{HOST}/i/1", pdf_url=f"{HOST}/i/1.pdf",
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    subject = subject_named(str(SAMPLE / "issue.md"), SAMPLE / "publication.toml")
    editions = subject.render()
    text, html = (editions[medium].data.decode() for medium in (Medium.TEXT, Medium.HTML))
    source = MessageSource(
        from_name="SKERRY", from_address="a@example.org", subject="An issue", text=text, html=html,
        pictures={picture.sha256: picture for picture in subject.pictures.values()},
        list_id=ListId("ports", "example.org", "Ports"), bulk=True,
    )  # fmt: skip

    def by_the_library(number: int) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = "a@example.org", f"reader{number}@example.org", "An issue"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message.as_bytes()

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = DkimSigner("example.org", "bench", pem)
    compiled = compile_message(source, message_id_domain="example.org")
    rates = {
        "Python's email, a message each": per_second(by_the_library),
        "compile, once a sending": per_second(lambda _: compile_message(source, message_id_domain="example.org")),
        "fill, a reader": per_second(lambda number: compiled.fill(slots(number))),
        "fill and sign, a reader": per_second(lambda number: compiled.fill(slots(number), sign=signer)),
    }
    yardstick = next(iter(rates.values()))
    print(f"compile and fill: {compiled.size / 1024:,.0f} KB a message")
    for name, rate in rates.items():
        print(f"  {name:32} {rate:10,.0f} a second  {rate / yardstick:7.1f} x")


if __name__ == "__main__":  # the PDF's process imports this file again
    main()
