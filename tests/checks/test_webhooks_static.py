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
        ("Webhook deliveries are retried every 2 hours for a day.", {"retry_window_hours": 24}),
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
