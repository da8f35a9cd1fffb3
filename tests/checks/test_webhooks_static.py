"""What a specification says of events: which are named, what they hold, how they are tried, repeated and narrowed."""

from __future__ import annotations

import pytest

from cmms_audit.model import Verdict
from tests.checks.small import RECORD, Json, described, flags, operation, read
from tests.checks.test_webhooks import ID, subscription

CLOSED = {"post": operation(RECORD, body=RECORD)}


def choosing(*events: str, **more: object) -> Json:
    """A subscription that chooses among these events."""
    document = subscription("events")
    body = document["paths"]["/webhooks"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["properties"]["events"] = {"type": "array", "items": {"type": "string", "enum": list(events)}}
    return document | more


@pytest.mark.parametrize(
    ("events", "verdict", "lacking"),
    [
        (("work_order.created", "asset.condition_changed", "pm.due"), Verdict.MET, ""),
        (("work_order.created", "work_order.closed"), Verdict.MET, "maintenance plans"),
        (("invoice.created", "customer.updated"), Verdict.PARTIAL, "work orders"),
        (("email", "webhook"), Verdict.MET, ""),
    ],
)
def test_events_of_work_orders_are_looked_for_among_those_named(
    events: tuple[str, ...], verdict: Verdict, lacking: str
) -> None:
    finding = read("webhooks.offered", choosing(*events))

    assert finding.verdict is verdict
    assert ("None is about" in finding.detail) is bool(lacking)
    assert lacking in finding.detail


def test_events_in_an_extension_are_events_too() -> None:
    finding = read("webhooks.offered", described() | {"x-webhooks": {"workOrderClosed": CLOSED}})

    assert finding.verdict is Verdict.MET
    assert "1 events" not in finding.summary + finding.detail


def test_a_message_to_try_a_subscription_out_is_told() -> None:
    document = subscription()
    document["paths"]["/webhooks/{id}/ping"] = {"post": operation(RECORD, parameters=[ID])}

    assert "POST /webhooks/{id}/ping" in read("webhooks.offered", document).detail


def test_one_address_for_all_events_is_a_subscription() -> None:
    body = {"type": "object", "properties": {"url": {"type": "string"}}}

    finding = read("webhooks.offered", described(paths={"/webhook/config": {"put": operation(RECORD, body=body)}}))

    assert finding.verdict is Verdict.MET


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Webhooks are set up in the administration area.", Verdict.PARTIAL),
        ("Webhooks are not supported.", Verdict.NOT_MET),
        ("Webhooks are planned for next year.", Verdict.NOT_MET),
        ("Incoming webhooks create requests.", Verdict.NOT_MET),
    ],
)
def test_webhooks_that_only_the_text_speaks_of_are_half_an_answer(text: str, verdict: Verdict) -> None:
    assert read("webhooks.offered", described(text=text)).verdict is verdict


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("Events are published to your Kafka topic / Azure Service Bus.", True),
        ("Changes are streamed as server-sent events.", True),
        ("Webhooks are not supported; events are published to an AMQP queue.", True),
        ("Subscribe to notifications on the event bus.", True),
        ("Events are not published to Kafka.", False),
        ("Publishing events to Kafka is planned for next year.", False),
        ("Sensors publish readings to our MQTT broker as messages.", False),
        ("Internally we use Kafka to push updates.", False),
    ],
)
def test_events_on_a_queue_or_stream_are_another_way_of_delivery(text: str, elsewhere: bool) -> None:
    offered = read("webhooks.offered", described(text=text))
    filters = read("webhooks.filters-offered", described(text=text))

    assert (offered.verdict, offered.absence) == ((Verdict.PARTIAL, False) if elsewhere else (Verdict.NOT_MET, True))
    assert filters.verdict is (Verdict.UNKNOWN if elsewhere else Verdict.NOT_MET)


def target(**fields: Json) -> Json:
    body = {"type": "object", "properties": {"endpoint": {"type": "string", "format": "uri"}, **fields}}
    post = operation(RECORD, body=body, summary="Register HTTP endpoint to be notified")
    return described(paths={"/notifications/targets": {"post": post}})


def test_a_subscription_is_known_by_its_fields_too() -> None:
    kinds = {"type": "array", "items": {"type": "string"}}

    assert read("webhooks.offered", target(eventTypes=kinds)).verdict is Verdict.MET
    assert read("webhooks.filters-offered", target(eventTypes=kinds)).verdict is Verdict.PARTIAL


def test_an_address_without_a_choice_of_events_is_no_subscription() -> None:
    events = {"type": "array", "items": RECORD}

    assert read("webhooks.offered", target()).verdict is Verdict.NOT_MET
    assert read("webhooks.offered", target(events=events)).verdict is Verdict.NOT_MET
    assert read("webhooks.offered", target(event={"type": "string"})).verdict is Verdict.NOT_MET


@pytest.mark.parametrize("path", ["/mutatingwebhookconfigurations", "/admission/webhooks"])
def test_a_hook_that_is_asked_for_permission_tells_of_no_event(path: str) -> None:
    assert read("webhooks.offered", subscription(path=path)).verdict is Verdict.NOT_MET


def test_the_content_of_messages_is_described_or_not() -> None:
    described_ones = described() | {"openapi": "3.1.0", "webhooks": {"closed": CLOSED}}
    some = described() | {"openapi": "3.1.0", "webhooks": {"closed": CLOSED, "opened": {"post": {"responses": {}}}}}
    none = described() | {"openapi": "3.1.0", "webhooks": {"opened": {"post": {"responses": {}}}}}

    assert read("webhooks.payload-documented", described_ones).verdict is Verdict.MET
    assert read("webhooks.payload-documented", some).verdict is Verdict.PARTIAL
    assert read("webhooks.payload-documented", none).verdict is Verdict.NOT_MET
    assert read("webhooks.payload-documented", subscription()).verdict is Verdict.UNKNOWN


