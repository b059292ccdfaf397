"""What an installation is built of."""

from __future__ import annotations

import socket

import pytest

from newsletter.kit.settings import Settings
from newsletter.worker import helo_name


@pytest.mark.parametrize(
    ("public_url", "machine", "said"),
    [
        ("https://news.example.org", "desk", "news.example.org"),
        ("http://127.0.0.1:8000", "desk.example.org", "desk.example.org"),
        ("http://127.0.0.1:8000", "my_laptop", "localhost"),
        ("http://[::1]:8000", "", "localhost"),
    ],
)
def test_a_mail_server_is_greeted_by_a_name_that_can_be_said(
    monkeypatch: pytest.MonkeyPatch, public_url: str, machine: str, said: str
):
    """A machine with an underscore in its name can send all the same."""
    monkeypatch.setattr(socket, "getfqdn", lambda: machine)
    assert helo_name(Settings(_env_file=None, public_url=public_url)) == said
