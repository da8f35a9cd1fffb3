"""A report can be made again from its evidence: to the byte, and without the vendor or its documents."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.cli.main import outcome
from cmms_audit.sandbox import granary, serve
from cmms_audit.wire.journal import Journal
from tests.cli.process import environment
from tests.live import audited_at

BROKEN = ("anonymous-reads", "html-errors", "lossy-pages")
FILES = ("report.json", "report.html", "evidence.har")


@pytest.fixture(scope="module", params=[(), *((switch,) for switch in BROKEN)], ids=lambda switches: "+".join(switches))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an audit of granary, whose vendor is no longer there."""
    folder: Path = tmp_path_factory.mktemp("audit")
    with serve.running(granary.Granary(request.param, scale=4.0)) as origin:
        audited_at(origin, request.param, folder, "writes,burst,webhooks", 4.0)
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError("a replay asked for a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.socket.connect_ex", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_a_replay_gives_the_same_report_to_the_byte(folder: Path, tmp_path: Path) -> None:
    code = outcome(["replay", str(folder / "out"), "--out", str(tmp_path / "again"), "--quiet"])

    assert code == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / "out" / name).read_bytes(), name


def test_the_report_tells_what_became_of_the_events_of_the_run(folder: Path) -> None:
    events = json.loads((folder / "out" / "report.json").read_text())["events"]

    came = {each["name"]: each for each in events["addresses"]}
    assert events["watched_seconds"] is not None
    assert (came["steady"]["due"] > 1, came["steady"]["missing"]) == (True, [])
    assert [each["seconds"] for each in events["outages"]] == [30, 120, 3600, 28_800]


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory, offline_audit: Path) -> Path:
    target = tmp_path_factory.mktemp("copy")
    shutil.copytree(offline_audit, target, dirs_exist_ok=True)
    return target


@pytest.fixture(scope="module")
def offline_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of a description in two files."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "api").mkdir()
    (folder / "api" / "main.yaml").write_text(DOCUMENT)
    (folder / "api" / "parts.yaml").write_text(PARTS)
    (folder / "vendor.yaml").write_text("vendor: Two Files\nspec: api/main.yaml\n")
    assert outcome(["run", str(folder / "vendor.yaml"), "--offline", "--out", str(folder / "out"), "--quiet"]) == 0
    return folder


DOCUMENT = """
openapi: 3.0.3
info: {title: Plant, version: 1.0.0}
paths:
  /work-orders:
    get:
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {type: array, items: {$ref: "parts.yaml#/WorkOrder"}}}}
"""
PARTS = """
WorkOrder:
  {type: object, required: [id], properties: {id: {type: string}, title: {type: string}, asset: {type: string}}}
"""


def test_a_description_in_several_files_is_judged_again_when_it_is_gone(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copy / "out" / "report.json").read_bytes()
    shutil.rmtree(copy / "api")
    (copy / "vendor.yaml").unlink()

    assert outcome(["replay", str(copy / "out"), "--quiet"]) == 0

    assert (copy / "out" / "report.json").read_bytes() == before
    assert json.loads(before)["resources"][0]["kind"] == "work_orders"


def test_a_vendor_file_that_has_changed_since_is_said_and_does_not_count(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copy / "out" / "report.json").read_bytes()
    (copy / "vendor.yaml").write_text("vendor: Another\nspec: none\n")

    assert outcome(["replay", str(copy / "out"), "--quiet"]) == 0

    assert "the vendor file has changed since" in capsys.readouterr().err
    assert (copy / "out" / "report.json").read_bytes() == before


def test_only_the_last_part_of_a_run_that_was_gone_on_with_counts(copy: Path) -> None:
    """What an earlier part had judged is not in the report of a later one that was interrupted at once."""
    with (copy / "out" / "evidence.jsonl").open("a") as file:
        file.write('{"kind":"resumed","version":"1","at":"2026-11-22T12:00:00+00:00"}\n')
        file.write('{"kind":"finished","at":"2026-11-22T12:00:01+00:00","complete":false}\n')

    assert outcome(["replay", str(copy / "out"), "--quiet"]) == 0

    report = json.loads((copy / "out" / "report.json").read_text())
    assert {each["reason"] for each in report["findings"]} == {"interrupted"}


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_replay_never_replaces_the_evidence_that_it_judges(copy: Path, more: tuple[str, ...]) -> None:
    before = (copy / "out" / "evidence.jsonl").read_bytes()

    assert outcome(["replay", str(copy / "out"), "--out", str(copy / "x" / ".." / "out"), "--quiet", *more]) == 0

    assert (copy / "out" / "evidence.jsonl").read_bytes() == before


