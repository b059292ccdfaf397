"""The laws of the house hold."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, EventKind, SkipReason
from newsletter.issues.link_probe import Verdict
from newsletter.issues.models import IssueState, Visibility
from newsletter.issues.received import FileState
from newsletter.kit.settings import Settings
from subscribers.import_tables import ImportStage
from subscribers.models import SubscriptionState

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("newsletter", "subscribers")
TEXTS = {".py", ".md", ".toml", ".txt", ".j2", ".html", ".css", ".typ", ".ini", ".mako", ".cfg", ".json", ""}
LONGEST, LONGEST_TEST = 300, 500
"""Lines; a file of code past 250 is a question, one past this is answered. Tests come in rows and may be longer."""
PATTERN_WORDS = {
    "service",
    "services",
    "manager",
    "managers",
    "utils",
    "util",
    "helper",
    "helpers",
    "common",
    "misc",
    "handlers",
}
WORDS_OF_THE_DESIGN = (
    "Publication", "Issue", "Manuscript", "Document", "Section", "Article", "Brief", "Source", "Note", "Remark", "Edition",
    "Subscriber", "Subscription", "ConsentEvent", "Dispatch", "Delivery", "Accepted", "Deferred", "Refused", "uncertain",
    "Event", "Suppression", "Route", "VERP", "DSN", "Envelope sender", "Desk", "Writer", "editor", "approver",
    "report reader", "administrator",
)  # fmt: skip


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def tracked() -> list[Path]:
    """Every file that belongs to the repository; outside one (an unpacked archive) every file that would."""
    try:
        listing = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        folders = ("newsletter", "subscribers", "templates", "tests", "alembic", "docs", "requirements", "bench", ".ci")
        return [
            path
            for folder in folders
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        ]
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def imported_by(path: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_imports_only_go_down_the_floors():
    """The contracts in pyproject.toml hold."""
    checker = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_web_floor_and_its_roof_know_fastapi():
    """HTTP stays on one floor, indirect imports or not."""
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in sources(*PACKAGES)
        if imported_by(path) & {"fastapi", "starlette"}
        and not path.is_relative_to(ROOT / "newsletter" / "web")
        and path != ROOT / "newsletter" / "app.py"
    ]
    assert elsewhere == []


def test_only_one_module_may_know_procrastinate():
    """The engine for many machines stays behind its port."""
    knowing = {path.relative_to(ROOT).as_posix() for path in sources(*PACKAGES) if "procrastinate" in imported_by(path)}
    assert knowing <= {"newsletter/delivery/runners/procrastinate.py"}


def test_the_migrations_folder_does_not_shadow_the_library():
    """With an ``__init__.py`` in it, ``import alembic.command`` would find our folder."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    import alembic.command

    assert alembic.command.upgrade


def test_templates_hold_no_python():
    """Designers live there."""
    assert list(sources("templates")) == []


def test_no_file_grows_too_long():
    """A long file owns more than one thing."""
    too_long = [
        path.relative_to(ROOT).as_posix()
        for folder, limit in {
            "newsletter": LONGEST,
            "subscribers": LONGEST,
            "bench": LONGEST,
            "tests": LONGEST_TEST,
        }.items()
        for path in sources(folder)
        if len(path.read_text(encoding="utf-8").splitlines()) > limit
    ]
    assert too_long == []


def test_files_are_named_for_what_they_are_about():
    """Houses that name files by role grow their worst files there."""
    named = [path.relative_to(ROOT).as_posix() for path in sources(*PACKAGES, "tests")
             if set(re.split(r"[_/]", path.stem)) & PATTERN_WORDS]  # fmt: skip
    assert named == []


def test_every_module_says_what_it_owns():
    """The first line of a file is a sentence about it."""
    silent = [path.relative_to(ROOT).as_posix() for path in sources(*PACKAGES)
              if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]  # fmt: skip
    assert silent == []


def test_every_member_of_every_enumeration_has_its_line():
    """A state that nobody explains is understood by nobody."""
    silent = [
        f"{path.relative_to(ROOT)}: {definition.name}.{name}"
        for path in sources(*PACKAGES)
        for definition in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(definition, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in definition.bases)
        for name in _unexplained(definition)
    ]
    assert silent == []


