"""Records in the form of JSON:API are told as plain ones, live and described; every other record stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.spec.coverage import body_fields, field_coverage
from cmms_audit.spec.drift import drift
from cmms_audit.spec.json_api import plain_path, plain_record
from cmms_audit.spec.resources import Resource, find_resources
from tests.spec.toy import crud, described, fields, rest

TEXT = {"type": "string", "description": "Told."}
SITE = {"type": "object", "nullable": True, "properties": {"type": TEXT, "id": {"type": "string"}}}
WORK_ORDER = {
    "type": "object",
    "required": ["type", "id", "attributes"],
    "properties": {
        "type": TEXT,
        "id": TEXT,
        "attributes": {
            "type": "object",
            "required": ["title"],
            "properties": {"title": TEXT, "status": {**TEXT, "enum": ["open", "done"]}},
        },
        "relationships": {
            "type": "object",
            "properties": {
                "site": {"type": "object", "description": "Where it is.", "properties": {"data": SITE}},
                "parts": {"type": "object", "properties": {"data": {"type": "array", "items": SITE}}},
                "history": {"type": "object", "properties": {"links": {"type": "object"}}},
            },
        },
    },
}
LIVE = {
    "type": "work-orders",
    "id": "W-1",
    "attributes": {"title": "Oil", "status": "open"},
    "relationships": {
        "site": {"data": {"type": "sites", "id": "S-1"}},
        "parent": {"data": None},
        "parts": {"data": [{"type": "parts", "id": "P-1"}]},
        "history": {"links": {"related": "/history"}},
    },
    "links": {"self": "/work-orders/W-1"},
}


def work_orders(record: dict[str, Any] | None = None) -> Resource:
    return find_resources(described(crud("/work-orders", record or WORK_ORDER)), rest())["work_orders"]


def test_a_live_record_has_its_fields_and_references_on_one_level() -> None:
    assert plain_record(LIVE) == {
        "id": "W-1",
        "title": "Oil",
        "status": "open",
        "site": {"type": "sites", "id": "S-1"},
        "site_id": "S-1",
        "parent": None,
        "parent_id": None,
        "parts": [{"type": "parts", "id": "P-1"}],
    }


def test_an_attribute_does_not_take_the_place_of_the_id() -> None:
    assert plain_record({"type": "a", "id": "1", "attributes": {"id": "2", "type": "b"}}) == {"id": "1", "type": "b"}


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "attributes": {"colour": "red"}},
        {"id": "1", "type": "pump", "attributes": {"colour": "red"}, "name": "A pump of a plain API"},
        {"id": "1", "type": "pump", "attributes": [{"name": "colour"}]},
        {"id": "1", "type": {"name": "pump"}, "attributes": {}},
        {"id": None, "type": "pump", "attributes": {}},
        {"type": "pump", "attributes": {}},
        {},
    ],
)
def test_a_record_of_any_other_shape_stays_as_it_is(record: dict[str, Any]) -> None:
    assert plain_record(record) is record


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ODD = st.dictionaries(st.sampled_from(("type", "id", "attributes", "links", "meta", "lid")), JSON, max_size=6)


@given(ODD, st.dictionaries(st.text(max_size=5), JSON | st.fixed_dictionaries({"data": JSON}), max_size=4) | JSON)
def test_nothing_that_a_vendor_sends_stands_in_the_way(record: dict[str, Any], relationships: Any) -> None:
    whole = {**record, "relationships": relationships}
    plain = plain_record(whole)
    assert plain is whole or plain["id"] == record["id"]


def test_ever_so_many_relationships_are_not_all_read() -> None:
    many = {f"r{number}": {"data": None} for number in range(5_000)}
    assert len(plain_record({"type": "a", "id": "1", "attributes": {}, "relationships": many})) < 1_000


def test_a_described_record_has_its_fields_and_references_on_one_level() -> None:
    resource = work_orders()

    assert resource.record is not None
    assert set(resource.record.properties) == {"id", "title", "status", "site", "site_id", "parts"}
    assert resource.record.required == {"id", "title"}
    assert resource.record.properties["site_id"].description == "Where it is."
    assert resource.record.properties["site_id"].types == ("string",)
    assert resource.id_field == "id"
    assert resource.record.evidence == resource.served.evidence  # type: ignore[union-attr]


def test_a_reference_is_counted_once() -> None:
    coverage = field_coverage(work_orders())
    assert (coverage.fields, coverage.typed, coverage.described) == (5, 5, 4)


def test_what_is_sent_has_its_fields_on_one_level_too() -> None:
    new = {**WORK_ORDER, "properties": {name: part for name, part in WORK_ORDER["properties"].items() if name != "id"}}  # type: ignore[attr-defined]
    for body in (new, {"type": "object", "properties": {"data": new}}):
        post = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {}}
        (create,) = described({"/work-orders": {"post": post}}).operations
        assert {field.name for field in body_fields(create)} == {"title", "status", "site_id", "parts"}


def test_a_record_is_held_against_its_description_as_it_is_served() -> None:
    served = work_orders().served
    assert served is not None
    assert drift(served, {name: LIVE[name] for name in ("type", "id", "attributes")}) == []
    (found,) = drift(served, {"type": "work-orders", "id": "W-1", "attributes": {"title": 3}})
    assert (found.field, found.kind) == ("attributes.title", "wrong-type")


def test_a_description_of_any_other_shape_stays_as_it_is() -> None:
    plain = work_orders(fields("id", "type", "title", "status", "attributes"))
    assert plain.record is plain.served


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("attributes.status", "status"),
        ("attributes.account.code", "account.code"),
        ("relationships.site.data.id", "site.id"),
        ("relationships.site", "relationships.site"),
        ("attributes", "attributes"),
        ("status", "status"),
    ],
)
def test_a_path_into_such_a_record_leads_to_the_plain_one(path: str, expected: str) -> None:
    assert plain_path(path.split(".")) == expected.split(".")
