"""Pairs of small API descriptions, each with the changes that a person finds between the two.

A change is written "level kind | subject". `PAIRS` holds what a test runs through in both directions.
"""

from __future__ import annotations

import json
from typing import Any

from cmms_audit.spec.index import Spec
from cmms_audit.spec_diff import SpecDiff, compare
from tests.spec.toy import loaded

Document = dict[str, Any]

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def a_spec(document: Document) -> Spec:
    return loaded(json.dumps(document, indent=1))


def changed(old: Document, new: Document) -> SpecDiff:
    return compare(a_spec(old), a_spec(new))


def told(diff: SpecDiff) -> set[str]:
    """The changes in the words of the table."""
    return {f"{change.level} {change.kind} | {change.subject}" for change in diff.changes}


def document(paths: Any = None, *, version: str = "1", **members: Any) -> Document:
    info = {"title": "Toy", "version": version}
    return {"openapi": "3.0.3", "info": info, "paths": {} if paths is None else paths, **members}


def getting(schema: Any = None, **members: Any) -> Document:
    """One GET that answers with a schema."""
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    operation = {"responses": {"200": {"description": "ok", **content}}, **members}
    return document({"/orders": {"get": operation}})


def posting(schema: Any, required: bool = False, **members: Any) -> Document:
    """One POST that takes a schema."""
    body = {"required": required, "content": {"application/json": {"schema": schema}}}
    return document({"/orders": {"post": {"requestBody": body, "responses": {"204": {}}, **members}}})


def asking(*parameters: Document) -> Document:
    """One GET with parameters."""
    return document({"/orders": {"get": {"parameters": list(parameters), "responses": {"200": {"description": "ok"}}}}})


def query(name: str = "q", schema: Any = None, **members: Any) -> Document:
    return {"name": name, "in": "query", "schema": TEXT if schema is None else schema, **members}


def record(required: tuple[str, ...] = (), **fields: Any) -> Document:
    made: Document = {"type": "object", "properties": fields}
    return {**made, "required": list(required)} if required else made


def shared(schema: Document, *, read: bool = True, written: bool = False) -> Document:
    """A named schema that a GET answers with, or a POST takes, or both."""
    named = {"$ref": "#/components/schemas/Order"}
    content = {"content": {"application/json": {"schema": named}}}
    get = {"responses": {"200": {"description": "ok", **content}}}
    post = {"requestBody": content, "responses": {"204": {}}}
    item = {**({"get": get} if read else {}), **({"post": post} if written else {})}
    return document({"/orders": item}, components={"schemas": {"Order": schema}})


def secured(own: Any = None, root: Any = None, **schemes: Any) -> Document:
    """One GET with a security of its own, or that of the document."""
    made = getting(None, **({} if own is None else {"security": own}))
    made["components"] = {"securitySchemes": schemes or {"key": KEY, "oauth": OAUTH}}
    return made if root is None else {**made, "security": root}


CAT_OR_DOG = [{"title": name, **record(kind=TEXT, type=TEXT, **{name.lower(): TEXT})} for name in ("Cat", "Dog")]
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"r": "read", "w": "write"}}}}
A_GET = {"responses": {"200": {"description": "ok"}}}


def going(**members: Any) -> Document:
    return {**A_GET, **members}


def answering(*statuses: str, **headers: Any) -> Document:
    answers = {status: {"description": "x", **({"headers": headers} if headers else {})} for status in statuses}
    return document({"/orders": {"get": {"responses": answers}}})


def as_media(*names: str, schema: Any = TEXT) -> Document:
    content = {name: {"schema": schema} for name in names}
    return document({"/orders": {"get": {"responses": {"200": {"description": "x", "content": content}}}}})


def limited(text: str) -> Document:
    made = getting(TEXT)
    made["info"]["description"] = text
    return made


