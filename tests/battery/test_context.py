"""What silence of a specification means depends on the question, on what was read, and on what the vendor claims."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from cmms_audit.model import Claim, Reason, Verdict
from cmms_audit.spec.load import NotASpec
from tests.support import judged

RECORD = {"id": "string", "title": "string", "priority": "string", "asset_id": "string", "status": "string"}


def described(path: str = "/work-orders", **members: Any) -> dict[str, Any]:
    """A description with one list of work orders, and no word on anything else."""
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in RECORD.items()}}
    answer = {"description": "ok", "content": {"application/json": {"schema": {"type": "array", "items": schema}}}}
    operations = {"get": {"responses": {"200": answer}}}
    return {"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {path: operations}, **members}


def claim(question: str, answer: Literal["yes", "no", "partly"]) -> dict[str, Claim]:
    return {question: Claim(question, answer)}


def test_a_feature_that_is_not_described_is_absent() -> None:
    (finding,) = judged("webhooks.offered", described())

    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


@pytest.mark.parametrize("question", ["webhooks.supported", "webhooks.delivery", "webhooks.filtering"])
def test_a_claim_to_the_question_or_to_one_that_hangs_on_it_leaves_it_open(question: str) -> None:
    assert judged("webhooks.offered", described(), claims=claim(question, "yes"))[0].verdict is Verdict.UNKNOWN
    assert judged("webhooks.offered", described(), claims=claim(question, "no"))[0].verdict is Verdict.NOT_MET


def test_what_vendors_provide_elsewhere_is_unknown_when_a_document_is_silent() -> None:
    assert judged("auth.audit-log-offered", described())[0].verdict is Verdict.UNKNOWN


def test_nothing_is_absent_from_a_document_whose_work_orders_were_not_recognised() -> None:
    (finding,) = judged("webhooks.offered", described("/gizmos"))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.RESOURCE_NOT_FOUND)


def test_nothing_is_absent_from_a_document_that_was_not_read_whole() -> None:
    torn = described(components={"schemas": {"Gone": {"$ref": "elsewhere.yaml#/Gone"}}})

    assert judged("webhooks.offered", torn)[0].verdict is Verdict.UNKNOWN


def test_without_a_description_static_checks_are_unknown() -> None:
    (finding,) = judged("webhooks.offered", NotASpec("wsdl", "it is a WSDL document"))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)
    assert "WSDL" in finding.summary
