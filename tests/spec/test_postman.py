"""A Postman collection is read as a description made of examples: with its lines, and without its secrets."""

from __future__ import annotations

import copy
import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings

from cmms_audit.model import Finding, Verdict
from cmms_audit.spec.index import Operation, Spec
from cmms_audit.spec.load import NotASpec, parse_spec
from cmms_audit.spec.resources import find_resources
from tests.spec.postman_toys import BODY, COLLECTION, ORDER, SECRET, saved, written
from tests.spec.test_hostile import ANYTHING, used_up
from tests.spec.toy import loaded, rest
from tests.support import judged

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(*items: Any, **members: Any) -> Spec:
    return loaded(written({"info": {"name": "Toy", "schema": SCHEMA}, "item": list(items), **members}))


def call(url: Any, method: str = "GET", **members: Any) -> dict[str, Any]:
    return {"name": "call", "request": {"url": url, "method": method, **members}}


def operation(spec: Spec, method: str, path: str) -> Operation:
    found = spec.operation(method, path)
    assert found is not None, spec.paths
    return found


@pytest.fixture(scope="module")
def toy() -> Spec:
    return loaded(written())


def line_of(text: str) -> int:
    lines = written().split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_head_of_a_collection_is_read(toy: Spec) -> None:
    assert (toy.title, toy.version, toy.format, toy.dialect_version) == ("Wrench CMMS", "2.1.0", "postman", "2.1")
    assert toy.written_in.holds == "examples of 9 calls, from which the fields were inferred"
    assert [server.url for server in toy.servers] == ["https://api.wrench.example/v2"]
    assert "60 requests per minute" in toy.prose()[0].text
    assert toy.problems == ()


def test_calls_of_one_method_and_address_are_one_operation(toy: Spec) -> None:
    assert [f"{each.method} {each.path}" for each in toy.operations] == [
        "GET /work-orders",
        "GET /work-orders/{orderId}",
        "PATCH /work-orders/{orderId}",
        "POST /work-orders/{orderId}/files",
        "GET /health",
        "GET /assets",
        "PURGE /assets",
    ]
    assert operation(toy, "GET", "/work-orders").tags == ("Maintenance", "Work orders")


def test_every_part_keeps_the_line_of_the_collection(toy: Spec) -> None:
    listing = operation(toy, "GET", "/work-orders")
    answers = {response.status: response for response in listing.responses}

    assert listing.evidence.line == line_of('"name": "List work orders"') - 1
    assert listing.node.at("description").evidence.line == line_of("Newest first.")
    assert [each.evidence.line for each in listing.parameters] == [
        line_of('"key": "limit"') - 1,
        line_of('"key": "updated_since"') - 1,
        line_of('"key": "X-Site"') - 1,
    ]
    assert answers["401"].evidence.line == line_of('"name": "401"') - 1
    assert toy.security_schemes["oauth2"].evidence.line == line_of('"auth"')
    assert operation(toy, "PURGE", "/assets").evidence.line == line_of("Odd method") - 1
    assert toy.prose()[0].evidence.line == line_of('"info"')


def test_a_key_that_is_given_twice_is_told() -> None:
    spec = loaded('{"info": {"schema": "postman.com"},\n "item": [{"request": "/a",\n "request": "/b"}]}')

    assert spec.paths == ("/b",)
    assert [(each.evidence.pointer, each.evidence.line) for each in spec.problems] == [("/item/0/request", 3)]
    assert spec.whole


def test_what_is_sent_is_read_from_the_examples(toy: Spec) -> None:
    listing = operation(toy, "GET", "/work-orders")
    limit, since, site = listing.parameters
    change = operation(toy, "PATCH", "/work-orders/{orderId}").request
    form = operation(toy, "POST", "/work-orders/{orderId}/files").form

    assert (limit.name, limit.description, limit.schema.types) == ("limit", "At most 200", ("integer",))
    assert (since.name, site.where, site.required) == ("updated_since", "header", False)
    assert operation(toy, "GET", "/work-orders/{orderId}").parameters[0].description == "The number"
    assert change is not None
    assert BODY.count("{{") == 2
    assert (list(change.properties), change.required) == (["title", "cost"], frozenset())
    assert [(each.name, each.schema.format, each.description) for each in form] == [
        ("note", "", "A remark"),
        ("file", "binary", ""),
    ]


