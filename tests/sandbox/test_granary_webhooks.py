from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Open

HOOKS = "/api/v1/webhooks"
BODY: dict[str, Any] = {
    "url": "https://erp.example/hooks",
    "events": ["work_order.created"],
    "filters": {"priorities": [1, 2], "site_ids": ["S-01"]},
}


def test_a_subscription_can_be_made_changed_and_deleted(granary: Open) -> None:
    client = granary()
    made = client.post(HOOKS, json=BODY)
    assert made.status_code == 201
    assert made.json()["filters"] == {"priorities": [1, 2], "asset_classes": [], "site_ids": ["S-01"]}
    path = made.headers["Location"]
    changed = client.patch(path, json={"active": False}, headers={"If-Match": made.headers["ETag"]})
    assert changed.json()["active"] is False
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post(HOOKS, json=BODY).headers["Location"] != path


def test_the_secret_is_shown_once(granary: Open) -> None:
    client = granary()
    made = client.post(HOOKS, json=BODY)
    assert made.json()["secret"].startswith("whsec_")
    assert client.get(made.headers["Location"]).json()["secret"] is None


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"url": "ftp://erp.example"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["work_order.painted"]}, "events[0]"),
        ({"filters": {"priorities": [9]}}, "filters.priorities[0]"),
        ({"filters": {"colours": []}}, "filters.colours"),
    ],
)
def test_a_wrong_subscription_is_refused(granary: Open, change: dict[str, Any], name: str) -> None:
    answer = granary().post(HOOKS, json=BODY | change)
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, name)


def test_failed_deliveries_are_listed_and_replayed(granary: Open) -> None:
    client = granary()
    path = f"{HOOKS}/WH-0001/deliveries"
    failed = client.get(path, params={"status": "failed"}).json()["items"][0]
    replayed = client.post(f"{path}/{failed['id']}/replay")
    assert (replayed.status_code, replayed.json()["status"]) == (202, "queued")
    again = client.get(f"{path}/{failed['id']}").json()
    assert again["status"] in ("queued", "retrying")
    assert again["event_id"] == failed["event_id"]
    assert client.post(f"{path}/D-999999/replay").status_code == 404
    assert client.post(f"{HOOKS}/WH-0009/deliveries/{failed['id']}/replay").status_code == 404


def test_document_and_page_promise_the_same_delivery(granary: Open) -> None:
    client = granary()
    page = client.get("/docs/webhooks").text
    description = client.get("/api/v1/openapi.json").json()["info"]["description"]
    for words in ("exponential backoff", "72 hours", "Standard Webhooks", "replayed"):
        assert words in page
        assert words in description
