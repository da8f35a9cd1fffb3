"""Which delivery belongs to which cause is known by the record that it names, whatever its form and its sender.

Tries of one event are put together by what stays the same: a name, or else what they say.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.events.causes import Cause, Tries, What, grouped, tells_of
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Received, Signature
from tests.events.trials import START, delivery, exchange, trial, tries

MARK = "cmms-audit 1a2b3c4d-00c0ffee-{}"
GUID = "3F2504E0-4F89-11D3-9A0C-0305E82C3301"


def did(number: int, record_id: str, *, at: float = 0.0, what: What = "created", answer: object = None) -> Cause:
    """A cause at a record of this id; `answer` is what the vendor said to it. Its text of ours ends with the number."""
    return Cause(
        number,
        what,
        record_id,
        START + timedelta(seconds=at),
        exchange(number, body=answer),
        mark=MARK.format(number),
    )


_numbers = iter(range(1, 1_000_000))


def came(content: Any, at: float = 1.0, *, treated: str = "200", **headers: str) -> Received:
    """A delivery so many seconds after the start; content that is no text is sent as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    moment = (START + timedelta(seconds=at)).isoformat()
    digest = hashlib.sha256(body).hexdigest()
    one = Delivery(next(_numbers), "steady", moment, "POST", "", named, body, len(body), digest, treated)
    return Received(one, Signature())


def seen(deliveries: Sequence[Received], *causes: Cause) -> list[tuple[int, int]]:
    """Events as they were told apart: the number of the cause, and how many tries there were."""
    return [(each.cause.number, len(each.tries)) for each in grouped(deliveries, causes)]


def only(deliveries: Sequence[Received], *causes: Cause) -> Tries:
    (event,) = grouped(deliveries, causes)
    return event


# -- which record -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {"type": "work_order.created", "data": {"work_order_id": "WO-1"}},
        {"id": "WO-1", "title": "x"},
        {"event": {"type": "created", "workOrder": {"id": "WO-1"}}},
        [{"objectId": "WO-1"}],
        {"type": "updated", "href": "https://vendor.example/api/v1/work-orders/WO-1"},
        {"@odata.id": "https://vendor.example/odata/WorkOrders('WO-1')"},
        {"Type": "Notification", "Message": json.dumps({"detail": {"workOrderId": "WO-1"}})},
        {"Message": json.dumps({"body": json.dumps([{"workOrderId": "WO-1"}])})},
        {"workOrderId": "wo-1"},
        urlencode({"event": "created", "work_order_id": "WO-1"}).encode(),
        urlencode({"payload": json.dumps({"order": {"id": "WO-1"}})}).encode(),
        b"<event><type>created</type><workOrder><id>WO-1</id></workOrder></event>",
        b'<?xml version="1.0"?><e:Event xmlns:e="urn:x"><e:OrderId a="b">WO-1</e:OrderId></e:Event>',
        {"type": "created", "text": f"“{MARK.format(1)}” was created"},
        f"New work order: {MARK.format(1)}!".encode(),
        f"text={quote_plus(MARK.format(1))}&channel=plant".encode(),
    ],
)
def test_an_event_is_known_by_the_record_that_it_names_in_any_form(content: Any) -> None:
    assert seen([came(content)], did(1, "WO-1"), did(2, "WO-2")) == [(1, 1)]


@pytest.mark.parametrize(
    ("record_id", "answer", "content"),
    [
        (GUID, None, {"workOrderId": GUID.lower()}),
        (GUID, None, {"workOrderId": f"{{{GUID}}}"}),
        ("17", {"id": 17, "number": "WO-000017"}, {"event": "created", "number": "wo-000017"}),
        ("17", {"id": 17, "code": 4, "woNumber": "WO-17"}, {"event": "created", "order": "WO-17"}),
        ("17", {"data": {"id": 17, "href": f"https://x.example/orders/{GUID}"}}, {"link": f"/v2/orders/{GUID}"}),
    ],
)
def test_a_record_has_other_names_than_its_id(record_id: str, answer: object, content: object) -> None:
    assert seen([came(content)], did(1, record_id, answer=answer), did(2, "18")) == [(1, 1)]