def test_saved_answers_are_united_into_one_schema(toy: Spec) -> None:
    answer = operation(toy, "GET", "/work-orders").success
    assert answer is not None
    assert answer.schema is not None
    record = answer.schema.properties["data"].items

    assert (answer.media_types, list(answer.headers)) == (("application/json",), ["X-RateLimit-Limit"])
    assert answer.schema.required == {"data"}
    assert answer.schema.raw["x-inferred"] is True
    assert record is not None
    assert record.required == set(ORDER)
    assert (record.properties["cost"].types, record.properties["due"].format) == (("number",), "date-time")
    assert (record.properties["asset"].types, record.properties["asset"].nullable) == (("string",), True)


def test_the_work_orders_are_found(toy: Spec) -> None:
    found = find_resources(toy, rest())["work_orders"]

    assert (found.path, found.container, found.id_field) == ("/work-orders", "data", "id")
    assert found.read is not None
    assert found.update is not None


def test_ways_in_are_read_and_inherited(toy: Spec) -> None:
    assert list(operation(toy, "GET", "/work-orders").security[0]) == ["oauth2"]
    assert list(operation(toy, "PATCH", "/work-orders/{orderId}").security[0]) == ["basic"]
    assert operation(toy, "GET", "/health").is_open
    key = toy.security_schemes[next(iter(operation(toy, "GET", "/assets").security[0]))]
    assert (key.type, key.where, key.parameter) == ("apiKey", "header", "X-Api-Key")
    flow = toy.security_schemes["oauth2"].flows["clientCredentials"]
    assert (flow.token_url, list(flow.scopes)) == (
        "https://api.wrench.example/v2/oauth/token",
        ["orders:read", "orders:write"],
    )


def test_no_secret_is_copied(toy: Spec) -> None:
    assert SECRET in written()
    assert SECRET not in json.dumps(toy.root.value)


@pytest.mark.parametrize(
    ("url", "path", "server"),
    [
        ("https://x.example/api/v1/assets?x=1#y", "/api/v1/assets", "https://x.example"),
        ("{{base}}/assets/:id", "/assets/{id}", None),
        ("{{known}}/assets/{{asset_id}}", "/assets/{asset_id}", "https://known.example/cmms"),
        ("https://known.example/cmms/assets", "/assets", "https://known.example/cmms"),
        ("{{bare}}/assets", "/assets", "https://bare.example"),
        ("{{known}}/{{version}}/assets/17", "/v3/assets/{id}", "https://known.example/cmms"),
        ("{{known}}/sites/1/assets/2", "/sites/{id}/assets/{id2}", "https://known.example/cmms"),
        ("/assets", "/assets", None),
        ("https://me:secret@x.example/assets", "/assets", "https://x.example"),
        ("{{known}}/{{api_token}}/assets", "/{api_token}/assets", "https://known.example/cmms"),
        ({"raw": "https://x.example/assets"}, "/assets", "https://x.example"),
        ({"host": "x.example", "path": "a/b", "port": "8443", "protocol": "http"}, "/a/b", "http://x.example:8443"),
        (
            {"host": ["{{tenant}}", "x", "example"], "path": [{"value": ":id"}, 3]},
            "/{id}",
            "https://{tenant}.x.example",
        ),
        ("https://{{tenant}}.x.example", "/", "https://{tenant}.x.example"),
    ],
)
def test_addresses_are_read_however_they_are_written(url: Any, path: str, server: str | None) -> None:
    variables = {"known": "https://known.example/cmms", "version": "v3", "bare": "bare.example", "asset_id": "17"}
    variables["api_token"] = "ab/cd"
    spec = collection(call(url), variable=[{"key": key, "value": value} for key, value in variables.items()])

    assert spec.paths == (path,)
    assert next((each.url for each in spec.servers), None) == server