# -- delivery -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Failed webhook deliveries are retried three times.", {"retries": 3}),
        ("A failed webhook is retried five times with exponential backoff for three days.",
         {"retries": 5, "retry_window_hours": 72}),
        ("Webhook deliveries are retried every 2 hours for a day.",
         {"retry_window_hours": 24, "retry_first_gap": 7200}),
        ("Failed webhook deliveries are retried 3 times and kept for 30 days.", {"retries": 3}),
    ],
)  # fmt: skip
def test_numbers_of_repeats_are_read_in_figures_and_words(text: str, facts: dict[str, float]) -> None:
    assert read("webhooks.retry-documented", subscription(text=text)).facts == facts


@pytest.mark.parametrize(
    "text", ["Webhooks that fail aren't retried.", "Webhooks cannot be resent and are not retried."]
)
def test_more_ways_of_saying_no(text: str) -> None:
    finding = read("webhooks.retry-documented", subscription(text=text))

    assert (finding.verdict, flags(finding)["no-webhook-retry"]) == (Verdict.NOT_MET, True)


EVENTUALLY = "Failed deliveries are retried 5 times with exponential backoff over 72 hours."


@pytest.mark.parametrize(
    ("text", "verdict", "marks"),
    [
        (f"{EVENTUALLY} Deliveries will not be retried if your endpoint returns 410 Gone.",
         Verdict.MET, {"no-webhook-retry": False}),
        ("Webhooks will not be retried if your endpoint returns 410."
         " Other failures are retried for 72 hours with exponential backoff.",
         Verdict.MET, {"no-webhook-retry": False}),
        ("After 10 failed retries the event is not retried any more.", Verdict.PARTIAL, {"no-webhook-retry": False}),
        ("After 3 days a failed webhook is not retried any longer.", Verdict.PARTIAL, {"no-webhook-retry": False}),
        ("Ordering of events is on a best-effort basis;"
         " failed deliveries are retried for 72 hours with exponential backoff.",
         Verdict.MET, {"no-webhook-retry": False}),
        (f"Webhooks are best effort. {EVENTUALLY}", Verdict.MET, {"no-webhook-retry": False}),
        ("Webhooks are not retried. Failed deliveries are retried 3 times.", Verdict.PARTIAL, {}),
        ("Events are delivered in order on a best-effort basis.", Verdict.UNKNOWN, {}),
        ("Test events are not retried.", Verdict.UNKNOWN, {}),
        ("Webhooks are not retried when the endpoint answers with 4xx.", Verdict.UNKNOWN, {}),
        ("Webhook deliveries are not retried, except for status 503.", Verdict.UNKNOWN, {}),
    ],
)  # fmt: skip
def test_a_denial_for_some_cases_is_no_denial(text: str, verdict: Verdict, marks: dict[str, bool]) -> None:
    document = subscription()
    document["paths"]["/webhooks"]["post"]["description"] = text

    finding = read("webhooks.retry-documented", document)

    assert (finding.verdict, flags(finding)) == (verdict, marks)


@pytest.mark.parametrize(
    "text",
    [
        "If a delivery fails, it is not retried.",
        "Webhooks are not retried if your endpoint returns 500.",
        "Webhooks are not retried if your endpoint does not answer.",
        "Failed webhooks are not retried after the first attempt.",
        "Failed webhooks are not retried, so retry by calling GET /events.",
        "Webhooks that fail are lost and will not be retried or sent again.",
        "Work order events are delivered on a best-effort basis.",
        "Webhooks are delivered on a best-effort basis and may arrive out of order.",
        "We do not retry webhooks in order to keep latency low.",
    ],
)
def test_a_denial_at_every_failure_is_one(text: str) -> None:
    finding = read("webhooks.retry-documented", subscription(text=text))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {"no-webhook-retry": True})


def test_one_repeat_is_told_in_plain_words() -> None:
    finding = read("webhooks.retry-documented", subscription(text="A failed webhook is retried once within 1 hour."))

    assert "sent again once over 1 hour;" in finding.summary


def test_the_description_of_an_event_speaks_for_repeats_too() -> None:
    told = {"post": {"description": "Failed deliveries are retried 5 times.", "responses": {}}}

    finding = read("webhooks.retry-documented", described() | {"openapi": "3.1.0", "webhooks": {"closed": told}})

    assert (finding.verdict, finding.facts) == (Verdict.PARTIAL, {"retries": 5})


def test_repeats_that_can_be_set_are_half_an_answer() -> None:
    finding = read("webhooks.retry-documented", subscription("max_retries"))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {"no-webhook-retry": False})


def test_a_list_of_accounts_is_no_log_of_deliveries() -> None:
    finding = read(
        "webhooks.log-offered", subscription(text="The webhook is configured for the accounts listed below.")
    )

    assert finding.verdict is Verdict.UNKNOWN


def test_a_signature_in_a_header_of_an_event_is_found() -> None:
    header = {"name": "X-Signature", "in": "header", "schema": {"type": "string"}}
    signed = {"post": operation(RECORD, body=RECORD, parameters=[header])}

    finding = read("webhooks.signature-documented", described() | {"openapi": "3.1.0", "webhooks": {"closed": signed}})

    assert finding.verdict is Verdict.MET


def test_filters_that_only_a_sentence_promises_stay_a_limitation() -> None:
    document = subscription("event_types", text="Webhooks can be filtered by site and priority.")

    finding = read("webhooks.filters-offered", document)

    assert finding.verdict is Verdict.PARTIAL
    assert "priority and site" in finding.summary
