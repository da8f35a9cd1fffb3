"""errors.monitoring: figures of use that are offered, and that live."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Claim, Reason, Verdict
from tests.checks.toy import Toy, as_json, document, judged_live
from tests.support import judged
from tests.wire.servers import Answer, Seen


def without_usage() -> dict[str, Any]:
    described = document()
    del described["paths"]["/usage"]
    return described


def test_silence_about_usage_is_unknown_for_it_may_be_in_a_portal() -> None:
    (finding,) = judged("errors.usage-offered", without_usage())
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


def test_a_claim_does_not_make_silence_more_than_unknown() -> None:
    claim = {"errors.monitoring": Claim("errors.monitoring", "no")}
    assert judged("errors.usage-offered", without_usage(), claims=claim)[0].verdict is Verdict.UNKNOWN


def test_usage_that_counts_no_failures_is_partial() -> None:
    described = document()
    answer = described["paths"]["/usage"]["get"]["responses"]["200"]["content"]["application/json"]
    answer["schema"]["properties"] = {"calls": {"type": "integer"}, "client": {"type": "string"}}
    (finding,) = judged("errors.usage-offered", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "how many failed" in finding.summary


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(403), Verdict.PARTIAL),
        (Answer(404), Verdict.NOT_MET),
        (Answer(429), Verdict.UNKNOWN),
        (Answer(503), Verdict.UNKNOWN),
        (as_json({"client_name": "ours", "calls": 0, "errors": 0}), Verdict.PARTIAL),
        (as_json({"client_name": "ours", "calls": 10**400, "errors": 0}), Verdict.PARTIAL),
        (as_json({"client_name": "ours", "calls": 9}), Verdict.PARTIAL),
        (as_json({"client_name": "ours", "calls": 0, "calls_allowed": 5000, "errors": 0}), Verdict.PARTIAL),
        (as_json({"client_name": "ours", "limit": 5000, "limit_used": 12, "errors": 0}), Verdict.MET),
        (as_json([{"client_name": "ours", "calls": 9, "errors": 0}]), Verdict.MET),
    ],
)
def test_live_usage_must_be_readable_and_count(answer: Answer, verdict: Verdict) -> None:
    toy = Toy(wrong=lambda seen: answer if seen.path.endswith("/usage") else None)
    assert judged_live("errors.usage-readable", toy).verdict is verdict


def test_usage_that_is_not_described_outranks_nothing() -> None:
    assert judged_live("errors.usage-readable", Toy(), without_usage()).reason is Reason.RESOURCE_NOT_FOUND


def counting(*, counts: bool = True, after: int = 0) -> Toy:
    """A vendor who counts failures in /usage, from so many reads of it on."""
    failures = reads = 0

    def wrong(seen: Seen) -> Answer | None:
        nonlocal failures, reads
        if seen.path.endswith("/usage"):
            reads += 1
            return as_json({"client_name": "ours", "calls": 12, "errors": 2 + (failures if reads > after else 0)})
        failures += counts and "/audit-" in seen.path
        return None

    return Toy(wrong=wrong)


@pytest.mark.parametrize(
    ("vendor", "verdict"),
    [
        (counting(), Verdict.MET),
        (counting(after=3), Verdict.MET),
        (counting(counts=False), Verdict.PARTIAL),
    ],
    ids=["counted", "counted a little later", "never counted"],
)
def test_a_failed_call_of_ours_has_to_be_counted_before_long(vendor: Toy, verdict: Verdict) -> None:
    assert judged_live("errors.own-failure-shown", vendor).verdict is verdict
