"""`run --webhook-log`: deliveries that were captured elsewhere are judged, kept in the evidence, and judged again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.cli.main import outcome
from tests.cli.process import vendor_file

CAPTURES = Path(__file__).parent.parent / "webhooks" / "captures"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def run(folder: Path, *options: str | Path) -> int:
    arguments = ["run", folder / "vendor.yaml", "--out", folder / "out", "--quiet", *options]
    return outcome([str(each) for each in arguments])


def captured_findings(folder: Path, name: str = "report.json") -> dict[str, dict[str, Any]]:
    report = json.loads((folder / "out" / name).read_text(encoding="utf-8"))
    return {each["check"]: each for each in report["findings"] if each["check"].startswith("webhooks.captured-")}


def test_a_capture_is_judged_without_a_connection_and_again_from_the_evidence(tmp_path: Path) -> None:
    vendor_file(tmp_path)

    assert run(tmp_path, "--offline", "--webhook-log", CAPTURES / "receiver.jsonl") == 0

    found = captured_findings(tmp_path)
    assert found["webhooks.captured-retries"]["verdict"] == "met"
    assert found["webhooks.captured-retries"]["basis"] == "observed"
    assert found["webhooks.captured-ids"]["evidence"][0] == {"kind": "delivery", "id": 1}
    assert found["webhooks.captured-signature"]["verdict"] == "unknown"  # an offline run reads no secret
    before = (tmp_path / "out" / "report.json").read_bytes()
    assert outcome(["replay", str(tmp_path / "out"), "--out", str(tmp_path / "again"), "--quiet"]) == 0
    assert (tmp_path / "again" / "report.json").read_bytes() == before


def test_a_run_says_first_what_it_read_of_a_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, log = vendor_file(tmp_path), CAPTURES / "smee.txt"

    assert outcome(["run", str(file), "--out", str(tmp_path / "out"), "--offline", "--webhook-log", str(log)]) == 0

    said = "webhook deliveries captured elsewhere: 5, from 2026-03-02 08:00:01 to 2026-03-02 08:03:31 UTC"
    assert said in capsys.readouterr().err


def test_signatures_are_verified_with_the_secret_of_the_vendor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor_file(tmp_path, webhooks={"secret": "${SMALL_HOOK_SECRET}"})
    monkeypatch.setenv("SMALL_HOOK_SECRET", SECRET)
    monkeypatch.setenv("SMALL_KEY", "a-key-of-the-plant")

    run(tmp_path, "--webhook-log", CAPTURES / "webhook-site.csv")  # nobody answers there, which spoils the rest only

    assert captured_findings(tmp_path)["webhooks.captured-signature"]["verdict"] == "met"
    assert all(SECRET.encode() not in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_a_run_without_a_capture_says_that_this_does_not_apply(tmp_path: Path) -> None:
    vendor_file(tmp_path)

    assert run(tmp_path, "--offline") == 0

    assert {each["verdict"] for each in captured_findings(tmp_path).values()} == {"not_applicable"}
    assert b'"captured"' not in (tmp_path / "out" / "evidence.jsonl").read_bytes()


def test_a_file_that_holds_no_deliveries_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = vendor_file(tmp_path)

    assert run(tmp_path, "--offline", "--webhook-log", file) == 2
    assert f"{file}:1: is not in a form that can be read" in capsys.readouterr().err
    assert run(tmp_path, "--offline", "--webhook-log", tmp_path / "missing.har") == 2
    assert not (tmp_path / "out").exists()


def test_an_audit_that_is_resumed_keeps_its_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vendor_file(tmp_path)
    log = CAPTURES / "proxy.har"
    assert run(tmp_path, "--offline", "--webhook-log", log) == 0
    before = captured_findings(tmp_path)

    assert outcome(["run", str(tmp_path / "out"), "--resume", "--quiet", "--webhook-log", str(log)]) == 2
    assert "keeps what it was started with" in capsys.readouterr().err
    assert outcome(["run", str(tmp_path / "out"), "--resume", "--quiet"]) == 0
    assert captured_findings(tmp_path) == before
