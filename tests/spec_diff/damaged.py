"""A sound description with something of everything, and a way to spoil any part of it."""

from __future__ import annotations

import random
from typing import Any

from tests.spec.toy import crud, fields


def good() -> dict[str, Any]:
    """A description with every kind of thing that is compared."""
    record = {
        "allOf": [{"$ref": "#/components/schemas/Base"}, fields("priority", "asset", "title")],
        "required": ["title"],
    }
    flow = {"clientCredentials": {"tokenUrl": "/t", "scopes": {"r": "read"}}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100, "default": 10}}
    body = {"content": {"application/json": {"schema": record}, "text/csv": {"schema": {"type": "string"}}}}
    paths = crud("/work-orders", record)
    paths["/work-orders"]["get"] |= {
        "parameters": [limit, {"$ref": "#/components/parameters/Sort"}],
        "security": [{"o": ["r"]}, {"k": []}],
        "callbacks": {"c": {"x": {"post": {"requestBody": body}}}},
    }
    paths["/work-orders"]["post"] = {**paths["/work-orders"]["post"], "requestBody": body}
    base = {
        **fields("id"),
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "status": {"type": "string", "enum": ["open", "closed"]},
            "parent": {"$ref": "#/components/schemas/Base"},
            "site": {"anyOf": [{"type": "string", "maxLength": 9}, {"$ref": "#/components/schemas/Site"}]},
            "parts": {"type": "array", "items": fields("number")},
        },
    }
    return {
        "info": {"title": "t", "version": "1", "description": "Rate limit: 60 requests per minute."},
        "servers": [{"url": "https://{a}/v1", "variables": {"a": {"default": "b"}}}],
        "security": [{"o": []}],
        "paths": paths,
        "webhooks": {"w": {"post": {"requestBody": body}}},
        "components": {
            "schemas": {"Base": base, "Site": fields("name")},
            "parameters": {"Sort": {"name": "sort", "in": "query", "schema": {"type": "string"}}},
            "securitySchemes": {
                "o": {"type": "oauth2", "flows": flow},
                "k": {"type": "apiKey", "in": "header", "name": "K"},
            },
        },
    }


def damage(document: Any, chance: random.Random) -> None:
    """Replace one part, at any depth, by something of another kind."""
    node = document
    while True:
        step = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        inner = node[step]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.15:
            node[step] = chance.choice(
                [None, True, 7, -1.5, "x", [], {}, [1], {"x": 1}, [[]], [{}], {"$ref": "#/paths"}, {"$ref": 3}]
            )
            return
        node = inner
