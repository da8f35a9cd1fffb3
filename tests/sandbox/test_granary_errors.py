from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Open

ORDERS = "/api/v1/work-orders"
JSON = {"Content-Type": "application/json"}

CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "no JSON": (400, {"method": "POST", "url": ORDERS, "content": b"{", "headers": JSON}),
    "NaN": (400, {"method": "POST", "url": ORDERS, "content": b'{"priority": NaN}', "headers": JSON}),
    "a deep nest": (400, {"method": "POST", "url": ORDERS, "content": b"[" * 100_000, "headers": JSON}),
    "a list": (400, {"method": "POST", "url": ORDERS, "content": b"[]", "headers": JSON}),
    "wrong query": (400, {"method": "GET", "url": f"{ORDERS}?colour=red"}),
    "no credential": (401, {"method": "GET", "url": ORDERS, "headers": {"X-Api-Key": ""}}),
    "unknown id": (404, {"method": "GET", "url": f"{ORDERS}/WO-unknown"}),
    "unknown path": (404, {"method": "GET", "url": "/api/v1/colours"}),
    "unknown version": (404, {"method": "GET", "url": "/api/v9/work-orders"}),
    "wrong method": (405, {"method": "PUT", "url": ORDERS}),
    "HTML wanted": (406, {"method": "GET", "url": ORDERS, "headers": {"Accept": "text/html"}}),
    "in use": (409, {"method": "DELETE", "url": "/api/v1/assets/A-000001"}),
    "too large": (413, {"method": "POST", "url": ORDERS, "content": b" " * (1024 * 1024 + 1), "headers": JSON}),
    "no media type": (415, {"method": "POST", "url": ORDERS, "content": b"{}"}),
    "text": (415, {"method": "POST", "url": ORDERS, "content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    "wrong field": (422, {"method": "POST", "url": ORDERS, "json": {"priority": 9}}),
    "no If-Match": (428, {"method": "PATCH", "url": f"{ORDERS}/WO-0000001", "json": {"priority": 1}}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_error_is_a_problem_document_of_one_shape(granary: Open, case: str) -> None:
    status, request = CASES[case]
    answer = granary().request(**request)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert list(body) == ["type", "title", "status", "code", "detail", "instance", "request_id", "errors"]
    assert body["status"] == status
    assert body["type"] == f"/docs/errors#{body['code']}"
    if case != "unknown version":
        assert body["request_id"] == answer.headers["X-Request-Id"]


def test_a_404_names_the_id(granary: Open) -> None:
    assert "WO-unknown" in granary().get(f"{ORDERS}/WO-unknown").json()["detail"]


def test_a_405_names_the_methods_that_work(granary: Open) -> None:
    client = granary()
    assert client.put(ORDERS).headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    options = client.options(ORDERS)
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, POST, HEAD, OPTIONS")


def test_head_is_get_without_the_body(granary: Open) -> None:
    client = granary()
    head, get = client.head(ORDERS), client.get(ORDERS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_a_flood_of_mistakes_is_answered_briefly(granary: Open) -> None:
    answer = granary().post(ORDERS, json={f"f{number}": 1 for number in range(20_000)})
    assert answer.status_code == 422
    assert len(answer.content) < 20_000


def test_the_error_codes_are_published(granary: Open) -> None:
    client = granary()
    page = client.get("/docs/errors").text
    code = client.get(f"{ORDERS}/WO-unknown").json()["code"]
    assert f'id="{code}"' in page
