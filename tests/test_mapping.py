"""Needed fields, looked up in documented and in live records."""

from __future__ import annotations

from cmms_audit.mapping import MappingResult, resolve
from cmms_audit.vendor import MappingNeed
from tests.checks.test_data_documented import record_of
from tests.checks.toy import document
from tests.support import subject_of
from tests.vendors.described import document as vendor_document
from tests.vendors.families import JSON_API


def looked_up(field: str, wanted: str | None = None, records: list[dict[str, object]] | None = None) -> MappingResult:
    described = document()
    record_of(described)["properties"]["cost"] = {
        "type": "object",
        "properties": {"lines": {"type": "array", "items": {"properties": {"accountCode": {"type": "string"}}}}},
    }
    resources = subject_of(described).resources
    need = MappingNeed("need", "work_orders", field, wanted)
    (result,) = resolve([need], resources, {} if records is None else {"work_orders": records})
    return result


def test_a_documented_field_is_found_with_its_type_and_place() -> None:
    result = looked_up("title")
    assert (result.found, result.type, result.seen_live) == ("work_orders.title", "string", None)
    assert result.documented


def test_a_dotted_path_leads_through_objects_and_lists_in_any_spelling() -> None:
    assert looked_up("cost.lines.account_code").type == "string"
    seen = looked_up("cost.lines.account_code", records=[{"cost": {"lines": [{"accountCode": "6100"}]}}])
    assert seen.seen_live


def test_a_field_that_only_live_records_have_is_found_undocumented() -> None:
    result = looked_up("secret_code", records=[{"secretCode": 7}])
    assert (result.found, result.type, result.seen_live, result.documented) == (
        "work_orders.secret_code",
        "integer",
        True,
        None,
    )


def test_a_field_that_the_vendor_nests_as_json_api_does_is_found_by_either_path() -> None:
    described = vendor_document(JSON_API, "https://vendor.example")
    resources = subject_of(described).resources
    records = {"work_orders": [{"id": "W-1", "status": "open", "site": {"type": "sites", "id": "S-1"}}]}
    for field in ("status", "attributes.status", "site.id", "relationships.site.data.id"):
        (result,) = resolve([MappingNeed("need", "work_orders", field)], resources, records)
        assert result.documented, field
        assert result.seen_live, field


def test_attributes_of_a_plain_record_are_looked_up_where_they_are() -> None:
    assert not looked_up("attributes.title", records=[{"title": "x"}]).seen_live
    assert looked_up("attributes.colour", records=[{"attributes": {"colour": "red"}}]).seen_live


def test_a_field_that_is_nowhere_is_not_found() -> None:
    result = looked_up("nothing", records=[{"title": "x"}])
    assert (result.found, result.type, result.seen_live) == (None, None, False)


def test_a_resource_that_was_not_recognised_has_no_fields() -> None:
    (result,) = resolve([MappingNeed("need", "invoices", "number")], {}, {})
    assert result.found is None


def test_a_moment_serves_as_text_and_a_text_does_not_serve_as_a_moment() -> None:
    assert looked_up("updated_at", "string").type_fits
    assert looked_up("updated_at", "date-time").type_fits
    assert not looked_up("title", "date-time").type_fits
    assert not looked_up("priority", "string").type_fits
    assert looked_up("priority", "number").type_fits
