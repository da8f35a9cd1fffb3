"""A run that is broken off: by Ctrl-C, by the system, by a closed terminal, by a full disk, or without any warning."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.sandbox import granary
from tests.cli.process import cmms_audit, vendor_file
from tests.cli.test_kills import Slow, plant
from tests.wire.servers import Answer, Seen, answering

WRITING = ("--only", "operations.*", "--allow", "writes")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Slow]:
    """A running vendor, and its vendor file in tmp_path."""
    with plant(tmp_path) as vendor:
        yield vendor


def started(folder: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    usual = {
        "env": {**os.environ, **granary.environment()},
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    command = [sys.executable, "-m", "cmms_audit", "run", "vendor.yaml", "--out", "out", *arguments]
    return subprocess.Popen(command, cwd=folder, text=True, **{**usual, **more})


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "out" / "evidence.jsonl"
    whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    return [json.loads(line) for line in whole.splitlines()]


def wait_until(seen: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not seen():
        if running.poll() is not None or time.monotonic() > end:
            running.kill()
            raise AssertionError(running.stderr.read() if running.stderr else "nothing was seen")
        time.sleep(0.02)


def has(folder: Path, kind: str) -> Callable[[], bool]:
    return lambda: any(line["kind"] == kind for line in lines(folder))


def read_away(terminal: int) -> bool:
    """Take what stands in a terminal, as one that shows it does."""
    with contextlib.suppress(BlockingIOError):
        os.read(terminal, 65_536)
    return True


def report_in(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    return report


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_deletes_what_it_created_and_reports(
    tmp_path: Path, vendor: Slow, number: signal.Signals
) -> None:
    before = vendor.business()
    with started(tmp_path, *WRITING) as running:
        wait_until(has(tmp_path, "created"), running)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)

    assert running.returncode == 130, said
    assert vendor.business() == before
    assert "Traceback" not in said
    report = report_in(tmp_path)
    assert not report["complete"]
    assert report["traffic"]["created"] == report["traffic"]["deleted"] > 0
    assert report["traffic"]["left_behind"] == []
    assert cmms_audit("replay", "out", "--quiet", cwd=tmp_path).returncode == 0
    assert report_in(tmp_path) == report


def test_a_run_that_is_told_to_end_before_it_has_read_anything_says_so(tmp_path: Path) -> None:
    asked = threading.Event()
    done = threading.Event()

    def never(seen: Seen) -> Answer:
        asked.set()
        done.wait(30)
        return Answer(404)

    with answering(never) as served:
        vendor_file(tmp_path, base_url=served.url, spec=f"{served.url}/openapi.json")
        with started(tmp_path, env={**os.environ, "SMALL_KEY": "small-secret-key-1"}) as running:
            wait_until(asked.is_set, running)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=60)
        done.set()

    assert running.returncode == 130, said
    assert "run --resume out" in said


def test_a_run_whose_terminal_is_closed_ends_in_good_order(tmp_path: Path, vendor: Slow) -> None:
    before = vendor.business()
    ours, its = pty.openpty()
    terminal = {"stdin": its, "stdout": its, "stderr": its, "start_new_session": True}
    with started(tmp_path, *WRITING, "--verbose", **terminal) as running:
        os.close(its)
        os.set_blocking(ours, False)
        wait_until(lambda: has(tmp_path, "created")() or not read_away(ours), running)
        os.close(ours)
        running.send_signal(signal.SIGHUP)
        running.wait(timeout=60)

    assert running.returncode == 130
    assert vendor.business() == before
    assert report_in(tmp_path)["traffic"]["left_behind"] == []


def test_a_full_disk_ends_the_run_and_leaves_nothing_at_the_vendor(tmp_path: Path, vendor: Slow) -> None:
    before = vendor.business()
    with started(tmp_path, *WRITING) as running:
        wait_until(has(tmp_path, "created"), running)
        room = (tmp_path / "out" / "evidence.jsonl").stat().st_size + 3000
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (room, room))
        _, said = running.communicate(timeout=60)

    assert running.returncode == 3, said
    assert "cannot be written" in said
    assert "Traceback" not in said
    assert vendor.business() == before
    assert lines(tmp_path)[0]["kind"] == "run"


def test_a_killed_run_goes_on_where_it_was_and_asks_nothing_twice(tmp_path: Path, vendor: Slow) -> None:
    with started(tmp_path, "--only", "auth.*", "--only", "data.*") as running:
        wait_until(lambda: sum(line["kind"] == "exchange" for line in lines(tmp_path)) > 12, running)
        running.kill()
        running.communicate()
    before = [line for line in lines(tmp_path) if line["kind"] == "outcome"]

    resumed = cmms_audit("run", "--resume", "out", "--quiet", cwd=tmp_path, environ=granary.environment())

    assert resumed.returncode == 0, resumed.stderr
    assert report_in(tmp_path)["complete"]
    after = [line for line in lines(tmp_path) if line["kind"] == "outcome"]
    asked = [(line["owner"], line["asked"], line["time"]) for line in after]
    assert after[: len(before)] == before
    assert len(asked) == len(set(asked))
    report = report_in(tmp_path)
    assert cmms_audit("replay", "out", "--quiet", cwd=tmp_path).returncode == 0
    assert report_in(tmp_path) == report


def test_only_the_same_audit_is_resumed(tmp_path: Path, vendor: Slow) -> None:
    only = ("--only", "auth.method", "--quiet")
    environ = granary.environment()
    assert cmms_audit("run", "vendor.yaml", "--out", "out", *only, cwd=tmp_path, environ=environ).returncode == 0
    requests = report_in(tmp_path)["traffic"]["requests"]

    again = cmms_audit("run", "vendor.yaml", "--out", "out", "--resume", "--quiet", cwd=tmp_path, environ=environ)
    assert (again.returncode, report_in(tmp_path)["traffic"]["requests"]) == (0, requests)

    other = cmms_audit("run", "--resume", "out", "--only", "data.*", cwd=tmp_path, environ=environ)
    assert (other.returncode, "keeps what it was started with" in other.stderr) == (2, True)
    none = cmms_audit("run", "vendor.yaml", "--out", "nothing", "--resume", cwd=tmp_path, environ=environ)
    assert (none.returncode, "no evidence of an audit" in none.stderr) == (2, True)
    with (tmp_path / "vendor.yaml").open("a") as file:
        file.write("# changed\n")
    changed = cmms_audit("run", "--resume", "out", cwd=tmp_path, environ=environ)
    assert (changed.returncode, "the vendor file changed since" in changed.stderr) == (2, True)


def test_a_run_that_may_write_is_resumed_by_who_granted_it_and_by_nobody_else(tmp_path: Path, vendor: Slow) -> None:
    before = vendor.business()
    home = {**granary.environment(), "XDG_STATE_HOME": str(tmp_path / "state")}
    stranger = {**granary.environment(), "XDG_STATE_HOME": str(tmp_path / "other")}
    with started(tmp_path, *WRITING, env={**os.environ, **home}) as running:
        wait_until(has(tmp_path, "created"), running)
        running.kill()
        running.communicate()

    refused = cmms_audit("run", "--resume", "out", "--quiet", cwd=tmp_path, environ=stranger)
    assert (refused.returncode, "--allow writes" in refused.stderr) == (2, True)
    resumed = cmms_audit("run", "--resume", "out", "--quiet", cwd=tmp_path, environ=home)

    assert resumed.returncode == 0, resumed.stderr
    report = report_in(tmp_path)
    assert (report["complete"], report["permissions"]["writes"]) == (True, True)
    assert report["traffic"]["created"] == report["traffic"]["deleted"] > 0
    assert vendor.business() == before
