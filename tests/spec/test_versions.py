"""What is new in OpenAPI 3.1 and 3.2 is read where a check could ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.spec.drift import drift
from cmms_audit.spec.index import Operation, Schema, Spec
from cmms_audit.spec.resources import find_resources
from tests.spec.toy import answer, described, fields, rest

DONE = {"responses": {"204": {"description": "done"}}}


def newest(paths: Any = None, **members: Any) -> Spec:
    return described(paths, openapi="3.2.0", **members)


def only(spec: Spec) -> Operation:
    (operation,) = spec.operations
    return operation


def parameter(schema: Any, **components: Any) -> Schema:
    """The schema of the only parameter of a document of version 3.1."""
    paths = {"/a": {"get": {"parameters": [{"name": "p", "in": "query", "schema": schema}], **DONE}}}
    return only(described(paths, openapi="3.1.0", components={"schemas": components})).parameters[0].schema


def test_further_methods_are_read_and_searching_changes_nothing() -> None:
    spec = newest({"/work-orders": {"query": DONE, "additionalOperations": {"LINK": DONE, "x": 3, "GET": DONE}}})

    assert [(each.method, each.writes) for each in spec.operations] == [("QUERY", False), ("LINK", True)]
    assert spec.operations[1].pointer == "/paths/~1work-orders/additionalOperations/LINK"


@pytest.mark.parametrize(
    "reference",
    [
        "https://x.example/api/openapi.json#/components/schemas/W",
        "openapi.json#/components/schemas/W",
        "#W",
        "#/$defs/W",
    ],
)
def test_a_document_may_refer_to_itself_by_its_own_name(reference: str) -> None:
    spec = newest(
        {"/w": {"get": {"responses": answer({"$ref": reference})}}},
        **{"$self": "https://x.example/api/openapi.json", "$defs": {"W": {"$ref": "#/components/schemas/W"}}},
        components={"schemas": {"W": {"$anchor": "W", **fields("a")}}},
    )

    assert spec.whole
    assert _fields(only(spec)) == ["a"]


def test_another_document_is_still_not_fetched() -> None:
    spec = newest(
        {"/w": {"get": {"responses": answer({"$ref": "other.json#/W"})}}}, **{"$self": "https://x.example/openapi.json"}
    )

    assert not spec.whole


def _fields(operation: Operation) -> list[str]:
    assert operation.success is not None
    assert operation.success.schema is not None
    return list(operation.success.schema.properties)


def test_a_stream_of_records_is_a_list_of_them() -> None:
    media = {"itemSchema": fields("id", "title", "priority", "status")}
    stream = {"200": {"description": "ok", "content": {"application/jsonl": media}}}
    spec = newest({"/work-orders": {"get": {"responses": stream}}})

    found = find_resources(spec, rest())["work_orders"]

    assert found.container == ""
    assert found.record is not None
    assert "title" in found.record.properties


def test_media_types_kept_for_reuse_are_followed() -> None:
    spec = newest(
        {
            "/a": {
                "get": {"responses": {"200": {"content": {"application/json": {"$ref": "#/components/mediaTypes/M"}}}}}
            }
        },
        components={"mediaTypes": {"M": {"schema": fields("a")}}},
    )

    assert _fields(only(spec)) == ["a"]


def test_a_parameter_for_the_whole_query_is_taken_apart() -> None:
    schema = {**fields("limit", "site"), "required": ["site"]}
    whole = {"name": "q", "in": "querystring", "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    found = only(newest({"/a": {"get": {"parameters": [whole], **DONE}}}))

    assert [(each.name, each.where, each.required) for each in found.parameters] == [
        ("limit", "query", False),
        ("site", "query", True),
    ]
    assert found.parameter("limit") is not None


def test_the_device_flow_and_the_new_words_of_security_schemes_are_read() -> None:
    flow = {"deviceAuthorizationUrl": "/device", "tokenUrl": "/token", "scopes": {"r": "read"}}
    scheme = {"type": "oauth2", "deprecated": True, "oauth2MetadataUrl": "/m", "flows": {"deviceAuthorization": flow}}
    found = newest(components={"securitySchemes": {"o": scheme}}).security_schemes["o"]

    assert (found.deprecated, found.metadata_url) == (True, "/m")
    assert (found.flows["deviceAuthorization"].authorization_url, list(found.flows["deviceAuthorization"].scopes)) == (
        "/device",
        ["r"],
    )


def test_servers_have_names_and_answers_summaries() -> None:
    spec = newest(
        {"/a": {"get": {"responses": {"200": {"summary": "All of them"}}}}}, servers=[{"url": "/", "name": "n"}]
    )

    assert spec.servers[0].name == "n"
    assert only(spec).responses[0].description == "All of them"


def test_a_document_of_webhooks_alone_is_read() -> None:
    body = {"content": {"application/json": {"schema": fields("event")}}}
    spec = described(
        openapi="3.1.0",
        webhooks={"closed": {"$ref": "#/components/pathItems/Closed"}},
        components={"pathItems": {"Closed": {"post": {"requestBody": body}}}},
    )

    assert spec.operations == ()
    assert [each.name for each in spec.webhooks] == ["closed"]
    assert spec.webhooks[0].payload is not None
    assert spec.whole


def test_a_path_may_be_kept_for_reuse() -> None:
    spec = described(
        {"/a": {"$ref": "#/components/pathItems/A"}}, openapi="3.1.0", components={"pathItems": {"A": {"get": DONE}}}
    )

    assert only(spec).method == "GET"


def test_what_stands_beside_a_reference_counts() -> None:
    found = parameter({"$ref": "#/components/schemas/S", "description": "here", "maximum": 5}, S={"type": "integer"})

    assert (found.types, found.description, found.maximum, found.name) == (("integer",), "here", 5, "S")


def test_types_in_a_list_constants_and_examples_are_read() -> None:
    assert (parameter({"type": ["string", "null"]}).types, parameter({"type": ["string", "null"]}).nullable) == (
        ("string",),
        True,
    )
    assert (parameter({"const": "open"}).types, parameter({"const": "open"}).enum) == (("string",), ("open",))
    assert parameter({"const": 3}).types == ("integer",)
    assert parameter({"type": "string", "examples": ["a", "b"]}).example == "a"


def test_parts_defined_within_a_schema_are_followed() -> None:
    found = parameter(
        {"$ref": "#/components/schemas/S"},
        S={
            "$defs": {"n": {"type": "string"}},
            "type": "object",
            "properties": {"a": {"$ref": "#/components/schemas/S/$defs/n"}},
        },
    )

    assert found.properties["a"].types == ("string",)
    assert [each.kind for each in drift(found, {"a": 1})] == ["wrong-type"]
