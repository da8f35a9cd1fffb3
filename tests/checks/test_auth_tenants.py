"""Another customer of the vendor: kept away from our records, or not, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cmms_audit.credentials import Credential
from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import Small, as_json, looked_at, only, refusal
from tests.checks.writing import Plant, judged_writing
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY, api_key

NEIGHBOURS_KEY = "a-key-of-the-plant-next-door"
READ, WRITE = "auth.other-tenant-refused", "auth.other-tenant-shut-out"
OURS = [{"id": f"W-{number}", "status": "open"} for number in range(3)]
THEIRS = [{"id": f"W-{number}", "status": "closed"} for number in range(3)]


def with_neighbour(_: str = "") -> dict[str, Credential]:
    return {"other_tenant": api_key(NEIGHBOURS_KEY)}


def given(listed: Answer, single: Answer) -> Callable[[Seen], Answer | None]:
    """What the neighbour is given for a list, and for a single record; single ones exist for us, too."""

    def answer(seen: Seen) -> Answer | None:
        is_single = "/W-" in seen.path
        if seen.headers.get("x-api-key") == NEIGHBOURS_KEY:
            return single if is_single else listed
        return as_json(OURS[0]) if is_single else None

    return answer


def judged(listed: Answer, single: Answer) -> tuple[Finding, ...]:
    return looked_at(READ, Small(wrong=given(listed, single)), credentials=with_neighbour)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
@pytest.mark.parametrize("records", [[], THEIRS], ids=["none of its own", "some of its own"])
def test_a_neighbour_who_does_not_find_our_records_is_kept_away(records: list[Any], status: int) -> None:
    assert only(judged(as_json(records), as_json({}, status))).verdict is Verdict.MET


def test_a_neighbour_who_has_a_record_with_the_same_id_does_not_see_ours() -> None:
    finding = only(judged(as_json(THEIRS), as_json(THEIRS[0])))

    assert (finding.verdict, "same id" in finding.detail) == (Verdict.MET, True)


@pytest.mark.parametrize("body", [OURS[0], {"data": OURS[0]}, {**OURS[0], "note": "more in detail", "links": []}])
def test_a_record_that_is_handed_over_by_its_id_is_a_hole(body: object) -> None:
    findings = judged(as_json(THEIRS), as_json(body))

    assert {finding.subject for finding in findings} == {"work_orders", "assets"}
    assert all(finding.verdict is Verdict.NOT_MET for finding in findings)


def test_a_record_of_its_own_that_is_just_like_ours_in_one_list_is_no_hole() -> None:
    def answer(seen: Seen) -> Answer | None:
        is_asset = "/assets" in seen.path
        if seen.headers.get("x-api-key") != NEIGHBOURS_KEY:
            return as_json(OURS[0]) if "/W-" in seen.path else None
        own = OURS if is_asset else THEIRS
        return as_json(own[0] if "/W-" in seen.path else own)

    finding = only(looked_at(READ, Small(wrong=answer), credentials=with_neighbour))

    assert finding.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("listed", [OURS, [*THEIRS, OURS[2]]], ids=["all", "one"])
@pytest.mark.parametrize("single", [as_json(OURS[0]), as_json({}, 404)], ids=["opened", "hidden"])
def test_the_same_records_in_both_lists_may_be_demonstration_data_and_are_left_open(
    listed: list[Any], single: Answer
) -> None:
    finding = only(judged(as_json(listed), single))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(), Reason.CREDENTIAL),
        (as_json({"code": "forbidden"}, 403), Reason.CREDENTIAL),
        (as_json({"code": "not-found"}, 404), Reason.CREDENTIAL),
        (as_json({"status": "error", "messages": "Unauthorised"}), Reason.CREDENTIAL),
        (Answer(200, "<h1>Log in</h1>", {"Content-Type": "text/html"}), Reason.CREDENTIAL),
        (as_json({}, 503), Reason.CONNECTIVITY),
    ],
    ids=["401", "403", "404", "an error under 200", "a login page", "busy"],
)
def test_a_credential_that_opens_nothing_shows_nothing(answer: Answer, reason: Reason) -> None:
    finding = only(judged(answer, answer))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, reason)


@pytest.mark.parametrize("check", [READ, WRITE])
def test_without_the_credential_of_another_customer_nothing_is_tried(check: str) -> None:
    finding = only(looked_at(check, Small()))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


# -- with a record that is made for it ------------------------------------------------------------------------


class Shared(Plant):
    """A vendor whose two customers see the same demonstration records; `policy` says what becomes of new ones."""

    policy: Callable[[Seen], Answer | None] = staticmethod(lambda seen: None)

    def __call__(self, seen: Seen) -> Answer:
        if seen.headers.get("x-api-key") != NEIGHBOURS_KEY:
            return super().__call__(seen)
        refused = type(self).policy(seen) if "/N-" in seen.path else None
        return refused or super().__call__(replace(seen, headers={**seen.headers, "x-api-key": KEY}))


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (lambda seen: None, Verdict.NOT_MET),
        (lambda seen: as_json({}, 404), Verdict.MET),
        (lambda seen: as_json({"id": "N-1", "title": "something of its own"}), Verdict.MET),
        (lambda seen: as_json({}, 503), Verdict.UNKNOWN),
    ],
    ids=["handed over", "hidden", "a namesake", "busy"],
)
def test_a_record_that_was_just_made_tells_two_customers_apart(
    policy: Callable[[Seen], Answer | None], verdict: Verdict
) -> None:
    plant = type("Vendor", (Shared,), {"policy": staticmethod(policy)})()
    finding, story = judged_writing(WRITE, plant, second=with_neighbour())

    assert finding.verdict is verdict
    assert [each.state for each in story.records] == ["deleted"]
    assert {seen.headers["x-api-key"] for seen in story.seen if seen.method != "GET"} == {KEY}


def test_a_credential_that_was_never_seen_to_open_anything_is_not_praised_for_being_refused() -> None:
    class Empty(Plant):
        def __call__(self, seen: Seen) -> Answer:
            is_list = seen.method == "GET" and "/N-" not in seen.path
            is_ours = seen.headers.get("x-api-key") != NEIGHBOURS_KEY
            return super().__call__(seen) if is_ours and not is_list else as_json({}, 401 if not is_ours else 404)

    finding, _ = judged_writing(WRITE, Empty(), second=with_neighbour())

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CREDENTIAL)


def test_no_record_is_made_where_reading_has_told() -> None:
    class Apart(Plant):
        def __call__(self, seen: Seen) -> Answer:
            is_ours = seen.headers.get("x-api-key") != NEIGHBOURS_KEY
            return super().__call__(seen) if is_ours else as_json({"code": "not-found"}, 404)

    finding, story = judged_writing(WRITE, Apart(), second=with_neighbour())

    assert (finding.verdict, story.writes) == (Verdict.NOT_APPLICABLE, [])
