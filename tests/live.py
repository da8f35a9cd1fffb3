"""Audits of the embedded vendor, over real HTTP on loopback, for tests that read the report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.sandbox import granary, serve


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
    order = order_for(
        file,
        allow=[allow] if allow else None,
        offline=False,
        environ=granary.environment(switches),
        in_terminal=False,
    )
    perform(order, Wishes(out=folder / "out", quiet=True))
    report: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    return report


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """What a reader goes by: the verdict of every question and the state of every red flag, by id."""
    return {each["id"]: each["verdict"] for each in report["questions"]} | {
        each["id"]: each["state"] for each in report["red_flags"]
    }
