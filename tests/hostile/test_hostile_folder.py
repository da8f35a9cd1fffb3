"""A folder of evidence that somebody else has made: nothing in it hangs, breaks or widens what the program may do."""

from __future__ import annotations

import base64
import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.cli.main import outcome
from tests.checks.toy import PREFIX, document
from tests.checks.writing import Plant
from tests.cli.process import cmms_audit, vendor_file
from tests.wire.servers import answering
from tests.wire.sessions import KEY

Lines = list[dict[str, Any]]
CHECK = "operations.codes-of-own-record"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small audit that was allowed to write, with its vendor file beside it."""
    place = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch, answering(Plant()) as served:
        patch.setenv("SMALL_KEY", KEY)
        patch.setenv("HOME", str(place))
        asks = {"environment": "sandbox", "allow": {"writes": True}, "budget": {"per_second": 500}}
        file = vendor_file(place, json.dumps(document()), base_url=served.url + PREFIX, **asks)
        assert (
            outcome(["run", str(file), "--out", str(place / "out"), "--allow=writes", f"--only={CHECK}", "--quiet"])
            == 0
        )
    return place


@pytest.fixture
def folder(audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMALL_KEY", KEY)
    shutil.copytree(audited, tmp_path / "copy")
    return tmp_path / "copy" / "out"


def rewrite(folder: Path, change: Callable[[Lines], None]) -> None:
    evidence = folder / "evidence.jsonl"
    lines = [json.loads(line) for line in evidence.read_text().splitlines()]
    change(lines)
    evidence.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def first(lines: Lines, kind: str) -> dict[str, Any]:
    return next(line for line in lines if line["kind"] == kind)


def bomb(lines: Lines) -> None:
    packed = base64.b64encode(zlib.compress(bytes(64 * 1024 * 1024), 1)).decode()
    one = {"kind": "document", "key": "spec", "zlib_base64": packed}
    lines.extend({**one, "name": f"{number}.yaml"} for number in range(3))


DAMAGE: dict[str, Callable[[Lines], Any]] = {
    "no time": lambda lines: first(lines, "run").pop("started_at"),
    "a time without a zone": lambda lines: first(lines, "finished").update(at="2026-03-01T10:00:00"),
    "half a letter": lambda lines: first(lines, "finished").update(at="\ud800"),
    "no permissions": lambda lines: first(lines, "run")["order"].pop("permissions"),
    "an order of something else": lambda lines: first(lines, "run").update(order=[["writes"]]),
    "a list for an owner": lambda lines: first(lines, "outcome").update(owner=[1]),
    "an outcome that nobody asked for": lambda lines: first(lines, "outcome").pop("asked"),
    "a creation without a number": lambda lines: first(lines, "creating").pop("number"),
    "an address that is none": lambda lines: first(lines, "created").update(address=[["a"]]),
    "a check without a name": lambda lines: first(lines, "check").pop("id"),
    "a header that is none": lambda lines: first(lines, "exchange")["response"].update(headers=[[True, 1]]),
    "notes that are none": lambda lines: first(lines, "exchange").update(notes=7),
    "an exchange at no time": lambda lines: first(lines, "exchange").update(started="yesterday"),
    "a document that is not packed": lambda lines: first(lines, "document").update(zlib_base64="AAAA"),
    "a document without a name": lambda lines: first(lines, "document").update(name=""),
    "a document with a name too long": lambda lines: first(lines, "document").update(name="x" * 3000),
    "another document": lambda lines: first(lines, "document").update(name="another.yaml"),
    "documents that fill the disk": bomb,
    "settings that are none": lambda lines: first(lines, "run")["order"]["vendor"].update(webhooks="x"),
    "a scenario that is not there": lambda lines: first(lines, "run")["order"]["vendor"].update(scenarios=["x"]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_evidence_that_is_damaged_is_a_wrong_file(
    damage: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(folder, DAMAGE[damage])

    assert outcome(["replay", str(folder), "--quiet"]) == 2
    assert "fault of its own" not in capsys.readouterr().err


def test_what_lies_in_the_way_of_a_report_holds_nothing_up(folder: Path) -> None:
    for name in ("report.json", "evidence.har", "report.html"):
        os.mkfifo(folder / f"{name}.part")

    assert cmms_audit("replay", "out", "--quiet", cwd=folder.parent).returncode == 0
    assert not list(folder.glob("*.part"))


def test_a_folder_does_not_grant_what_its_audit_was_allowed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["run", "--resume", str(folder), "--quiet"]) == 2
    assert "--allow writes" in capsys.readouterr().err


def test_a_folder_that_brings_a_vendor_file_along_is_sent_no_secret(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(Plant()) as thief:
        text = (folder.parent / "vendor.yaml").read_text()
        vendor_file(folder, text, base_url=thief.url + PREFIX)

        def lead_there(lines: Lines) -> None:
            first(lines, "run")["vendor_file"] = "vendor.yaml"
            lines[:] = [line for line in lines if line["kind"] != "deleted"]

        rewrite(folder, lead_there)
        assert outcome(["cleanup", str(folder)]) == 2

    assert not thief.seen
    assert "--vendor" in capsys.readouterr().err
