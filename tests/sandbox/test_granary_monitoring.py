from __future__ import annotations

from cmms_audit.sandbox.granary import MAIN, MAIN_KEY
from tests.sandbox.conftest import Open

ORDERS = "/api/v1/work-orders"


def test_a_read_is_in_the_audit_log_at_once(granary: Open) -> None:
    client = granary()
    answer = client.get(ORDERS, params={"limit": 3})
    entry = client.records("audit-log", request_id=answer.headers["X-Request-Id"])[0]
    assert entry["client_id"] == MAIN.id
    assert entry["occurred_at"].startswith("2027-01-15T08:00:00")
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", ORDERS, 200)
    assert entry["payload_summary"] == "limit=3"


def test_a_write_is_there_with_its_payload_and_its_failure(granary: Open) -> None:
    client = granary()
    answer = client.post(ORDERS, json={"title": "Oil the gate", "priority": 9})
    entry = client.records("audit-log", request_id=answer.headers["X-Request-Id"])[0]
    assert entry["payload_summary"] == "title=Oil the gate, priority=9"
    assert (entry["status"], entry["error_code"]) == (422, "validation-failed")


def test_the_log_begins_with_the_latest_call(granary: Open) -> None:
    client = granary()
    answer = client.get("/api/v1/sites")
    assert client.records("audit-log", limit=1)[0]["request_id"] == answer.headers["X-Request-Id"]


def test_strangers_are_logged_and_secrets_are_not(granary: Open) -> None:
    client = granary()
    address = f"{ORDERS}?api_key={MAIN_KEY.value}&limit=1"
    answer = client.get(address, headers={"X-Api-Key": ""})
    entry = client.records("audit-log", request_id=answer.headers["X-Request-Id"])[0]
    assert entry["client_id"] == "anonymous"
    assert entry["payload_summary"] == "api_key=***&limit=1"


def test_usage_counts_calls_errors_and_failed_writes(granary: Open) -> None:
    client = granary()
    client.get(ORDERS)
    client.get(f"{ORDERS}/unknown")
    failed = client.post(ORDERS, json={})
    usage = client.records("usage", client_id=MAIN.id)[0]
    assert (usage["calls"], usage["errors"], usage["failed_transactions"]) == (3, 2, 1)
    assert abs(usage["error_rate"] - 2 / 3) < 0.001
    latest = client.records("usage/failures", limit=1)[0]
    assert latest["request_id"] == failed.headers["X-Request-Id"]
    assert latest["error_code"] == "validation-failed"


def test_the_health_check_is_open(granary: Open) -> None:
    answer = granary().get("/api/v1/health", headers={"X-Api-Key": ""})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