def test_an_audit_that_is_under_way_is_not_judged(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(copy / "out" / "evidence.jsonl")
    try:
        assert outcome(["replay", str(copy / "out"), "--quiet"]) == 2
    finally:
        journal.close()
    assert "an audit is under way there" in capsys.readouterr().err


@pytest.mark.parametrize("room", [2_000, 25_000, 60_000, 120_000])
def test_a_disk_that_is_full_is_said_wherever_the_replay_has_come_to(copy: Path, room: int) -> None:
    size = max((copy / "out" / name).stat().st_size for name in ("evidence.jsonl", *FILES))
    code = f"""
import resource, signal, sys
from cmms_audit.cli.main import entry
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({min(room, size - 1)},) * 2)
entry(sys.argv[1:])
"""
    command = [sys.executable, "-B", "-c", code, "replay", str(copy / "out"), "--out", str(copy / "again"), "--quiet"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(copy), check=False)

    assert ended.returncode == 3
    assert "cannot be written" in ended.stderr
    assert "fault of its own" not in ended.stderr


CHECK = '''
from cmms_audit.battery import Context, Finding, check, met

@check(question="data.documented", id="data.own", aspect="own", sends="nothing")
def own(ctx: Context) -> Finding:
    """A check of the user's own."""
    return met("always", ctx.spec)
'''


def test_another_battery_is_said_and_its_report_does_not_erase_the_first(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (copy / "out" / "report.json").read_bytes()
    group = tmp_path / "own" / "data"
    group.mkdir(parents=True)
    (group / "own.py").write_text(CHECK)

    code = outcome(["replay", str(copy / "out"), "--checks", str(tmp_path / "own"), "--quiet"])

    said = capsys.readouterr().err
    assert code == 0, said
    assert "the battery of checks has changed since" in said
    assert (copy / "out" / "report.earlier.json").read_bytes() == before
    report = json.loads((copy / "out" / "report.json").read_text())
    assert "interrupted" in {each["reason"] for each in report["findings"] if each["check"] == "data.own"}


def test_a_replay_can_fail_a_gate(copy: Path) -> None:
    assert outcome(["replay", str(copy / "out"), "--quiet", "--fail-under", "99"]) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"order":', '"ordre":'),
        ('"name":"api/main.yaml"', '"name":"../../escape.yaml"'),
        ('"name":"api/main.yaml"', '"name":"/escape.yaml"'),
        ('"kind":"documents"', '"kind":"dokuments"'),
        ('"zlib_base64":"', '"zlib_base64":"!'),
        ('"permissions":{', '"permissions":{"fly":1,'),
        ('"run_id":', '"ran_id":'),
        ('"version":', '"varsion":'),
        ('"battery_sha256":', '"bakery_sha256":'),
        ('"rubric_sha256":', '"lyric_sha256":'),
        ('"vendor_file":', '"vendor_foil":'),
        ('"started_at":"', '"started_at":"on a Monday, '),
        ('"gave_up":', '"took_up":'),
        ('"at":"', '"at":"in the evening, '),
    ],
)
def test_a_damaged_recording_is_a_wrong_file(
    copy: Path, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = copy / "out" / "evidence.jsonl"
    text = evidence.read_text()
    assert old in text
    evidence.write_text(text.replace(old, new, 1))

    assert outcome(["replay", str(copy / "out")]) in (0, 2)

    assert "fault of its own" not in capsys.readouterr().err
    assert not list(copy.rglob("escape.yaml"))


def test_a_trial_that_cannot_be_read_is_left_out_and_all_else_is_told(copy: Path) -> None:
    before = json.loads((copy / "out" / "report.json").read_text())
    with (copy / "out" / "evidence.jsonl").open("a") as evidence:
        evidence.write('{"kind":"trial","seconds":120,"watched":true,"addresses":[{"name":"steady"}],"causes":[]}\n')

    assert outcome(["replay", str(copy / "out"), "--quiet"]) == 0

    report = json.loads((copy / "out" / "report.json").read_text())
    left_out = "What became of the events is left out: the lines of the event trial cannot be read."
    assert report == before | {"warnings": [*before["warnings"], left_out]}
