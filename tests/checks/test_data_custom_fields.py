"""data.custom-fields: numbered names, names that mean something, and none at all."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Claim, Verdict
from tests.checks.test_data_documented import record_of
from tests.checks.toy import Toy, document, helper, judged_live
from tests.support import judged


@pytest.mark.parametrize("name", ["custom_field_1", "udf3", "attr_07", "CustomField12", "UDFCHAR01", "4711", "text 2"])
def test_a_name_that_is_only_numbered_says_nothing(name: str) -> None:
    assert helper("data", "_custom").is_numbered(name)


@pytest.mark.parametrize("name", ["criticality_score", "po_reference_workorder", "iso14001", "co2", "phase_2_budget"])
def test_a_name_with_a_meaning_is_not_taken_for_a_number(name: str) -> None:
    assert not helper("data", "_custom").is_numbered(name)


def test_numbered_custom_fields_of_the_document_are_partial() -> None:
    described = document()
    members = record_of(described)["properties"]["custom_fields"]
    members["properties"] = {"custom_field_1": {"type": "string"}}
    (finding,) = judged("data.custom-fields-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "custom_field_1" in finding.summary


def test_what_holds_custom_fields_is_not_taken_for_one() -> None:
    (finding,) = judged("data.custom-fields-documented", document())
    assert "work_orders have" not in finding.detail


def without_custom_fields() -> dict[str, Any]:
    described = document()
    del record_of(described)["properties"]["custom_fields"], described["paths"]["/custom-fields"]
    return described


def test_a_document_without_custom_fields_is_not_met_by_absence() -> None:
    (finding,) = judged("data.custom-fields-documented", without_custom_fields())
    assert finding.verdict is Verdict.NOT_MET
    assert finding.absence


def test_silence_of_the_document_leaves_the_vendors_claim_standing() -> None:
    claim = {"data.custom-fields": Claim("data.custom-fields", "yes")}
    (finding,) = judged("data.custom-fields-documented", without_custom_fields(), claims=claim)
    assert finding.verdict is Verdict.UNKNOWN


def test_custom_fields_beside_the_others_count_where_the_document_says_so() -> None:
    described = without_custom_fields()
    record_of(described)["additionalProperties"] = {"description": "Custom fields (such as po_reference)."}
    assert judged("data.custom-fields-documented", described)[0].verdict is Verdict.MET


def test_prose_alone_is_partial() -> None:
    described = without_custom_fields()
    described["info"]["description"] = "Custom fields can be defined by the customer."
    assert judged("data.custom-fields-documented", described)[0].verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("carried", "verdict"),
    [
        ({"custom_field_1": "x", "custom_field_2": "y"}, Verdict.PARTIAL),
        ([{"field_id": 12, "value": "x"}], Verdict.PARTIAL),
        ([{"name": "Criticality", "value": "x"}], Verdict.MET),
        ({"criticality": "x"}, Verdict.MET),
        ({}, Verdict.NOT_APPLICABLE),
    ],
)
def test_live_custom_fields_are_judged_by_their_names(carried: Any, verdict: Verdict) -> None:
    toy = Toy()
    for record in toy.records["work-orders"]:
        record["custom_fields"] = carried
    assert judged_live("data.custom-fields-seen", toy).verdict is verdict
