"""Each rule tells its own fault, with the line, and a clean document yields nothing at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.model import Severity
from cmms_audit.sandbox.granary import document as granary_document
from cmms_audit.spec.index import ProblemGroup, Spec
from cmms_audit.spec.load import load_spec
from cmms_audit.spec.rules.texts import RULE_TEXTS
from tests.spec.toy import loaded

Change = Callable[[dict[str, Any]], object]

CLEAN: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Toy", "version": "7"},
    "servers": [{"url": "https://vendor.example/api"}],
    "security": [{"oauth": ["assets:read"]}],
    "paths": {
        "/assets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "operationId": "readAsset",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asset"}}},
                    },
                    "4XX": {"description": "refused"},
                },
            },
            "patch": {
                "operationId": "changeAsset",
                "parameters": [{"name": "dry-run", "in": "query", "schema": {"type": "boolean", "default": False}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asset"}}}},
                "responses": {"default": {"description": "done"}},
            },
        }
    },
    "components": {
        "schemas": {
            "Asset": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 40, "example": "Pump 12"},
                    "kind": {"type": "string", "enum": ["pump", "motor"], "default": "pump"},
                    "tags": {"type": "array", "items": {"type": "string"}, "example": ["A"]},
                    "price": {"type": "number", "minimum": 0, "maximum": 10, "nullable": True},
                },
            },
            "Part": {"allOf": [{"$ref": "#/components/schemas/Asset"}, {"required": ["kind"]}]},
        },
        "securitySchemes": {
            "oauth": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {"tokenUrl": "https://vendor.example/token", "scopes": {"assets:read": "Read"}}
                },
            }
        },
    },
}
CLEAN2: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Toy", "version": "7"},
    "host": "vendor.example",
    "produces": ["application/json"],
    "security": [{"key": []}],
    "paths": {
        "/assets": {
            "post": {
                "operationId": "makeAsset",
                "parameters": [{"name": "asset", "in": "body", "schema": {"$ref": "#/definitions/Asset"}}],
                "responses": {"201": {"description": "made", "schema": {"$ref": "#/definitions/Asset"}}},
            }
        }
    },
    "definitions": {"Asset": {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}}}},
    "securityDefinitions": {"key": {"type": "apiKey", "name": "X-Key", "in": "header"}},
}


def changed(clean: dict[str, Any], change: Change) -> Spec:
    document = copy.deepcopy(clean)
    change(document)
    return loaded(json.dumps(document, indent=1))


def rules(spec: Spec) -> list[str]:
    return [group.rule for group in spec.faults]


def put(pointer: str, value: Any) -> Change:
    """A change that writes a value; the steps of the pointer are split at blanks."""

    def change(document: dict[str, Any]) -> None:
        *steps, last = pointer.split()
        part: Any = document
        for step in steps:
            part = part[int(step)] if isinstance(part, list) else part.setdefault(step, {})
        if isinstance(part, list):
            part[int(last) : int(last) + 1] = [value]
        else:
            part[last] = value

    return change


def drop(pointer: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        *steps, last = pointer.split()
        part: Any = document
        for step in steps:
            part = part[int(step)] if isinstance(part, list) else part[step]
        del part[int(last) if isinstance(part, list) else last]

    return change


ASSET = "components schemas Asset"
NAME = f"{ASSET} properties name"
GET, PATCH = "paths /assets/{id} get", "paths /assets/{id} patch"
ANSWER = f"{GET} responses 200 content application/json"
OK = {"responses": {"200": {"description": "ok"}}}
OTHER = {
    "get": {**OK, "parameters": [{"name": "x", "in": "path", "required": True, "schema": {"type": "integer"}}]},
}
QUERY = {"name": "dry-run", "in": "query", "schema": {"type": "boolean"}}

BROKEN: list[tuple[str, Change, str]] = [
    ("wrong-kind", put(f"{GET} deprecated", "yes"), '"deprecated": "yes"'),
    ("part-unread", put(f"{GET} parameters", {}), '"parameters": {}'),
    ("empty-value", put(f"{GET} summary", None), '"summary": null'),
    ("path-without-slash", put("paths assets", OK), '"assets": {'),
    ("reference-lost", put(f"{NAME}", {"$ref": "#/components/schemas/No"}), "schemas/No"),
    ("reference-absolute", put(f"{NAME}", {"$ref": "file:///etc/hostname"}), "file:///etc/hostname"),
    ("reference-network", put(f"{NAME}", {"$ref": "https://vendor.example/a.json"}), "https://vendor.example/a.json"),
    ("reference-circle", put(f"{NAME}", {"$ref": "#/components/schemas/Asset/properties/name"}), "properties/name"),
    ("reference-siblings", put(f"{ANSWER} schema nullable", True), '"nullable": true'),
    ("operation-id-twice", put(f"{PATCH} operationId", "readAsset"), '"operationId": "readAsset"'),
    ("path-twice", put("paths /assets/{x}", OTHER), '"get": {'),
    ("placeholder-undeclared", put("paths /parts/{no}", {"get": OK}), '"get": {'),
    ("path-parameter-unused", put("paths /parts", OTHER), "{"),
    ("parameter-twice", put(f"{PATCH} parameters 1", QUERY), "{"),
    ("body-without-meaning", put(f"{GET} requestBody", {"content": {"text/plain": {}}}), '"requestBody": {'),
    ("responses-missing", put(f"{GET} responses", {}), '"get": {'),
    ("success-missing", drop(f"{GET} responses 200"), '"responses": {'),
    ("status-unknown", put(f"{GET} responses 2xx", {"description": "ok"}), '"2xx": {'),
    ("status-unregistered", put(f"{GET} responses 299", {"description": "ok"}), '"299": {'),
    ("media-type-odd", put(f"{GET} responses 200 content application/josn", {}), '"application/josn": {}'),
    ("media-type-odd", put(f"{GET} responses 200 content json", {}), '"json": {}'),
    ("media-type-odd", put(f"{GET} responses 200 content aplication/json", {}), '"aplication/json": {}'),
    ("parameter-odd-name", put(f"{PATCH} parameters 0 name", "due<"), '"name": "due<"'),
    ("parameter-odd-name", put(f"{PATCH} parameters 0 name", "filter[x]"), '"name": "filter[x]"'),
    ("parameter-odd-name", put(f"{PATCH} parameters 0 name", "$top"), '"name": "$top"'),
    ("path-parameter-optional", drop("paths /assets/{id} parameters 0 required"), "{"),
    ("header-parameter-ignored", put(f"{PATCH} parameters 1", {**QUERY, "name": "Accept", "in": "header"}), "{"),
    ("parameter-place-unknown", put(f"{PATCH} parameters 0 in", "body"), '"in": "body"'),
    ("component-odd-name", put("components schemas A[B]", {"type": "object"}), '"A[B]": {'),
    ("type-unknown", put(f"{NAME} type", "any"), '"type": "any"'),
    ("type-unknown", put(f"{NAME} type", "file"), '"type": "file"'),
    ("items-missing", drop(f"{ASSET} properties tags items"), '"tags": {'),
    (
        "required-unknown",
        put("components schemas Pump", {"required": ["site"], "properties": {"name": {}}}),
        '"required": [',
    ),
    ("required-misplaced", put(f"{NAME} required", True), '"required": true'),
    ("read-and-write-only", put(f"{NAME}", {"readOnly": True, "writeOnly": True}), '"readOnly": true'),
    ("enum-twice", put(f"{ASSET} properties kind enum", ["pump", "pump"]), '"pump"'),
    ("enum-empty", put(f"{ASSET} properties name enum", []), '"enum": []'),
    ("enum-breaks-type", put(f"{ASSET} properties kind enum", ["pump", 7]), "7"),
    ("example-breaks-schema", put(f"{NAME} example", 12), '"example": 12'),
    ("example-breaks-schema", put(f"{NAME} example", "x" * 41), '"example": "xxx'),
    ("example-breaks-schema", put(f"{ANSWER} example", {"name": 7}), '"example": {'),
    ("example-breaks-schema", put(f"{ANSWER} examples", {"a": {"value": {}}}), '"value": {}'),
    ("default-breaks-schema", put(f"{ASSET} properties kind default", "cat"), '"default": "cat"'),
    ("limits-contradict", put(f"{ASSET} properties price minimum", 11), '"maximum": 10'),
    ("discriminator-unknown", put(f"{ASSET} discriminator", {"propertyName": "type"}), '"discriminator": {'),
    (
        "discriminator-mapping-lost",
        put(f"{ASSET} discriminator", {"propertyName": "kind", "mapping": {"pump": "Pump"}}),
        '"pump": "Pump"',
    ),
    ("keyword-of-newer-version", put(f"{NAME} type", ["string", "null"]), '"type": ['),
    ("keyword-of-newer-version", put(f"{NAME} const", "Pump 12"), '"const": "Pump 12"'),
    ("keyword-of-newer-version", put(f"{ASSET} properties price exclusiveMinimum", 3), '"exclusiveMinimum": 3'),
    ("security-scheme-undeclared", put("security 1", {"key": []}), '"key": []'),
    ("security-scheme-undeclared", put(f"{GET} security", [{"key": []}]), '"key": []'),
    ("scope-undeclared", put("security", [{"oauth": ["assets:write"]}]), '"oauth": ['),
    ("servers-missing", drop("servers"), "{"),
    (
        "server-variable-undeclared",
        put("servers", [{"url": "https://{site}.example"}]),
        '"url": "https://{site}.example"',
    ),
    (
        "server-variable-no-default",
        put("servers", [{"url": "https://{site}.example", "variables": {"site": {}}}]),
        '"site": {}',
    ),
    (
        "server-default-not-allowed",
        put("servers", [{"url": "https://{a}.x", "variables": {"a": {"default": "c", "enum": ["b"]}}}]),
        '"a": {',
    ),
    ("member-unknown", put(f"{GET} resource", "asset"), '"resource": "asset"'),
    ("description-missing", drop(f"{GET} responses 200 description"), '"200": {'),
    ("member-missing", drop(f"{PATCH} parameters 0 schema"), "{"),
    ("member-missing", drop("components securitySchemes oauth flows"), '"oauth": {'),
    ("value-not-allowed", put("components securitySchemes oauth type", "oauth3"), '"type": "oauth3"'),
    ("form-unfit", put(f"{PATCH} parameters 0", {**QUERY, "example": True, "examples": {}}), "{"),
]
# Rules that tell of the same place as another, or follow from it.
BESIDE = {
    "server-variable-undeclared": {"server-templated"},
    "server-variable-no-default": {"server-templated", "member-missing"},
    "server-default-not-allowed": {"server-templated"},
    "enum-empty": {"example-breaks-schema"},
    "path-twice": {"path-parameter-unused"},
}


@pytest.mark.parametrize(
    ("rule", "change", "line"), BROKEN, ids=[f"{rule}-{i}" for i, (rule, _, _) in enumerate(BROKEN)]
)
def test_a_broken_rule_is_told_alone_and_with_its_line(rule: str, change: Change, line: str) -> None:
    spec = changed(CLEAN, change)

    found = {group.rule: group for group in spec.faults}

    assert rule in found
    assert set(found) - {rule} <= BESIDE.get(rule, set())
    text = json.dumps(spec.root.value, indent=1).split("\n")
    assert all(line in text[(place.line or 0) - 1] for place in found[rule].places)
    assert found[rule].examples
    assert found[rule].count == len(found[rule].places)


BROKEN2: list[tuple[str, Change]] = [
    ("servers-missing", drop("host")),
    ("bodies-several", put("paths /assets post parameters 1", {"name": "b", "in": "body", "schema": {}})),
    ("body-and-form", put("paths /assets post parameters 1", {"name": "f", "in": "formData", "type": "string"})),
    ("media-type-odd", put("consumes", ["text/jason"])),
    ("keyword-of-newer-version", put("definitions Asset nullable", True)),
    ("keyword-of-newer-version", put("definitions Asset oneOf", [{"type": "object"}])),
    ("read-only-required", put("definitions Asset required", ["id"])),
    ("reference-siblings", put("definitions Part", {"$ref": "#/definitions/Asset", "description": "a part"})),
    ("security-scheme-undeclared", drop("securityDefinitions")),
    ("type-unknown", put("definitions Asset properties id type", "file")),
    ("items-missing", put("definitions Asset properties id type", "array")),
    ("value-not-allowed", put("securityDefinitions key type", "bearer")),
    ("member-unknown", put("components", {})),
]


@pytest.mark.parametrize(("rule", "change"), BROKEN2, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BROKEN2)])
def test_swagger_2_has_rules_of_its_own(rule: str, change: Change) -> None:
    assert rules(changed(CLEAN2, change)) == [rule]


def modern(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "openapi": "3.1.0"}


BROKEN31: list[tuple[str, Change]] = [
    ("keyword-of-older-version", put(f"{NAME} nullable", True)),
    ("keyword-of-older-version", put(f"{ASSET} properties price exclusiveMinimum", True)),
    ("type-unknown", put(f"{NAME} type", "strin")),
    ("wrong-kind", put(f"{NAME} minLength", "two")),
    ("wrong-kind", put(f"{NAME} xml", "two")),
    ("member-unknown", put(f"{GET} resource", "asset")),
    (
        "reference-siblings",
        put(f"{GET} responses 404", {"$ref": "#/paths/~1assets~1{id}/get/responses/4XX", "x": 1}),
    ),
]


@pytest.mark.parametrize("version", ["3.1.1", "3.2.0"])
@pytest.mark.parametrize(("rule", "change"), BROKEN31, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BROKEN31)])
def test_schemas_of_newer_versions_are_looked_at_in_depth(rule: str, change: Change, version: str) -> None:
    clean = {**copy.deepcopy(CLEAN), "openapi": version}
    del clean["components"]["schemas"]["Asset"]["properties"]["price"]["nullable"]

    assert rules(changed(clean, lambda _: None)) == []
    assert rules(changed(clean, change)) == [rule]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"], "examples": ["a"], "const": "a"},
        {"$ref": "#/components/schemas/Part", "description": "a part of it"},
        {"type": "number", "exclusiveMinimum": 3},
        {"type": "array"},
        {"$defs": {"a": {"type": "string"}}, "$ref": "#/components/schemas/Part"},
    ],
)
def test_what_came_with_3_1_is_right_there(schema: dict[str, Any]) -> None:
    clean = {**copy.deepcopy(CLEAN), "openapi": "3.1.0"}
    del clean["components"]["schemas"]["Asset"]["properties"]["price"]["nullable"]

    assert rules(changed(clean, put(NAME, schema))) == []


@pytest.mark.parametrize("clean", [CLEAN, CLEAN2], ids=["3.0", "2.0"])
def test_a_clean_document_has_no_fault(clean: dict[str, Any]) -> None:
    spec = changed(clean, lambda _: None)

    assert spec.faults == ()
    assert spec.problems == ()
    assert spec.whole


@pytest.mark.parametrize(
    "change",
    [
        put(f"{NAME} format", "vendor-format"),
        put(f"{NAME} x-anything", {"$ref": "#/no"}),
        put(f"{NAME} example", None),
        put(f"{GET} tags", ["never declared"]),
        put("components schemas Rest", {"type": "object", "required": ["a"]}),
        put("components schemas Rest", {"required": ["a"], "properties": {"b": {}}, "additionalProperties": True}),
        put(
            "components schemas Base",
            {"allOf": [{"required": ["z"], "properties": {"b": {}}}, {"properties": {"z": {}}}]},
        ),
        put(f"{GET} responses 200 content application/vnd.vendor+json;charset=utf-8", {}),
        put(f"{GET} responses 200 content text/javascript", {}),
        put(f"{GET} responses 302", {"description": "elsewhere"}),
        put(f"{ASSET} properties price example", 5),
        put(f"{ASSET} properties price default", 5.0),
        put(f"{GET} security", [{}]),
        put(f"{GET} security", []),
    ],
)
def test_what_is_unusual_but_right_is_no_fault(change: Change) -> None:
    assert rules(changed(CLEAN, change)) == []


def test_a_base_that_others_are_composed_of_may_require_what_they_describe() -> None:
    base = {"required": ["site"], "properties": {"name": {"type": "string"}}}
    derived = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"site": {"type": "string"}}}]}

    spec = changed(CLEAN, put("components schemas", {"Base": base, "Derived": derived, "Asset": {"type": "object"}}))

    assert rules(spec) == []


def test_the_embedded_vendors_document_has_no_fault() -> None:
    assert loaded(json.dumps(granary_document("http://127.0.0.1:8000"))).faults == ()


def test_no_named_record_type_is_told_once() -> None:
    def change(document: dict[str, Any]) -> None:
        document["components"].pop("schemas")
        document["paths"] = {"/assets": {"get": OK}}

    assert rules(changed(CLEAN, change)) == ["no-schemas"]


def test_control_characters_and_keys_given_twice_are_told_where_they_stand() -> None:
    text = "openapi: 3.0.0\ninfo: {title: a\x07, version: '1'}\nservers: [{url: /}]\npaths: {}\npaths: {}\n"

    found = {group.rule: group.places[0].line for group in loaded(text).faults}

    assert found == {"control-characters": 2, "key-twice": 5}


def test_a_fault_in_another_file_names_that_file(tmp_path: Path) -> None:
    document = copy.deepcopy(CLEAN)
    document["components"]["schemas"]["Asset"] = {"$ref": "models/asset.yaml#/Asset"}
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "asset.yaml").write_text("Asset:\n  type: object\n  properties:\n    a: {type: any, b: 1}\n")
    (tmp_path / "api.json").write_text(json.dumps(document))

    spec = load_spec(tmp_path / "api.json")

    assert isinstance(spec, Spec)
    found = {group.rule: group.places[0] for group in spec.faults}
    assert {rule: (place.pointer, place.line) for rule, place in found.items()} == {
        "type-unknown": ("models/asset.yaml#/Asset/properties/a/type", 4),
        "member-unknown": ("models/asset.yaml#/Asset/properties/a/b", 4),
    }


def test_ten_thousand_faults_are_counted_and_ten_are_shown() -> None:
    odd = {f"f{index}": {"type": "any"} for index in range(10_000)}

    group = one(changed(CLEAN, put("components schemas", {**odd, "Asset": {}})))

    assert (group.rule, group.count, len(group.places), len(group.examples)) == ("type-unknown", 10_000, 10, 1)
    assert group.severity is Severity.SERIOUS
    assert not group.capped


def one(spec: Spec) -> ProblemGroup:
    assert len(spec.faults) == 1
    return spec.faults[0]


def test_grave_groups_come_first_and_every_rule_has_words() -> None:
    def change(document: dict[str, Any]) -> None:
        put(f"{NAME} example", 3)(document)
        put(f"{ASSET} properties kind", {"$ref": "#/no"})(document)
        put(f"{ASSET} properties price type", "money")(document)

    groups = changed(CLEAN, change).faults

    assert [group.rule for group in groups] == ["reference-lost", "type-unknown", "example-breaks-schema"]
    assert [group.unread for group in groups] == [True, False, False]
    assert all(text.says and text.consequence.endswith(".") for text in RULE_TEXTS.values())


def test_every_rule_that_has_words_is_tested_here() -> None:
    elsewhere = {"control-characters", "key-twice", "no-schemas", "reference-outside", "reference-not-allowed"}
    elsewhere |= {"security-missing", "pattern-broken"}
    tested = {rule for rule, *_ in (*BROKEN, *BROKEN2, *BROKEN31)} | elsewhere | {"server-templated", "not-checkable"}

    assert tested == set(RULE_TEXTS)


def undeclared(document: dict[str, Any]) -> None:
    del document["security"]
    del document["components"]["securitySchemes"]


def test_a_document_that_says_nowhere_how_to_sign_in_is_told_so_with_its_line() -> None:
    (group,) = changed(CLEAN, undeclared).faults

    assert (group.rule, group.count, group.places[0].line) == ("security-missing", 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        put("security", []),
        put(f"{GET} parameters", [{"name": "X-Api-Key", "in": "header", "schema": {"type": "string"}}]),
    ],
    ids=["open to all", "a key as a parameter"],
)
def test_a_document_that_speaks_of_signing_in_in_another_way_is_not(change: Change) -> None:
    def both(document: dict[str, Any]) -> None:
        undeclared(document)
        change(document)

    assert rules(changed(CLEAN, both)) == []


@pytest.mark.parametrize(
    ("wanted", "value", "fits"),
    [
        ("date", "2020-12-31", True),
        ("date", "2020-13-45", False),
        ("date", "2020-12-31T00:00:00Z", False),
        ("date-time", "2020-12-31T23:59:60Z", True),
        ("date-time", "2020-12-31 23:59", True),
        ("date-time", "2020-13-45T00:00:00Z", False),
        ("uuid", "123E4567-e89b-12d3-a456-426614174000", True),
        ("uuid", "nope", False),
        ("ipv4", "anything", True),
    ],
)
def test_an_example_is_held_against_its_format(wanted: str, value: str, fits: bool) -> None:
    spec = changed(CLEAN, put(NAME, {"type": "string", "format": wanted, "example": value}))

    assert rules(spec) == ([] if fits else ["example-breaks-schema"])


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("(a+)+$(", False),
        ("^[a-z", False),
        ("^a)$", False),
        ("^a\\", False),
        ("^(?:[(]|\\)|[^)])*$", True),
        ("^[]abc(]+$", True),  # in some dialects the first bracket is a letter like any other
        ("^(?<year>\\d{4})(?=-)\\p{L}$", True),
        ("(" * 20_000, True),  # longer than anybody looks at
    ],
)
def test_a_regular_expression_must_close_its_brackets(expression: str, fits: bool) -> None:
    spec = changed(CLEAN, put(NAME, {"type": "string", "pattern": expression}))

    assert rules(spec) == ([] if fits else ["pattern-broken"])


def test_a_number_of_twenty_thousand_digits_is_told_as_that() -> None:
    document = json.dumps(CLEAN).replace('"type": "integer"', '"type": "integer", "maximum": 9' + "9" * 20_000, 1)

    assert loaded(document).faults[0].examples[0].endswith("is absurdly long for a number")
