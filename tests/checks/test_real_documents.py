"""What the static checks of data, errors and operations say of published documents that were not written for them."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest

from cmms_audit.battery.context import Context, Subject
from cmms_audit.battery.engine import judge
from cmms_audit.model import Finding, Verdict
from cmms_audit.spec.load import load_spec
from cmms_audit.spec.resources import find_resources
from tests.support import SPECS, battery, subject_of

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the folder of published documents is not here")

FACILIO = {
    "data.document-understood": "met",
    "data.fields-documented": "partial",
    "data.custom-fields-documented": "met",
    "data.hierarchy-documented": "partial",
    "data.site-ids-documented": "met",
    "errors.documented": "partial",
    "errors.notice-stated": "unknown",
    "errors.usage-offered": "unknown",
    "errors.version-in-address": "met",
    "operations.actions-documented": "partial",
    "operations.attachments-documented": "met",
    "operations.bulk-documented": "not_met",
    "operations.delta-documented": "partial",
    "operations.filters-documented": "met",
    "operations.idempotency-documented": "not_met",
    "operations.locking-documented": "not_met",
    "operations.pages-documented": "met",
}
NETBOX = {
    "data.custom-fields-documented": "met",
    "data.hierarchy-documented": "met",
    "operations.bulk-documented": "partial",
    "operations.filters-documented": "partial",
    "operations.idempotency-documented": "unknown",
    "operations.locking-documented": "unknown",
}


@cache
def subject(name: str, work_orders: str | None = None) -> Subject:
    empty = subject_of({"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {}})
    spec = load_spec(SPECS / name)
    given = {"work_orders": work_orders} if work_orders else {}
    return Subject(
        document=spec,
        dialect=empty.dialect,
        resources=find_resources(spec, empty.dialect, given),  # type: ignore[arg-type]
        vendor=empty.vendor,
        guide=empty.guide,
        api=None,
        clock=empty.clock,
    )


def found(name: str, check_id: str, work_orders: str | None = None) -> Finding:
    declared = battery()[check_id]
    (finding,) = asyncio.run(judge(declared, Context(subject(name, work_orders), declared)))
    return finding


@pytest.mark.parametrize(("check_id", "verdict"), FACILIO.items())
def test_a_facilities_system_is_judged_as_a_reader_of_its_document_would(check_id: str, verdict: str) -> None:
    assert found("facilio.yaml", check_id).verdict == verdict


@pytest.mark.parametrize(("check_id", "verdict"), NETBOX.items())
def test_a_document_without_work_orders_is_not_accused_of_what_it_is_not_for(check_id: str, verdict: str) -> None:
    assert found("netbox.yaml", check_id).verdict == verdict


def test_a_document_that_locks_and_describes_errors_well_is_met() -> None:
    assert found("box.json", "operations.locking-documented", "/files").verdict is Verdict.MET
    assert found("box.json", "errors.documented").verdict is Verdict.MET


STATIC = [name for name in battery() if name.partition(".")[0] in ("data", "errors", "operations")]


@pytest.mark.parametrize("name", ["adyen-management-v3.json", "kubernetes-swagger2.json", "twilio-api-v2010.json"])
def test_documents_of_other_trades_break_no_check_and_raise_no_flag(name: str) -> None:
    for check_id in (each for each in STATIC if battery()[each].sends == "nothing"):
        finding = found(name, check_id)
        assert finding.reason != "defect", (check_id, finding.detail)
        assert not [mark for mark in finding.flags if mark.raised], (check_id, finding.summary)
