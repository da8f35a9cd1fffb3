"""What the static checks of data, errors and operations say of published documents that were not written for them.

The verdicts were read off each document by a person; the documents are no part of this repository.
"""

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

# By document, and by the path that is taken for the work orders where the document has none that is called so.
EXPECTED = {
    ("facilio.yaml", None): {
        "data.document-understood": "met",
        "data.fields-documented": "partial",  # no record of stock, values of urgency only at another address
        "data.examples-valid": "partial",  # a site that is an object in the example and a number in the schema
        "data.custom-fields-documented": "met",
        "data.custom-field-definitions": "met",
        "data.hierarchy-documented": "partial",  # assets name no asset
        "data.site-ids-documented": "met",
        "data.asset-numbers-described": "unknown",
        "errors.documented": "partial",  # nothing names the field
        "errors.success-means-success": "met",
        "errors.notice-stated": "unknown",
        "errors.channel-stated": "unknown",
        "errors.usage-offered": "unknown",
        "errors.version-in-address": "met",
        "operations.actions-documented": "partial",
        "operations.attachments-documented": "met",
        "operations.bulk-documented": "not_met",
        "operations.delta-documented": "partial",  # deletions
        "operations.filters-documented": "met",  # every filter in words
        "operations.idempotency-documented": "not_met",
        "operations.locking-documented": "not_met",
        "operations.migration-documented": "met",
        "operations.pages-documented": "met",
        "operations.status-codes-documented": "partial",  # no Location, deletes answer 200
    },
    ("netbox.yaml", None): {
        "data.custom-fields-documented": "met",
        "data.custom-field-definitions": "met",
        "data.hierarchy-documented": "met",
        "data.asset-numbers-described": "met",
        "errors.documented": "unknown",
        "errors.channel-stated": "unknown",
        "operations.bulk-documented": "partial",  # lists are taken, without limit or outcome
        "operations.filters-documented": "partial",
        "operations.delta-documented": "met",
        "operations.idempotency-documented": "unknown",
        "operations.locking-documented": "unknown",
        "operations.migration-documented": "unknown",
        "operations.pages-documented": "met",
    },
    ("netbox.yaml", "/api/dcim/devices/"): {
        "operations.delta-documented": "met",
        "operations.bulk-documented": "partial",
        "operations.locking-documented": "not_met",
        "operations.idempotency-documented": "not_met",
    },
    ("inventree.yaml", "/api/stock/"): {
        "operations.bulk-documented": "partial",
        "operations.pages-documented": "met",
        "operations.delta-documented": "partial",
        "operations.filters-documented": "partial",
        "errors.documented": "not_met",
    },
    ("inventree.yaml", "/api/order/po/"): {
        "operations.bulk-documented": "not_met",
        "operations.actions-documented": "partial",  # no refusal is described
        "operations.delta-documented": "partial",
    },
    ("box.json", "/files"): {
        "errors.documented": "met",
        "errors.success-means-success": "met",
        "operations.attachments-documented": "met",
        "operations.locking-documented": "met",
        "operations.pages-documented": "unknown",  # files are listed below their folders
        "operations.idempotency-documented": "not_applicable",
    },
    ("stripe-2022-04.json", "/v1/invoices"): {
        "data.fields-documented": "met",
        "data.custom-fields-documented": "met",
        "errors.documented": "met",
        "errors.deprecations-dated": "partial",
        "errors.usage-offered": "unknown",
        "operations.delta-documented": "not_met",
        "operations.pages-documented": "met",
        "operations.bulk-documented": "not_met",
    },
    ("adyen-management-v3.json", "/merchants"): {
        "errors.channel-stated": "partial",  # release notes only
        "errors.documented": "partial",  # codes are not listed
        "operations.pages-documented": "partial",  # no order
        "operations.delta-documented": "not_met",
    },
    ("twilio-api-v2010.json", "/2010-04-01/Accounts.json"): {
        "errors.version-in-address": "met",
        "operations.pages-documented": "met",
        "operations.delta-documented": "not_met",
    },
    ("kubernetes-swagger2.json", "/api/v1/namespaces/{namespace}/pods"): {
        "errors.documented": "partial",  # a status without a body
        "operations.pages-documented": "met",
        "operations.actions-documented": "partial",
    },
}
ROWS = [
    (name, path, check_id, verdict)
    for (name, path), verdicts in EXPECTED.items()
    for check_id, verdict in verdicts.items()
]
STATIC = [
    name for name, declared in battery().items()
    if name.partition(".")[0] in ("data", "errors", "operations") and declared.sends == "nothing"
]  # fmt: skip


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
    )


def found(name: str, check_id: str, work_orders: str | None = None) -> tuple[Finding, ...]:
    declared = battery()[check_id]
    return asyncio.run(judge(declared, Context(subject(name, work_orders), declared)))


@pytest.mark.parametrize(("name", "path", "check_id", "verdict"), ROWS)
def test_a_document_is_judged_as_a_reader_of_it_would(name: str, path: str | None, check_id: str, verdict: str) -> None:
    (finding,) = found(name, check_id, path)
    assert finding.verdict == verdict, finding.summary


@pytest.mark.parametrize("name", ["adyen-management-v3.json", "kubernetes-swagger2.json", "twilio-api-v2010.json"])
def test_documents_of_other_trades_break_no_check_and_raise_no_flag(name: str) -> None:
    for check_id in STATIC:
        for finding in found(name, check_id):
            assert finding.reason != "defect", (check_id, finding.detail)
            assert not [mark for mark in finding.flags if mark.raised], (check_id, finding.summary)


@pytest.mark.parametrize("name", ["netbox.yaml", "box.json", "inventree.yaml"])
def test_documents_without_work_orders_are_not_accused_of_what_they_are_not_for(name: str) -> None:
    accused = [
        finding.check
        for check_id in STATIC
        for finding in found(name, check_id)
        if finding.verdict is Verdict.NOT_MET and finding.decisive
    ]
    assert not accused
