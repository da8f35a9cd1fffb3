"""Audits over real HTTP on loopback, for tests that read the report, and what a switch of the embedded vendor moves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.sandbox import granary, serve

# What only a burst can see.
BURSTS = (
    "bare-429", "no-429", "silent-throttling", "lower-real-limit", "shared-limit", "short-retry-after",
    "forbidden-at-limit",
)  # fmt: skip


@cache
def audited(*switches: str, allow: str = "writes,burst,webhooks") -> dict[str, Any]:
    """The report of one audit of granary with these behaviours broken."""
    scale = 1.0 if "burst" in allow else 4.0  # an audit keeps to the vendor's limits: wider ones cost no waiting
    with tempfile.TemporaryDirectory() as folder, serve.running(granary.Granary(switches, scale=scale)) as origin:
        return audited_at(origin, switches, Path(folder), allow, scale)


def audited_at(origin: str, switches: Sequence[str], folder: Path, allow: str, scale: float) -> dict[str, Any]:
    """The report of one audit of a granary that is already running; `folder` then holds all files of the audit."""
    file = folder / "vendor.yaml"
    text = granary.vendor_file(origin, switches, scale=scale)
    file.write_text(text.replace("per_second: 50", "per_second: 200"), encoding="utf-8")
    return audit_of(file, allow, granary.environment(switches))


def audit_of(file: Path, allow: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The report of one audit by a vendor file; what it writes lies beside the file, in `out`."""
    allowed = [allow] if allow else None
    order = order_for(file, allow=allowed, offline=False, environ=environ, in_terminal=False)
    out = file.parent / "out"
    perform(order, Wishes(out=out, quiet=True))
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def permissions_for(switch: str) -> str:
    """What an audit has to be allowed in order to notice a switch; a burst takes long, and only few need it."""
    return "writes,burst,webhooks" if switch in BURSTS else "writes,webhooks"


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """What a reader goes by: the verdict of every question and the state of every red flag, by id."""
    return {each["id"]: each["verdict"] for each in report["questions"]} | {
        each["id"]: each["state"] for each in report["red_flags"]
    }


def defects(report: dict[str, Any]) -> list[str]:
    """The checks that broke down by a fault of their own."""
    return [each["check"] for each in report["findings"] if each["reason"] == "defect"]


def false_alarms(report: dict[str, Any]) -> list[str]:
    """What the report of a vendor who does everything right must not say: a red flag, or a question that is not met."""
    raised = [each["id"] for each in report["red_flags"] if each["raised"]]
    return raised + [each["id"] for each in report["questions"] if each["verdict"] != "met"]


@dataclass(frozen=True)
class Detection:
    """What one switch moved, from what to what, by the id of a question or a red flag.

    `rightly` is what the switch declares, `wrongly` what lies outside of that; `broken` are checks that broke down.
    """

    switch: str
    rightly: Mapping[str, tuple[str, str]]
    wrongly: Mapping[str, tuple[str, str]]
    broken: Sequence[str]


def detected(switch: str) -> Detection:
    """Audit granary untouched and with a switch, and hold the two against each other."""
    allow = permissions_for(switch)
    return compared(switch, audited(allow=allow), audited(switch, allow=allow))


def compared(switch: str, whole: dict[str, Any], worse: dict[str, Any]) -> Detection:
    """The reports of granary untouched and with a switch, held against each other."""
    before, after = verdicts(whole), verdicts(worse)
    moved = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    declared = {*granary.SWITCHES[switch].questions, *granary.SWITCHES[switch].flags}
    rightly = {name: change for name, change in moved.items() if name in declared}
    return Detection(switch, rightly, {name: moved[name] for name in moved.keys() - rightly.keys()}, defects(worse))