def _unexplained(definition: ast.ClassDef) -> Iterator[str]:
    for member, following in zip(definition.body, [*definition.body[1:], None], strict=True):
        if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name):
            match following:
                case ast.Expr(value=ast.Constant(value=str())):
                    pass
                case _:
                    yield member.targets[0].id


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    """An operator finds each variable in docs/install.md, and its description in the code."""
    assert f"`NEWSLETTER_{name.upper()}`" in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert Settings.model_fields[name].description


def test_no_setting_is_documented_that_does_not_exist():
    """Documentation names no variable that would be ignored."""
    named = set(re.findall(r"NEWSLETTER_([A-Z_]*[A-Z])", (ROOT / "docs" / "install.md").read_text(encoding="utf-8")))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_option_of_the_mail_server_is_documented():
    """What may stand behind the question mark of the SMTP URL is in docs/install.md."""
    from newsletter.mail.route import _OPTIONS

    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert [name for name in ("starttls", *_OPTIONS) if f"`{name}=" not in text] == []


@pytest.mark.parametrize("word", WORDS_OF_THE_DESIGN)
def test_the_glossary_has_every_word(word):
    """Code, docs and screens use the same words."""
    assert re.search(
        rf"\b{re.escape(word)}\b", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.IGNORECASE
    )


@pytest.mark.parametrize(
    ("states", "chapter"),
    [
        (IssueState, "Where an issue stands"),
        (FileState, "Where a manuscript file stands"),
        (Verdict, "Where a link led"),
        (Visibility, "Who may open an issue in the archive"),
        (SubscriptionState, "Where a reader stands with one publication"),
        (ImportStage, "Where an import stands"),
        (DispatchState, "Where a sending stands"),
        (DeliveryState, "Where a delivery stands"),
    ],
)
def test_the_glossary_has_every_state_and_no_other(states: type[StrEnum], chapter: str):
    """A new state appears in the glossary; one that went disappears."""
    text = (
        (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition(f"### {chapter}\n")[2].partition("\n#")[0]
    )
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(states)


@pytest.mark.parametrize("kinds", [DispatchKind, EventKind, SkipReason])
def test_the_glossary_has_every_kind(kinds: type[StrEnum]):
    """Kinds of sendings, of later events and of reasons are words, too."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [kind for kind in kinds if f"`{kind.value}`" not in text] == []


def test_the_repository_names_no_machine_and_no_registry():
    """What is committed says nothing of where it was made, and locks hold hashes, not addresses."""
    # Written in pieces, so that this file does not find itself.
    places = re.compile("|".join((r"/work/" + "main", r"/work/" + "shared", r"/ro" + r"ot/\.", r"files\.python" + "hosted", r"--(?:extra-)?index" + "-url")))  # fmt: skip
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path.suffix in TEXTS and (match := places.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "source.txt"])
def test_every_locked_dependency_has_its_hash_and_no_address(name):
    """An installation gets exactly the files that were tested, from wherever it looks."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_locked_browser_library_has_its_hash_and_no_address():
    """What the desk's bundle is made of is exactly what was tested; none of it is committed."""
    text = (ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    asked = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    assert {f"node_modules/{name}" for name in asked["dependencies"] | asked["devDependencies"]} <= set(packages)
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [path for path in tracked() if {"node_modules", "static"} & set(path.relative_to(ROOT).parts)] == []


def test_the_lock_has_everything_the_project_asks_for():
    """A dependency added to pyproject.toml and not locked would be missing on a fresh machine."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\s\[<>=;~!]", requirement)[0].lower().replace("_", "-") for requirement in requirements}

    def locked(name: str) -> set[str]:
        return set(
            re.findall(
                r"^([a-z0-9][a-z0-9.-]*)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE
            )
        )

    asked = names(project["project"]["dependencies"])
    assert asked <= locked("run.txt")
    assert asked | names(project["dependency-groups"]["dev"]) <= locked("dev.txt")
    assert names(project["dependency-groups"]["source"]) <= locked("source.txt")
