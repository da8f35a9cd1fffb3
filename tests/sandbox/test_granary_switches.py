"""Each switch changes what a client can see: a probe is run against an intact vendor and a broken one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cmms_audit.sandbox.granary import (
    MAIN,
    MAIN_KEY,
    NEIGHBOUR_KEY,
    READ_ONLY_KEY,
    REVOKED_KEY,
    ROTATED_KEY,
    SWITCHES,
    document,
    vendor_file,
)
from tests.live import ONLY_TOLD, OVER_TLS
from tests.sandbox.conftest import PLENTY, Client, Open
from tests.sandbox.watching import SEEN_BY_SUBSCRIBERS

API = "/api/v1"
ORDERS = f"{API}/work-orders"
ORDER = f"{ORDERS}/WO-0000001"
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


def is_dropped(client: Client) -> bool:
    try:
        return at_limit(client)[0] == 0
    except httpx.RemoteProtocolError:
        return True


def refusal_at_limit(client: Client) -> Any:
    return [client.get(LIST) for _ in range(3)][-1].json().keys()


def limit_header(name: str) -> Callable[[Client], Any]:
    return lambda client: client.get(LIST).headers[name]


def waited(client: Client) -> int:
    answers = [client.get(LIST) for _ in range(3)]
    client.clock.time += int(answers[-1].headers["Retry-After"])
    return status(client, LIST)


def token_after_revocation(client: Client) -> int:
    token = client.token(MAIN).json()["access_token"]
    client.post("/oauth/revoke", data={"token": token}, auth=(MAIN.id, MAIN.secret))
    return shown(client, token)


def with_changed_token(change: Callable[[str], str]) -> Callable[[Client], int]:
    return lambda client: shown(client, change(client.token(MAIN).json()["access_token"]))


def shown(client: Client, token: str) -> int:
    return status(client, LIST, headers={"X-Api-Key": "", "Authorization": f"Bearer {token}"})


def token_after_its_end(client: Client) -> Any:
    token = client.token(MAIN).json()
    client.clock.time += token["expires_in"] + 1
    return shown(client, token["access_token"])


def as_neighbour(path: str) -> Callable[[Client], Any]:
    key = {"X-Api-Key": NEIGHBOUR_KEY.value}
    return lambda client: client.get(path, headers=key).json() == client.get(path).json()


def read_only_write(client: Client) -> int:
    return status(client, ORDERS, "POST", json=BODY, headers={"X-Api-Key": READ_ONLY_KEY.value})


def as_reader(method: str, path: str, **more: Any) -> Callable[[Client], int]:
    return lambda client: status(client, path, method, headers={"X-Api-Key": READ_ONLY_KEY.value}, **more)


def with_token_for_labour(client: Client) -> int:
    return shown(client, client.token(MAIN, scope="labor:read").json()["access_token"])


def logged_write(client: Client) -> Any:
    client.make()
    entries = client.records("audit-log", method="POST")
    return [{name: each[name] for name in each.keys() - {"id", "request_id"}} for each in entries]


def wrong_field(client: Client) -> dict[str, Any]:
    return dict(client.post(ORDERS, json={**BODY, "priority": 9}).json())


def bad_json(client: Client) -> httpx.Response:
    return client.post(ORDERS, content=b"{", headers={"Content-Type": "application/json"})


def is_answered(client: Client) -> bool:
    try:
        return bad_json(client).status_code > 0
    except httpx.RemoteProtocolError:
        return False


def documented_error(client: Client) -> Any:
    return client.get(f"{API}/openapi.json").json()["components"]["responses"]["not-found"].get("content")


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


def failed_writes(client: Client) -> Any:
    client.post(ORDERS, json={})
    return [each.keys() for each in client.records("usage/failures")]


def withdrawn(client: Client) -> list[str]:
    described = client.get(f"{API}/openapi.json").json()["paths"]
    return [path for path, item in described.items() if any("deprecated" in each for each in item.values())]


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
    "unguarded-creates": read_only_write,
    "unguarded-updates": as_reader("PATCH", ORDER, json={}),
    "unguarded-deletes": as_reader("DELETE", ORDER),
    "unguarded-bulk-writes": as_reader("PATCH", f"{ORDERS}/bulk", json={}),
    "unguarded-actions": as_reader("POST", f"{ORDER}/transitions", json={}),
    "unguarded-attachments": as_reader("POST", f"{ORDER}/attachments", files={"file": ("a.txt", b"abc")}),
    "unguarded-subscriptions": as_reader("POST", f"{API}/webhooks", json={}),
    "unguarded-reads": with_token_for_labour,
    "token-scopes-ignored": with_token_for_labour,
    "bare-refusals": read_only_write,
    "wide-tokens": lambda client: client.token(MAIN, scope="labor:read").json()["scope"],
    "made-up-scopes": lambda client: client.token(MAIN, scope="no:such").status_code,
    "old-keys-live": with_key(REVOKED_KEY.value),
    "no-key-overlap": with_key(ROTATED_KEY.value),
    "anonymous-records": lambda client: status(client, ORDER, headers={"X-Api-Key": ""}),
    "mixed-refusals": lambda client: status(client, f"{API}/assets", headers={"X-Api-Key": ""}),
    "documented-query-keys": lambda client: status(
        client, f"{LIST}&api_key={MAIN_KEY.value}", headers={"X-Api-Key": ""}
    ),
    "unstated-method": lambda client: client.token(MAIN).status_code,
    "undocumented-oauth": page("authentication"),
    "shared-tenants": as_neighbour(ORDERS),
    "borderless-ids": as_neighbour(ORDER),
    "unverified-tokens": with_changed_token(lambda token: token.rpartition(".")[0] + "."),
    "unsigned-tokens": with_changed_token(lambda token: "eyJhbGciOiAibm9uZSJ9." + token.split(".")[1] + "."),
    "expired-tokens-live": token_after_its_end,
    "endless-tokens": lambda client: "expires_in" in client.token(MAIN).json(),
    "no-revocation": lambda client: status(client, "/oauth/revoke", "POST"),
    "bare-token-answers": lambda client: sorted(client.token(MAIN).json()),
    "public-stock": lambda client: status(client, f"{API}/inventory", headers={"X-Api-Key": ""}),
    "immortal-tokens": token_after_revocation,
    "long-tokens": lambda client: client.token(MAIN).json()["expires_in"],
    "no-published-limits": lambda client: "RateLimit" in client.get(LIST).headers,
    "bare-429": at_limit,
    "no-429": at_limit,
    "silent-throttling": at_limit,
    "limits-in-part": limit_header("RateLimit-Policy"),
    "limit-headers-lie": limit_header("X-RateLimit-Remaining"),
    "limit-headers-differ": limit_header("RateLimit-Policy"),
    "early-resets": limit_header("X-RateLimit-Reset"),
    "lower-real-limit": lambda client: [status(client, LIST) for _ in range(2)],
    "shared-limit": lambda client: [at_limit(client), with_key(ROTATED_KEY.value)(client)],
    "short-retry-after": waited,
    "forbidden-at-limit": at_limit,
    "bad-request-at-limit": at_limit,
    "error-in-success-at-limit": at_limit,
    "queued-at-limit": at_limit,
    "dropped-at-limit": is_dropped,
    "other-429-body": refusal_at_limit,
    "no-webhooks": paths,
    "no-webhook-log": paths,
    "no-webhook-filters": schema("WebhookSubscription"),
    "undescribed-payloads": lambda client: client.get(f"{API}/openapi.json").json()["paths"]["/webhooks"]["post"],
    "unmentioned-signatures": page("webhooks"),
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
    "two-error-shapes": lambda client: client.get(f"{API}/colours").json().keys(),
    "changing-error-codes": lambda client: wrong_field(client)["code"],
    "unnamed-faults": lambda client: "WO-unknown" in client.get(f"{ORDERS}/WO-unknown").json()["detail"],
    "unnamed-fields": lambda client: wrong_field(client)["errors"],
    "echoed-credentials": lambda client: MAIN_KEY.value in client.get(f"{ORDERS}/unknown").text,
    "sql-in-errors": lambda client: "SELECT" in client.get(f"{ORDERS}/unknown").text,
    "traces-of-bad-json": lambda client: "Traceback" in bad_json(client).text,
    "bad-json-as-failure": lambda client: bad_json(client).status_code,
    "unanswered-bad-json": is_answered,
    "errors-as-success": lambda client: status(client, f"{ORDERS}/unknown"),
    "html-errors-of-assets": lambda client: client.get(f"{API}/assets/unknown").headers["Content-Type"],
    "undescribed-errors": documented_error,
    "misdescribed-errors": lambda client: client.get(f"{ORDERS}/unknown").json().keys(),
    "misdescribed-fields": lambda client: type(wrong_field(client)["errors"]),
    "no-audit-log": paths,
    "writes-only-audit-log": log_entry,
    "anonymous-audit-log": log_entry,
    "reads-only-audit-log": logged_write,
    "audit-log-without-content": logged_write,
    "audit-log-of-another": logged_write,
    "audit-log-of-another-time": logged_write,
    "audit-log-denied": paths,
    "no-request-ids": lambda client: "X-Request-Id" in client.get(LIST).headers,
    "no-usage": paths,
    "frozen-usage": usage,
    "uncounted-failures": failures,
    "uncounted-failed-writes": failed_writes,
    "nameless-failures": failed_writes,
    "dead-health": lambda client: status(client, f"{API}/health"),
    "other-release-running": lambda client: client.get(f"{API}/health").json()["api_version"],
    "no-versioning": lambda client: status(client, LIST),
    "version-in-answers-only": lambda client: "API-Version" in client.get(LIST.replace("/v1", "")).headers,
    "short-notice": page("versioning"),
    "release-notes-only": page("versioning"),
    "silent-break": lambda client: client.get(f"{API}/openapi-previous.json").json()["info"]["version"],
    "undated-withdrawal": withdrawn,
    "sudden-sunset": lambda client: "Sunset" in client.get(ORDERS).headers,
    "plain-http-server": lambda client: len(client.get(f"{API}/openapi.json").json()["servers"]),
    "docs-behind-login": lambda client: [
        status(client, path, headers={"X-Api-Key": ""}) for path in ("/docs", f"{API}/openapi.json")
    ],
    "one-record-a-page": lambda client: len(client.records("work-orders")),
    "small-pages": lambda client: status(client, f"{ORDERS}?limit=26"),
    "clamped-pages": lambda client: status(client, f"{ORDERS}?limit=1001"),
    "cut-pages": lambda client: len(client.records("work-orders", limit=1000)),
    "ignored-page-size": lambda client: len(client.records("work-orders", limit=2)),
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
SCALES |= {"shared-limit": 0.04, "short-retry-after": 0.04, "forbidden-at-limit": 0.04, "queued-at-limit": 0.04}
SCALES |= {"bad-request-at-limit": 0.04, "error-in-success-at-limit": 0.04, "dropped-at-limit": 0.04}
SCALES |= {"other-429-body": 0.04}
# What a lying vendor's document and pages go on saying: the same as an honest one's.
LIES = {
    "unguarded-creates",
    "unguarded-updates",
    "unguarded-deletes",
    "unguarded-bulk-writes",
    "unguarded-actions",
    "unguarded-attachments",
    "unguarded-subscriptions",
    "unguarded-reads",
    "token-scopes-ignored",
    "bare-refusals",
    "wide-tokens",
    "made-up-scopes",
    "reads-only-audit-log",
    "audit-log-of-another",
    "audit-log-of-another-time",
    "anonymous-reads",
    "anonymous-records",
    "mixed-refusals",
    "shared-tenants",
    "borderless-ids",
    "unverified-tokens",
    "unsigned-tokens",
    "bare-token-answers",
    "basic-accepted",
    "keys-in-query",
    "unenforced-scopes",
    "old-keys-live",
    "immortal-tokens",
    "silent-throttling",
    "limit-headers-lie",
    "limit-headers-differ",
    "early-resets",
    "lower-real-limit",
    "shared-limit",
    "short-retry-after",
    "forbidden-at-limit",
    "bad-request-at-limit",
    "error-in-success-at-limit",
    "queued-at-limit",
    "dropped-at-limit",
    "other-429-body",
    "ignored-if-match",
    "undocumented-fields",
    "wrong-types",
    "html-errors",
    "stack-traces",
    "two-error-shapes",
    "changing-error-codes",
    "echoed-credentials",
    "sql-in-errors",
    "traces-of-bad-json",
    "unnamed-faults",
    "unnamed-fields",
    "bad-json-as-failure",
    "unanswered-bad-json",
    "html-errors-of-assets",
    "misdescribed-errors",
    "misdescribed-fields",
    "writes-only-audit-log",
    "frozen-usage",
    "sudden-sunset",
    "uncounted-failures",
    "uncounted-failed-writes",
    "dead-health",
    "other-release-running",
    "silent-break",
    "docs-behind-login",
    "clamped-pages",
    "cut-pages",
    "ignored-page-size",
    "lossy-pages",
    "repeating-pages",
    "ignored-filters",
    "ignored-idempotency-key",
    "vague-bulk",
    "lawless-actions",
    "forgetful-actions",
    "mangled-attachments",
    "inflated-claims",
    *(SEEN_BY_SUBSCRIBERS - {"no-webhook-retry"}),
}

INTACT = document("http://127.0.0.1:1")


@pytest.mark.parametrize("name", [name for name in SWITCHES if name not in {*OVER_TLS, *SEEN_BY_SUBSCRIBERS}])
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
    assert (document("http://127.0.0.1:1", [name]) == INTACT) == (name in {*LIES, *OVER_TLS})


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=lambda switch: switch.name)
def test_a_switch_says_what_an_audit_must_notice(switch: Any) -> None:
    assert switch.says
    assert bool(switch.questions or switch.flags) == (switch.name not in ONLY_TOLD)
    assert all(question.count(".") == 1 for question in switch.questions)
