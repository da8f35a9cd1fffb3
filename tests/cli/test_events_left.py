"""Subscriptions of an audit that was killed are ended afterwards; nobody is sent events that he no longer asks for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cmms_audit.sandbox import granary, serve
from tests.cli.process import cmms_audit, environment

OTHERS = 1  # subscription that the plant has by itself
OURS = 7


def subscriptions(origin: str) -> int:
    key = {"X-Api-Key": granary.MAIN_KEY.value}
    total: int = httpx.get(f"{origin}/api/v1/webhooks", headers=key, trust_env=False).json()["total"]
    return total


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[str]:
    with serve.running(granary.Granary((), scale=4.0)) as origin:
        (tmp_path / "vendor.yaml").write_text(granary.vendor_file(origin, (), scale=4.0), encoding="utf-8")
        yield origin


def stopped_by(number: signal.Signals, origin: str, folder: Path) -> int:
    """The exit code of an audit that is sent a signal when it has subscribed all its addresses."""
    command = [sys.executable, "-m", "cmms_audit", "run", "vendor.yaml", "--out", "out", "--quiet"]
    environ = {**environment(folder), **granary.environment()}
    with subprocess.Popen([*command, "--allow", "writes,webhooks"], cwd=folder, env=environ) as process:
        deadline = time.monotonic() + 30
        while subscriptions(origin) < OTHERS + OURS and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        return process.wait(30)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_audit_leaves_no_subscription_for_good(
    vendor: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    assert stopped_by(number, vendor, tmp_path) == code

    cleaned = cmms_audit("cleanup", "out", cwd=tmp_path, environ=granary.environment())

    assert cleaned.returncode == 0
    assert subscriptions(vendor) == OTHERS


def test_an_audit_that_goes_on_watches_anew(vendor: str, tmp_path: Path) -> None:
    stopped_by(signal.SIGKILL, vendor, tmp_path)

    gone_on = cmms_audit("run", "--resume", "out", "--quiet", cwd=tmp_path, environ=granary.environment())

    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    verdicts = {each["id"]: each["verdict"] for each in report["questions"]}
    assert (gone_on.returncode, report["complete"]) == (0, True)
    assert (verdicts["webhooks.supported"], verdicts["webhooks.filtering"]) == ("met", "met")
    assert subscriptions(vendor) == OTHERS
