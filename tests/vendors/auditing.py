"""Whole audits of a vendor of other habits, over real HTTP, and what they say."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.live import audit_of
from tests.vendors.cmms import Cmms, Habits, document
from tests.wire.servers import answering
from tests.wire.sessions import KEY

_VENDOR_FILE = """
vendor: Small CMMS
spec: openapi.json
base_url: {base_url}
environment: sandbox
credentials:
  main: {{type: api-key, in: header, name: X-Api-Key, value: "${{SMALL_KEY}}"}}
allow: {{burst: true}}
budget: {{requests: 150, per_second: 200, burst_requests: {burst}, seconds: 60}}
"""


def audited(habits: Habits, *, burst: int = 0) -> dict[str, Any]:
    """The report of one audit that reads only, and sends a burst where one is wanted."""
    with answering(Cmms(habits)) as served, tempfile.TemporaryDirectory() as folder:
        described = document(habits, served.url)
        Path(folder, "openapi.json").write_text(json.dumps(described), encoding="utf-8")
        file = Path(folder, "vendor.yaml")
        file.write_text(_VENDOR_FILE.format(base_url=served.url + habits.prefix, burst=burst), encoding="utf-8")
        return audit_of(file, "burst" if burst else "", {"SMALL_KEY": KEY})


def said(report: dict[str, Any], check: str) -> str:
    """The worst verdict of a check, for checks that look at several lists."""
    order = ("not_met", "partial", "unknown", "met", "not_applicable")
    found = [each["verdict"] for each in report["findings"] if each["check"] == check]
    assert found, f"{check} said nothing"
    return min(found, key=order.index)


def summaries(report: dict[str, Any], check: str) -> Sequence[str]:
    """What a check says."""
    return [each["summary"] for each in report["findings"] if each["check"] == check]


def raised(report: dict[str, Any]) -> set[str]:
    """The red flags."""
    return {each["id"] for each in report["red_flags"] if each["raised"]}
