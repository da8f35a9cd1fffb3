"""Whatever stands in a description, every shipped check that looks at documents answers without a fault of its own."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.errors import InputError
from cmms_audit.model import Finding, Reason, Sends, Verdict
from tests.spec.test_hostile import ANYTHING, KEYS, PATHS, damage
from tests.spec.toy import answer, crud, fields
from tests.support import battery, subject_of

STATIC = tuple(check for check in battery().values() if check.sends is Sends.NOTHING)
SITE = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string", "pattern": "^(a+)+$"}}}
RECORD = {
    "type": "object",
    "description": "A work order",
    "required": ["id", "title"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True, "example": "x"},
        "title": {"type": "string", "maxLength": 80, "description": "What is to be done"},
        "status": {"type": "string", "enum": ["open", "closed"], "default": "open"},
        "priority": {"type": "integer", "minimum": 1, "maximum": 5},
        "site": {"$ref": "#/components/schemas/Site"},
        "parent": {"$ref": "#/components/schemas/WorkOrder"},
        "custom_fields": {"type": "object", "additionalProperties": True},
        "updated_at": {"type": "string", "format": "date-time"},
        "cost": {"oneOf": [{"type": "number"}, {"type": "null"}]},
    },
    "example": {"id": 7, "title": "Pump", "status": "odd"},
}
PARAMETERS = [
    {
        "name": "limit",
        "in": "query",
        "description": "at most 100 records",
        "schema": {"type": "integer", "maximum": 100},
    },
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
    {"name": "updated_since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
    {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
    {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["title"]}},
]
PROBLEM = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}


def good() -> dict[str, Any]:
    """A description in which every check finds something to look at."""
    schemes = {
        "oauth": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"work:read": "r", "work:write": "w"}}},
        },
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    }
    paths = {
        **crud("/work-orders", {"$ref": "#/components/schemas/WorkOrder"}),
        **crud("/assets", fields("id", "site")),
    }
    listing, creating = paths["/work-orders"]["get"], paths["/work-orders"]["post"]
    listing |= {
        "parameters": PARAMETERS,
        "security": [{"oauth": ["work:read"]}],
        "operationId": "list",
        "tags": ["Work"],
    }
    listing["responses"] |= {
        "400": answer(PROBLEM)["200"],
        "429": {"description": "too many", "headers": {"Retry-After": {"schema": {"type": "integer"}}}},
    }
    creating |= {
        "description": "Limited to 5 requests per second. Send an Idempotency-Key.",
        "callbacks": {"done": {"{$request.body#/url}": {"post": {"responses": {"200": {"description": "ok"}}}}}},
    }
    paths["/work-orders/{id}/attachments"] = {"post": {"responses": {"201": {"description": "made"}}}}
    paths["/work-orders/bulk"] = {"post": {"deprecated": True, "responses": {"207": {"description": "each"}}}}
    paths["/webhooks"] = {"post": {"responses": answer(fields("id", "events", "secret"))}}
    paths["/audit-logs"] = {"get": {"responses": answer({"type": "array", "items": fields("actor", "at")})}}
    event = {"post": {"requestBody": {"content": {"application/json": {"schema": fields("event")}}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1", "description": "At most 1000 calls an hour. Retries for 24 hours."},
        "servers": [{"url": "https://{region}.x.example/v1", "variables": {"region": {"default": "eu"}}}],
        "tags": [{"name": "Work", "description": "Work orders"}],
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": {"workOrderClosed": event},
        "components": {"schemas": {"WorkOrder": RECORD, "Site": SITE}, "securitySchemes": schemes},
        "x-rate-limit": {"limit": 5, "period": "second"},
    }


def good2() -> dict[str, Any]:
    """The like in Swagger 2.0."""
    records = {"200": {"description": "d", "schema": {"type": "array", "items": {"$ref": "#/definitions/WorkOrder"}}}}
    parameters = [{"name": "limit", "in": "query", "type": "integer", "maximum": 100}]
    body = [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/WorkOrder"}}]
    return {
        "swagger": "2.0",
        "info": {"title": "t", "version": "1"},
        "host": "x.example",
        "basePath": "/v1",
        "schemes": ["https", "http"],
        "produces": ["application/json"],
        "paths": {
            "/work-orders": {
                "get": {"parameters": parameters, "responses": records, "security": [{"key": []}]},
                "post": {"parameters": body, "responses": records},
            }
        },
        "definitions": {"WorkOrder": {"properties": fields("id", "title")["properties"]}},
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X"}},
    }


def judged_by_all(document: Any) -> list[Finding]:
    """What every check finds in a document; nothing where it is refused as a whole."""
    try:
        subject = subject_of(document)
    except InputError:
        return []

    async def findings() -> list[Finding]:
        return [finding for check in STATIC for finding in await judge(check, Context(subject, check))]

    return asyncio.run(findings())


def faults(document: Any) -> list[str]:
    """What the checks say that failed by a fault of their own."""
    return [f"{each.check}: {each.detail}" for each in judged_by_all(document) if each.reason is Reason.DEFECT]


@pytest.mark.parametrize("make", [good, good2])
def test_a_good_description_is_judged_without_a_fault(make: Any) -> None:
    assert faults(make()) == []


def test_the_good_description_gives_most_checks_something_to_judge() -> None:
    found = judged_by_all(good())

    assert sum(each.verdict is not Verdict.UNKNOWN for each in found) > len(STATIC) * 3 / 4


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([{"openapi": "3.0.3"}, {"openapi": "3.1.0"}, {"swagger": "2.0"}]),
    PATHS | ANYTHING,
    st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4),
)
def test_any_description_is_judged_without_a_fault(
    version: dict[str, str], paths: Any, members: dict[str, Any]
) -> None:
    assert faults({**members, **version, "paths": paths}) == []


@pytest.mark.parametrize("make", [good, good2])
def test_a_description_with_parts_replaced_by_anything_is_judged_without_a_fault(make: Any) -> None:
    whole = json.dumps(make())
    chance = random.Random(11)
    for _ in range(60):
        document = json.loads(whole)
        for _ in range(chance.randint(1, 6)):
            damage(document, chance)
        version = {key: value for key, value in make().items() if key in ("openapi", "swagger")}
        assert faults({**document, **version}) == [], json.dumps(document)