@pytest.mark.parametrize(
    "content",
    [
        {"id": 17, "priority": 5, "estimated_hours": 5, "site_id": 5, "siteId": 5},
        {"type": "created", "site": {"id": 5}, "assignee": {"id": 5}, "work_order": {"id": 17, "asset": {"id": 5}}},
        {"subscription_id": 5, "attempt_number": 5, "createdById": 5, "data": {"id": 17}},
        {"webhook": {"id": 5}, "parentWorkOrder": {"id": 5}, "links": {"self": "/work-orders/17", "site": "/sites/5"}},
        {"work_order_id": 17, "assetId": 5, "status": {"id": 5, "name": "OPEN"}},
        b"<event><siteId>5</siteId><priority>5</priority><id>17</id></event>",
    ],
)
def test_a_small_number_that_names_something_else_is_no_work_order(content: Any) -> None:
    assert seen([came(content)], did(5, "5"), did(17, "17")) == [(17, 1)]


def test_a_work_order_and_an_asset_may_have_one_number() -> None:
    causes = (did(1, "7"), did(2, "7", at=0.5, what="asset created"), did(3, "7", at=0.6, what="asset changed"))
    changed = came({"type": "asset.condition_changed", "data": {"asset_id": 7}}, asset="")
    created = came({"type": "work_order.created", "data": {"work_order_id": 7, "asset": {"id": 9}}})

    assert seen([changed, created], *causes) == [(3, 1), (1, 1)]


def test_several_events_in_one_message_are_each_an_event_of_its_record() -> None:
    batch = came([{"id": "e1", "work_order": "WO-1"}, {"id": "e2", "work_order": "WO-2"}, {"id": "e3", "other": "X"}])

    assert seen([batch, replace(batch)], did(1, "WO-1"), did(2, "WO-2"), did(3, "WO-3")) == [(1, 2), (2, 2)]


def test_what_others_caused_is_left_out_and_what_is_missing_is_named() -> None:
    at = trial({"steady": [delivery("steady", 1, 0.1), delivery("steady", 99, 0.2)]})

    assert [each.cause.number for each in at.events("steady")] == [1]
    assert [each.number for each in at.missing("steady")] == [2]


def test_an_event_that_came_before_anything_was_caused_belongs_to_nothing() -> None:
    assert trial({"steady": [delivery("steady", 1, -1.0)]}).events("steady") == ()


# -- which of the things done to a record -----------------------------------------------------------------

THREE = (
    did(1, "WO-1"),
    did(2, "WO-1", at=0.1, what="status changed"),
    did(3, "WO-1", at=0.2, what="changed"),
)


def of_kind(kind: str, at: float, **more: Any) -> Received:
    return came({"type": kind, "work_order": "WO-1", "at": at, **more}, at)


def test_an_event_of_a_new_work_order_that_comes_late_is_not_taken_for_the_change_of_status() -> None:
    late = [of_kind("work_order.status_changed", 3), of_kind("work_order.created", 4)]

    assert seen(late, *THREE) == [(2, 1), (1, 1)]
    slow = [of_kind("work_order.created", 5), of_kind("work_order.updated", 6), of_kind("work_order.updated", 7)]
    assert seen(slow, *THREE) == [(1, 1), (2, 1), (3, 1)]


def test_what_an_event_is_called_may_stand_beside_what_it_is_about() -> None:
    late = [
        came({"event": "work_order", "action": "update", "id": "WO-1"}, 3),
        came({"event": "work_order", "action": "create", "id": "WO-1"}, 4),
        came({"id": "WO-1", "x": 1}, 5, x_acme_topic="work-orders/update"),
    ]

    assert seen(late, *THREE) == [(2, 1), (1, 1), (3, 1)]


def test_events_that_do_not_say_what_they_are_go_in_the_order_of_what_was_done() -> None:
    assert seen([came({"work_order": "WO-1", "n": n}, n) for n in (1, 2, 3)], *THREE) == [(1, 1), (2, 1), (3, 1)]


def test_a_second_event_of_one_create_takes_no_other_causes_place() -> None:
    several = [of_kind(kind, at) for at, kind in enumerate(("wo.created", "wo.assigned", "wo.updated"), start=1)]
    again = of_kind("wo.updated", 4)

    assert seen([*several, again], *THREE) == [(1, 1), (1, 1), (2, 1), (3, 1)]


def test_an_event_made_by_what_was_done_later_is_not_known_before() -> None:
    assert seen([came({"type": "wo.updated", "id": "WO-1"}, 0.05)], *THREE) == [(1, 1)]


# -- which tries are of one event -------------------------------------------------------------------------


