"""Live records are held against their published schema, whatever either of them holds."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cmms_audit.spec.drift import drift
from tests.spec.toy import described, fields

WORK_ORDER = {
    "type": "object",
    "required": ["id", "title", "password"],
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string", "nullable": True},
        "status": {"$ref": "#/components/schemas/Status"},
        "due": {"type": "string", "format": "date-time"},
        "code": {"type": "string", "pattern": "^[A-Z]+$"},
        "password": {"type": "string", "writeOnly": True},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"cost": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
            },
        },
        "asset": {
            "oneOf": [
                {"type": "integer"},
                {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            ]
        },
        "extra": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object"},
    },
}
GOOD = {"id": 1, "title": None, "status": "OPEN", "due": "2026-11-22T10:00:00+01:00", "code": "A", "asset": 3}


def drifts(record: Any, schema: Any = WORK_ORDER, **others: Any) -> set[tuple[str, str, bool]]:
    schemas = {"It": schema, "Status": {"type": "string", "enum": ["OPEN", "CLOSED"]}, **others}
    it = described(components={"schemas": schemas}).schema("It")
    assert it is not None
    return {(one.field, one.kind, one.serious) for one in drift(it, record)}


def test_a_record_that_holds_has_no_drift() -> None:
    assert drifts(GOOD | {"lines": [{"cost": 1}], "extra": {"a": "b"}, "free": {"any": 1}}) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"foo": 1}, ("foo", "undocumented-field", False)),
        ({"id": "1"}, ("id", "wrong-type", True)),
        ({"id": None}, ("id", "wrong-type", True)),
        ({"code": None}, ("code", "wrong-type", False)),
        ({"status": "LOST"}, ("status", "not-allowed-value", False)),
        ({"due": "2026-11-22T10:00:00"}, ("due", "bad-format", False)),
        ({"code": "a"}, ("code", "bad-format", False)),
        ({"lines": [{"cost": 1}, {"cost": 0}]}, ("lines[].cost", "not-allowed-value", False)),
        ({"lines": [{"tax": 0}, {"tax": 1}]}, ("lines[].tax", "undocumented-field", False)),
        ({"asset": "3"}, ("asset", "wrong-type", True)),
        ({"asset": {"id": "x"}}, ("asset.id", "wrong-type", True)),
        ({"extra": {"a": 1}}, ("extra.a", "wrong-type", True)),
    ],
)
def test_each_departure_is_told_once_by_field_and_kind(change: dict[str, Any], expected: tuple[str, str, bool]) -> None:
    assert drifts(GOOD | change) == {expected}


def test_a_required_field_that_is_missing_is_serious_but_not_one_that_is_only_written() -> None:
    assert drifts({"id": 1}) == {("title", "missing-required", True)}


def test_room_for_more_fields_is_respected() -> None:
    assert drifts({"cf_1": "x"}, {**fields("id"), "additionalProperties": True}) == set()
    assert drifts({"cf_1": "x"}, {**fields("id"), "additionalProperties": {"type": "string"}}) == set()
    assert drifts({"cf_1": "x"}, {**fields("id"), "additionalProperties": False}) == {
        ("cf_1", "undocumented-field", False)
    }


def test_compositions_are_seen_as_one() -> None:
    schema = {"allOf": [{"$ref": "#/components/schemas/Base"}, fields("b")]}

    assert drifts({"a": 1, "b": "x", "c": 1}, schema, Base=fields("a")) == {
        ("a", "wrong-type", True),
        ("c", "undocumented-field", False),
    }


def test_nothing_of_a_record_is_repeated_in_words() -> None:
    it = described(components={"schemas": {"It": {"properties": {"name": {"type": "integer"}}}}}).schema("It")

    assert it is not None
    assert [one.says for one in drift(it, {"name": "Jane Miller"})] == ["it should be a whole number, and is a text"]


@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "nonsense",
            "enum": 3,
            "required": "x",
            "properties": [1],
            "items": 7,
            "minLength": -1,
            "pattern": "(?<",
        },
        {"allOf": [{"$ref": "#/components/schemas/It"}], "properties": {"a": {"$ref": "#/components/schemas/It"}}},
        {"$ref": "https://x.example/schema.json"},
        {"allOf": {}, "anyOf": "x", "type": [], "format": 3, "const": None},
    ],
)
def test_a_broken_schema_forbids_nothing_and_stops_nothing(schema: Any) -> None:
    for record in ({"a": {"a": 1}}, [], None, "x", {"a": "\ud800"}, {"a": float("nan"), "b": 10**400}):
        drifts(record, schema)


def test_an_invalid_pattern_leaves_the_other_rules_standing() -> None:
    assert drifts({"a": 1}, {"properties": {"a": {"type": "string", "pattern": "(?<"}}}) == {("a", "wrong-type", True)}


def test_mazes_of_alternatives_are_settled_quickly() -> None:
    maze = {
        f"N{i}": {
            "anyOf": [
                {"$ref": f"#/components/schemas/N{i + 1}"},
                {"allOf": [{"$ref": f"#/components/schemas/N{i + 1}"}], "nullable": True},
            ]
        }
        for i in range(60)
    }
    slow = {"type": "string", "pattern": "^(a+)+$"}
    started = time.process_time()

    drifts({"x": "a" * 60 + "!"}, {"properties": {"x": {"$ref": "#/components/schemas/N0"}}}, **maze, N60=slow)

    assert time.process_time() - started < 1


def test_a_deep_or_wide_record_is_settled() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = {"child": deep}
    tree = {"properties": {"child": {"$ref": "#/components/schemas/It"}}}

    assert len(drifts(deep, tree)) <= 1
    assert len(drifts({f"f{i}": 1 for i in range(5000)}, fields("id"))) <= 200
