"""Schemas are seen one level at a time, whatever composes them."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.spec.index import Schema
from tests.spec.toy import described, fields


def schema(value: Any, **others: Any) -> Schema:
    found = described(components={"schemas": {"It": value, **others}}).schema("It")
    assert found is not None
    return found


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_what_a_schema_says_of_itself() -> None:
    found = schema(
        {
            "type": "integer",
            "format": "int32",
            "description": "d",
            "default": 3,
            "example": 4,
            "minimum": 1,
            "maximum": 9,
            "readOnly": True,
            "pattern": "x",
        }
    )

    assert (found.types, found.format, found.description) == (("integer",), "int32", "d")
    assert (found.default, found.example, found.minimum, found.maximum) == (3, 4, 1, 9)
    assert (found.read_only, found.pattern, found.name) == (True, "x", "It")
    assert found.evidence.pointer == "/components/schemas/It"


def test_fields_are_told_with_their_places() -> None:
    found = schema({**fields("id", "name"), "required": ["id"]})

    assert [(field.name, field.required, field.schema.types) for field in found.fields()] == [
        ("id", True, ("string",)),
        ("name", False, ("string",)),
    ]
    assert found.fields()[1].evidence.pointer == "/components/schemas/It/properties/name"


def test_allof_is_merged() -> None:
    found = schema(
        {"allOf": [ref("Base"), {**fields("b"), "required": ["b"]}]}, Base={**fields("a"), "required": ["a"]}
    )

    assert list(found.properties) == ["a", "b"]
    assert found.required == {"a", "b"}
    assert found.types == ("object",)


def test_alternatives_are_united_and_require_nothing() -> None:
    found = schema({"oneOf": [{**fields("a"), "required": ["a"]}, fields("b")]})

    assert list(found.properties) == ["a", "b"]
    assert found.required == frozenset()


def test_a_reference_with_remarks_keeps_both() -> None:
    found = schema(
        {"properties": {"status": {"allOf": [ref("Status")], "description": "mine"}}},
        Status={"type": "string", "enum": ["a"]},
    )

    status = found.properties["status"]

    assert (status.name, status.description, status.enum, status.types) == ("Status", "mine", ("a",), ("string",))


def test_a_member_defined_twice_is_one_schema() -> None:
    page = {"properties": {"data": {"type": "array", "items": {"type": "object"}}}}
    found = schema(
        {"allOf": [page, {"properties": {"data": {"type": "array", "items": ref("Asset")}}}]}, Asset=fields("id")
    )

    items = found.properties["data"].items

    assert items is not None
    assert items.name == "Asset"
    assert list(items.properties) == ["id"]


@pytest.mark.parametrize(
    ("value", "nullable", "types"),
    [
        ({"type": "string", "nullable": True}, True, ("string",)),
        ({"type": ["string", "null"]}, True, ("string",)),
        ({"type": "string", "x-nullable": True}, True, ("string",)),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True, ("string",)),
        ({"type": "string", "enum": ["a", None]}, True, ("string",)),
        ({"type": "string"}, False, ("string",)),
        ({"properties": {}}, False, ("object",)),
        ({"items": {}}, False, ("array",)),
        ({}, False, ()),
    ],
)
def test_null_is_told_apart_from_the_types(value: Any, nullable: bool, types: tuple[str, ...]) -> None:
    assert (schema(value).nullable, schema(value).types) == (nullable, types)


@pytest.mark.parametrize(
    ("value", "choices"),
    [
        ({"enum": ["a", None, 1]}, ("a", 1)),
        ({"const": "a"}, ("a",)),
        ({"oneOf": [{"enum": ["a"]}, {"enum": [""]}, {"enum": [None]}]}, ("a", "")),
        ({"anyOf": [{"enum": ["a"]}, {"type": "string"}]}, None),
        ({"anyOf": [{"enum": [{"x": 1}]}, {"const": {"x": 1}}]}, ({"x": 1},)),
        ({"enum": "a"}, None),
    ],
)
def test_allowed_values_are_gathered(value: Any, choices: tuple[Any, ...] | None) -> None:
    assert schema(value).enum == choices


def test_further_members_are_allowed_forbidden_or_described() -> None:
    assert schema({"additionalProperties": False}).additional is False
    assert schema({"additionalProperties": {}}).additional is True
    assert schema({}).additional is None
    described_further = schema({"additionalProperties": {"type": "integer"}}).additional
    assert isinstance(described_further, Schema)
    assert described_further.types == ("integer",)


def test_a_schema_that_contains_itself_ends() -> None:
    found = schema({"allOf": [ref("It")], "properties": {"parent": ref("It")}, "anyOf": [ref("It")]})

    assert found.properties["parent"].properties["parent"] is found
