"""A Postman collection of a small maintenance system, as a vendor would export it."""

from __future__ import annotations

import json
from typing import Any

SECRET = "do-not-copy-me"

ORDER = {
    "id": 7,
    "title": "Grease bearing",
    "status": "open",
    "cost": 12.5,
    "due": "2026-03-01T08:00:00Z",
    "asset": None,
}
BODY = '{\n // new\n "title": "{{title}}",\n "cost": {{cost}}\n}'


def saved(code: int, body: Any, name: str = "") -> dict[str, Any]:
    """A saved answer."""
    return {
        "name": name or str(code),
        "code": code,
        "status": "whatever",
        "header": [
            {"key": "Content-Type", "value": "application/json; charset=utf-8"},
            {"key": "X-RateLimit-Limit", "value": "60"},
            {"key": "Set-Cookie", "value": f"sid={SECRET}"},
        ],
        "body": json.dumps(body),
    }


COLLECTION: dict[str, Any] = {
    "info": {
        "_postman_id": "1",
        "name": "Wrench CMMS",
        "description": {"content": "Calls are limited to 60 requests per minute.", "type": "text/markdown"},
        "version": {"major": 2, "minor": 1, "patch": 0},
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    "auth": {
        "type": "oauth2",
        "oauth2": [
            {"key": "grant_type", "value": "client_credentials"},
            {"key": "accessTokenUrl", "value": "{{baseUrl}}/oauth/token?x=1"},
            {"key": "scope", "value": "orders:read orders:write"},
            {"key": "clientSecret", "value": SECRET},
        ],
    },
    "variable": [{"key": "baseUrl", "value": "https://api.wrench.example/v2"}, {"key": "token", "value": SECRET}],
    "item": [
        {
            "name": "Maintenance",
            "description": "All about upkeep",
            "item": [
                {
                    "name": "Work orders",
                    "item": [
                        {
                            "name": "List work orders",
                            "request": {
                                "method": "GET",
                                "description": "Newest first.",
                                "header": [
                                    {"key": "Authorization", "value": f"Bearer {SECRET}", "disabled": True},
                                    {"key": "X-Site", "value": "north", "description": "The site to look at"},
                                ],
                                "url": {
                                    "raw": "{{baseUrl}}/work-orders?limit=50",
                                    "host": ["{{baseUrl}}"],
                                    "path": ["work-orders"],
                                    "query": [
                                        {"key": "limit", "value": "50", "description": "At most 200"},
                                        {"key": "updated_since", "value": None, "disabled": True},
                                    ],
                                },
                            },
                            "response": [
                                saved(200, {"data": [ORDER, {**ORDER, "cost": 3, "asset": "P-1"}], "total": 2}),
                                saved(200, {"data": [], "next": "c2"}),
                                saved(401, {"code": "auth", "message": "no", "access_token": SECRET}),
                            ],
                        },
                        {
                            "name": "Read one",
                            "request": {
                                "method": "GET",
                                "url": {
                                    "host": ["{{baseUrl}}"],
                                    "path": ["work-orders", ":orderId"],
                                    "variable": [{"key": "orderId", "value": "7", "description": "The number"}],
                                },
                            },
                            "response": [saved(200, ORDER)],
                        },
                        {
                            "name": "Read one by hand",
                            "request": "https://api.wrench.example/v2/work-orders/4711",
                        },
                        {
                            "name": "Change one",
                            "request": {
                                "auth": {"type": "basic", "basic": [{"key": "password", "value": SECRET}]},
                                "method": "PATCH",
                                "body": {
                                    "mode": "raw",
                                    "raw": BODY,
                                },
                                "url": "{{baseUrl}}/work-orders/{{orderId}}",
                            },
                        },
                        {
                            "name": "Attach a file",
                            "request": {
                                "method": "POST",
                                "body": {
                                    "mode": "formdata",
                                    "formdata": [
                                        {"key": "file", "type": "file", "src": "/home/me/x.pdf"},
                                        {"key": "note", "type": "text", "value": "hello", "description": "A remark"},
                                    ],
                                },
                                "url": {"raw": "{{baseUrl}}/work-orders/:orderId/files"},
                            },
                        },
                    ],
                }
            ],
        },
        {
            "name": "Health",
            "request": {"auth": {"type": "noauth"}, "method": "GET", "url": "{{baseUrl}}/health"},
        },
        {
            "name": "Assets",
            "request": {
                "method": "GET",
                "header": [{"key": "X-Api-Key", "value": SECRET}],
                "url": "{{baseUrl}}/assets?api_key={{key}}&site=north",
            },
        },
        {"name": "Odd method", "request": {"method": "PURGE", "url": "{{baseUrl}}/assets"}},
        {"name": "No address", "request": {"method": "GET", "url": ""}},
    ],
}


def written(collection: Any = COLLECTION) -> str:
    """A collection as text, with each member on a line of its own."""
    return json.dumps(collection, indent=1)
