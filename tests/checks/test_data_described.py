"""What documents tell of their data: fields, examples, definitions of custom fields, levels, numbers of assets."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Reason, Verdict
from tests.checks.toy import document
from tests.support import judged

Json = dict[str, Any]


def record_of(described: Json, name: str = "work-orders") -> Json:
    answer = described["paths"][f"/{name}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    record: Json = answer["properties"]["items"]["items"]
    return record


def fields_of(described: Json, name: str = "work-orders") -> Json:
    fields: Json = record_of(described, name)["properties"]
    return fields


def test_a_document_that_tells_all_of_its_fields_is_met() -> None:
    assert judged("data.fields-documented", document())[0].verdict is Verdict.MET


def test_dates_that_mostly_have_no_format_are_partial() -> None:
    described = document()
    for name in ("work-orders", "assets"):
        fields_of(described, name)["updated_at"] = {"type": "string", "description": "When it last changed."}
    (finding,) = judged("data.fields-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "2 of 3 dates and times have no format" in finding.summary


def test_quantities_of_which_none_has_a_unit_are_partial() -> None:
    described = document()
    for name in ("labor_cost", "downtime_hours_total", "energy"):
        fields_of(described)[name] = {"type": "number", "description": "How much."}
    (finding,) = judged("data.fields-documented", described)
    assert "none of 3 quantities has a unit" in finding.summary
    fields_of(described)["currency"] = {"type": "string", "description": "Of all costs."}
    assert judged("data.fields-documented", described)[0].verdict is Verdict.MET


def test_a_create_whose_body_is_not_described_is_named() -> None:
    described = document()
    del described["paths"]["/work-orders"]["post"]["requestBody"]
    (finding,) = judged("data.fields-documented", described)
    assert "what is sent is not described for work_orders" in finding.summary
    assert "POST /work-orders" in finding.detail


def test_a_create_that_takes_a_form_is_described_by_its_form() -> None:
    described = document()
    body = described["paths"]["/work-orders"]["post"]["requestBody"]
    body["content"]["application/x-www-form-urlencoded"] = body["content"].pop("application/json")
    assert judged("data.fields-documented", described)[0].verdict is Verdict.MET


def test_the_example_of_an_answer_is_held_against_its_description() -> None:
    described = document()
    answer = described["paths"]["/work-orders"]["get"]["responses"]["200"]["content"]["application/json"]
    answer["example"] = {"items": [{"id": "W-1", "priority": 2}], "total": 1}
    assert judged("data.examples-valid", described)[0].verdict is Verdict.MET
    answer["example"]["items"][0]["priority"] = "high"
    (finding,) = judged("data.examples-valid", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "GET /work-orders: items[].priority" in finding.detail


def test_a_relative_address_in_an_example_misleads_nobody() -> None:
    described = document()
    fields_of(described, "sites")["self"] = {"type": "string", "format": "uri", "description": "Its address."}
    record_of(described, "sites")["example"] = {"id": "S-1", "self": "/sites/S-1"}
    assert judged("data.examples-valid", described)[0].verdict is Verdict.MET


def definitions(fields: Json) -> Json:
    described = document()
    answer = {"type": "array", "items": {"type": "object", "properties": fields}}
    listing = {"responses": {"200": {"description": "Well.", "content": {"application/json": {"schema": answer}}}}}
    del described["paths"]["/custom-fields"]
    described["paths"]["/work-orders/metadata"] = {"get": listing}
    return described


def test_definitions_with_label_and_type_are_met_and_without_them_partial() -> None:
    told = definitions({"label": {"type": "string"}, "data_type": {"type": "string"}})
    assert judged("data.custom-field-definitions", told)[0].verdict is Verdict.MET
    (finding,) = judged("data.custom-field-definitions", definitions({"id": {"type": "string"}}))
    assert finding.verdict is Verdict.PARTIAL
    assert "a label and a type" in finding.summary


def test_metadata_of_something_else_is_no_definition_of_fields() -> None:
    described = definitions({"label": {}, "type": {}})
    described["paths"]["/videos/metadata"] = described["paths"].pop("/work-orders/metadata")
    (finding,) = judged("data.custom-field-definitions", described)
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


def test_custom_fields_may_have_an_address_of_their_own() -> None:
    assert judged("data.custom-field-definitions", document())[0].verdict is Verdict.MET


def test_the_levels_of_the_plant_are_told_one_by_one() -> None:
    described = document()
    fields_of(described, "assets")["system_id"] = {"type": "string", "description": "The system."}
    (finding,) = judged("data.hierarchy-documented", described)
    assert "site: /sites" in finding.detail
    assert "system: assets.system_id" in finding.detail
    assert "component: assets that nest can stand for it" in finding.detail


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ("The plate, unique across all sites of the company.", Verdict.MET),
        ("The plate; unique within a site.", Verdict.PARTIAL),
        ("The plate. It is not necessarily unique.", Verdict.PARTIAL),
        ("The plate.", Verdict.UNKNOWN),
    ],
)
def test_what_is_said_of_asset_numbers_is_read(says: str, verdict: Verdict) -> None:
    described = document()
    fields_of(described, "assets")["number"]["description"] = says
    fields_of(described, "assets")["id"]["description"] = "The unique id of the record."
    assert judged("data.asset-numbers-described", described)[0].verdict is verdict


def test_a_refused_second_asset_number_tells_as_much() -> None:
    described = document()
    body = {"content": {"application/json": {"schema": record_of(described, "assets")}}}
    refusal = {"description": "An asset with this number already exists."}
    described["paths"]["/assets"]["post"] = {"requestBody": body, "responses": {"201": {}, "409": refusal}}
    assert judged("data.asset-numbers-described", described)[0].verdict is Verdict.MET


def test_without_assets_nothing_is_said_of_their_numbers() -> None:
    described = document()
    described["paths"] = {key: value for key, value in described["paths"].items() if not key.startswith("/assets")}
    assert judged("data.asset-numbers-described", described)[0].reason is Reason.RESOURCE_NOT_FOUND


def test_one_operation_and_one_lost_place_are_told_in_the_singular() -> None:
    described = document()
    described["paths"] = {"/assets": {"get": described["paths"]["/assets"]["get"]}}
    assert judged("data.document-understood", described)[0].summary.endswith("with 1 operation, read whole")

    fields_of(described, "assets")["place"] = {"$ref": "#/nowhere"}
    summary = judged("data.document-understood", described)[0].summary
    assert summary.endswith("with 1 operation, but 1 place in it could not be read")


def test_every_place_that_could_not_be_read_is_counted() -> None:
    described = document()
    lost = {f"gone{number}": {"$ref": f"#/components/schemas/nowhere{number}"} for number in range(300)}
    described.setdefault("components", {}).setdefault("schemas", {}).update(lost)

    (finding,) = judged("data.document-understood", described)

    assert finding.verdict is Verdict.PARTIAL
    assert "300 places in it could not be read" in finding.summary
