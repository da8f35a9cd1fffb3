"""Whole audits of a vendor of other habits, over real HTTP, and what they say."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.live import audit_of
from tests.vendors.cmms import Cmms, Habits
from tests.vendors.described import document
from tests.wire.servers import answering
from tests.wire.sessions import KEY

SECOND_KEY = "acc0unt-of-the-plant"
LOGIN = ("planner@plant.example", "pa55word-of-the-plant")

_VENDOR_FILE = """
vendor: Small CMMS
spec: openapi.json
base_url: {base_url}
environment: sandbox
credentials:
  main: {credential}
{others}allow: {{burst: true}}
budget: {{requests: 150, per_second: 200, burst_requests: {burst}, seconds: 60}}
"""
_SECRETS = {
    "SMALL_KEY": KEY,
    "SMALL_TOKEN": f"Token {KEY}",
    "SMALL_PAIR": f"token {SECOND_KEY}:{KEY}",
    "SMALL_SECOND_KEY": SECOND_KEY,
    "SMALL_NAME": LOGIN[0],
    "SMALL_PASSWORD": LOGIN[1],
}


def audited(habits: Habits, *, burst: int = 0) -> dict[str, Any]:
    """The report of one audit that reads only, and sends a burst where one is wanted."""
    with answering(Cmms(habits)) as served, tempfile.TemporaryDirectory() as folder:
        described = document(habits, served.url)
        Path(folder, "openapi.json").write_text(json.dumps(described), encoding="utf-8")
        file = Path(folder, "vendor.yaml")
        credential = habits.access.credential.replace("{origin}", served.url)
        others = f"  other_tenant: {habits.access.other}\n" if habits.access.other else ""
        base_url = served.url + habits.prefix
        text = _VENDOR_FILE.format(base_url=base_url, credential=credential, others=others, burst=burst)
        file.write_text(text, encoding="utf-8")
        return audit_of(file, "burst" if burst else "", _SECRETS)


def said(report: dict[str, Any], check: str) -> str:
    """The worst verdict of a check, for checks that look at several lists."""
    order = ("not_met", "partial", "unknown", "met", "not_applicable")
    found = [str(each["verdict"]) for each in report["findings"] if each["check"] == check]
    assert found, f"{check} said nothing"
    return min(found, key=order.index)


def raised(report: dict[str, Any]) -> set[str]:
    """The red flags."""
    return {each["id"] for each in report["red_flags"] if each["raised"]}
