"""What the embedded vendor really sends, captured line by line and judged later: each way to be wrong shows there."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.model import Finding, Verdict
from cmms_audit.sandbox.granary import document, sender
from cmms_audit.webhooks.captured import read_captured
from cmms_audit.webhooks.delivery import DELIVERY, delivery_to_json
from cmms_audit.webhooks.keeping import keep
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor
from tests.sandbox.conftest import hurried  # noqa: F401 - a fixture
from tests.sandbox.plant import Plant, Subscriber, plant_of, until
from tests.support import battery, subject_of

pytestmark = pytest.mark.usefixtures("hurried")
HURRY = 1000  # times as fast as the documents say
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CHECKS = ("retries", "ids", "once", "signature", "payload", "order")


async def _captured(switches: tuple[str, ...]) -> Subscriber:
    """One who took each of two events at the fourth try."""
    async with plant_of(*switches) as plant:
        return await _watch(plant)


async def _watch(plant: Plant) -> Subscriber:
    subscriber = await plant.subscribe("503, 503, 503, 200")
    first = await plant.make()
    await until(lambda: len(subscriber.about(first)) >= 4, 2)
    await plant.make()
    await until(lambda: len(subscriber.came) >= 8, 2)
    return subscriber


@cache
def watched(*switches: str) -> Subscriber:
    return asyncio.run(_captured(switches))


def log_of(subscriber: Subscriber, path: Path, hurry: int) -> Path:
    """What `cmms-audit receiver` would have kept, by the clock of the documents."""
    lines = []
    for at, each in zip(subscriber.times, subscriber.came, strict=True):
        moment = START + timedelta(seconds=(at - subscriber.times[0]) * hurry)
        lines.append({"kind": DELIVERY, **delivery_to_json(replace(each, received=moment.isoformat()))})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def judged(check: str, folder: Path, *switches: str, hurry: int = HURRY) -> Finding:
    subscriber = watched(*switches)
    redactor, journal = Redactor(), Journal(folder / "evidence.jsonl")
    redactor.add("webhooks.secret", subscriber.secret)
    try:
        came = keep(read_captured(log_of(subscriber, folder / "log", hurry)), journal, redactor, subscriber.secret)
    finally:
        journal.close()
    declared = battery()[f"webhooks.captured-{check}"]
    subject = replace(subject_of(document("http://granary.test")), captured=came)
    (finding,) = asyncio.run(judge(declared, Context(subject, declared)))
    return finding


@pytest.mark.parametrize("check", CHECKS)
def test_a_vendor_who_does_it_right_meets_every_check(check: str, tmp_path: Path) -> None:
    finding = judged(check, tmp_path)

    assert finding.verdict is Verdict.MET, finding


@pytest.mark.parametrize(
    ("check", "switch", "verdict"),
    [
        ("ids", "changing-event-ids", Verdict.PARTIAL),
        ("once", "doubled-events", Verdict.PARTIAL),
        ("signature", "unsigned-events", Verdict.PARTIAL),
        ("signature", "undated-signatures", Verdict.PARTIAL),
        ("signature", "bodyless-signatures", Verdict.PARTIAL),
        ("signature", "wrong-signatures", Verdict.UNKNOWN),
        ("payload", "undescribed-events", Verdict.NOT_MET),
    ],
)
def test_each_way_to_be_wrong_is_noticed(check: str, switch: str, verdict: Verdict, tmp_path: Path) -> None:
    assert judged(check, tmp_path, switch).verdict is verdict


def test_retries_without_backoff_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slower = 250  # so that gaps of one length are of one length on a busy machine
    monkeypatch.setattr(sender, "SPEED", slower)

    assert judged("retries", tmp_path, "flat-retries", hurry=slower).verdict is Verdict.PARTIAL
