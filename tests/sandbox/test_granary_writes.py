from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.sandbox.conftest import Open

ORDERS = "/api/v1/work-orders"
BODY = {"title": "Oil the gate", "priority": 3, "asset_id": "A-000002"}


def test_a_created_work_order_is_found_where_location_says(granary: Open) -> None:
    client = granary()
    answer = client.post(ORDERS, json=BODY)
    assert answer.status_code == 201
    found = client.get(answer.headers["Location"])
    assert found.json() == answer.json()
    assert found.headers["ETag"] == answer.headers["ETag"]


def test_a_work_order_takes_site_and_codes_from_its_asset(granary: Open) -> None:
    client = granary()
    asset = client.get("/api/v1/assets/A-000002").json()
    order = client.make(asset_id="A-000002")
    for name in ("site_id", "location_id", "hierarchy", "account_code", "cost_center"):
        assert order[name] == asset[name]
    assert client.make(cost_center="CC-9999")["cost_center"] == "CC-9999"


def test_history_can_be_imported(granary: Open) -> None:
    past = {"status": "closed", "reported_at": "2019-05-01T08:00:00+02:00", "completed_at": "2019-05-02T08:00:00Z"}
    order = granary().make(**past)
    assert (order["status"], order["reported_at"]) == ("closed", "2019-05-01T06:00:00.000Z")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"priority": 9}, "priority"),
        ({"priority": "3"}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": 10**400}, "priority"),
        ({"status": "finished"}, "status"),
        ({"asset_id": "A-999999"}, "asset_id"),
        ({"estimated_hours": -1}, "estimated_hours"),
        ({"estimated_hours": 10**400}, "estimated_hours"),
        ({"due_at": "2025-01-01T00:00:00"}, "due_at"),
        ({"cost_center": "Building 4"}, "cost_center"),
        ({"custom_fields": {"colour": "red"}}, "custom_fields.colour"),
        ({"custom_fields": {"downtime_minutes": "many"}}, "custom_fields.downtime_minutes"),
        ({"site_id": "S-01"}, "site_id"),
        ({"id": "WO-1"}, "id"),
        ({"colour": "red"}, "colour"),
        ({"\ud800": 1}, "\ud800"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_nothing_is_written(
    granary: Open, change: dict[str, Any], name: str
) -> None:
    client = granary()
    total = client.get(ORDERS).json()["total"]
    body = json.dumps(BODY | change)  # plain ASCII, which httpx's own encoder does not write
    answer = client.post(ORDERS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [error["name"] for error in answer.json()["errors"]] == [name]
    assert client.get(ORDERS).json()["total"] == total


def test_missing_fields_are_named_together(granary: Open) -> None:
    answer = granary().post(ORDERS, json={})
    assert {error["name"] for error in answer.json()["errors"]} == {"title", "priority", "asset_id"}


def test_a_change_touches_only_what_was_sent(granary: Open) -> None:
    client = granary()
    order = client.make(custom_fields={"contractor_approval_code": "APP-1"})
    client.clock.time += 5
    changed = client.patch(
        f"{ORDERS}/{order['id']}",
        json={"priority": 1, "custom_fields": {"downtime_minutes": 7}},
        headers={"If-Match": '"1"'},
    ).json()
    assert changed["custom_fields"]["contractor_approval_code"] == "APP-1"
    assert changed["updated_at"] > order["updated_at"]
    same = {name for name in order if order[name] == changed[name]}
    assert set(order) - same == {"priority", "custom_fields", "updated_at", "version"}


def test_a_stale_update_is_refused_and_a_fresh_one_passes(granary: Open) -> None:
    client = granary()
    path = f"{ORDERS}/{client.make()['id']}"
    tag = client.get(path).headers["ETag"]
    assert client.patch(path, json={"priority": 1}).status_code == 428
    assert client.patch(path, json={"priority": 1}, headers={"If-Match": tag}).status_code == 200
    stale = client.patch(path, json={"priority": 2}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    assert client.delete(path, headers={"If-Match": tag}).status_code == 412
    assert client.get(path).json()["priority"] == 1


def test_the_status_cannot_be_written_past_the_rules(granary: Open) -> None:
    client = granary()
    answer = client.patch(f"{ORDERS}/{client.make()['id']}", json={"status": "closed"}, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "name": "status",
        "code": "read-only",
        "message": "this field cannot be set here",
    }


def test_a_deleted_record_is_gone(granary: Open) -> None:
    client = granary()
    path = f"{ORDERS}/{client.make()['id']}"
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_a_record_in_use_is_not_deleted(granary: Open) -> None:
    client = granary()
    assert client.delete("/api/v1/assets/A-000001").status_code == 409
    assert client.get("/api/v1/assets/A-000001").status_code == 200


def test_asset_numbers_are_unique(granary: Open) -> None:
    client = granary()
    body = {"number": "PMP-77777", "name": "Pump", "asset_class": "pump", "location_id": "L-0002"}
    asset = client.post("/api/v1/assets", json=body).json()
    assert asset["hierarchy"]["asset_id"] == asset["id"]
    again = client.post("/api/v1/assets", json=body)
    assert (again.status_code, again.json()["errors"][0]["name"]) == (409, "number")
    building = client.post("/api/v1/assets", json=body | {"number": "PMP-77778", "location_id": "L-0001"})
    assert (building.status_code, building.json()["errors"][0]["name"]) == (422, "location_id")


def test_a_repeated_create_makes_one_work_order(granary: Open) -> None:
    client = granary()
    total = client.get(ORDERS).json()["total"]
    headers = {"Idempotency-Key": "once"}
    first, second = (client.post(ORDERS, json=BODY, headers=headers) for _ in range(2))
    assert (second.status_code, second.json(), second.headers["Location"]) == (
        201,
        first.json(),
        first.headers["Location"],
    )
    assert client.get(ORDERS).json()["total"] == total + 1
    other = client.post(ORDERS, json=BODY | {"priority": 1}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert client.post(ORDERS, json=BODY, headers={"Idempotency-Key": "twice"}).json()["id"] != first.json()["id"]
    client.clock.time += 24 * 3600
    assert client.post(ORDERS, json=BODY, headers=headers).json()["id"] != first.json()["id"]


def test_each_record_of_a_bulk_write_has_its_own_outcome(granary: Open) -> None:
    client = granary()
    answer = client.post(f"{ORDERS}/bulk", json={"items": [BODY, BODY | {"priority": 9}, 5, BODY]})
    assert answer.status_code == 207
    body = answer.json()
    assert [each["status"] for each in body["results"]] == [201, 422, 422, 201]
    assert (body["succeeded"], body["failed"]) == (2, 2)
    assert body["results"][1]["errors"][0]["name"] == "priority"
    good = body["results"][0]["id"]
    changes = [{"id": good, "priority": 1}, {"id": "WO-9", "priority": 1}, {"id": good, "version": 1, "priority": 2}]
    answer = client.patch(f"{ORDERS}/bulk", json={"items": changes})
    assert [each["status"] for each in answer.json()["results"]] == [200, 404, 412]
    assert client.get(f"{ORDERS}/{good}").json()["priority"] == 1


def test_a_bulk_write_over_the_limit_writes_nothing(granary: Open) -> None:
    client = granary()
    total = client.get(ORDERS).json()["total"]
    answer = client.post(f"{ORDERS}/bulk", json={"items": [BODY] * 101})
    assert (answer.status_code, answer.json()["code"]) == (400, "too-many-items")
    assert client.get(ORDERS).json()["total"] == total
    assert client.post(f"{ORDERS}/bulk", json={"items": [BODY] * 100}).json()["succeeded"] == 100


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": 5}, {"items": [BODY], "more": 1}])
def test_a_bulk_write_needs_a_list(granary: Open, body: dict[str, Any]) -> None:
    assert granary().post(f"{ORDERS}/bulk", json=body).status_code == 422


def test_legal_status_changes_are_carried_out_and_remembered(granary: Open) -> None:
    client = granary()
    path = f"{ORDERS}/{client.make()['id']}"
    for status in ("assigned", "in_progress", "completed", "closed"):
        answer = client.post(f"{path}/transitions", json={"to_status": status, "memo": f"now {status}"})
        assert answer.status_code == 201
        assert client.get(answer.headers["Location"]).json()["memo"] == f"now {status}"
    order = client.get(path).json()
    assert order["status"] == "closed"
    assert order["completed_at"]
    assert client.get(f"{path}/transitions").json()["total"] == 4


def test_an_illegal_status_change_is_refused_with_the_reason(granary: Open) -> None:
    client = granary()
    path = f"{ORDERS}/{client.make()['id']}"
    answer = client.post(f"{path}/transitions", json={"to_status": "closed"})
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal-transition")
    assert "from open to closed; legal are: assigned, in_progress, cancelled" in answer.json()["detail"]
    assert client.get(path).json()["status"] == "open"


@pytest.mark.parametrize("content", [b"plain", b"", b"\r\n--x\r\n", bytes(range(256)) * 40, b"ends\r\n"])
def test_a_file_comes_back_as_it_was_sent(granary: Open, content: bytes) -> None:
    client = granary()
    path = f"{ORDERS}/{client.make()['id']}/attachments"
    answer = client.post(path, files={"file": ("pump photo.jpg", content, "image/jpeg")})
    assert answer.status_code == 201, answer.text
    record = answer.json()
    assert (record["sha256"], record["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert [each["id"] for each in client.get(path).json()["items"]] == [record["id"]]
    back = client.get(f"{path}/{record['id']}/content")
    assert (back.content, back.headers["Content-Type"]) == (content, "image/jpeg")
    assert client.delete(f"{path}/{record['id']}").status_code == 204
    assert client.get(f"{path}/{record['id']}/content").status_code == 404


def test_an_upload_without_a_file_is_refused(granary: Open) -> None:
    client = granary()
    answer = client.post(f"{ORDERS}/WO-0000001/attachments", files={"photo": ("a.txt", b"x")})
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, "file")


def test_labour_adds_up_on_the_work_order(granary: Open) -> None:
    client = granary()
    order = client.make()
    entry = {
        "work_order_id": order["id"],
        "user_id": "U-001",
        "job_class": "mechanic",
        "hours": 1.5,
        "hourly_rate": 40,
        "worked_on": "2025-03-01",
    }
    answers = [client.post("/api/v1/labor", json=entry) for _ in range(2)]
    assert [answer.json()["cost"] for answer in answers] == [60.0, 60.0]
    assert client.get(f"{ORDERS}/{order['id']}").json()["labor_cost"] == 120.0
    client.delete(answers[0].headers["Location"])
    assert client.get(f"{ORDERS}/{order['id']}").json()["labor_cost"] == 60.0


def test_a_reading_becomes_the_last_value_of_its_meter(granary: Open) -> None:
    client = granary()
    reading = {"value": 4242, "read_at": "2027-01-01T00:00:00Z"}
    answer = client.post("/api/v1/meters/M-0001/readings", json=reading)
    assert client.get(answer.headers["Location"]).json()["value"] == 4242.0
    assert client.get("/api/v1/meters/M-0001").json()["last_value"] == 4242.0
