"""How completely the fields of a resource are described, in numbers."""

from __future__ import annotations

from typing import Any

from cmms_audit.spec.coverage import FieldCoverage, field_coverage
from tests.checks.toy import document
from tests.support import subject_of


def counted(fields: dict[str, Any], *, required: list[str] | None = None, sent: dict[str, Any] | None = None) -> Any:
    """The coverage of work orders with these fields, of which `sent` are sent to create one."""
    described = document()
    record = {"type": "object", "properties": fields, "required": required or []}
    paths = described["paths"]
    answer = paths["/work-orders"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer["properties"]["items"]["items"] = record
    body = {"type": "object", "properties": sent or {}}
    paths["/work-orders"]["post"]["requestBody"] = {"content": {"application/json": {"schema": body}}}
    paths["/work-orders/{id}"].pop("patch")
    coverage: FieldCoverage = field_coverage(
        subject_of(described, given={"work_orders": "/work-orders"}).resources["work_orders"]
    )
    return coverage


def test_types_explanations_and_values_are_counted_field_by_field() -> None:
    coverage = counted(
        {
            "id": {"type": "string", "description": "Its number."},
            "status": {"type": "string", "enum": ["open", "done"]},
            "kind": {"type": "string", "description": "One of PM, CM."},
            "urgent": {"type": "boolean"},
            "note": {},
        }
    )
    assert (coverage.fields, coverage.typed, coverage.described, coverage.with_values) == (5, 4, 2, 3)


def test_one_mark_of_what_is_required_tells_of_every_field() -> None:
    fields = {name: {"type": "string"} for name in ("id", "title", "note")}
    assert counted(fields).required_known == 0
    assert counted(fields, required=["title"]).required_known == 3


def test_without_marks_words_tell_of_single_fields() -> None:
    fields = {"id": {"type": "string", "description": "Read-only."}, "title": {"description": "Required."}}
    coverage = counted(fields)
    assert (coverage.required_known, coverage.read_only_known) == (1, 1)


def test_what_is_left_out_of_what_is_sent_counts_as_read_only() -> None:
    fields = {"id": {"type": "string"}, "title": {"type": "string"}}
    assert counted(fields, sent={"title": {"type": "string"}}).read_only_known == 2
    assert counted(fields, sent=fields).read_only_known == 0


def test_a_wrapper_around_what_is_sent_is_looked_through() -> None:
    inner = {"type": "object", "properties": {"title": {}, "note": {}, "id": {"readOnly": True}}}
    assert counted({"id": {}}, sent={"data": inner}).sent == 2


def test_dates_need_a_format_and_quantities_a_unit() -> None:
    coverage = counted(
        {
            "created_at": {"type": "string", "format": "date-time"},
            "dueDate": {"type": "string"},
            "lead_time": {"type": "integer"},
            "labor_cost": {"type": "number"},
            "duration": {"type": "number", "description": "In hours."},
            "port_count": {"type": "integer"},
        }
    )
    assert (coverage.moments, coverage.moments_with_format) == (2, 1)
    assert (coverage.quantities, coverage.quantities_with_unit) == (2, 1)


def test_a_unit_that_stands_in_a_field_of_its_own_counts() -> None:
    coverage = counted({"total_cost": {"type": "number"}, "currency": {"type": "string"}})
    assert (coverage.quantities, coverage.quantities_with_unit) == (1, 1)


def test_records_that_cannot_be_written_need_no_marks() -> None:
    described = document()
    sites = field_coverage(subject_of(described).resources["sites"])
    assert (sites.required_known, sites.read_only_known, sites.sent) == (None, None, None)
