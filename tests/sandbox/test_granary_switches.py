"""Each switch changes what a client can see: a probe is run against an intact vendor and a broken one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from cmms_audit.sandbox.granary import (
    MAIN,
    MAIN_KEY,
    READ_ONLY_KEY,
    REVOKED_KEY,
    ROTATED_KEY,
    SWITCHES,
    document,
    vendor_file,
)
from tests.sandbox.conftest import PLENTY, Client, Open

API = "/api/v1"
ORDERS = f"{API}/work-orders"
LIST = f"{API}/sites?limit=1"
BODY = {"title": "Oil the gate", "priority": 3, "asset_id": "A-000002"}


def status(client: Client, path: str, method: str = "GET", **more: Any) -> int:
    return client.request(method, path, **more).status_code


def with_key(value: str) -> Callable[[Client], Any]:
    return lambda client: status(client, LIST, headers={"X-Api-Key": value})


def page(name: str) -> Callable[[Client], Any]:
    return lambda client: client.get(f"/docs/{name}").text


def paths(client: Client) -> set[str]:
    return set(client.get(f"{API}/openapi.json").json()["paths"])


def schema(name: str) -> Callable[[Client], Any]:
    return lambda client: client.get(f"{API}/openapi.json").json()["components"]["schemas"][name]["properties"].keys()


def record(kind: str) -> Callable[[Client], Any]:
    return lambda client: client.records(kind, limit=1)[0]


def keys_of(kind: str) -> Callable[[Client], Any]:
    return lambda client: client.records(kind, limit=1)[0].keys()


def at_limit(client: Client) -> Any:
    answers = [client.get(LIST) for _ in range(3)]
    last = answers[-1]
    return last.status_code, "Retry-After" in last.headers, last.json().get("items")


def waited(client: Client) -> int:
    answers = [client.get(LIST) for _ in range(3)]
    client.clock.time += int(answers[-1].headers["Retry-After"])
    return status(client, LIST)


def token_after_revocation(client: Client) -> int:
    token = client.token(MAIN).json()["access_token"]
    client.post("/oauth/revoke", data={"token": token}, auth=(MAIN.id, MAIN.secret))
    return status(client, LIST, headers={"X-Api-Key": "", "Authorization": f"Bearer {token}"})


def read_only_write(client: Client) -> int:
    return status(client, ORDERS, "POST", json=BODY, headers={"X-Api-Key": READ_ONLY_KEY.value})


def stale_update(client: Client) -> int:
    path = f"{ORDERS}/{client.make()['id']}"
    client.patch(path, json={"priority": 1}, headers={"If-Match": '"1"'})
    return status(client, path, "PATCH", json={"priority": 2}, headers={"If-Match": '"1"'})


def repeated_create(client: Client) -> int:
    headers = {"Idempotency-Key": "once"}
    return len({client.post(ORDERS, json=BODY, headers=headers).json()["id"] for _ in range(2)})


def creation(client: Client) -> Any:
    answer = client.post(ORDERS, json=BODY)
    return (
        answer.status_code,
        "Location" in answer.headers,
        client.delete(f"{ORDERS}/{answer.json()['id']}").status_code,
    )


def walk(client: Client) -> int:
    seen, path = set(), LIST
    for _ in range(4):
        answer = client.get(path).json()
        seen |= {each["id"] for each in answer["items"]}
        path = answer["next"] or path
    return len(seen)


def log_entry(client: Client) -> Any:
    answer = client.get(LIST)
    found = client.records("audit-log", request_id=answer.headers["X-Request-Id"])
    return [each.keys() for each in found]


def usage(client: Client) -> Any:
    client.get(f"{ORDERS}/unknown")
    return client.get(f"{API}/usage").json().get("total")


def failures(client: Client) -> int:
    client.get(f"{ORDERS}/unknown")
    return len(client.get(f"{API}/usage/failures").json()["items"])


def transition(client: Client, to_status: str) -> Any:
    path = f"{ORDERS}/{client.make()['id']}/transitions"
    answer = client.post(path, json={"to_status": to_status, "memo": "because"})
    return answer.status_code, answer.json().get("memo")


def file_back(client: Client) -> Any:
    path = f"{ORDERS}/{client.make()['id']}/attachments"
    made = client.post(path, files={"file": ("a.txt", b"abc", "text/plain")}).json()
    return hashlib.sha256(client.get(f"{path}/{made.get('id')}/content").content).hexdigest() == made.get("sha256")


PROBES: dict[str, Callable[[Client], Any]] = {
    "anonymous-reads": with_key(""),
    "basic-only": with_key(MAIN_KEY.value),
    "basic-accepted": lambda client: status(client, LIST, headers={"X-Api-Key": ""}, auth=(MAIN.id, MAIN.secret)),
    "keys-only": lambda client: client.token(MAIN).status_code,
    "keys-in-query": lambda client: status(client, f"{LIST}&api_key={MAIN_KEY.value}", headers={"X-Api-Key": ""}),
    "no-scopes": read_only_write,
    "unenforced-scopes": read_only_write,
    "old-keys-live": with_key(REVOKED_KEY.value),
    "no-key-overlap": with_key(ROTATED_KEY.value),
    "immortal-tokens": token_after_revocation,
    "long-tokens": lambda client: client.token(MAIN).json()["expires_in"],
    "no-published-limits": lambda client: "RateLimit" in client.get(LIST).headers,
    "bare-429": at_limit,
    "no-429": at_limit,
    "silent-throttling": at_limit,
    "limit-headers-lie": lambda client: client.get(LIST).headers["X-RateLimit-Remaining"],
    "lower-real-limit": lambda client: [status(client, LIST) for _ in range(2)],
    "shared-limit": lambda client: [at_limit(client), with_key(ROTATED_KEY.value)(client)],
    "short-retry-after": waited,
    "forbidden-at-limit": at_limit,
    "no-webhooks": paths,
    "no-webhook-retry": page("webhooks"),
    "no-webhook-log": paths,
    "no-webhook-filters": schema("WebhookSubscription"),
    "generic-custom-fields": lambda client: record("work-orders")(client)["custom_fields"].keys(),
    "no-custom-fields": keys_of("assets"),
    "no-site-ids": keys_of("work-orders"),
    "flat-hierarchy": keys_of("assets"),
    "no-etags": stale_update,
    "ignored-if-match": stale_update,
    "sloppy-status-codes": creation,
    "undocumented-fields": keys_of("work-orders"),
    "wrong-types": lambda client: type(record("work-orders")(client)["labor_cost"]),
    "generic-errors": lambda client: client.get(f"{ORDERS}/unknown").json().keys(),
    "html-errors": lambda client: client.get(f"{ORDERS}/unknown").headers["Content-Type"],
    "stack-traces": lambda client: "Traceback" in client.get(f"{ORDERS}/unknown").text,
    "no-audit-log": paths,
    "writes-only-audit-log": log_entry,
    "anonymous-audit-log": log_entry,
    "no-request-ids": lambda client: "X-Request-Id" in client.get(LIST).headers,
    "no-usage": paths,
    "frozen-usage": usage,
    "uncounted-failures": failures,
    "no-versioning": lambda client: status(client, LIST),
    "short-notice": page("versioning"),
    "sudden-sunset": lambda client: "Sunset" in client.get(ORDERS).headers,
    "plain-http-server": lambda client: len(client.get(f"{API}/openapi.json").json()["servers"]),
    "docs-behind-login": lambda client: [
        status(client, path, headers={"X-Api-Key": ""}) for path in ("/docs", f"{API}/openapi.json")
    ],
    "one-record-a-page": lambda client: len(client.records("work-orders")),
    "small-pages": lambda client: status(client, f"{ORDERS}?limit=26"),
    "clamped-pages": lambda client: status(client, f"{ORDERS}?limit=1001"),
    "lossy-pages": walk,
    "repeating-pages": walk,
    "ignored-filters": lambda client: [
        status(client, f"{ORDERS}?colour=red"),
        client.get(f"{ORDERS}?priority=1").json()["total"],
    ],
    "no-sorting": lambda client: status(client, f"{ORDERS}?sort=title"),
    "no-field-selection": lambda client: status(client, f"{ORDERS}?fields=id"),
    "no-delta": lambda client: status(client, f"{ORDERS}?updated_since=2025-01-01T00:00:00Z"),
    "no-idempotency": repeated_create,
    "ignored-idempotency-key": repeated_create,
    "no-bulk": paths,
    "vague-bulk": lambda client: status(client, f"{ORDERS}/bulk", "POST", json={"items": [BODY, {}]}),
    "no-actions": paths,
    "lawless-actions": lambda client: transition(client, "closed"),
    "forgetful-actions": lambda client: transition(client, "assigned"),
    "no-attachments": paths,
    "mangled-attachments": file_back,
    "inflated-claims": lambda _: None,
}
SCALES = {"bare-429": 0.04, "no-429": 0.04, "silent-throttling": 0.04, "lower-real-limit": 0.04}
SCALES |= {"shared-limit": 0.04, "short-retry-after": 0.04, "forbidden-at-limit": 0.04}
# What a lying vendor's document and pages go on saying: the same as an honest one's.
LIES = {
    "anonymous-reads",
    "basic-accepted",
    "keys-in-query",
    "unenforced-scopes",
    "old-keys-live",
    "immortal-tokens",
    "silent-throttling",
    "limit-headers-lie",
    "lower-real-limit",
    "shared-limit",
    "short-retry-after",
    "forbidden-at-limit",
    "ignored-if-match",
    "undocumented-fields",
    "wrong-types",
    "html-errors",
    "writes-only-audit-log",
    "frozen-usage",
    "sudden-sunset",
    "uncounted-failures",
    "docs-behind-login",
    "clamped-pages",
    "lossy-pages",
    "repeating-pages",
    "ignored-filters",
    "ignored-idempotency-key",
    "vague-bulk",
    "lawless-actions",
    "forgetful-actions",
    "mangled-attachments",
    "inflated-claims",
}


INTACT = document("http://127.0.0.1:1")


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_breaks_what_it_says(granary: Open, name: str) -> None:
    if name == "inflated-claims":
        assert vendor_file("http://127.0.0.1:1", [name]) != vendor_file("http://127.0.0.1:1")
        return
    scale = SCALES.get(name, PLENTY)
    intact = PROBES[name](granary(scale=scale))
    assert intact == PROBES[name](granary(scale=scale)), "the probe itself must be steady"
    assert intact != PROBES[name](granary(name, scale=scale))


@pytest.mark.parametrize("name", SWITCHES)
def test_the_document_follows_a_switch_unless_the_vendor_lies(name: str) -> None:
    assert (document("http://127.0.0.1:1", [name]) == INTACT) == (name in LIES)


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=lambda switch: switch.name)
def test_a_switch_says_what_an_audit_must_notice(switch: Any) -> None:
    assert switch.says
    assert switch.questions or switch.flags
    assert all(question.count(".") == 1 for question in switch.questions)