def test_version_2_0_and_a_collection_from_the_api_are_read_too() -> None:
    auth = {"type": "apikey", "apikey": {"key": "X-Token", "value": SECRET, "in": "header"}}
    old = {"info": {"schema": SCHEMA.replace("v2.1.0", "v2.0.0")}, "item": [call("https://x.example/a")], "auth": auth}
    spec = loaded(written({"collection": old}))

    assert (spec.dialect_version, spec.paths) == ("2.0", ("/a",))
    assert spec.security_schemes["apikey"].parameter == "X-Token"
    assert operation(spec, "GET", "/a").evidence.line == 7


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"info": {"_postman_id": "1", "schema": SCHEMA}, "item": []}, "without a single call"),
        ({"info": {"_postman_id": "1", "schema": SCHEMA}, "item": 3}, "without a single call"),
        ({"_postman_variable_scope": "environment", "values": []}, "environment"),
        ({"name": "old", "requests": [{"url": "x"}], "order": []}, "version 1"),
    ],
)
def test_a_collection_that_cannot_be_read_is_named(value: Any, says: str) -> None:
    found = parse_spec(json.dumps(value), "x")

    assert isinstance(found, NotASpec)
    assert found.kind == "postman"
    assert says in found.says


def verdict(check_id: str, document: Any) -> Finding:
    return judged(check_id, document)[0]


def test_what_a_collection_does_not_show_is_unknown_and_raises_no_flag() -> None:
    keys = copy.deepcopy(COLLECTION)
    keys["auth"] = {"type": "apikey", "apikey": [{"key": "key", "value": "X-Key"}]}
    keys["info"]["description"] = ""
    keys["item"] = keys["item"][:1]
    del keys["item"][0]["item"][0]["item"][3]

    for check_id in ("auth.offers-oauth", "limits.numbers-published", "webhooks.offered", "data.hierarchy-documented"):
        finding = verdict(check_id, keys)
        assert (finding.verdict, finding.flags) == (Verdict.UNKNOWN, ()), check_id


def test_an_example_with_a_password_does_not_say_that_there_is_no_other_way() -> None:
    basic = {**COLLECTION, "auth": {"type": "basic"}, "item": COLLECTION["item"][:1]}

    assert verdict("auth.basic-not-documented", basic).verdict is Verdict.PARTIAL
    assert verdict("auth.offers-oauth", basic).flags == ()


def test_a_collection_is_partial_documentation_and_says_so() -> None:
    finding = verdict("data.document-understood", COLLECTION)

    assert finding.verdict is Verdict.PARTIAL
    assert "Postman collection 2.1: examples of 9 calls" in finding.summary
    finding = verdict("data.document-valid", COLLECTION)
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert finding.summary.startswith("the form of a Postman collection 2.1 is not checked here")


def test_a_collection_with_any_part_replaced_by_anything_is_read() -> None:
    chance = random.Random(11)
    text = json.dumps(COLLECTION)
    for _ in range(150):
        document = json.loads(text)
        _damage(document, chance)
        found = parse_spec(json.dumps(document), "x") if "info" in document else None
        if isinstance(found, Spec):
            used_up(found)


def _damage(document: Any, chance: random.Random) -> None:
    node: Any = document["item"]
    while True:
        step = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        inner = node[step]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.15:
            node[step] = chance.choice(
                [None, True, 7, "x", "{{", [], {}, [1], [{}], {"key": 1, "value": {}}, ["{{a}}"]]
            )
            return
        node = inner


@settings(max_examples=100, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_request_is_read(request: Any, response: Any, auth: Any) -> None:
    items = [{"request": request, "response": [response]}, {"request": {"url": "/a", "auth": auth, "body": request}}]
    used_up(loaded(json.dumps({"info": {"schema": SCHEMA}, "item": items, "auth": auth})))


HOSTILE = {
    "many schemes": {"item": [call("/a", auth={"type": "apikey", "apikey": {"key": f"k{i}"}}) for i in range(8_000)]},
    "deep folders": {"item": [json.loads('{"item":[' * 90 + '{"request": "/a"}' + "]}" * 90)]},
    "many names": {"item": [{**call("/a"), "response": [saved(200, [{f"n{i}": i} for i in range(5_000)])] * 5}]},
    "long address": {
        "item": [call("{{a}}/" + "{{a}}/:b/" * 50_000)],
        "variable": [{"key": "a", "value": "{{a}}" * 999}],
    },
    "deep body": {"item": [{**call("/a"), "response": [{"code": 200, "body": "[" * 50_000}]}]},
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_hostile_collections_are_settled_quickly(members: dict[str, Any]) -> None:
    started = time.process_time()

    used_up(loaded(json.dumps({"info": {"schema": SCHEMA}, **members})))

    assert time.process_time() - started < 4