def messages(**hooks: Any) -> Document:
    content = {
        name: {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
        for name, schema in hooks.items()
    }
    return {**document({"/orders": {"get": A_GET}}), "openapi": "3.1.0", "webhooks": content}


Pair = tuple[Document, Document, set[str]]

OPERATIONS: dict[str, Pair] = {
    "an operation is removed": (
        document({"/orders": {"get": A_GET, "delete": A_GET}}),
        document({"/orders": {"get": A_GET}}),
        {"breaking operation-removed | DELETE /orders"},
    ),
    "a path is added": (
        document({"/orders": {"get": A_GET}}),
        document({"/orders": {"get": A_GET}, "/sites": {"get": A_GET}}),
        {"compatible operation-added | GET /sites"},
    ),
    "a placeholder has another name": (
        document({"/orders/{id}": {"get": going(parameters=[{"name": "id", "in": "path", "schema": TEXT}])}}),
        document({"/orders/{key}": {"get": going(parameters=[{"name": "key", "in": "path", "schema": TEXT}])}}),
        {"compatible placeholder-renamed | GET /orders/{id}"},
    ),
    "an operation moves under its own id": (
        document({"/assets": {"get": going(operationId="listAssets")}}),
        document({"/equipment": {"get": going(operationId="listAssets")}}),
        {"breaking operation-moved | GET /assets"},
    ),
    "an operation moves to another version": (
        document({"/v1/orders/{id}": {"get": A_GET}}),
        document({"/v2/orders/{id}": {"get": going(parameters=[query(required=True)])}}),
        {
            "breaking operation-moved | GET /v1/orders/{id}",
            "breaking required-parameter-added | GET /v1/orders/{id} query q",
        },
    ),
    "a numbered id proves nothing": (
        document({"/assets": {"get": going(operationId="getUsingGET_1")}}),
        document({"/equipment": {"get": going(operationId="getUsingGET_1")}}),
        {"breaking operation-removed | GET /assets", "compatible operation-added | GET /equipment"},
    ),
    "an operation is marked as going away": (
        document({"/orders": {"get": A_GET}}),
        document({"/orders": {"get": going(deprecated=True)}}),
        {"compatible deprecation-marked | GET /orders"},
    ),
    "a version moves from the paths into the address": (
        {**document({"/v1/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example"}]},
        {**document({"/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example/v1"}]},
        set(),
    ),
    "a slash comes to the end of a path": (
        document({"/orders": {"get": A_GET}}),
        document({"/orders/": {"get": A_GET}}),
        {"risky slash-changed | GET /orders"},
    ),
    "a slash goes where a placeholder has another name": (
        document({"/orders/{id}/": {"get": A_GET}}),
        document({"/orders/{key}": {"get": A_GET}}),
        {"risky slash-changed | GET /orders/{id}/"},
    ),
    "a slash comes where the version moves": (
        {**document({"/v1/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example"}]},
        {**document({"/orders/": {"get": A_GET}}), "servers": [{"url": "https://x.example/v1"}]},
        {"risky slash-changed | GET /orders/"},
    ),
    "the address changes": (
        {**document({"/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example/v1/"}]},
        {**document({"/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example/v2"}]},
        {
            'breaking server-removed | servers "https://x.example/v1"',
            'compatible server-added | servers "https://x.example/v2"',
        },
    ),
}


def at(*addresses: Any) -> Document:
    """One GET, served at addresses."""
    servers = [{"url": each} if isinstance(each, str) else each for each in addresses]
    return {**document({"/orders": {"get": A_GET}}), "servers": servers}


def of_tenant(name: str, default: str = "", url: str = "https://{}.x.example/v1") -> Document:
    variables = {"variables": {name: {"default": default}}} if default else {}
    return {"url": url.replace("{}", f"{{{name}}}"), **variables}


PROD = "https://api.x.example/v1"
SERVERS: dict[str, Pair] = {
    "an address of the developer's own machine goes": (at(PROD, "http://localhost:8080/v1"), at(PROD), set()),
    "another one too": (at("http://127.0.0.1/v1", PROD, "http://[::1]:80/"), at(PROD), set()),
    "a staging address goes": (
        at(PROD, "https://staging.x.example/v1"), at(PROD),
        {'risky further-server-removed | servers "https://staging.x.example/v1"'},
    ),
    "the first address goes, another stays": (
        at("https://old.x.example/v1", PROD), at(PROD),
        {'risky further-server-removed | servers "https://old.x.example/v1"'},
    ),
    "the first address is another one, the staging address stays": (
        at(PROD, "https://staging.x.example/v1"), at("https://api.y.example/v1", "https://staging.x.example/v1"),
        {f'breaking server-removed | servers "{PROD}"',
         'compatible server-added | servers "https://api.y.example/v1"'},
    ),
    "the same host by https": (at("http://api.x.example/v1"), at(PROD), set()),
    "only the path is given": (at(PROD), at("/v1"), set()),
    "only another path is given": (
        at(PROD), at("/v2/"),
        {f'breaking server-removed | servers "{PROD}"', 'compatible server-added | servers /v2'},
    ),
    "a host in other capitals": (at("https://A.example"), at("https://a.example/"), set()),
    "the port that goes without saying": (at("https://a.example:443/v1"), at("https://a.example/v1"), set()),
    "another port": (
        at("https://a.example:8443/v1"), at("https://a.example/v1"),
        {'breaking server-removed | servers "https://a.example:8443/v1"',
         'compatible server-added | servers "https://a.example/v1"'},
    ),
    "a placeholder in the host has another name": (
        at(of_tenant("tenant", "yours")), at(of_tenant("customer", "demo")), set(),
    ),
    "a placeholder without a value has another name": (at(of_tenant("tenant")), at(of_tenant("customer")), set()),
    "a placeholder in the path has another value": (
        at(of_tenant("version", "v1", "https://x.example/{}")), at(of_tenant("version", "v2", "https://x.example/{}")),
        {'breaking server-removed | servers "https://x.example/v1"',
         'compatible server-added | servers "https://x.example/v2"'},
    ),
    "a host that is nothing but a placeholder has another value": (
        at(of_tenant("host", "a.example", "https://{}/v1")), at(of_tenant("host", "b.example", "https://{}/v1")),
        {'breaking server-removed | servers "https://a.example/v1"',
         'compatible server-added | servers "https://b.example/v1"'},
    ),
    "the placeholder is filled in at last": (
        at(of_tenant("region", "eu", "{scheme}://{}.x.example/v1")), at("https://eu.x.example/v1"), set(),
    ),
    "a host without a scheme": (at("a.example/v1"), at("https://a.example/v1"), set()),
}  # fmt: skip

PARAMETERS: dict[str, Pair] = {
    "an optional parameter is added": (
        asking(), asking(query()), {"compatible parameter-added | GET /orders query q"},
    ),
    "a required parameter is added": (
        asking(), asking(query(required=True)), {"breaking required-parameter-added | GET /orders query q"},
    ),
    "a parameter of the path item is removed": (
        document({"/orders": {"parameters": [query()], "get": A_GET}}),
        document({"/orders": {"get": A_GET}}),
        {"breaking parameter-removed | GET /orders query q"},
    ),
    "a parameter becomes required": (
        asking(query()), asking(query(required=True)), {"breaking became-required | GET /orders query q"},
    ),
    "a parameter travels elsewhere": (
        asking(query("site")),
        asking({"name": "site", "in": "header", "schema": TEXT}),
        {"breaking parameter-moved | GET /orders parameter site"},
    ),
    "a header in other capitals is the same": (
        asking({"name": "X-Site", "in": "header", "schema": TEXT}),
        asking({"name": "x-site", "in": "header", "schema": TEXT}),
        set(),
    ),
    "a header in other capitals must be sent": (
        asking({"name": "X-Site", "in": "header", "schema": TEXT}),
        asking({"name": "x-site", "in": "header", "schema": TEXT, "required": True}),
        {"breaking became-required | GET /orders header X-Site"},
    ),
    "a parameter travels elsewhere in other capitals": (
        asking(query("site")), asking({"name": "Site", "in": "header", "schema": TEXT}),
        {"breaking parameter-moved | GET /orders parameter Site"},
    ),
    "a placeholder has another name and another type": (
        document({"/o/{id}": {"get": going(parameters=[{"name": "id", "in": "path", "schema": TEXT}])}}),
        document({"/o/{a}": {"get": going(parameters=[{"name": "a", "in": "path", "schema": NUMBER}])}}),
        {"compatible placeholder-renamed | GET /o/{a}", "breaking type-narrowed | GET /o/{a} path a"},
    ),
    "the largest page shrinks, in words": (
        asking(query("limit", NUMBER, description="How many, up to 500 records.")),
        asking(query("limit", NUMBER, description="How many, up to 100 records.")),
        {"breaking page-size-lowered | GET /orders query limit maximum"},
    ),
    "the largest page shrinks, in a schema and in words": (
        asking(query("limit", {**NUMBER, "description": "Between 1 and 500, 50 by default."})),
        asking(query("limit", {**NUMBER, "maximum": 100})),
        {"breaking page-size-lowered | GET /orders query limit maximum",
         "risky constraint-added | GET /orders query limit maximum"},
    ),
    "words that name several numbers are no limit": (
        asking(query("limit", NUMBER, description="At most 500, for the free plan at most 100.")),
        asking(query("limit", NUMBER, description="At most 50.")), set(),
    ),
    "words about something else are no limit": (
        asking(query("limit", NUMBER, description="Up to 9 characters.")),
        asking(query("limit", NUMBER, description="Up to 5 characters.")), set(),
    ),
    "a parameter's text becomes a number": (
        asking(query()), asking(query(schema=NUMBER)), {"breaking type-narrowed | GET /orders query q"},
    ),
    "a parameter's values become fewer": (
        asking(query(schema={**TEXT, "enum": ["a", "b"]})),
        asking(query(schema={**TEXT, "enum": ["a"]})),
        {"breaking enum-value-removed | GET /orders query q"},
    ),
    "a default changes": (
        asking(query(schema={**TEXT, "default": "asc"})),
        asking(query(schema={**TEXT, "default": "desc"})),
        {"risky default-changed | GET /orders query q"},
    ),
    "a default of 1 is not true": (
        asking(query(schema={"default": 1})),
        asking(query(schema={"default": "1"})),
        {"risky default-changed | GET /orders query q"},
    ),
    "the largest page shrinks": (
        asking(query("pageSize", {**NUMBER, "maximum": 500, "default": 50})),
        asking(query("pageSize", {**NUMBER, "maximum": 100, "default": 20})),
        {
            "breaking page-size-lowered | GET /orders query pageSize maximum",
            "risky page-size-default-changed | GET /orders query pageSize",
        },
    ),
    "a paging parameter is removed": (
        asking(query("page", NUMBER), query("limit", NUMBER)),
        asking(query("limit", NUMBER)),
        {"breaking paging-parameter-removed | GET /orders query page"},
    ),
    "lists are written differently": (
        asking(query(schema={"type": "array", "items": TEXT})),
        asking(query(schema={"type": "array", "items": TEXT}, explode=False)),
        {"breaking serialization-changed | GET /orders query q"},
    ),
    "a parameter that many share changes once": (
        document(
            {"/a": {"get": going(parameters=[{"$ref": "#/components/parameters/Q"}])},
             "/b": {"get": going(parameters=[{"$ref": "#/components/parameters/Q"}])}},
            components={"parameters": {"Q": query()}},
        ),
        document(
            {"/a": {"get": going(parameters=[{"$ref": "#/components/parameters/Q"}])},
             "/b": {"get": going(parameters=[{"$ref": "#/components/parameters/Q"}])}},
            components={"parameters": {"Q": query(required=True)}},
        ),
        {"breaking became-required | parameter Q"},
    ),
}  # fmt: skip

BODIES: dict[str, Pair] = {
    "a new field must be sent": (
        posting(record(a=TEXT)),
        posting(record(("b",), a=TEXT, b=TEXT)),
        {"breaking required-field-added | POST /orders body b"},
    ),
    "a field may be sent": (
        posting(record(a=TEXT)), posting(record(a=TEXT, b=TEXT)), {"compatible field-added | POST /orders body b"},
    ),
    "a field is no longer taken": (
        posting(record(a=TEXT, b=TEXT)), posting(record(a=TEXT)), {"risky field-removed | POST /orders body b"},
    ),
    "a sent field becomes required": (
        posting(record(a=TEXT)), posting(record(("a",), a=TEXT)), {"breaking became-required | POST /orders body a"},
    ),
    "a sent field that is only read may be required": (
        posting(record(a=TEXT)), posting(record(("id",), a=TEXT, id={**TEXT, "readOnly": True})), set(),
    ),
    "the body must be sent": (
        posting(record(a=TEXT)), posting(record(a=TEXT), required=True),
        {"breaking became-required | POST /orders body"},
    ),
    "a body must come": (
        document({"/orders": {"post": going()}}),
        posting(record(a=TEXT), required=True, responses=going()["responses"]),
        {"breaking required-body-added | POST /orders body"},
    ),
    "a notation is fixed": (
        posting(record(a=TEXT)), posting(record(a={**TEXT, "format": "uuid"})),
        {"risky format-added | POST /orders body a"},
    ),
    "a default is documented": (
        posting(record(a=TEXT)), posting(record(a={**TEXT, "default": "x"})),
        {"compatible default-added | POST /orders body a"},
    ),
    "one of several forms is asked for": (
        posting(record(a=TEXT, b=TEXT)),
        posting({**record(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        {"risky alternatives-introduced | POST /orders body"},
    ),
    "a body comes": (
        document({"/orders": {"post": A_GET}}),
        posting(record(a=TEXT), responses=going()["responses"]),
        {"compatible body-added | POST /orders body"},
    ),
    "a sent number may be smaller": (
        posting(record(a={**NUMBER, "minimum": 5})), posting(record(a={**NUMBER, "minimum": 1})),
        {"compatible constraint-loosened | POST /orders body a minimum"},
    ),
    "a sent text may be shorter only": (
        posting(record(a={**TEXT, "maxLength": 90})), posting(record(a={**TEXT, "maxLength": 30})),
        {"breaking constraint-tightened | POST /orders body a maxLength"},
    ),
    "a sent text gets a length": (
        posting(record(a=TEXT)), posting(record(a={**TEXT, "maxLength": 30})),
        {"risky constraint-added | POST /orders body a maxLength"},
    ),
    "an exclusive limit is tighter, in the words of 3.0": (
        posting(record(a={**NUMBER, "maximum": 5})),
        posting(record(a={**NUMBER, "maximum": 5, "exclusiveMaximum": True})),
        {"breaking constraint-tightened | POST /orders body a maximum"},
    ),
    "a pattern changes": (
        posting(record(a={**TEXT, "pattern": "^a$"})), posting(record(a={**TEXT, "pattern": "(a+)+$"})),
        {"risky constraint-changed | POST /orders body a pattern"},
    ),
    "a sent field may no longer be empty": (
        posting(record(a={**TEXT, "nullable": True})), posting(record(a=TEXT)),
        {"breaking no-longer-nullable | POST /orders body a"},
    ),
    "a sent field brings another one with it": (
        posting(record(a=TEXT, b=TEXT)), posting({**record(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}),
        {"breaking dependence-added | POST /orders body a needs b"},
    ),
    "what must always be sent goes along with nothing": (
        posting({**record(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}),
        posting(record(("b",), a=TEXT, b=TEXT)), {"breaking became-required | POST /orders body b"},
    ),
    "something is ruled out": (
        posting(record(a=TEXT)), posting({**record(a=TEXT), "not": {"required": ["c"]}}),
        {"risky exclusion-added | POST /orders body not"},
    ),
    "something else is ruled out": (
        posting({**record(a=TEXT), "not": {"required": ["b"]}}),
        posting({**record(a=TEXT), "not": {"required": ["c"]}}),
        {"risky exclusion-changed | POST /orders body not"},
    ),
    "another field tells the forms apart": (
        posting({"oneOf": CAT_OR_DOG, "discriminator": {"propertyName": "kind"}}),
        posting({"oneOf": CAT_OR_DOG, "discriminator": {"propertyName": "type"}}),
        {"breaking discriminator-changed | POST /orders body"},
    ),
    "types beside each other are one list of types": (
        posting(record(a={"oneOf": [TEXT, NUMBER]})), posting(record(a={"type": ["string", "integer"]})), set(),
    ),
    "one of the types beside each other is gone": (
        posting(record(a={"anyOf": [TEXT, NUMBER]})), posting(record(a=TEXT)),
        {"breaking type-narrowed | POST /orders body a"},
    ),
    "a form is added to a list of types": (
        posting(record(a={"type": ["string", "integer"]})), posting(record(a={"oneOf": [TEXT, NUMBER, CAT_OR_DOG[0]]})),
        {"compatible alternative-added | POST /orders body a as Cat"},
    ),
    "a form is added to types beside each other": (
        posting(record(a={"anyOf": [TEXT, NUMBER]})), posting(record(a={"anyOf": [TEXT, CAT_OR_DOG[0], NUMBER]})),
        {"compatible alternative-added | POST /orders body a as Cat"},
    ),
    "values beside each other are one list of values": (
        posting(record(a={"oneOf": [{"enum": ["x"]}, {"type": "string", "enum": ["y"]}]})),
        posting(record(a={**TEXT, "enum": ["x", "y"]})), set(),
    ),
    "constants beside each other are a list of values, of which one is gone": (
        posting(record(a={**TEXT, "oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]})),
        posting(record(a={**TEXT, "enum": ["x"]})),
        {"breaking enum-value-removed | POST /orders body a"},
    ),
    "values with names beside each other are one list of values": (
        {**posting(record(a={"oneOf": [{"$ref": "#/components/schemas/X"}, {"$ref": "#/components/schemas/Y"}]})),
         "components": {"schemas": {"X": {**TEXT, "enum": ["x"]}, "Y": {"enum": ["y"]}}}},
        posting(record(a={**TEXT, "enum": ["x", "y"]})), set(),
    ),
    "a list of types with a notation for one of them": (
        posting(record(a={"type": ["string", "integer"], "format": "int64"})),
        posting(record(a={"oneOf": [TEXT, {**NUMBER, "format": "int64"}]})), set(),
    ),
    "a described null beside a type": (
        posting(record(a={"oneOf": [TEXT, {"type": "null", "description": "none"}]})),
        posting(record(a={"type": ["string", "null"]})), set(),
    ),
    "forms move to where they have a name": (
        posting({"oneOf": [record(a=TEXT, b=TEXT), record(c=TEXT)]}),
        {**posting({"oneOf": [{"$ref": "#/components/schemas/Y"}, {"$ref": "#/components/schemas/X"}]}),
         "components": {"schemas": {"X": record(a=TEXT, b=TEXT), "Y": record(c=TEXT)}}}, set(),
    ),
    "forms move to where they have a name, and one has a further field": (
        posting({"oneOf": [record(a=TEXT, b=TEXT), record(c=TEXT)]}),
        {**posting({"oneOf": [{"$ref": "#/components/schemas/X"}, {"$ref": "#/components/schemas/Y"}]}),
         "components": {"schemas": {"X": record(a=TEXT, b=TEXT, d=TEXT), "Y": record(c=TEXT)}}},
        {"compatible field-added | POST /orders body d"},
    ),
    "forms without a name in another order": (
        posting({"oneOf": [record(a=TEXT), record(b=TEXT)]}), posting({"oneOf": [record(b=TEXT), record(a=TEXT)]}),
        set(),
    ),
    "forms with other constants are others": (
        posting({"oneOf": [record(k={"const": "a"}), TEXT]}),
        posting({"oneOf": [record(k={"const": "a"}), TEXT, record(k={"const": "b"})]}),
        {"compatible alternative-added | POST /orders body as object"},
    ),
    "a sent field can only be read": (
        posting(record(a=TEXT)), posting(record(a={**TEXT, "readOnly": True})),
        {"breaking became-read-only | POST /orders body a"},
    ),
    "further fields are ruled out": (
        posting(record(a=TEXT)), posting({**record(a=TEXT), "additionalProperties": False}),
        {"risky additional-fields-refused | POST /orders body"},
    ),
    "more forms are taken": (
        posting({"oneOf": [{"title": "A", **record(a=TEXT)}, {"title": "B", **record(b=TEXT)}]}),
        posting({"oneOf": [{"title": x, **record(**{x.lower(): TEXT})} for x in "ABC"]}),
        {"compatible alternative-added | POST /orders body as C"},
    ),
    "a plain type becomes one of two": (
        posting(record(a=TEXT)), posting(record(a={"oneOf": [TEXT, NUMBER]})),
        {"compatible type-widened | POST /orders body a"},
    ),
    "a body is described at last": (
        posting({}), posting(record(("a",), a=TEXT)), {"compatible shape-described | POST /orders body"},
    ),
}  # fmt: skip

ANSWERS: dict[str, Pair] = {
    "an answered field can only be written": (
        getting(record(a=TEXT)), getting(record(a={**TEXT, "writeOnly": True})),
        {"breaking became-write-only | GET /orders 200 a"},
    ),
    "a field that is read and written can only be written": (
        shared(record(a=TEXT), written=True), shared(record(a={**TEXT, "writeOnly": True}), written=True),
        {"breaking became-write-only | schema Order.a"},
    ),
    "a place in an answered list has another type": (
        getting({"type": "array", "prefixItems": [TEXT, TEXT]}),
        getting({"type": "array", "prefixItems": [TEXT, NUMBER]}),
        {'breaking type-changed | GET /orders 200 [1]'},
    ),
    "a further place in an answered list is described": (
        getting({"type": "array", "prefixItems": [TEXT]}), getting({"type": "array", "prefixItems": [TEXT, NUMBER]}),
        {'compatible shape-described | GET /orders 200 [1]'},
    ),
    "a place in a list is told apart from the rest": (
        getting({"type": "array", "items": TEXT}), getting({"type": "array", "prefixItems": [NUMBER], "items": TEXT}),
        {'breaking type-changed | GET /orders 200 [0]'},
    ),
    "an answered field no longer brings another one with it": (
        getting({**record(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}), getting(record(a=TEXT, b=TEXT)),
        {"risky dependence-removed | GET /orders 200 a needs b"},
    ),
    "an answered field is gone": (
        getting(record(a=TEXT, b=TEXT)), getting(record(a=TEXT)), {"breaking field-removed | GET /orders 200 b"},
    ),
    "an answered field deep in lists is gone": (
        getting(record(data={"type": "array", "items": record(a=TEXT, b=record(c=TEXT, d=TEXT))})),
        getting(record(data={"type": "array", "items": record(a=TEXT, b=record(c=TEXT))})),
        {"breaking field-removed | GET /orders 200 data[].b.d"},
    ),
    "an answered field may be missing": (
        getting(record(("a",), a=TEXT)), getting(record(a=TEXT)), {"breaking became-optional | GET /orders 200 a"},
    ),
    "an answered field may be empty, in the words of 3.1": (
        getting(record(a=TEXT)), getting(record(a={"type": ["string", "null"]})),
        {"breaking became-nullable | GET /orders 200 a"},
    ),
    "an answered field may be empty, as one of two forms": (
        getting(record(a=TEXT)), getting(record(a={"anyOf": [TEXT, {"type": "null"}]})),
        {"breaking became-nullable | GET /orders 200 a"},
    ),
    "a form is added to a field that may be empty": (
        getting(record(a={**TEXT, "nullable": True})),
        getting(record(a={"anyOf": [TEXT, {"title": "Site", **record(b=TEXT)}], "nullable": True})),
        {"risky alternative-added | GET /orders 200 a as Site"},
    ),
    "an answered type changes": (
        getting(record(a=TEXT)), getting(record(a=NUMBER)), {"breaking type-changed | GET /orders 200 a"},
    ),
    "an answered whole number may have decimals": (
        getting(record(a=NUMBER)), getting(record(a={"type": "number"})),
        {"breaking type-widened | GET /orders 200 a"},
    ),
    "an answered field has more values": (
        getting(record(a={**TEXT, "enum": ["x"]})), getting(record(a={**TEXT, "enum": ["x", "y"]})),
        {"risky enum-value-added | GET /orders 200 a"},
    ),
    "an answered field has fewer values": (
        getting(record(a={**TEXT, "enum": ["x", "y"]})), getting(record(a={**TEXT, "enum": ["x"]})),
        {"compatible enum-value-removed | GET /orders 200 a"},
    ),
    "an answered field's values are free": (
        getting(record(a={**TEXT, "enum": ["x"]})), getting(record(a=TEXT)),
        {"risky enum-lifted | GET /orders 200 a"},
    ),
    "an answered date has another notation": (
        getting(record(a={**TEXT, "format": "date"})), getting(record(a={**TEXT, "format": "date-time"})),
        {"breaking format-changed | GET /orders 200 a"},
    ),
    "an answered number grows out of 32 bits": (
        getting(record(a={**NUMBER, "format": "int32"})), getting(record(a={**NUMBER, "format": "int64"})),
        {"risky format-widened | GET /orders 200 a"},
    ),
    "defaults of answers mean nothing": (
        getting(record(a={**TEXT, "default": "x"})), getting(record(a={**TEXT, "default": "y"})), set(),
    ),
    "an answered list's members change": (
        getting({"type": "array", "items": TEXT}), getting({"type": "array", "items": NUMBER}),
        {"breaking type-changed | GET /orders 200 []"},
    ),
    "an answered map's members change": (
        getting({"type": "object", "additionalProperties": TEXT}),
        getting({"type": "object", "additionalProperties": NUMBER}),
        {"breaking type-changed | GET /orders 200 *"},
    ),
    "a field that allOf brings is there": (
        getting(record(a=TEXT, b=TEXT)), getting({"allOf": [record(a=TEXT), record(b=TEXT)]}), set(),
    ),
    "an answered field is marked as going away": (
        getting(record(a=TEXT)), getting(record(a={**TEXT, "deprecated": True})),
        {"compatible deprecation-marked | GET /orders 200 a"},
    ),
    "success has another code": (
        answering("200"), answering("202"),
        {"breaking success-status-removed | GET /orders 200", "risky success-status-added | GET /orders 202"},
    ),
    "a class of codes takes the place of one": (
        answering("200", "404"), answering("2XX", "404"), set(),
    ),
    "a class of codes stands beside one": (
        answering("200"), answering("200", "2XX"), {"risky success-status-added | GET /orders 2XX"},
    ),
    "an error is documented": (
        answering("200"), answering("200", "404"), {"compatible error-status-added | GET /orders 404"},
    ),
    "an answer loses a header": (
        answering("200", Link={"schema": TEXT}), answering("200"),
        {"risky header-removed | GET /orders 200 header link"},
    ),
    "an answer loses a media type": (
        as_media("application/json", "text/csv"), as_media("application/json"),
        {"breaking media-type-removed | GET /orders 200 text/csv"},
    ),
    "a character set is no other media type": (
        as_media("application/json"), as_media("application/json; charset=UTF-8"), set(),
    ),
    "an answer loses its body": (
        as_media("application/json"), answering("200"), {"breaking body-removed | GET /orders 200"},
    ),
}  # fmt: skip

SHARED: dict[str, Pair] = {
    "a field of a schema that is only read": (
        shared(record(a=TEXT)), shared(record(("b",), a=TEXT, b=TEXT)),
        {"compatible required-field-added | schema Order.b"},
    ),
    "a field of a schema that is only written": (
        shared(record(a=TEXT), read=False, written=True),
        shared(record(("b",), a=TEXT, b=TEXT), read=False, written=True),
        {"breaking required-field-added | schema Order.b"},
    ),
    "a field of a schema that is read and written": (
        shared(record(a={**TEXT, "enum": ["x", "y"]}), written=True),
        shared(record(a={**TEXT, "enum": ["x", "z"]}), written=True),
        {"breaking enum-value-removed | schema Order.a", "risky enum-value-added | schema Order.a"},
    ),
    "a schema has another name, which nobody sees": (
        shared(record(a=TEXT)),
        json.loads(json.dumps(shared(record(a=TEXT))).replace("Order", "WorkOrder")),
        set(),
    ),
    "a schema has another name and another field": (
        shared(record(a=TEXT)),
        json.loads(json.dumps(shared(record(a=NUMBER))).replace("Order", "WorkOrder")),
        {"breaking type-changed | schema Order.a"},
    ),
    "a schema that nobody uses": (
        document({"/orders": {"get": A_GET}}, components={"schemas": {"Idle": record(a=TEXT)}}),
        document({"/orders": {"get": A_GET}}, components={"schemas": {"Idle": record(a=NUMBER)}}),
        set(),
    ),
    "a schema that holds itself": (
        shared(record(a=TEXT, parent={"$ref": "#/components/schemas/Order"})),
        shared(record(a=NUMBER, parent={"$ref": "#/components/schemas/Order"})),
        {"breaking type-changed | schema Order.a"},
    ),
    "a base schema is named where it stands": (
        document(
            {"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/Base"}, record(x=TEXT)]}}}}}}}},
            components={"schemas": {"Base": record(a=TEXT, b=TEXT)}},
        ),
        document(
            {"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/Base"}, record(x=NUMBER)]}}}}}}}},
            components={"schemas": {"Base": record(a=TEXT)}},
        ),
        {"breaking field-removed | schema Base.b", "breaking type-changed | GET /a 200 x"},
    ),
    "a schema is written in place, and says the same": (
        shared(record(a=TEXT)), document({"/orders": {"get": {"responses": {"200": {"description": "ok", "content": {
            "application/json": {"schema": record(a=TEXT)}}}}}}}), set(),
    ),
    "a name with a dot is quoted": (
        getting(record(**{"a.b": TEXT})), getting(record()), {'breaking field-removed | GET /orders 200 "a.b"'},
    ),
}  # fmt: skip

