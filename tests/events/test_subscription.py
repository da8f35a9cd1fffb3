"""A subscription is made up from what the vendor describes, whatever he calls its parts."""

from __future__ import annotations

import asyncio
import json
from itertools import permutations
from typing import Any

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.events.subscription import Draft, Wish, draft, events_offered, new_order_events
from cmms_audit.sample_bodies import Sources
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import parse_spec
from cmms_audit.spec.resources import find_resources
from tests.support import rest

Json = dict[str, Any]
URL = "https://plant.example/cmms-audit-ab12-00c0ffee-1-x"
TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
EVENTS = {"type": "array", "items": {"type": "string", "enum": ["asset.updated", "work_order.created"]}}


def sources(properties: Json, required: list[str], sample: Json | None = None) -> Sources:
    body = {"type": "object", "properties": properties, "required": required}
    content = {"application/json": {"schema": body}}
    made = {"responses": {"201": {"description": "Made", "content": content}}}
    listed = {
        "200": {"description": "All", "content": {"application/json": {"schema": {"type": "array", "items": body}}}}
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {"/webhooks": {"get": {"responses": listed}, "post": {"requestBody": {"content": content}, **made}}},
    }
    spec = parse_spec(json.dumps(document), "vendor.json")
    assert isinstance(spec, Spec)
    resources = find_resources(spec, rest(), {})

    async def first_page(kind: str) -> Any:
        raise AssertionError(f"nothing of {kind} is needed")

    return Sources(resources, rest(), {"webhooks": sample} if sample else {}, first_page)


def drafted(properties: Json, required: list[str], sample: Json | None = None, **only: Any) -> Draft:
    return asyncio.run(draft("webhooks", Wish(URL, "a-secret-of-ours", only), sources(properties, required, sample)))


def test_every_event_is_asked_for_at_our_address() -> None:
    made = drafted({"url": TEXT, "events": EVENTS, "active": {"type": "boolean"}}, ["url", "events"])

    assert made.body == {"url": URL, "events": ["asset.updated", "work_order.created"]}
    assert made.narrowed == ()
    assert not made.gives_secret


def test_where_one_kind_of_event_can_be_chosen_it_is_one_about_work_orders() -> None:
    one = {"type": "string", "enum": ["ASSET_CREATED", "WORK_ORDER_CREATED", "USER_CREATED"]}

    assert drafted({"type": one, "callbackUrl": TEXT}, ["type", "callbackUrl"]).body == {
        "callbackUrl": URL,
        "type": "WORK_ORDER_CREATED",
    }


@pytest.mark.parametrize(
    "properties",
    [
        {"url": TEXT, "priority": WHOLE},
        {"url": TEXT, "priorities": {"type": "array", "items": WHOLE}},
        {"url": TEXT, "filters": {"type": "object", "properties": {"priorities": {"type": "array", "items": WHOLE}}}},
    ],
)
def test_a_filter_is_found_at_the_top_or_among_filters_in_the_singular_or_the_plural(properties: Json) -> None:
    made = drafted(properties, ["url"], priority=1, site="S-1")

    assert made.narrowed == ("priority",)
    assert "S-1" not in json.dumps(made.body)
    assert json.dumps(1) in json.dumps(made.body)


def test_a_value_that_a_filter_does_not_take_is_not_sent() -> None:
    choices = {"type": "string", "enum": ["LOW", "HIGH"]}

    assert drafted({"url": TEXT, "priority": choices}, ["url"], priority=1) == Draft(
        {"url": URL}, (), (), gives_secret=False
    )


def test_a_secret_of_ours_is_given_where_one_is_taken() -> None:
    assert drafted({"url": TEXT, "shared_key": TEXT}, ["url"]).gives_secret
    assert not drafted({"url": TEXT, "secret": {**TEXT, "readOnly": True}}, ["url"]).gives_secret
    short = drafted({"url": TEXT, "secret": {**TEXT, "maxLength": 8}}, ["url"])
    assert (short.gives_secret, "secret" in short.body) == (False, False)


