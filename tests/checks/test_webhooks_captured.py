"""Deliveries that another receiver took, judged without their causes: what they show, and what they do not show."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.model import Basis, Evidence, Finding, Reason, Verdict
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.webhooks.signatures import Way
from tests.checks.small import Json, described, flags, operation
from tests.support import battery, subject_of

EVERY = [check for check in battery() if check.startswith("webhooks.captured-")]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
RIGHT = Way("webhook-signature", "sha256", "base64", "base64", ("{id}", ".", "{time}", ".", "{body}"),
            "webhook-timestamp", "webhook-id")  # fmt: skip
HOUR, DAY = 3600.0, 86_400.0


def came(
    seconds: float,
    event: str | None = "msg_1",
    treated: str = "",
    *,
    body: Any = None,
    address: str = "captured 1",
    signature: Signature = Signature(),  # noqa: B008 - a value that never changes
) -> Received:
    """A delivery so many seconds after the first."""
    content = json.dumps({"type": "work_order.created", "about": event} if body is None else body).encode()
    headers = (("webhook-id", event),) if event else ()
    at = (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    digest = hashlib.sha256(content).hexdigest()
    return Received(Delivery(0, address, at, "POST", "", headers, content, len(content), digest, treated), signature)


def seen(check: str, *deliveries: Received, document: Json | None = None) -> Finding:
    """What a check says of captured deliveries."""
    numbered = tuple(
        replace(each, delivery=replace(each.delivery, number=number)) for number, each in enumerate(deliveries, 1)
    )
    declared = battery()[f"webhooks.captured-{check}"]
    subject = replace(subject_of(document or described()), captured=numbered)
    (finding,) = asyncio.run(judge(declared, Context(subject, declared)))
    return finding


def tries(*moments: float, treated: str = "503", last: str | None = None) -> list[Received]:
    answers = [treated] * (len(moments) - 1) + [treated if last is None else last]
    return [came(at, treated=answer) for at, answer in zip(moments, answers, strict=True)]


@pytest.mark.parametrize("check", EVERY)
def test_a_run_without_a_capture_says_nothing(check: str) -> None:
    assert seen(check.removeprefix("webhooks.captured-")).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("check", EVERY)
def test_deliveries_that_hold_no_json_harm_nobody(check: str) -> None:
    odd = came(0)
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    bodies = (b"", b"\xff\xfe", b"[1]", b"null", deep, b'{"id":true}', b'{"timestamp":"0001-01-01T00:00:00+23:59"}')
    finding = seen(
        check.removeprefix("webhooks.captured-"),
        *(replace(odd, delivery=replace(odd.delivery, body=each, size=len(each))) for each in bodies * 2),
    )

    assert finding.reason is not Reason.DEFECT


# -- retries ------------------------------------------------------------------------------------------------


def test_growing_gaps_of_a_delivery_that_was_refused_are_retries() -> None:
    finding = seen("retries", *tries(0, 30, 90, 210, last="200"))

    assert (finding.verdict, finding.basis) == (Verdict.MET, Basis.OBSERVED)
    assert "4 times" in finding.summary
    assert "exponential" in finding.summary
    assert flags(finding) == {"no-webhook-retry": False}
    assert finding.evidence[0] == Evidence("delivery", id=1)


@pytest.mark.parametrize("moments", [(0, 30), (0, 7, 30), (0, 30, 90, 210), (0, HOUR, 2 * HOUR)])
def test_copies_show_no_retries_where_nobody_wrote_down_the_answers(moments: tuple[float, ...]) -> None:
    finding = seen("retries", *tries(*moments, treated=""))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})
    assert "by hand" in finding.summary


def test_a_refused_delivery_whose_content_comes_again_under_another_id_is_not_called_lost() -> None:
    about = {"work_order": "WO-17"}
    refused = came(0, "d1", "503", body={**about, "attempt": 1})
    later = came(HOUR * 5, "d2", "200", body={**about, "attempt": 2})

    assert seen("retries", refused, later).verdict is Verdict.UNKNOWN
    assert (
        seen("retries", refused, came(HOUR * 5, "d2", "200", body={"work_order": "WO-18"})).verdict is Verdict.PARTIAL
    )


def test_gaps_that_stay_the_same_give_no_rest() -> None:
    assert "no rest" in seen("retries", *tries(0, 5, 10, 15)).summary
    hourly = seen("retries", *tries(0, HOUR, 2 * HOUR, 3 * HOUR))
    assert (hourly.verdict, "no rest" in hourly.summary) == (Verdict.PARTIAL, False)


def test_a_second_try_alone_shows_that_there_are_retries_but_not_how_they_go_on() -> None:
    finding = seen("retries", *tries(0, 30, last="200"))

    assert finding.verdict is Verdict.UNKNOWN
    assert flags(finding) == {"no-webhook-retry": False}


def test_a_sender_who_gave_up_early_is_told_from_one_who_went_on_for_a_day() -> None:
    later = came(3 * DAY, "msg_2", "200")
    for_a_day = [0, *(HOUR * (2**n - 1) for n in range(1, 6))]

    assert seen("retries", *tries(0, 30, 90, 210), later).verdict is Verdict.PARTIAL
    assert seen("retries", *tries(*for_a_day), came(9 * DAY, "msg_2", "200")).verdict is Verdict.MET


def test_a_refused_delivery_is_lost_only_where_the_capture_goes_on_for_long() -> None:
    refused = came(0, treated="503")

    assert seen("retries", refused, came(60, "msg_2", "200")).verdict is Verdict.UNKNOWN
    assert seen("retries", refused, came(HOUR * 5, "msg_2", "200")).verdict is Verdict.PARTIAL
    elsewhere = came(HOUR * 5, "msg_2", "200", address="captured 2")
    assert seen("retries", refused, elsewhere).verdict is Verdict.UNKNOWN


def test_a_later_delivery_of_the_same_id_may_be_a_try_that_says_something_else() -> None:
    refused = came(0, treated="503", body={"status": "open"})
    later = came(HOUR * 5, treated="200", body={"status": "closed"})

    assert seen("retries", refused, later).verdict is Verdict.UNKNOWN


def test_what_each_try_says_of_itself_does_not_make_it_another_event() -> None:
    each = [came(at, treated="503", body={"attempt": n, "about": 1}) for n, at in enumerate((0, 30, 90))]

    assert seen("retries", *each).verdict is Verdict.MET


def test_one_event_at_two_addresses_is_no_retry() -> None:
    pair = [came(0, treated="503"), came(1, treated="503", address="captured 2")]

    assert seen("retries", *pair).verdict is Verdict.UNKNOWN


def test_records_that_change_often_are_not_taken_for_retries() -> None:
    changes = [came(at, None, "503", body={"id": 7, "status": at}) for at in (0, 30, 90)]

    assert seen("retries", *changes).verdict is Verdict.UNKNOWN


# -- ids, copies, order -------------------------------------------------------------------------------------


def test_ids_that_stay_are_told_from_such_that_change_and_such_that_are_not_there() -> None:
    same = {"work_order": "WO-17"}
    changing = [came(at, f"msg_{at}", "503", body=same) for at in (0, 30)]
    without = [came(at, None, "503", body=same) for at in (0, 30)]

    assert seen("ids", *tries(0, 30)).verdict is Verdict.MET
    assert seen("ids", *changing).verdict is Verdict.PARTIAL
    assert seen("ids", *without).verdict is Verdict.PARTIAL


def test_ids_of_deliveries_are_no_fault_where_the_content_has_one_of_its_own() -> None:
    each = [came(at, f"msg_{at}", "503", body={"id": "evt_1"}) for at in (0, 30)]

    assert seen("ids", *each).verdict is Verdict.UNKNOWN


def test_equal_messages_that_were_taken_are_not_held_to_be_tries() -> None:
    pings = [came(at, f"msg_{at}", "200", body={"type": "ping"}) for at in (0, 30, 60)]

    assert seen("ids", *pings).verdict is Verdict.UNKNOWN
    assert seen("once", *pings).verdict is Verdict.MET


def test_a_copy_after_a_delivery_was_taken_is_told_but_decides_nothing() -> None:
    finding = seen("once", *tries(0, 30, treated="200"))

    assert (finding.verdict, finding.decisive) == (Verdict.PARTIAL, False)
    assert seen("once", *tries(0, 30, last="200")).verdict is Verdict.MET
    assert seen("once", *tries(0, 30, treated="")).verdict is Verdict.UNKNOWN
    assert seen("once", *tries(0, 30, treated="slow:20")).verdict is Verdict.UNKNOWN


def test_an_event_that_was_overtaken_is_told() -> None:
    def at(seconds: float, happened: str) -> Received:
        return came(seconds, f"msg_{seconds}", body={"occurred_at": happened})

    in_order = [at(0, "2026-03-02T07:59:00Z"), at(1, "2026-03-02T07:59:05Z")]

    assert seen("order", *in_order).verdict is Verdict.MET
    assert seen("order", *reversed(in_order)).verdict is Verdict.PARTIAL
    assert seen("order", came(0), came(1, "msg_2")).verdict is Verdict.UNKNOWN


# -- signatures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "verdict", "says"),
    [
        (Signature(), Verdict.PARTIAL, "carry no signature"),
        (Signature(("webhook-signature",), RIGHT, True, tampered_fails=True), Verdict.MET, "verified"),
        (
            Signature(("x-sig",), Way("x-sig", "sha256", "hex", "text", ("{body}",)), True, tampered_fails=True),
            Verdict.PARTIAL,
            "covers no time",
        ),
        (Signature(("x-sig",)), Verdict.UNKNOWN, "webhooks.secret"),
        (Signature(("x-sig",), secret_known=True), Verdict.UNKNOWN, "none of the usual ways"),
        (Signature(("x-sig",), public_key=True), Verdict.UNKNOWN, "key of the vendor's own"),
    ],
)
def test_a_signature_is_worth_what_it_covers(signature: Signature, verdict: Verdict, says: str) -> None:
    finding = seen("signature", came(0, signature=signature), came(1, "msg_2", signature=signature))

    assert finding.verdict is verdict
    assert says in finding.summary


def from_(agent: str, at: float, event: str, signature: Signature = Signature()) -> Received:  # noqa: B008
    one = came(at, event, signature=signature)
    headers = (*one.delivery.headers, ("user-agent", agent))
    return replace(one, delivery=replace(one.delivery, headers=headers))


VERIFIED = Signature(("webhook-signature",), RIGHT, True, tampered_fails=True)
MISFIT = Signature(("webhook-signature",), secret_known=True)


def test_what_strangers_send_to_an_open_address_is_not_held_against_the_vendor() -> None:
    others = (from_("curl/8", 0, "a"), from_("scanner", 1, "b", MISFIT))

    assert seen("signature", *others, from_("Vendor/1", 2, "c", VERIFIED)).verdict is Verdict.MET


def test_what_the_vendor_sends_without_a_signature_is_seen_beside_what_is_signed() -> None:
    finding = seen("signature", from_("Vendor/1", 0, "a"), from_("Vendor/1", 1, "b", VERIFIED))

    assert finding.verdict is Verdict.PARTIAL
    assert finding.evidence[0] == Evidence("delivery", id=1)


@pytest.mark.parametrize("other", [Signature(), MISFIT])
def test_one_signed_delivery_of_thirty_does_not_speak_for_all(other: Signature) -> None:
    rest = [came(each, f"m{each}", signature=other) for each in range(1, 30)]

    finding = seen("signature", came(0, "a", signature=VERIFIED), *rest)

    assert finding.verdict is Verdict.UNKNOWN
    assert "1 of 30" in finding.summary


def test_nothing_verifies_what_was_not_kept_as_it_came() -> None:
    cut = came(0, signature=Signature(("x-sig",), secret_known=True))
    cut = replace(cut, delivery=replace(cut.delivery, size=9_999))

    assert "byte for byte" in seen("signature", cut).summary


# -- payload ------------------------------------------------------------------------------------------------

ORDER = {
    "type": "object",
    "required": ["type", "about"],
    "properties": {"type": {"type": "string"}, "about": {"type": "string"}},
}
WITH_EVENTS = described() | {
    "openapi": "3.1.0",
    "webhooks": {"work_order.created": {"post": operation({}, body=ORDER)}},
}


def test_what_a_delivery_holds_is_held_against_the_description_of_its_kind() -> None:
    wrong = came(1, body={"type": "work_order.created", "about": 7})
    ping = came(2, body={"type": "ping"})

    assert seen("payload", came(0), ping, document=WITH_EVENTS).verdict is Verdict.MET
    assert seen("payload", came(0), wrong, document=WITH_EVENTS).verdict is Verdict.NOT_MET
    assert seen("payload", ping, document=WITH_EVENTS).verdict is Verdict.UNKNOWN
    assert seen("payload", came(0)).verdict is Verdict.UNKNOWN