SECURITY: dict[str, Pair] = {
    "a further right is needed": (
        secured([{"oauth": ["r"]}]), secured([{"oauth": ["r", "w"]}]),
        {'breaking scope-added | GET /orders right "oauth: w"'},
    ),
    "a way in is gone": (
        secured([{"oauth": ["r"]}, {"key": []}]), secured([{"oauth": ["r"]}]),
        {'breaking way-in-removed | GET /orders by key'},
    ),
    "it is open to all": (
        secured([{"key": []}]), secured([]), {"risky security-dropped | GET /orders"},
    ),
    "what all take over is told once": (
        secured(None, [{"key": []}]), secured(None, [{"oauth": []}]),
        {"breaking way-in-removed | security of the API by key",
         "compatible way-in-added | security of the API by oauth"},
    ),
    "a key has another name in calls": (
        secured([{"key": []}], key=KEY), secured([{"key": []}], key={**KEY, "name": "X-Other"}),
        {"breaking security-scheme-changed | security scheme key"},
    ),
    "the header of a key in other capitals": (
        secured([{"key": []}], key=KEY), secured([{"key": []}], key={**KEY, "name": "x-key"}), set(),
    ),
    "the query parameter of a key in other capitals": (
        secured([{"key": []}], key={**KEY, "in": "query"}),
        secured([{"key": []}], key={**KEY, "in": "query", "name": "x-key"}),
        {"breaking security-scheme-changed | security scheme key"},
    ),
    "a scheme has another name in the document": (
        secured([{"key": []}], key=KEY), secured([{"api": []}], api=KEY), set(),
    ),
    "a document that never spoke of security begins to": (
        getting(TEXT), {**getting(TEXT), "security": [{"key": []}], "components": {"securitySchemes": {"key": KEY}}},
        {"compatible security-described | security of the API"},
    ),
}  # fmt: skip

