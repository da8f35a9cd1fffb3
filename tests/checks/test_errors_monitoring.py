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


def with_list_of_failures(path: str = "/usage/failures") -> dict[str, Any]:
    described = document()
    described["paths"][path] = {"get": {"summary": "Failed calls.", "responses": {"200": {"description": "Well."}}}}
    return described


@pytest.mark.parametrize("shown", [True, False])
def test_a_failed_call_of_ours_has_to_be_listed(shown: bool) -> None:
    failed: list[dict[str, str]] = []

    def wrong(seen: Seen) -> Answer | None:
        if seen.path.endswith("/usage/failures"):
            return as_json({"items": failed})
        if shown and "/audit-" in seen.path:
            failed.append({"path": seen.path})
        return None

    finding = judged_live("errors.own-failure-shown", Toy(wrong=wrong), with_list_of_failures())

    assert finding.verdict is (Verdict.MET if shown else Verdict.PARTIAL)


def test_a_list_of_failed_imports_need_not_show_a_read() -> None:
    finding = judged_live("errors.own-failure-shown", counting(), with_list_of_failures("/imports/errors"))
    assert (finding.verdict, "/usage" in finding.summary) == (Verdict.MET, True)


def test_a_list_of_failures_that_may_not_be_read_is_partial() -> None:
    vendor = Toy(wrong=lambda seen: as_json({}, 403) if seen.path.endswith("/usage/failures") else None)
    finding = judged_live("errors.own-failure-shown", vendor, with_list_of_failures())
    assert finding.verdict is Verdict.PARTIAL


def test_where_no_failures_can_be_seen_none_is_made() -> None:
    asked: list[str] = []
    vendor = Toy(wrong=lambda seen: asked.append(seen.path))
    finding = judged_live("errors.own-failure-shown", vendor, without_usage())
    assert (finding.verdict, asked) == (Verdict.NOT_APPLICABLE, [])
