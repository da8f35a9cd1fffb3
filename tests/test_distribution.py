"""What users install: a wheel that carries its battery, and puts nothing but the package into site-packages."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from cmms_audit import __version__
from tests.support import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, REPOSITORY], check=True
    )
    (built,) = folder.glob("*.whl")
    return built


def test_nothing_but_the_package_lands_at_the_top_of_site_packages(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert tops == {"cmms_audit", f"cmms_audit-{__version__}.dist-info"}


def test_the_wheel_carries_every_check_profile_and_schema(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())

    expected = {
        f"cmms_audit/data/{path.relative_to(REPOSITORY).as_posix()}"
        for folder in ("checks", "profiles")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in (".py", ".yaml")
    }
    schemas = {
        path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "cmms_audit" / "schemas").glob("*.json")
    }
    assert expected
    assert expected | schemas <= carried


def test_an_installed_wheel_audits_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel], check=True)

    done = subprocess.run(
        [tmp_path / "fresh" / "bin" / "cmms-audit", "demo", "--offline", "--json"],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["questions"]) == 25
    assert report["permissions"]["offline"] is True
    (folder,) = home.glob("cmms-audit-*")
    assert (folder / "report.html").is_file()