WHOLE: dict[str, Pair] = {
    "a rate limit is lowered": (
        limited("Rate limit: 100 requests per minute."), limited("Rate limit: 60 requests per minute."),
        {'breaking rate-limit-lowered | rate limits per minute'},
    ),
    "a rate limit is stated at last": (
        limited("An API."), limited("Rate limit: 60 requests per minute."),
        {'compatible rate-limit-stated | rate limits per minute'},
    ),
    "the rate limit of one operation is lowered": (
        getting(TEXT, description="Rate limit: 100 requests per minute."),
        getting(TEXT, description="Rate limit: 50 requests per minute."),
        {"breaking rate-limit-lowered | GET /orders rate limit per minute"},
    ),
    "the rate limit of one operation is lowered, in its refusal": (
        getting(TEXT, responses={"429": {"description": "More than 100 requests per minute."}}),
        getting(TEXT, responses={"429": {"description": "More than 50 requests per minute."}}),
        {"breaking rate-limit-lowered | GET /orders rate limit per minute"},
    ),
    "the rate limit of one operation is lowered, in an extension": (
        getting(TEXT, **{"x-rate-limit": "100 requests per minute"}),
        getting(TEXT, **{"x-rate-limit": "50 requests per minute"}),
        {"breaking rate-limit-lowered | GET /orders rate limit per minute"},
    ),
    "a rate limit that every operation repeats is told once": (
        document({f"/{each}": {"get": going(description="Rate limit: 9 requests per minute.")} for each in "abc"}),
        document({f"/{each}": {"get": going(description="Rate limit: 5 requests per minute.")} for each in "abc"}),
        {"breaking rate-limit-lowered | rate limits per minute"},
    ),
    "other words for the same rate limit": (
        getting(TEXT, description="Rate limit: 100 requests per minute."),
        getting(TEXT, description="You may send 100 requests per minute."), set(),
    ),
    "one call answers with fewer records": (
        getting(TEXT, description="Returns up to 500 records."),
        getting(TEXT, description="Returns up to 100 records."),
        {"breaking page-size-lowered | GET /orders records in one call"},
    ),
    "one call takes fewer records": (
        posting(TEXT, description="Creates up to 1,000 work orders or other records. At most 1,000 new records."),
        posting(TEXT, description="Creates at most 200 new records."),
        {"breaking batch-size-lowered | POST /orders records in one call"},
    ),
    "records in a stretch of time are no page": (
        getting(TEXT, description="Returns up to 500 records per hour."),
        getting(TEXT, description="Returns up to 100 records per hour."), set(),
    ),
    "pages of all lists are smaller": (
        limited("All lists are paged. A page holds up to 500 records per request."),
        limited("All lists are paged. A page holds up to 100 records per request."),
        {"breaking page-size-lowered | page size"},
    ),
    "a message is gone": (
        messages(closed=TEXT, opened=TEXT), messages(closed=TEXT), {"breaking webhook-removed | webhook opened"},
    ),
    "a message loses a field": (
        messages(closed=record(a=TEXT, b=TEXT)), messages(closed=record(a=TEXT)),
        {"breaking field-removed | webhook closed b"},
    ),
}  # fmt: skip


