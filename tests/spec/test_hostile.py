"""Whatever stands in a description, loading, indexing and searching it end, and end quickly."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.errors import InputError
from cmms_audit.spec.drift import drift
from cmms_audit.spec.index import Schema, Spec
from cmms_audit.spec.limits import published_limits
from cmms_audit.spec.load import parse_spec
from cmms_audit.spec.resources import find_resources
from tests.spec.toy import answer, crud, described, fields, loaded, rest

KEYS = (
    *("$ref", "allOf", "anyOf", "oneOf", "properties", "items", "type", "enum", "required", "additionalProperties"),
    *("nullable", "parameters", "name", "in", "schema", "responses", "200", "content", "application/json", "headers"),
    *("security", "get", "post", "requestBody", "tags", "description", "summary", "servers", "url", "variables"),
    *("components", "schemas", "securitySchemes", "flows", "scopes", "callbacks", "webhooks", "examples", "example"),
    *("externalDocs", "deprecated", "x-a", ""),
)
WORDS = ("#/components/schemas/a", "#", "#/", "a.yaml", "", "object", "query", "oauth2", "{x}", "http://[", "\u0000")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
ODDITIES: tuple[Any, ...] = (
    *(
        None,
        True,
        7,
        -1.5,
        10**30,
        1e308,
        "x",
        "",
        "http://[",
        "{",
        "(a+)+$",
        "\x1b[31m",
        "\u202e",
        "99999999999999999999 per second",
    ),
    *([], {}, [1], {"x": 1}, [[]], [{}], [None], {"": {}}, {"$ref": "#/paths"}, {"$ref": 3}, {"$ref": "#"}),
    *({"type": ["object", 3]}, {"allOf": [None, 3, {"$ref": "#/components/schemas/Base"}]}, {"enum": [{}, [], None]}),
)
PATHS = st.dictionaries(
    st.sampled_from(["/work-orders", "/work-orders/{id}", "/assets", "/assets/{id}/x", "", "x"]), ANYTHING, max_size=4
)


def used_up(spec: Spec) -> None:
    """Ask for everything that a check could ask for."""
    for operation in spec.operations:
        _ = (operation.parameters, operation.responses, operation.form, operation.extensions, operation.is_open)
        _ = (operation.request_media_types, operation.callbacks, operation.evidence)
        for schema in (operation.request, operation.success.schema if operation.success else None):
            if schema is not None:
                looked_at(schema)
    for resource in find_resources(spec, rest()).values():
        assert resource.because
    for name in spec.schema_names:
        found = spec.schema(name)
        if found is not None:
            looked_at(found)
    _ = (
        spec.title,
        spec.version,
        spec.servers,
        spec.prefix,
        spec.webhooks,
        spec.security_schemes,
        spec.whole,
        list(spec.prose()),
    )
    json.dumps([problem.evidence.as_json() for problem in spec.problems])


def looked_at(schema: Schema, depth: int = 3) -> None:
    _ = (
        schema.types,
        schema.enum,
        schema.nullable,
        schema.minimum,
        schema.default,
        schema.example,
        schema.name,
        schema.required,
    )
    drift(schema, {"a": [1], "b": {"c": None}})
    inner = [*schema.properties.values(), schema.items, schema.additional]
    for one in inner if depth else ():
        if isinstance(one, Schema):
            looked_at(one, depth - 1)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["openapi", "swagger"]),
    PATHS | ANYTHING,
    st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4),
)
def test_any_document_is_read(key: str, paths: Any, members: dict[str, Any]) -> None:
    version = "3.1.0" if key == "openapi" else "2.0"

    used_up(loaded(json.dumps({key: version, **members, "paths": paths})))


def test_a_good_document_with_any_part_replaced_by_anything_is_read() -> None:
    good = json.dumps(_good())
    chance = random.Random(7)
    for _ in range(200):
        document = json.loads(good)
        damage(document, chance)
        used_up(loaded(json.dumps({**document, "openapi": "3.1.0"})))


def _good() -> dict[str, Any]:
    record = {
        "allOf": [{"$ref": "#/components/schemas/Base"}, fields("priority", "asset", "title")],
        "required": ["title"],
    }
    flow = {"clientCredentials": {"tokenUrl": "/t", "scopes": {"r": "read"}}}
    parameter = {"name": "limit", "in": "query", "schema": {"type": "integer", "enum": [1]}}
    paths = crud("/work-orders", record)
    paths["/work-orders"]["get"] |= {
        "parameters": [parameter],
        "security": [{"o": ["r"]}],
        "callbacks": {"c": {"x": {"post": {}}}},
    }
    return {
        "info": {"title": "t", "version": "1", "description": "d"},
        "servers": [{"url": "https://{a}/x", "variables": {"a": {"default": "b"}}}],
        "tags": [{"name": "x", "description": "y"}],
        "security": [{"o": []}],
        "paths": paths,
        "webhooks": {"w": {"post": {"requestBody": {"content": {"application/json": {"schema": fields("a")}}}}}},
        "components": {"schemas": {"Base": fields("id")}, "securitySchemes": {"o": {"type": "oauth2", "flows": flow}}},
    }


def damage(document: Any, chance: random.Random) -> None:
    """Replace one part, at any depth, by something of another kind."""
    node = document
    while True:
        step = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        inner = node[step]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.2:
            node[step] = copy.deepcopy(chance.choice(ODDITIES))
            return
        node = inner


def schemas(count: int, make: Callable[[int], Any]) -> str:
    return json.dumps({"openapi": "3.0.0", "components": {"schemas": {f"s{i}": make(i) for i in range(count)}}})


def to(number: int) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/s{number}"}


LAUGHS = "a: &a [x, x, x, x, x, x, x, x]\n" + "\n".join(f"b{i}: &b{i} [{'*a, ' * 8}]" for i in range(9))
HOSTILE = {
    "aliases": f"openapi: 3.0.0\n{LAUGHS}",
    "nesting": '{"openapi": "3.0.0", "paths": ' + '{"a":' * 100_000 + "1" + "}" * 100_001,
    "many paths": "openapi: 3.0.0\npaths:\n" + "".join(f"  /p{i}/{{id}}: {{get: {{}}}}\n" for i in range(3_000)),
    "a long path": "openapi: 3.0.0\npaths: {'/" + "a/{b}/" * 20_000 + "': {get: {}}}",
    "a chain of references": schemas(2_000, lambda i: to(i + 1)),
    "a knot of references": schemas(25, lambda _: {"allOf": [to(j) for j in range(25)]}),
    "a maze of alternatives": schemas(60, lambda i: {"anyOf": [to(i + 1), {"allOf": [to(i + 1)]}]}),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_descriptions_are_settled_quickly(text: str) -> None:
    started = time.process_time()
    with suppress(InputError):
        found = parse_spec(text, "x")
        assert isinstance(found, Spec)
        used_up(found)
    assert time.process_time() - started < 4


def test_a_page_of_many_records_is_held_against_its_schema_quickly() -> None:
    spec = described({"/x": {"get": {"responses": answer(fields(*(f"f{i}" for i in range(50))))}}})
    schema = spec.operations[0].success.schema  # type: ignore[union-attr]
    assert schema is not None
    record = {f"f{i}": "x" for i in range(50)}
    started = time.process_time()

    for _ in range(500):
        assert drift(schema, record) == []

    assert time.process_time() - started < 1


def test_references_do_not_multiply_calls_or_texts_without_end() -> None:
    text = "Rate limit 5 requests per minute for deleting. " * 4000
    called_back = {f"https://x/{number}": {"$ref": "#/components/pathItems/one"} for number in range(100)}
    item = {"get": {"description": text, "callbacks": {f"c{number}": called_back for number in range(100)}}}
    paths = {f"/p{number}": {"$ref": "#/components/pathItems/one"} for number in range(5_000)}
    document = {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"pathItems": {"one": item}}}
    began = time.process_time()

    spec = loaded(json.dumps(document))
    used = (len(spec.operations), len(spec.webhooks), len(spec.prose()), len(published_limits(spec)))

    assert used == (5_000, 1_000, 1, 1)
    assert time.process_time() - began < 5


def test_a_document_of_nothing_but_words_is_read_in_part_and_says_so() -> None:
    paths = {f"/p{number}": {"get": {"description": f"{number} " + "words " * 20_000}} for number in range(50)}

    spec = loaded(json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths}))

    assert len(spec.prose()) < 50
    assert not spec.whole
