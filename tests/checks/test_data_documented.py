"""data.documented: the document, its fields, live records that break it, and who may read it."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Severity, Verdict
from cmms_audit.spec.load import NotASpec
from cmms_audit.spec.recognise import NotASpecKind
from cmms_audit.vendor import MappingNeed
from tests.checks.toy import Toy, cleared, document, judged_live, raised
from tests.support import judged
from tests.wire.servers import Answer

LOGIN = "<html><body><form><input type=password name=p></form></body></html>"
LEAD = "<html><body><h1>See our API</h1><form><input name=mail> Work email</form>Request a demo</body></html>"
DOCS = "<html><body><p>Every endpoint takes JSON and a Bearer token. GET /v1/work-orders lists them.</p></body></html>"


@pytest.mark.parametrize(
    ("kind", "verdict", "flag"),
    [
        ("wsdl", Verdict.NOT_MET, "legacy-protocol"),
        ("login-page", Verdict.NOT_MET, "docs-behind-sales-call"),
        ("lead-form", Verdict.NOT_MET, "docs-behind-sales-call"),
        ("html-page", Verdict.UNKNOWN, None),
        ("raml", Verdict.UNKNOWN, None),
        ("none", Verdict.UNKNOWN, None),
    ],
)
def test_what_is_no_api_description_is_named_for_what_it_is(
    kind: NotASpecKind, verdict: Verdict, flag: str | None
) -> None:
    (finding,) = judged("data.document-understood", NotASpec(kind, "it is something else"))
    assert (finding.verdict, raised(finding)) == (verdict, {flag} if flag else set())


def test_a_login_page_is_left_to_the_live_look_where_documentation_is_elsewhere() -> None:
    page = NotASpec("login-page", "it is a login page")
    (finding,) = judged("data.document-understood", page, docs_url="https://vendor.example/docs")
    assert finding.verdict is Verdict.NOT_MET
    assert not raised(finding)


def test_one_address_to_which_every_command_is_posted_is_no_rest_api() -> None:
    command = {"post": {"responses": {"200": {"description": "Done."}}}}
    rpc = {"openapi": "3.0.3", "info": {"title": "RPC", "version": "1"}, "paths": {"/api": command}}
    (finding,) = judged("data.document-understood", rpc)
    assert raised(finding) == {"legacy-protocol"}


def test_a_reference_that_leads_nowhere_leaves_the_document_read_in_part() -> None:
    described = document()
    described["paths"]["/sites"]["get"]["responses"]["200"] = {"$ref": "#/components/responses/Missing"}
    (finding,) = judged("data.document-understood", described)
    assert finding.verdict is Verdict.PARTIAL


def record_of(described: dict[str, Any], name: str = "work-orders") -> dict[str, Any]:
    answer = described["paths"][f"/{name}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    record: dict[str, Any] = answer["properties"]["items"]["items"]
    return record


def test_fields_without_explanation_are_partial_and_counted() -> None:
    described = document()
    for field in record_of(described)["properties"].values():
        field.pop("description", None)
    (finding,) = judged("data.fields-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "24 fields of 4 resources" in finding.summary
    assert "work orders: 9 fields, 9 with a type, 0 explained" in finding.detail


def test_fields_without_types_are_not_met() -> None:
    described = document()
    for name in ("work-orders", "assets", "locations", "sites"):
        for field in record_of(described, name)["properties"].values():
            for key in ("type", "enum", "properties"):
                field.pop(key, None)
    (finding,) = judged("data.fields-documented", described)
    assert finding.verdict is Verdict.NOT_MET


def test_a_status_without_its_values_is_named() -> None:
    described = document()
    del record_of(described)["properties"]["status"]["enum"]
    (finding,) = judged("data.fields-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "work_orders.status" in finding.summary


def test_examples_that_break_their_own_description_are_named() -> None:
    described = document()
    record_of(described)["example"] = {"id": 7}
    (finding,) = judged("data.examples-valid", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "work_orders" in finding.detail


def test_a_text_in_place_of_a_number_is_serious_and_told_once_with_its_count() -> None:
    toy = Toy()
    for record in toy.records["work-orders"][:30]:
        record["priority"] = "high"
    finding = judged_live("data.records-match", toy)
    assert finding.verdict is Verdict.NOT_MET
    assert finding.flags[0].severity is Severity.SERIOUS
    assert finding.detail.count("work_orders.priority: it should be a whole number") == 1
    assert "(30 of 42)" in finding.detail


def test_a_field_that_the_document_does_not_know_is_minor() -> None:
    toy = Toy()
    for record in toy.records["assets"]:
        record["colour"] = "grey"
    finding = judged_live("data.records-match", toy)
    assert finding.verdict is Verdict.PARTIAL
    assert [(mark.flag, mark.severity) for mark in finding.flags] == [("undocumented-behaviour", Severity.MINOR)]


def test_without_records_nothing_can_be_held_against_the_document() -> None:
    toy = Toy(records={name: [] for name in Toy().records})
    finding = judged_live("data.records-match", toy)
    assert finding.verdict is Verdict.UNKNOWN
    assert not finding.flags


def serving(docs: Answer, spec: Answer | None = None) -> Toy:
    pages = {"/docs": docs, "/openapi.json": spec, "/login": Answer(200, "<html><script src=login.js></script></html>")}
    return Toy(wrong=lambda seen: pages.get(seen.path))


@pytest.mark.parametrize(
    "gate", [Answer(401), Answer(403), Answer(200, LOGIN), Answer(200, LEAD), Answer(302, "", {"Location": "/login"})]
)
def test_documentation_that_nobody_may_read_is_behind_a_sales_call(gate: Answer) -> None:
    finding = judged_live("data.docs-public", serving(gate, gate), docs="/docs", spec="/openapi.json")
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"docs-behind-sales-call"}


def test_one_refused_document_of_two_is_partial_and_no_flag() -> None:
    finding = judged_live(
        "data.docs-public", serving(Answer(200, DOCS), Answer(401)), docs="/docs", spec="/openapi.json"
    )
    assert finding.verdict is Verdict.PARTIAL
    assert not raised(finding)


def test_documentation_with_a_demo_form_in_its_corner_is_public() -> None:
    page = DOCS.replace("</body>", "<form><input name=mail></form>Book a demo</body>")
    finding = judged_live("data.docs-public", serving(Answer(200, page)), docs="/docs")
    assert finding.verdict is Verdict.MET
    assert cleared(finding) == {"docs-behind-sales-call"}


def test_a_web_site_that_fails_says_nothing_of_who_may_read() -> None:
    finding = judged_live("data.docs-public", serving(Answer(503)), docs="/docs")
    assert finding.verdict is Verdict.UNKNOWN
    assert not finding.flags


COST_CENTRE = MappingNeed("cost centre", "work_orders", "account_code", "string")
MISSING = MappingNeed("labour class", "work_orders", "labour_class")


def test_a_needed_field_that_is_nowhere_is_not_met_and_named() -> None:
    for finding in (
        judged("data.mapping-documented", document(), mapping=(COST_CENTRE, MISSING))[0],
        judged_live("data.mapping-found", Toy(), mapping=(COST_CENTRE, MISSING)),
    ):
        assert finding.verdict is Verdict.NOT_MET
        assert "labour class" in finding.summary


def test_a_needed_field_of_another_type_is_partial() -> None:
    need = MappingNeed("cost centre", "work_orders", "account_code", "integer")
    assert judged_live("data.mapping-found", Toy(), mapping=(need,)).verdict is Verdict.PARTIAL


def test_needed_fields_that_are_there_are_met() -> None:
    assert judged("data.mapping-documented", document(), mapping=(COST_CENTRE,))[0].verdict is Verdict.MET
    assert judged_live("data.mapping-found", Toy(), mapping=(COST_CENTRE,)).verdict is Verdict.MET


def test_a_need_on_something_that_was_not_recognised_is_no_fault_of_the_vendor() -> None:
    need = MappingNeed("invoice", "invoices", "number")
    (finding,) = judged("data.mapping-documented", document(), mapping=(need,))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, "resource-not-found")
