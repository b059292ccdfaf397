"""Settings: read once, named when bad."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsletter.kit.errors import BadToken, SettingsError
from newsletter.kit.settings import Settings, load_settings
from newsletter.kit.tokens import LinkClaims, Purpose


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No test sees the settings of whoever runs it."""
    import os

    for name in list(os.environ):
        if name.startswith("NEWSLETTER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_needs_to_be_set():
    """The embedded defaults are SQLite, loopback and the catcher."""
    settings = load_settings()
    assert settings.database == "sqlite:///var/newsletter.db"
    assert settings.smtp_url == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSLETTER_PUBLIC_URL", "news.example.org"),
        ("NEWSLETTER_PUBLIC_URL", "ftp://news.example.org"),
        ("NEWSLETTER_PUBLIC_URL", "https://news.example.org/?x=1"),
        ("NEWSLETTER_PUBLIC_URL", "https://zeitung-köln.example"),
        ("NEWSLETTER_PUBLIC_URL", "https://news example.org"),
        ("NEWSLETTER_PUBLIC_URL", "https://news.example.org/a<b>"),
        ("NEWSLETTER_PUBLIC_URL", "https://news.example.org:port"),
        ("NEWSLETTER_PUBLIC_URL", "https://user:secret@news.example.org"),
        ("NEWSLETTER_SECRET_KEY", "too short"),
        ("NEWSLETTER_SECRET_KEY", "long enough to be taken as a secret,short"),
        ("NEWSLETTER_IN_DOUBT", "maybe"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    """The operator reads which variable to mend."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


def test_an_env_file_is_read(tmp_path: Path):
    """Operators keep settings in ``.env``."""
    (tmp_path / ".env").write_text("NEWSLETTER_PUBLIC_URL=https://news.example.org/\n")
    assert load_settings().public_url == "https://news.example.org"


def test_the_secret_is_made_once_and_kept_to_its_owner(tmp_path: Path):
    """Links made before a restart work after it; nobody else on the machine can read the secret."""
    first = Settings(data_dir=tmp_path / "var").keyring.signature("label", b"message")
    second = Settings(data_dir=tmp_path / "var").keyring.signature("label", b"message")
    assert first == second
    assert stat.S_IMODE((tmp_path / "var" / "secret.key").stat().st_mode) == 0o600


def test_many_processes_that_start_at_once_keep_one_secret(tmp_path: Path):
    """`serve` and `issue send` on a fresh machine: who comes second never reads half a secret."""
    with ThreadPoolExecutor(8) as pool:
        rings = pool.map(lambda _: Settings(data_dir=tmp_path / "var").keyring.signature("label", b"m"), range(32))
    assert len(set(rings)) == 1
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_damaged_secret_is_said_and_not_replaced(tmp_path: Path, content: bytes):
    """A new one would make every link in every mail already sent a forgery."""
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(SettingsError, match=r"secret\.key"):
        assert Settings(data_dir=tmp_path).keyring
    assert (tmp_path / "secret.key").read_bytes() == content


def test_old_links_live_on_when_a_secret_is_set_for_the_first_time(tmp_path: Path):
    """The kept secret stays in the ring behind the one in the settings, and so does every older one."""
    claims = LinkClaims(1, 2, 3)
    kept = Settings(data_dir=tmp_path).keyring
    first, second = "first secret " * 4, "second secret " * 4
    old = [kept, Settings(data_dir=tmp_path, secret_key=first).keyring]
    new = Settings(data_dir=tmp_path, secret_key=f"{second},{first}").keyring
    for ring in old:
        assert new.read_link(Purpose.UNSUBSCRIBE, ring.link(Purpose.UNSUBSCRIBE, claims)) == claims
        assert new.verify_signature("sign-off", b"manifest", ring.signature("sign-off", b"manifest"))
    with pytest.raises(BadToken):
        kept.read_link(Purpose.UNSUBSCRIBE, new.link(Purpose.UNSUBSCRIBE, claims))


def test_postgresql_needs_a_secret_of_its_own():
    """Several machines would each make their own, and each other's links would be forgeries."""
    settings = Settings(database_url="postgresql://desk@localhost/desk")
    with pytest.raises(SettingsError, match="NEWSLETTER_SECRET_KEY"):
        assert settings.keyring


def test_a_long_host_name_is_warned_about():
    """Beyond 70 characters the unsubscribe header breaks in some mail programs."""
    long = Settings(public_url="https://newsletters.of.a.rather.long.institute.example.org")
    assert "NEWSLETTER_PUBLIC_URL" in long.warnings()[0]
    assert Settings(public_url="https://news.example.org").warnings() == []
