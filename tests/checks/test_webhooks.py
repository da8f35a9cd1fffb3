"""Whether events are sent, sent again, listed, signed and narrowed, as documented."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Basis, Claim, Reason, Verdict
from tests.checks.small import RECORD, Json, Small, described, flags, looked_at, operation, read
from tests.wire.servers import Answer

GOOD = "Failed webhook deliveries are retried 10 times with exponential backoff for up to 72 hours."
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def subscription(*fields: str, path: str = "/webhooks", **more: Any) -> Json:
    body = {"type": "object", "properties": {name: {"type": "string"} for name in ("url", *fields)}}
    return described(
        paths={path: {"get": operation({"type": "array", "items": RECORD}), "post": operation(body, body=body)}}, **more
    )


def test_an_operation_that_takes_an_address_offers_webhooks() -> None:
    finding = read("webhooks.offered", subscription())

    assert finding.verdict is Verdict.MET
    assert "POST /webhooks" in finding.summary


def test_described_events_offer_webhooks() -> None:
    document = described() | {"webhooks": {"workOrderClosed": {"post": operation(RECORD)}}, "openapi": "3.1.0"}

    assert read("webhooks.offered", document).verdict is Verdict.MET


def test_an_address_for_calls_from_elsewhere_is_no_webhook() -> None:
    receiver = {"/webhook/{id}": {"post": operation(RECORD, body=RECORD, parameters=[ID])}}

    finding = read("webhooks.offered", described(paths=receiver))

    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


def test_a_claim_leaves_missing_webhooks_open() -> None:
    finding = read("webhooks.offered", described(), claim=Claim("webhooks.supported", "yes"))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


@pytest.mark.parametrize(
    ("text", "verdict", "raised"),
    [
        (GOOD, Verdict.MET, False),
        (
            "A webhook that fails is delivered again later. It is retried with growing gaps over 3 days.",
            Verdict.MET,
            False,
        ),
        ("Webhook deliveries are retried up to 5 times.", Verdict.PARTIAL, False),
        ("Webhooks are delivered on a best-effort basis.", Verdict.NOT_MET, True),
        ("Failed webhook deliveries are not retried.", Verdict.NOT_MET, True),
        ("Webhooks: each event is sent once.", Verdict.NOT_MET, True),
        ("We send webhooks for every change.", Verdict.UNKNOWN, False),
        ("Webhooks exist. Retry your request after 429 with backoff.", Verdict.UNKNOWN, False),
        ("Queues a delivery, failed or not, to be sent again.", Verdict.UNKNOWN, False),
        ("Redeliver a webhook delivery by hand.", Verdict.UNKNOWN, False),
    ],
)
def test_repeats_are_judged_by_what_the_documents_say(text: str, verdict: Verdict, raised: bool) -> None:
    finding = read("webhooks.retry-documented", subscription(text=text))

    assert finding.verdict is verdict
    assert flags(finding).get("no-webhook-retry", False) is raised


@pytest.mark.parametrize(("hours", "contradicted"), [(72, False), (24, False), (96, True)])
def test_claimed_repeats_are_held_against_the_documents(hours: int, contradicted: bool) -> None:
    claim = Claim("webhooks.delivery", "yes", {"retries": 10, "window_hours": hours})

    finding = read("webhooks.retry-documented", subscription(text=GOOD), claim=claim)

    assert [test.contradicted for test in finding.claims] == [False, contradicted]


def test_claimed_repeats_are_contradicted_by_best_effort() -> None:
    claim = Claim("webhooks.delivery", "yes", {"retries": 10})

    finding = read("webhooks.retry-documented", subscription(text="Webhooks are best effort."), claim=claim)

    assert [test.contradicted for test in finding.claims] == [True]


def test_documentation_pages_speak_for_repeats_too_but_only_as_documents() -> None:
    page = Answer(200, f"<html><body><p>{GOOD}</p></body></html>", {"Content-Type": "text/html"})
    vendor = Small(wrong=lambda seen: page if seen.path == "/docs" else None)

    (said,) = looked_at("webhooks.retry-in-documentation", vendor, docs="/docs")
    (unsaid,) = looked_at("webhooks.retry-in-documentation", vendor)

    assert (said.verdict, said.basis) == (Verdict.MET, Basis.DOCUMENTED)
    assert unsaid.verdict is Verdict.NOT_APPLICABLE


def with_log(*paths: str, method: str = "get") -> Json:
    document = subscription()
    document["paths"] |= {path: {method: operation(RECORD, parameters=[ID])} for path in paths}
    return document


def test_a_log_of_deliveries_and_a_way_to_send_again_are_both_needed() -> None:
    both = with_log("/webhooks/{id}/deliveries")
    both["paths"]["/webhooks/{id}/deliveries/{did}/retry"] = {"post": operation(RECORD, parameters=[ID])}

    assert read("webhooks.log-offered", both).verdict is Verdict.MET
    assert read("webhooks.log-offered", with_log("/webhooks/{id}/deliveries")).verdict is Verdict.PARTIAL
    assert read("webhooks.log-offered", subscription(text="Failed deliveries are logged.")).verdict is Verdict.PARTIAL
    assert read("webhooks.log-offered", subscription()).verdict is Verdict.UNKNOWN


def test_a_signature_is_found_in_words_and_in_a_secret() -> None:
    assert (
        read("webhooks.signature-documented", subscription(text="Webhooks are signed with HMAC.")).verdict
        is Verdict.MET
    )
    assert read("webhooks.signature-documented", subscription("secret")).verdict is Verdict.MET
    assert read("webhooks.signature-documented", subscription()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        (("event_types", "priority", "site_id"), Verdict.MET),
        (("events", "conditions"), Verdict.MET),
        (("events",), Verdict.PARTIAL),
        (("site_id",), Verdict.PARTIAL),
        ((), Verdict.NOT_MET),
    ],
)
def test_a_subscription_is_narrowed_by_type_and_by_more(fields: tuple[str, ...], verdict: Verdict) -> None:
    assert read("webhooks.filters-offered", subscription(*fields)).verdict is verdict


def test_rules_beside_the_subscription_narrow_it_too() -> None:
    document = subscription()
    rule = {"type": "object", "properties": {"event_types": {}, "conditions": {}}}
    document["paths"]["/event-rules"] = {"post": operation(RECORD, body=rule)}

    assert read("webhooks.filters-offered", document).verdict is Verdict.MET


def test_events_without_a_way_to_subscribe_leave_filters_open() -> None:
    document = described() | {"webhooks": {"workOrderClosed": {"post": operation(RECORD)}}, "openapi": "3.1.0"}

    finding = read("webhooks.filters-offered", document)

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


def test_filters_may_lie_inside_an_object_of_the_subscription() -> None:
    inner = {
        "type": "object",
        "properties": {"events": {"type": "array", "items": {}}, "priorities": {"type": "array", "items": {}}},
    }
    body = {"type": "object", "properties": {"url": {"type": "string"}, "only": inner}}

    finding = read("webhooks.filters-offered", described(paths={"/hooks": {"post": operation(RECORD, body=body)}}))

    assert finding.verdict is Verdict.MET
