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
    "the address changes": (
        {**document({"/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example/v1/"}]},
        {**document({"/orders": {"get": A_GET}}), "servers": [{"url": "https://x.example/v2"}]},
        {
            'breaking server-removed | servers "https://x.example/v1"',
            'compatible server-added | servers "https://x.example/v2"',
        },
    ),
}

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
        {"compatible alternative-added | POST /orders body a as integer"},
    ),
    "a body is described at last": (
        posting({}), posting(record(("a",), a=TEXT)), {"compatible shape-described | POST /orders body"},
    ),
}  # fmt: skip

ANSWERS: dict[str, Pair] = {
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
    "an exclusive limit in the words of 3.1": (
        posting(record(a={**NUMBER, "maximum": 5, "exclusiveMaximum": True})),
        {**posting(record(a={**NUMBER, "exclusiveMaximum": 5})), "openapi": "3.1.0"},
        set(),
    ),
}

PAIRS: dict[str, Pair] = {
    **OPERATIONS, **PARAMETERS, **BODIES, **ANSWERS, **SHARED, **SECURITY, **WHOLE, **LANGUAGES,
}  # fmt: skip

__all__ = ["PAIRS", "a_spec", "changed", "document", "told"]