def test_tries_of_an_event_are_put_together_and_measured_from_their_cause() -> None:
    at = trial({"failing": [*tries("failing", 1, [1.0, 2.0]), *tries("failing", 2, [], first=0.3)]}).events("failing")

    assert [(each.cause.number, len(each.tries), each.ids) for each in at] == [(1, 3, ("evt-1",)), (2, 1, ("evt-2",))]
    assert at[0].gaps == (1.0, 2.0)
    assert round(at[0].latency, 3) == 0.1
    assert at[0].refused


def test_two_events_of_one_create_are_two_events_each_with_its_tries() -> None:
    created = [of_kind("created", at, id="a") for at in (1, 5, 9)]
    assigned = [of_kind("assigned", 2, id="b")]

    assert seen([created[0], *assigned, *created[1:]], did(1, "WO-1")) == [(1, 3), (1, 1)]


def test_an_id_of_its_own_for_each_try_does_not_hide_the_one_that_stays() -> None:
    event = {"id": "evt-1", "work_order": "WO-1"}
    found = only([came(event, at, treated="503", x_delivery_id=f"try-{at}") for at in (1, 3, 7)], did(1, "WO-1"))

    assert (found.ids, found.gaps) == (("evt-1",), (2.0, 4.0))


def test_without_ids_tries_are_known_by_what_they_say_but_for_what_each_says_of_itself() -> None:
    bodies = [
        {"attempt": n, "timestamp": f"2026-11-22T12:00:0{n}Z", "lastSentAt": n, "delivery": {"n": n}, "order": "WO-1"}
        for n in (1, 2, 3)
    ]
    found = only([came(each, at, treated="503") for at, each in enumerate(bodies)], did(1, "WO-1"))

    assert (len(found.tries), found.ids) == (3, ())


def test_a_list_of_entries_is_no_word_of_a_try() -> None:
    created, changed = ({"entries": [{"order": "WO-1", "countries": [n]}]} for n in (1, 2))

    assert seen([came(created, 1), came(changed, 2)], *THREE) == [(1, 1), (2, 1)]


def test_another_id_for_each_try_is_no_id_that_stays() -> None:
    found = only([came({"order": "WO-1"}, at, treated="503", webhook_id=f"e{at}") for at in (1, 2, 3)], did(1, "WO-1"))

    assert (len(found.tries), found.ids) == (3, ())


def test_the_id_of_the_record_is_not_the_events() -> None:
    flat = [
        came({"id": "WO-1", "status": "open"}, 1),
        came({"id": "WO-1", "status": "done"}, 2),
        came({"id": "WO-1", "status": "done", "title": "y"}, 3),
    ]

    events = list(grouped(flat, THREE))
    assert [(each.cause.number, each.ids) for each in events] == [(1, ()), (2, ()), (3, ())]


def test_the_id_of_the_subscription_in_every_message_is_not_the_events() -> None:
    all_of_them = [came({"order": f"WO-{n}", "kind": kind}, n, webhook_id="sub-9") for n, kind in ((1, "a"), (2, "b"))]
    changed = came({"order": "WO-1", "kind": "c"}, 3, webhook_id="sub-9")
    events = list(grouped([*all_of_them, changed], (*THREE, did(4, "WO-2"))))

    assert [(each.cause.number, each.ids) for each in events] == [(1, ()), (4, ()), (2, ())]


def test_events_that_only_link_to_the_record_are_as_many_as_what_was_done() -> None:
    thin = {"event": "changed", "link": "https://vendor.example/work-orders/WO-1"}

    assert seen([came(thin, at) for at in (1, 2)], did(1, "WO-1")) == [(1, 2)]
    assert seen([came(thin, at) for at in (1, 2, 3)], *THREE) == [(2, 1), (3, 2)]
    assert seen([came(thin, at, treated="503") for at in (1, 2, 3)], *THREE) == [(2, 3)]


def test_the_same_said_again_under_another_id_is_the_event_once_more_where_it_was_refused() -> None:
    def twice(treated: str) -> list[Received]:
        told = {"type": "work_order.created", "work_order": "WO-1"}
        return [came({"id": name, **told}, treated=treated) for name in ("a", "b")]

    assert seen(twice("503"), *THREE) == [(1, 2)]
    assert seen(twice("200"), *THREE) == [(1, 1), (1, 1)]


