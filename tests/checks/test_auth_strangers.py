"""Strangers at lists and at single records: refused alike, refused by habit, or let in somewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import Small, as_json, described, flags, looked_at, only, refusal
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

RECORD = {"id": "W-0", "status": "open"}


def stranger_at(end: str, answer: Answer) -> Callable[[Seen], Answer | None]:
    """Answer strangers so where a path ends like this; everybody else, and elsewhere, as it should be."""
    return lambda seen: answer if seen.path.endswith(end) and seen.headers.get("x-api-key") != KEY else None


def judged(check: str, end: str, answer: Answer) -> tuple[Finding, ...]:
    return looked_at(check, Small(wrong=stranger_at(end, answer)))


# -- single records -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [RECORD, {"data": RECORD}, {"d": {**RECORD, "id": "W-0"}}])
def test_a_single_record_that_strangers_can_open_is_a_hole_though_its_list_is_closed(body: object) -> None:
    finding = only(judged("auth.refuses-anonymous", "/work-orders/W-0", as_json(body)))

    assert (finding.verdict, finding.subject) == (Verdict.NOT_MET, "work_orders record")
    assert flags(finding) == {"anonymous-access": True}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_any_refusal_of_a_single_record_keeps_strangers_out(status: int) -> None:
    finding = only(judged("auth.refuses-anonymous", "/work-orders/W-0", as_json({}, status)))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, {"anonymous-access": False})
    assert "single records" in finding.summary


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (as_json({"error": "not authorized", "id": "none"}), Verdict.PARTIAL),
        (Answer(200, '<form><input type="password"></form>', {"Content-Type": "text/html"}), Verdict.PARTIAL),
        (as_json({"error": "down"}, 503), Verdict.UNKNOWN),
        (as_json({"status": "open", "shape": "of another record"}), Verdict.MET),
    ],
    ids=["error under 200", "login page", "busy", "something else"],
)
def test_a_poor_refusal_of_a_single_record_is_no_hole(answer: Answer, verdict: Verdict) -> None:
    finding = only(judged("auth.refuses-anonymous", "/work-orders/W-0", answer))

    assert finding.verdict is verdict
    assert flags(finding) == {}


def test_an_address_of_single_records_that_is_not_described_is_not_guessed() -> None:
    asked: list[str] = []
    document = described()
    for path in [each for each in document["paths"] if each.endswith("{id}")]:
        del document["paths"][path]

    def watch(seen: Seen) -> None:
        asked.append(seen.path)

    looked_at("auth.refuses-anonymous", Small(wrong=watch), document)

    assert {each.rpartition("/")[2] for each in asked} == {"work-orders", "assets"}


@pytest.mark.parametrize("body", [[RECORD], {"data": [RECORD]}], ids=["a list", "a list within"])
def test_a_single_record_that_comes_in_a_list_is_handed_over_too(body: object) -> None:
    assert only(judged("auth.refuses-anonymous", "/work-orders/W-0", as_json(body))).verdict is Verdict.NOT_MET


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "messages": [{"message": "not authenticated", "level": "ERROR"}]},
        {"errors": [{"message": "who are you?"}]},
        {"messages": [{"text": "please sign in"}]},
        {"status": "error", "message": "no", "resource": "W-0"},
        {"error": "not authorised", "id": "W-0"},
        {"code": "W-0", "message": "authentication needed: no token"},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Server Error"}},
    ],
)
def test_a_refusal_that_looks_like_a_list_or_names_the_record_is_no_hole(body: object) -> None:
    finding = only(judged("auth.refuses-anonymous", "", as_json(body)))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})


def test_records_are_handed_over_though_the_answer_calls_itself_a_failure() -> None:
    body = {"success": False, "items": [RECORD], "error": "no credential"}

    assert only(judged("auth.refuses-anonymous", "/assets", as_json(body))).verdict is Verdict.NOT_MET


# -- alike ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404])
def test_the_same_refusal_everywhere_is_met_whichever_it_is(status: int) -> None:
    finding = only(judged("auth.refused-alike", "", as_json({}, status)))

    assert finding.verdict is Verdict.MET
    assert str(status) in finding.summary


@pytest.mark.parametrize(
    "answer",
    [as_json({}, 403), as_json({}, 404), Answer(401, "<h1>Log in</h1>", {"Content-Type": "text/html"})],
    ids=["403", "404", "a page for people"],
)
def test_lists_that_refuse_differently_are_a_limitation_and_no_hole(answer: Answer) -> None:
    finding = only(judged("auth.refused-alike", "/assets", answer))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert "assets" in finding.summary


def test_a_list_that_is_closed_to_everybody_is_not_compared() -> None:
    closed = Small(wrong=lambda seen: as_json({}, 404) if seen.path.endswith("/assets") else None)

    assert only(looked_at("auth.refused-alike", closed)).verdict is Verdict.NOT_APPLICABLE


def test_where_lists_are_open_there_is_no_refusal_to_compare() -> None:
    assert only(judged("auth.refused-alike", "", as_json([RECORD]))).verdict is Verdict.NOT_APPLICABLE


def test_a_vendor_who_is_busy_has_not_refused_differently() -> None:
    finding = only(judged("auth.refused-alike", "/assets", as_json({}, 503)))

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert finding.reason is not Reason.DEFECT


# -- made up --------------------------------------------------------------------------------------------------


def test_a_token_that_nobody_signed_claims_the_vendors_own_permissions() -> None:
    document = described(
        schemes={"o": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "", "scopes": {"wo:all": "A"}}}}}
    )
    shown: list[str] = []

    def watch(seen: Seen) -> Answer:
        shown.append(seen.headers.get("authorization", ""))
        return refusal()

    looked_at("auth.refuses-garbage", watch, document)

    assert any("wo:all" in claims_of(each) for each in shown)


def claims_of(authorization: str) -> str:
    """What a token says, if it is one that says something."""
    part = authorization.partition(".")[2].rstrip(".")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_an_empty_key_is_tried_too() -> None:
    def lax(seen: Seen) -> Answer | None:
        return as_json([RECORD]) if seen.headers.get("x-api-key") == "" else None

    findings = looked_at("auth.refuses-garbage", Small(wrong=lax))

    assert {finding.subject for finding in findings} == {"work_orders", "assets"}