def test_a_sample_of_the_vendor_file_is_kept_but_for_the_address() -> None:
    made = drafted({"targetUrl": TEXT, "kind": TEXT}, ["targetUrl", "kind"], {"targetUrl": "https://x", "kind": "wo"})

    assert made.body == {"targetUrl": URL, "kind": "wo"}


def test_where_no_field_takes_an_address_the_user_is_told_what_to_write() -> None:
    with pytest.raises(CouldNotLook, match="resources: webhooks"):
        drafted({"name": TEXT}, ["name"])


def test_what_narrows_and_which_events_there_are_is_read_from_the_description() -> None:
    resource = sources({"url": TEXT, "events": EVENTS, "siteIds": EVENTS}, ["url"]).resources["webhooks"]
    request = resource.create.request if resource.create else None

    assert events_offered(request, rest()) == ("asset.updated", "work_order.created")
    assert events_offered(None, rest()) == ()


SINGLE = ["PURCHASE_ORDER_CREATED", "WORK_ORDER_STATUS_CHANGED", "ASSET_CREATED", "WORK_ORDER_CREATED", "USER_ADDED"]


def test_the_one_kind_that_can_be_chosen_is_of_new_work_orders_whatever_the_order_of_the_list() -> None:
    chosen = [
        drafted({"url": TEXT, "event": {**TEXT, "enum": list(each)}}, ["url", "event"]).events
        for each in permutations(SINGLE)
    ]

    assert set(chosen) == {("WORK_ORDER_CREATED",)}


@pytest.mark.parametrize(
    ("names", "new"),
    [
        (["WO_CLOSED", "NewWO"], ["NewWO"]),
        (["workOrder:update", "workOrder:create"], ["workOrder:create"]),
        (["order.created", "asset.created"], ["order.created"]),
        (["sales_order.created", "work_request.created"], []),
        (["NEW_WORK_ORDER_COMMENT", "WORK_ORDER_NEW"], ["WORK_ORDER_NEW", "NEW_WORK_ORDER_COMMENT"]),
        (["WORK_ORDER_REOPENED", "network.opened", 7, None], []),
    ],
)
def test_kinds_of_new_work_orders_are_known_by_their_names(names: list[Any], new: list[str]) -> None:
    assert new_order_events(names) == new


def test_where_no_kinds_are_listed_those_of_the_examples_are_chosen() -> None:
    shown = {"type": "array", "items": {**TEXT, "example": "workorder.created"}}

    assert drafted({"url": TEXT, "events": shown}, ["url", "events"]).body["events"] == ["workorder.created"]
    whole = {"type": "array", "items": TEXT, "example": ["a.created", "b.created"]}
    assert drafted({"url": TEXT, "events": whole}, ["url"]).events == ("a.created", "b.created")


def test_where_no_kinds_are_known_none_are_made_up() -> None:
    unlisted = {"url": TEXT, "events": {"type": "array", "items": TEXT}}

    made = drafted(unlisted, ["url"])
    assert (made.body, made.events) == ({"url": URL}, ())
    with pytest.raises(CouldNotLook, match="name them in a sample"):
        drafted(unlisted, ["url", "events"])


@pytest.mark.parametrize("kinds", [["wo.created", "wo.closed"], [4, 7]])
def test_the_kinds_of_a_sample_are_kept(kinds: list[Any]) -> None:
    unlisted = {"url": TEXT, "events": {"type": "array", "items": {}}}

    made = drafted(unlisted, ["url", "events"], {"url": "https://x", "events": kinds})
    assert made.body["events"] == kinds


def test_the_kind_of_a_sample_is_kept_where_only_one_can_be_chosen() -> None:
    made = drafted({"url": TEXT, "event": TEXT}, ["url", "event"], {"url": "https://x", "event": "workorder-new"})

    assert (made.body["event"], made.events) == ("workorder-new", ("workorder-new",))


def test_a_sample_of_another_shape_than_described_breaks_nothing() -> None:
    filters = {"type": "object", "properties": {"priority": WHOLE}}

    made = drafted({"url": TEXT, "filters": filters}, ["url"], {"url": "https://x", "filters": "none"}, priority=1)
    assert made.body == {"url": URL, "filters": {"priority": 1}}