def test_a_batch_tells_of_each_of_its_events() -> None:
    kinds = (("work_order.updated", 2), ("work_order.created", 1), ("work_order.created", 2))
    entries = [{"id": f"e{at}", "type": kind, "work_order": f"WO-{of}"} for at, (kind, of) in enumerate(kinds)]
    changed = did(3, "WO-2", at=0.2, what="status changed")

    for body in (entries, {"events": entries}):
        assert sorted(seen([came(body)], did(1, "WO-1"), did(2, "WO-2", at=0.1), changed)) == [(1, 1), (2, 1), (3, 1)]


def test_one_kind_of_event_may_stand_for_all_that_happens_to_a_work_order() -> None:
    told = [("a", 1), ("b", 2), ("c", 2)]
    messages = [came({"id": name, "type": "work_order.changed", "work_order": f"WO-{of}"}) for name, of in told]

    assert seen(messages, did(1, "WO-1"), did(2, "WO-2", at=0.1), did(3, "WO-2", at=0.2, what="status changed")) == [
        (1, 1),
        (2, 1),
        (3, 1),
    ]


# -- hostile ----------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
OURS = st.sampled_from(["WO-1", "WO-2", "17", 17, "id", MARK.format(1), json.dumps({"id": "WO-1"}), "\ud800", "[[["])
NAMES = st.sampled_from(["id", "type", "event", "data", "workOrderId", "meta", "attempt", "href"]) | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS | OURS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
HEADERS = st.dictionaries(st.sampled_from(["webhook_id", "x_delivery_id", "x_event_type"]), st.text(max_size=4))
DELIVERIES = st.lists(
    st.tuples(ANYTHING, st.floats(-1, 10), st.sampled_from(["200", "503", "reset"]), HEADERS), max_size=8
)


@given(sent=DELIVERIES)
def test_no_delivery_of_ours_is_lost_or_counted_twice_for_a_record_whatever_it_holds(sent: list[Any]) -> None:
    causes = (*THREE, did(4, "WO-2"), did(5, "17", what="asset created"))
    deliveries = [came(content, at, treated=treated, **headers) for content, at, treated, headers in sent]
    deliveries.sort(key=lambda each: each.delivery.received)

    told = sorted(
        (each.cause.record, one.delivery.number) for each in grouped(deliveries, causes) for one in each.tries
    )
    begun = [each for each in deliveries if each.delivery.received >= THREE[-1].at.isoformat()]
    due = {(one.record, each.delivery.number) for each in begun for one in causes if tells_of(each.delivery, one)}
    assert len(told) == len(set(told))
    assert {pair for pair in due if not _began_too_early(pair, deliveries, causes)} <= set(told)


def _began_too_early(
    pair: tuple[tuple[str, str], int], deliveries: Sequence[Received], causes: Sequence[Cause]
) -> bool:
    """Whether an event of that record came before anything was done, of which this may be one more try."""
    return any(
        tells_of(each.delivery, one) and each.delivery.received < one.at.isoformat()
        for each in deliveries
        for one in causes
        if one.record == pair[0]
    )


@given(body=st.binary(max_size=200))
def test_no_bytes_break_it(body: bytes) -> None:
    list(grouped([came(body), came(body, 2.0)], THREE))


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"event":', "}"), ('{"Message":"', '"}')])
@pytest.mark.parametrize("depth", [5, 900, 960, 975, 985, 100_000])
def test_no_depth_breaks_it(opened: str, closed: str, depth: int) -> None:
    body = (opened * depth + '"WO-1"' + closed * depth).encode()

    list(grouped([came(body)], THREE))


def test_of_a_message_without_end_the_beginning_is_looked_at() -> None:
    endless = came([{"workOrderId": "WO-1"}, *([{"n": n} for n in range(30_000)]), {"workOrderId": "WO-2"}])

    assert seen([endless], did(1, "WO-1"), did(2, "WO-2")) == [(1, 1)]


def test_thousands_of_messages_that_look_like_ours_are_looked_at_in_seconds() -> None:
    widest = {"id": "x", "data": [{"workOrderId": f"WO-{n}", "href": f"/work-orders/{n}/a/b/c"} for n in range(100)]}
    flood = [came({**widest, "n": n}, 1.0 + n / 1000) for n in range(2000)]
    began = time.monotonic()

    events = list(grouped(flood, tuple(did(n, f"WO-{n}") for n in range(8))))

    assert len(events) >= 8
    assert time.monotonic() - began < 20
