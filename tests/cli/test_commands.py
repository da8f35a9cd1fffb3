"""The commands as a user types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cmms_audit import __version__
from cmms_audit.cli import main
from cmms_audit.cli.main import _COMMANDS
from cmms_audit.folders import schemas_folder
from cmms_audit.sandbox import granary
from tests.cli.process import cmms_audit, vendor_file
from tests.support import REPOSITORY, battery, guide


def test_version_and_help_name_every_command(tmp_path: Path) -> None:
    assert cmms_audit("--version", cwd=tmp_path).stdout == f"cmms-audit {__version__}\n"
    shown = cmms_audit("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command in _COMMANDS:
        assert re.search(rf"^  {command} ", shown.stdout, re.MULTILINE)


def test_every_command_explains_itself(tmp_path: Path) -> None:
    for command in _COMMANDS:
        shown = cmms_audit(command, "--help", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert "Usage:" in shown.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cmms_audit", "--help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    heavy = {
        "httpcore",
        "jsonschema",
        "jsonschema_rs",
        "yaml",
        "jinja2",
        "starlette",
        "uvicorn",
        "asyncio",
        "rich.console",
    }
    assert not heavy & imported


def test_checks_list_and_show_know_every_check(tmp_path: Path) -> None:
    listed = cmms_audit("checks", "list", cwd=tmp_path).stdout
    assert all(each in listed for each in battery())
    shown = cmms_audit("checks", "show", "auth.refuses-anonymous", cwd=tmp_path)
    assert guide().check_text("auth.refuses-anonymous").passes in shown.stdout
    question = cmms_audit("checks", "show", "auth.method", cwd=tmp_path)
    assert "contract" in question.stdout


def test_profiles_list_and_show_know_every_scenario(tmp_path: Path) -> None:
    listed = cmms_audit("profiles", "list", cwd=tmp_path).stdout
    assert all(each in listed for each in (*guide().scenarios, "rest", "maximo"))
    assert "auth.scopes" in cmms_audit("profiles", "show", "erp-sync", cwd=tmp_path).stdout
    assert "work_orders" in cmms_audit("profiles", "show", "maximo", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["vendor", "dialect", "scenario", "report"])
def test_a_published_schema_is_a_valid_schema(tmp_path: Path, name: str) -> None:
    schema = json.loads(cmms_audit("schema", name, cwd=tmp_path).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_plan_names_each_secret_beside_its_receiver_and_sends_nothing(tmp_path: Path) -> None:
    shown = cmms_audit("plan", vendor_file(tmp_path), cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert re.search(r"\$\{SMALL_KEY\}\s.*http://127\.0\.0\.1:9\b", shown.stdout)
    assert "small-secret-key-1" not in shown.stdout
    assert "not-permitted" in shown.stdout
    assert not list(tmp_path.glob("cmms-audit-*"))


def test_a_demo_shows_the_report_and_leaves_its_files(tmp_path: Path) -> None:
    done = cmms_audit("demo", "--out", "out", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Granary" in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    jsonschema.validate(report, json.loads((schemas_folder() / "report.schema.json").read_text()))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json",
        "report.html",
        "evidence.jsonl",
        "evidence.har",
    }
    for path in (tmp_path / "out").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_no_secret_of_a_demo_is_in_any_byte_that_it_leaves(tmp_path: Path) -> None:
    done = cmms_audit("demo", "--out", "out", "--verbose", cwd=tmp_path)

    left = done.stdout + done.stderr + "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    for name, value in granary.environment().items():
        if name not in ("GRANARY_ID", "GRANARY_READ_ID"):
            assert value not in left, name


def test_the_sandbox_prints_a_vendor_file_that_audits_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cmms_audit", "sandbox", "granary", "--break", "no-webhooks"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as serving:
        try:
            text = _printed_so_far(serving)
            (tmp_path / "vendor.yaml").write_text(text)
            environ = granary.environment(["no-webhooks"])
            done = cmms_audit("run", "vendor.yaml", "--out", "out", cwd=tmp_path, environ=environ)
        finally:
            serving.send_signal(signal.SIGINT)
            serving.wait(timeout=20)

    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "no-webhook-retry" in [each["id"] for each in report["red_flags"] if each["raised"]]
    assert report["traffic"]["writes"] == 0


def test_an_interrupted_run_reports_what_was_seen(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cmms_audit", "demo", "--out", "out", "--verbose"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as running:
        assert running.stderr
        for line in running.stderr:
            if line.startswith("auth."):
                break
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=30)

    assert running.returncode == 130, errors
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["complete"] is False
    assert {each["check"] for each in report["findings"]} == set(battery())
    assert "interrupted" in {each["reason"] for each in report["findings"]}


def _printed_so_far(serving: subprocess.Popen[str]) -> str:
    """Everything on stdout up to the end of the vendor file, which is when it can be read as YAML with its mapping."""
    assert serving.stdout
    lines: list[str] = []
    deadline = time.monotonic() + 20
    for line in serving.stdout:
        lines.append(line)
        loaded = yaml.safe_load("".join(lines)) if line.startswith("  - {need") else None
        if (loaded and "mapping" in loaded) or time.monotonic() > deadline:
            break
    return "".join(lines)


def test_a_defect_of_our_own_is_one_line_and_exit_three(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise KeyError("a vendor's words")

    monkeypatch.setattr(main, "app", breaks)
    monkeypatch.delenv("CMMS_AUDIT_DEBUG", raising=False)

    assert main.outcome(["run"]) == 3

    said = capsys.readouterr().err
    assert "KeyError in test_commands.py" in said
    assert "a vendor's words" not in said
