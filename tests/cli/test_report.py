"""`cmms-audit report`: the reports of an earlier audit once more, from its files alone."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.cli.exits import EXIT_INPUT, EXIT_OK
from cmms_audit.cli.main import outcome
from cmms_audit.reports.html import render_html
from cmms_audit.reports.json import render_json
from cmms_audit.reports.markdown import render_markdown
from cmms_audit.wire.journal import Journal
from tests.reports import fixture
from tests.reports.test_hostile import ATTACKS, poisoned


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """The folder of an audit, with what this command reads."""
    folder = tmp_path / "audited"
    journal = Journal(folder / "evidence.jsonl")
    journal.write("run", {"version": "0.1.0"})
    for each in fixture.exchanges():
        journal.record(each)
    journal.close()
    (folder / "report.json").write_text(render_json(fixture.report()), encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_every_format_comes_out_as_the_audit_itself_writes_it(audited: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"

    assert outcome(["report", str(audited), "--format", "html,json,md", "--out", str(out)]) == EXIT_OK

    told = fixture.report()
    assert (out / "report.html").read_text("utf-8") == render_html(told, fixture.exchanges())
    assert (out / "report.json").read_text("utf-8") == render_json(told)
    assert (out / "report.md").read_text("utf-8") == render_markdown(told)
    assert len(contents(out)) == 3
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in out.iterdir()} == {0o600}


def test_only_what_is_asked_for_is_written_and_the_rest_is_left_alone(
    audited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(audited)

    assert outcome(["report", str(audited), "--format", "md"]) == EXIT_OK

    after = contents(audited)
    assert after.pop("report.md")
    assert after == before
    assert capsys.readouterr().out == f"wrote {audited / 'report.md'}\n"


def test_personal_values_are_shown_when_asked_for(audited: Path) -> None:
    outcome(["report", str(audited)])
    masked = (audited / "report.html").read_text("utf-8")
    outcome(["report", str(audited), "--show-values"])
    shown = (audited / "report.html").read_text("utf-8")

    assert "Lindqvist" not in masked
    assert "maria@plant.example" in shown
    assert "assignee=Maria%20Lindqvist" in shown


@pytest.mark.parametrize("text", ATTACKS)
def test_a_report_full_of_hostile_text_is_read_back_as_it_was(audited: Path, text: str) -> None:
    hostile = render_json(poisoned(text))
    (audited / "report.json").write_text(hostile, encoding="utf-8")

    assert outcome(["report", str(audited), "--format", "json,md,html"]) == EXIT_OK
    assert (audited / "report.json").read_text("utf-8") == hostile


def changed(**members: Any) -> Callable[[Path], None]:
    return lambda folder: _write(folder, json.dumps(fixture.report() | members))


def _write(folder: Path, text: str) -> None:
    (folder / "report.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "report.json").unlink(), "report.json"),
        (lambda folder: _write(folder, '{"schema_version": 1'), "report.json"),
        (lambda folder: _write(folder, "[" * 100_000), "report.json"),
        (lambda folder: _write(folder, "schema_version: 1"), "this is no JSON"),
        (changed(schema_version=2), "schema_version"),
        (changed(score=None), "score"),
        (changed(findings=[{"check": "x"}]), "'evidence' is missing"),
        (lambda folder: (folder / "evidence.jsonl").unlink(), "no evidence of an audit"),
        (lambda folder: (folder / "evidence.jsonl").write_text('{"kind":"run","a":1}\n[]\n'), "evidence.jsonl:2"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_written(
    audited: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], says: str
) -> None:
    spoil(audited)
    before = contents(audited)

    assert outcome(["report", str(audited)]) == EXIT_INPUT

    assert contents(audited) == before
    assert says in capsys.readouterr().err


def test_a_format_that_is_not_there_is_named_with_the_nearest_right_one(
    audited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["report", str(audited), "--format", "htm"]) == EXIT_INPUT

    assert "did you mean html?" in capsys.readouterr().err


def test_another_report_is_never_overwritten_in_another_folder(audited: Path, tmp_path: Path) -> None:
    precious = tmp_path / "other" / "report.html"
    precious.parent.mkdir()
    precious.write_text("precious")

    assert outcome(["report", str(audited), "--out", str(precious.parent)]) == EXIT_INPUT
    assert precious.read_text() == "precious"