def swagger(parameters: Any = (), schema: Any = None, **members: Any) -> Document:
    """One Swagger 2.0 operation."""
    answer = {"description": "ok", **({"schema": schema} if schema else {})}
    operation = {"parameters": list(parameters), "responses": {"200": answer}, "produces": ["application/json"]}
    head = {"swagger": "2.0", "info": {"title": "Toy", "version": "1"}}
    return {**head, "paths": {"/orders": {"get": {**operation, **members}}}}


LANGUAGES: dict[str, Pair] = {
    "Swagger 2.0 against itself": (
        swagger([{"name": "q", "in": "query", "type": "string"}]),
        swagger([{"name": "q", "in": "query", "type": "string", "required": True}]),
        {"breaking became-required | GET /orders query q"},
    ),
    "Swagger 2.0 moved to OpenAPI 3, nothing else": (
        swagger([{"name": "q", "in": "query", "type": "string", "maxLength": 9}], record(a=TEXT)),
        {
            **getting(record(a={**TEXT, "nullable": True})),
            "paths": {
                "/orders": {
                    "get": {
                        "parameters": [query(schema={**TEXT, "maxLength": 9})],
                        "responses": {
                            "200": {
                                "description": "ok",
                                "content": {"application/json": {"schema": record(a={**TEXT, "nullable": True})}},
                            }
                        },
                    }
                }
            },
        },
        set(),
    ),
    "a form of Swagger 2.0 against one of OpenAPI 3": (
        {
            **swagger(),
            "paths": {
                "/orders": {
                    "post": {
                        "consumes": ["multipart/form-data"],
                        "parameters": [
                            {"name": "file", "in": "formData", "type": "file", "required": True},
                            {"name": "note", "in": "formData", "type": "string"},
                        ],
                        "responses": {"204": {}},
                    }
                }
            },
        },
        document(
            {
                "/orders": {
                    "post": {
                        "requestBody": {
                            "required": True,
                            "content": {"multipart/form-data": {"schema": record(("file",), file=TEXT)}},
                        },
                        "responses": {"204": {}},
                    }
                }
            }
        ),
        {"risky field-removed | POST /orders body note"},
    ),
    "a file of Swagger 2.0 is a binary string of OpenAPI 3": (
        swagger(schema={"type": "file"}),
        getting({**TEXT, "format": "binary"}),
        set(),
    ),
    "writing only, which Swagger 2.0 has no word for": (
        swagger(schema=record(a=TEXT)),
        getting(record(a={**TEXT, "writeOnly": True})),
        set(),
    ),
    "an exclusive limit in the words of 3.1": (
        posting(record(a={**NUMBER, "maximum": 5, "exclusiveMaximum": True})),
        {**posting(record(a={**NUMBER, "exclusiveMaximum": 5})), "openapi": "3.1.0"},
        set(),
    ),
}

PAIRS: dict[str, Pair] = {
    **OPERATIONS, **SERVERS, **PARAMETERS, **BODIES, **ANSWERS, **SHARED, **SECURITY, **WHOLE, **LANGUAGES,
}  # fmt: skip

__all__ = ["PAIRS", "a_spec", "changed", "document", "told"]
