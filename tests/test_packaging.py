"""The wheel: complete, and it runs where no repository is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 240
"""Seconds for the whole demo on a slow machine; it takes a few."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel as ``make wheel`` builds it, from a copy, with nothing from the network."""
    source, out = tmp_path_factory.mktemp("source") / "tree", tmp_path_factory.mktemp("wheel")
    unneeded = shutil.ignore_patterns(
        ".git",
        ".venv",
        "var",
        "dist",
        "docs",
        "tests",
        "bench",
        "requirements",
        ".*_cache",
        ".hypothesis",
        "node_modules",
    )
    shutil.copytree(ROOT, source, ignore=unneeded)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=source, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return next(out.glob("newsletter_desk-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A virtual environment that has the wheel, and our dependencies by a path; returns its folder of programs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False, symlinks=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder / "bin" / "python"),
         "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    # A folder named in a .pth file is searched, but its own .pth files are not read: the editable install stays out.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a person would who has set nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "PYTHON"))}
    return subprocess.run(
        list(map(str, arguments)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_wheel_has_every_template_migration_and_sample(wheel):
    """What the program reads at run time travels with it, under names that no other library has."""
    names = set(zipfile.ZipFile(wheel).namelist())

    def files(folder: str) -> list[Path]:
        return [
            p.relative_to(ROOT / folder)
            for p in (ROOT / folder).rglob("*")
            if p.is_file() and "__pycache__" not in p.parts
        ]

    wanted = {f"newsletter/_templates/{path.as_posix()}" for path in files("templates")}
    wanted |= {f"newsletter/_alembic/{path.as_posix()}" for path in files("alembic")}
    wanted |= {f"newsletter/cli/sample/{path.as_posix()}" for path in files("newsletter/cli/sample")}
    wanted |= {f"newsletter/static/{path.as_posix()}" for path in files("newsletter/static")}
    assert {"newsletter/static/desk.js", "newsletter/static/fonts.css"} <= wanted, "run `make setup`"
    assert len(wanted) > 20
    assert wanted - names == set()


def test_the_wheel_has_nothing_else(wheel):
    """No tests, no caches, nothing at the top that would merge into another library."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"newsletter", "subscribers"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_program_is_the_wheels_own(installed, tmp_path):
    """The tests below would prove nothing if the repository were found."""
    shown = run(
        installed / "python",
        "-c",
        "import newsletter, subscribers; print(newsletter.__file__, subscribers.__file__)",
        cwd=tmp_path,
    )
    assert shown.returncode == 0, shown.stderr
    assert str(ROOT) not in shown.stdout


def test_an_installed_wheel_runs_the_demo_elsewhere(installed, tmp_path):
    """``newsletter demo --once`` finds its migrations, templates, fonts and sample, sends, and exits 0."""
    done = run(installed / "newsletter", "demo", "--once", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "500" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_installed_wheel_says_its_version(installed, tmp_path):
    """The version is the wheel's."""
    shown = run(installed / "newsletter", "--version", cwd=tmp_path)
    assert (shown.returncode, shown.stdout.strip()) == (0, "newsletter 0.1.0"), shown.stderr
