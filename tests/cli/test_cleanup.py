"""`cmms-audit cleanup`: what an audit could not delete is deleted later, at the same vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from cmms_audit.cli.main import outcome
from tests.checks.toy import PREFIX, document
from tests.checks.writing import Plant
from tests.cli.process import vendor_file
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import KEY

CHECK = "operations.codes-of-own-record"
BEFORE = len(Plant().orders)


@dataclass
class Left:
    """An audit that could delete nothing, and the vendor, who takes deletes again once `stubborn` is over."""

    plant: Plant
    served: Served
    folder: Path
    file: Path
    stubborn: bool = True

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "evidence.jsonl").read_text().splitlines()]

    def cleanup(self, *more: str | Path) -> int:
        self.served.seen.clear()
        return outcome(["cleanup", str(self.folder), *map(str, more)])


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Left]:
    monkeypatch.setenv("SMALL_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))

    def wrong(seen: Seen) -> Answer | None:
        return Answer(403) if seen.method == "DELETE" and story.stubborn else None

    with answering(plant := Plant(wrong=wrong)) as served:
        file = vendor_file(
            tmp_path,
            json.dumps(document()),
            base_url=served.url + PREFIX,
            environment="sandbox",
            allow={"writes": True},
            budget={"per_second": 500},
        )
        story = Left(plant, served, tmp_path / "out", file)
        arguments = ["run", str(file), "--out", str(story.folder), "--allow", "writes", "--only", CHECK, "--quiet"]
        assert outcome(arguments) == 0
        assert len(plant.orders) == BEFORE + 1
        capsys.readouterr()
        yield story


def test_what_is_left_is_deleted_once_the_vendor_takes_it(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    left.stubborn = False

    code = left.cleanup()

    said = capsys.readouterr().out
    assert code == 0
    assert len(left.plant.orders) == BEFORE
    assert f"To be deleted at {left.served.url}" in said
    assert f"(main.value) goes to {left.served.url}" in said
    assert "Deleted: work orders: " in said
    assert left.lines[-1]["kind"] == "deleted"
    assert KEY not in said


def test_what_cannot_be_deleted_is_listed(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    assert left.cleanup() == 3
    said = capsys.readouterr().out
    assert "Still there" in said
    assert "/work-orders/N-1" in said
    assert "403" in said


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_sent(
    left: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    left.stubborn = False
    left.cleanup()
    left.file.unlink()
    capsys.readouterr()

    assert left.cleanup() == 0
    assert "nothing that this audit created is left" in capsys.readouterr().out
    assert not left.served.seen


def test_a_vendor_file_that_has_moved_must_be_named(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    left.stubborn = False
    moved = left.file.with_name("moved.yaml")
    left.file.rename(moved)

    assert left.cleanup() == 2
    assert "--vendor" in capsys.readouterr().err
    assert left.cleanup("--vendor", moved) == 0
    assert len(left.plant.orders) == BEFORE


def test_a_vendor_file_of_another_system_is_refused(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    left.stubborn = False
    left.file.write_text(left.file.read_text().replace(f"{left.served.url}{PREFIX}", f"{left.served.url}/api/v2"))

    assert left.cleanup() == 2
    assert "/api/v2" in capsys.readouterr().err
    assert not left.served.seen
    assert len(left.plant.orders) == BEFORE + 1


def test_a_record_that_was_deleted_by_hand_is_crossed_off(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    left.plant.orders.pop()
    assert left.cleanup() == 0
    assert not [each for each in left.served.seen if each.method != "GET"]


def test_what_the_vendor_puts_in_the_place_of_our_record_is_not_touched(left: Left) -> None:
    left.stubborn = False
    left.plant.orders[-1]["title"] = "Somebody's work"
    assert left.cleanup() == 3
    assert len(left.plant.orders) == BEFORE + 1


def test_evidence_that_was_tampered_with_deletes_nobody_elses_record(left: Left) -> None:
    left.stubborn = False
    evidence = left.folder / "evidence.jsonl"
    theirs = {"number": "x", "owner": "x", "resource": "work_orders", "marker": "Job 1"}
    url = f"{left.served.url}{PREFIX}/work-orders"
    lines = [{"kind": "creating", **theirs, "url": url}, {"kind": "created", "number": "x", "address": f"{url}/W-1"}]
    evidence.write_text(evidence.read_text() + "".join(json.dumps(line) + "\n" for line in lines))

    assert left.cleanup() == 3
    assert [each["id"] for each in left.plant.orders].count("W-1") == 1
    assert len(left.plant.orders) == BEFORE


@pytest.mark.parametrize("path", ["/work-orders/W-1?note=cmms-audit+a-0123abcd-1", "/../v2/work-orders/W-1"])
def test_an_address_that_was_tampered_with_deletes_nothing(left: Left, path: str) -> None:
    def repeats(seen: Seen) -> Answer | None:
        """A vendor whose answers repeat the address that was asked for."""
        body = json.dumps({"id": "W-1", "self": unquote_plus(seen.target)})
        return Answer(200, body, {"Content-Type": "application/json"}) if "note=" in seen.target else None

    left.plant.wrong = repeats
    evidence = left.folder / "evidence.jsonl"
    base = f"{left.served.url}{PREFIX}"
    theirs = {"number": "x", "owner": "x", "resource": "work_orders", "marker": "cmms-audit a-0123abcd-1"}
    lines = [
        {"kind": "creating", **theirs, "url": f"{base}/work-orders"},
        {"kind": "created", "number": "x", "address": base + path},
    ]
    evidence.write_text(evidence.read_text() + "".join(json.dumps(line) + "\n" for line in lines))

    assert left.cleanup() in (2, 3)
    assert not [each for each in left.served.seen if each.method == "DELETE" and "W-1" in each.target]


@pytest.mark.parametrize("content", [None, '{"kind":"run",}\n', "something else\n"])
def test_a_folder_without_an_audit_is_wrong_input(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "evidence.jsonl").write_text(content)
    assert outcome(["cleanup", str(tmp_path)]) == 2


def test_damaged_lines_are_said_to_be_that(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = left.folder / "evidence.jsonl"
    evidence.write_text(evidence.read_text() + '{"kind":"deleted"}\n')
    assert left.cleanup() == 2
    assert "damaged" in capsys.readouterr().err
