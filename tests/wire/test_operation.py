"""A request is judged by what it does, not by what its method says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.model import Purpose
from cmms_audit.wire.call import Call
from cmms_audit.wire.operation import forbidden_method, why_write

SEARCHES = frozenset({"/api/work-orders/search"})


def call(
    method: str, target: str = "/api/work-orders", headers: dict[str, str] | None = None, body: Any = None
) -> Call:
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    pairs = tuple((headers or {}).items())
    return Call(method, "https://cmms.example" + target, "test", Purpose.API, headers=pairs, body=content)


READS = {
    "a list": call("GET"),
    "a record": call("GET", "/api/work-orders/1001"),
    "headers only": call("HEAD"),
    "options": call("OPTIONS"),
    "a filter": call("GET", "/api/work-orders?status=open&updated_after=2026-01-01"),
    "an override that stays a read": call("GET", headers={"X-HTTP-Method-Override": "get"}),
    "an action that reads": call("GET", "/api/assets?action=listAll"),
    "a search that a dialect names": call("POST", "/api/work-orders/search", body={"status": "open"}),
    "a resource named like a change": call("GET", "/api/updates/2026"),
    "past changes": call("GET", "/api/work-orders/5/closed"),
    "a noun that begins like a verb": call("GET", "/api/set-points/reset-codes"),
    "a custom read": call("GET", "/api/work-orders:batchGet"),
    "a time": call("GET", "/api/readings/10:30"),
}

WRITES = {
    **{method: call(method) for method in ("POST", "PUT", "PATCH", "DELETE", "PROPPATCH", "MERGE", "LOCK", "SEARCH")},
    "header X-HTTP-Method-Override": call("GET", headers={"X-HTTP-Method-Override": "DELETE"}),
    "header x-method-override": call("GET", headers={"x-method-override": "PATCH"}),
    "header X-HTTP-Method": call("GET", headers={"X-HTTP-METHOD": "MERGE"}),
    "header with underscores": call("GET", headers={"X_HTTP_Method_Override": "PUT"}),
    "header with two words": call("GET", headers={"X-HTTP-Method-Override": "GET, DELETE"}),
    "a POST that an override calls a GET": call("POST", headers={"X-HTTP-Method-Override": "GET"}),
    "_method": call("GET", "/api/work-orders/5?_method=delete"),
    "_method, encoded": call("GET", "/api/work-orders/5?%5Fmethod=DELETE"),
    "_method, after a semicolon": call("GET", "/api/work-orders/5?a=1;_method=DELETE"),
    "_method twice": call("GET", "/api/work-orders/5?_method=GET&_method=DELETE"),
    "_method in a search": call("POST", "/api/work-orders/search", body={"_method": "DELETE"}),
    "_method in a form": call(
        "GET", headers={"Content-Type": "application/x-www-form-urlencoded"}, body=b"_method=DELETE"
    ),
    "action": call("GET", "/api/work-orders/5?action=wsmethod:changeStatus"),
    "ACTION": call("GET", "/api/work-orders/5?ACTION=approve"),
    "action in a search": call("POST", "/api/work-orders/search", body={"action": "purge"}),
    "action in a list": call("POST", "/api/work-orders/search", body=[{"id": 1}, {"_action": "Delete"}]),
    "an RPC verb": call("GET", "/api?method=deleteWorkOrder&id=5"),
    "an RPC verb in a search": call("POST", "/api/work-orders/search", body={"jsonrpc": "2.0", "method": "update"}),
    "a method as a command": call("GET", "/api?cmd=POST"),
    "a verb as a path": call("GET", "/api/work-orders/5/close"),
    "a verb in front": call("GET", "/api/delete/5"),
    "a verb in a name": call("GET", "/api/deleteWorkOrder?id=5"),
    "a verb in a name with underscores": call("GET", "/api/update_asset/5"),
    "a verb in capitals": call("GET", "/api/DELETE/5"),
    "a verb, encoded": call("GET", "/api/%64elete/5"),
    "a verb after a colon": call("GET", "/api/work-orders/5:cancel"),
    "nearly a search": call("POST", "/api/work-orders/search/"),
    "a search elsewhere": call("POST", "/api/assets/search"),
    "a search with an unreadable body": call("POST", "/api/work-orders/search", body=b"\xff{"),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_is_a_read(name: str) -> None:
    assert why_write(READS[name], SEARCHES) is None


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_seen_through_whatever_it_hides_behind(name: str) -> None:
    assert why_write(WRITES[name], SEARCHES) is not None


@pytest.mark.parametrize(
    "hidden",
    [
        call("TRACE"),
        call("CONNECT"),
        call("GET", headers={"X-HTTP-Method-Override": "trace"}),
        call("GET", "/api?_method=TRACE"),
    ],
)
def test_trace_and_connect_are_seen_too(hidden: Call) -> None:
    assert forbidden_method(hidden) in ("TRACE", "CONNECT")


@given(
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST"]),
    target=st.text(max_size=80),
    name=st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=25),
    value=st.text(max_size=40),
    body=st.one_of(st.none(), st.binary(max_size=80)),
)
def test_any_call_can_be_judged(method: str, target: str, name: str, value: str, body: bytes | None) -> None:
    judged = call(method, "/" + target, {name: value}, body)

    why = why_write(judged, SEARCHES)

    assert forbidden_method(judged) is None or why is not None
    assert why is None or why.isprintable()


@given(
    override=st.sampled_from(["DELETE", "delete", " Delete ", "PUT", "PATCH"]), extra=st.text("ab=&;?x%", max_size=20)
)
def test_no_decoration_makes_an_override_a_read(override: str, extra: str) -> None:
    assert why_write(call("GET", f"/api/x?{extra}&_method={override}")) is not None
