"""The checks that write: what creating, repeating, changing and deleting a record of our own shows of a vendor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.toy import as_json, cleared, document, raised
from tests.checks.writing import (
    ORDERS,
    Plant,
    Story,
    Twist,
    is_create,
    judged_writing,
    with_headers,
    without_headers,
)
from tests.wire.servers import Answer, Seen

CODES = "operations.codes-of-own-record"
RETRY = "operations.retry-makes-one-record"
STALE = "operations.stale-change-refused"


def to_creates(change: Callable[[Answer], Answer]) -> Twist:
    return lambda seen, answer: change(answer) if is_create(seen) and answer.status == 201 else answer


def nothing_is_left(plant: Plant, story: Story) -> bool:
    return len(plant.orders) == len(Plant().orders) and not story.cleaned.left


def found(check_id: str, plant: Plant, described: dict[str, Any] | None = None) -> Finding:
    """The finding; whatever it is, nothing is left."""
    finding, story = judged_writing(check_id, plant, described)
    assert nothing_is_left(plant, story)
    return finding


@pytest.mark.parametrize("check_id", [CODES, RETRY, STALE])
def test_a_vendor_who_does_it_right_is_found_to_do_so(check_id: str) -> None:
    finding = found(check_id, Plant())
    assert finding.verdict is Verdict.MET, finding.summary
    assert not raised(finding)


@pytest.mark.parametrize("check_id", [CODES, RETRY, STALE])
def test_a_vendor_who_lets_nobody_create_is_not_judged(check_id: str) -> None:
    finding = found(check_id, Plant(wrong=lambda seen: Answer(403) if is_create(seen) else None))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CREDENTIAL)


@pytest.mark.parametrize("check_id", [CODES, RETRY, STALE])
def test_a_check_deletes_what_it_made_by_itself(check_id: str) -> None:
    _, story = judged_writing(check_id, Plant())
    assert not [each for each in story.before_cleaning if each.may_be_there]


# -- statuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twist", "verdict", "says"),
    [
        (to_creates(lambda answer: Answer(200, answer.body, answer.headers)), Verdict.PARTIAL, "200 instead of 201"),
        (to_creates(lambda answer: without_headers(answer, "Location")), Verdict.PARTIAL, "Location"),
        (to_creates(lambda answer: Answer(201)), Verdict.NOT_MET, "neither"),
        (to_creates(lambda answer: with_headers(answer, Location=f"{ORDERS}/none")), Verdict.NOT_MET, "404"),
        (to_creates(lambda answer: with_headers(answer, Location=f"{ORDERS}/W-1")), Verdict.NOT_MET, "something else"),
        (
            to_creates(lambda answer: with_headers(answer, Location="http://127.0.0.2:9/5")),
            Verdict.NOT_MET,
            "cannot be called",
        ),
    ],
)
def test_the_answer_to_a_create_is_held_against_the_standard(twist: Twist, verdict: Verdict, says: str) -> None:
    finding = found(CODES, Plant(twist=twist))
    assert (finding.verdict, says in finding.summary) == (verdict, True), finding.summary


def test_a_delete_may_be_answered_with_200_and_a_body() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return as_json({"deleted": True}) if seen.method == "DELETE" and answer.status == 204 else answer

    assert found(CODES, Plant(twist=twist)).verdict is Verdict.MET


def test_a_delete_that_deletes_nothing_is_seen() -> None:
    plant = Plant(wrong=lambda seen: Answer(204) if seen.method == "DELETE" else None)
    finding, _ = judged_writing(CODES, plant)
    assert finding.verdict is Verdict.NOT_MET
    assert "still there" in finding.summary


@pytest.mark.parametrize(("status", "verdict"), [(405, Verdict.NOT_MET), (403, Verdict.MET)])
def test_a_delete_that_is_described_must_not_be_unknown(status: int, verdict: Verdict) -> None:
    plant = Plant(wrong=lambda seen: Answer(status) if seen.method == "DELETE" else None)
    finding, story = judged_writing(CODES, plant)
    assert finding.verdict is verdict
    assert story.cleaned.left


def test_where_no_delete_is_described_the_record_is_named() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}"]["delete"]
    plant = Plant(wrong=lambda seen: Answer(405) if seen.method == "DELETE" else None)
    finding, story = judged_writing(CODES, plant, described)
    assert finding.verdict is Verdict.MET
    assert "N-1" in story.cleaned.left[0]


# -- repeats ----------------------------------------------------------------------------------------------


def without_key(described: dict[str, Any]) -> dict[str, Any]:
    described["paths"]["/work-orders"]["post"]["parameters"] = []
    return described


class Forgetful(Plant):
    """Makes a record each time that it is asked."""

    def create_once(self, seen: Seen) -> Answer:
        return self.create(json.loads(seen.body))


@pytest.mark.parametrize("described", [document(), without_key(document())])
def test_two_records_from_one_create_raise_the_flag(described: dict[str, Any]) -> None:
    finding = found(RETRY, Forgetful(), described)
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"duplicate-on-retry"}


def test_two_records_under_one_answer_are_two_all_the_same() -> None:
    """The repeat gets the first answer, and makes a second record nevertheless."""

    class Doubling(Plant):
        def create_once(self, seen: Seen) -> Answer:
            answer = super().create_once(seen)
            if self.keys and len(self.orders) == len(Plant().orders) + 1 and answer.status == 201:
                self.create(json.loads(seen.body))
            return answer

    finding, _ = judged_writing(RETRY, Doubling())
    assert raised(finding) == {"duplicate-on-retry"}


def test_a_key_that_the_document_does_not_mention_is_a_limitation() -> None:
    finding = found(RETRY, Plant(), without_key(document()))
    assert finding.verdict is Verdict.PARTIAL
    assert cleared(finding) == {"duplicate-on-retry"}


@pytest.mark.parametrize(("status", "verdict"), [(409, Verdict.MET), (422, Verdict.PARTIAL)])
def test_a_repeat_may_be_refused(status: int, verdict: Verdict) -> None:
    class Strict(Plant):
        def create_once(self, seen: Seen) -> Answer:
            sent = json.loads(seen.body)
            taken = any(each["title"] == sent["title"] for each in self.orders)
            return Answer(status) if taken else self.create(sent)

    finding = found(RETRY, Strict())
    assert finding.verdict is verdict
    assert cleared(finding) == {"duplicate-on-retry"}


def test_a_repeat_that_fails_tells_nothing() -> None:
    creates: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        creates.extend([seen] if is_create(seen) else [])
        return Answer(503) if is_create(seen) and len(creates) > 1 else None

    finding = found(RETRY, Plant(wrong=wrong))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)


def test_another_payload_with_the_same_key_must_not_get_the_old_answer() -> None:
    class Careless(Plant):
        def create_once(self, seen: Seen) -> Answer:
            known = self.keys.get(seen.headers["idempotency-key"])
            return known[1] if known else super().create_once(seen)

    finding = found(RETRY, Careless())
    assert finding.verdict is Verdict.PARTIAL
    assert "old answer" in finding.summary
    assert cleared(finding) == {"duplicate-on-retry"}


def test_where_records_are_meant_to_be_put_under_a_number_of_ones_own_a_plain_repeat_proves_nothing() -> None:
    described = without_key(document())
    described["paths"]["/work-orders/upsert"] = {"put": {"responses": {"200": {"description": "Done."}}}}
    finding = found(RETRY, Forgetful(), described)
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert not raised(finding)


def test_a_key_that_was_used_up_by_a_broken_off_run_is_replaced() -> None:
    """The first key brings back the answer to a record that is no longer there."""
    plant = Plant()
    judged_writing(RETRY, plant)
    assert plant.keys
    assert found(RETRY, plant).verdict is Verdict.MET


# -- stale changes ----------------------------------------------------------------------------------------


class LastWins(Plant):
    """Takes every change; `tells` says whether it gives a version all the same."""

    tells = True

    def change(self, seen: Seen, order: dict[str, Any]) -> Answer:
        current = {**seen.headers, "if-match": self.etag(order["id"])}
        return super().change(Seen(seen.method, seen.target, current, seen.body), order)

    def with_etag(self, seen: Seen, answer: Answer) -> Answer:
        return super().with_etag(seen, answer) if self.tells else answer


@pytest.mark.parametrize("tells", [True, False])
def test_a_stale_change_that_passes_raises_the_flag(tells: bool) -> None:
    plant = LastWins()
    plant.tells = tells
    finding = found(STALE, plant)
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"lost-update"}


def test_a_stale_change_that_is_answered_as_done_and_is_not_is_no_lost_update() -> None:
    class Silent(Plant):
        def change(self, seen: Seen, order: dict[str, Any]) -> Answer:
            answer = super().change(seen, order)
            return as_json(order) if answer.status == 412 else answer

    finding = found(STALE, Silent())
    assert finding.verdict is Verdict.NOT_MET
    assert not raised(finding)


class Optional(Plant):
    """Refuses a stale version, but takes a change that names none."""

    def change(self, seen: Seen, order: dict[str, Any]) -> Answer:
        given = {"if-match": self.etag(order["id"]), **seen.headers}
        return super().change(Seen(seen.method, seen.target, given, seen.body), order)


def test_a_change_without_a_version_may_pass_where_the_document_says_how_it_is_given() -> None:
    assert found(STALE, Optional()).verdict is Verdict.MET


def test_a_change_without_a_version_is_a_limitation_where_nobody_is_told() -> None:
    described = document()
    described["paths"]["/work-orders/{id}"]["patch"]["parameters"] = []
    finding = found(STALE, Optional(), described)
    assert finding.verdict is Verdict.PARTIAL
    assert cleared(finding) == {"lost-update"}


def test_the_present_version_must_pass() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return Answer(412) if seen.method == "PATCH" else answer

    finding = found(STALE, Plant(twist=twist))
    assert finding.verdict is Verdict.NOT_MET
    assert not raised(finding)


def test_a_version_field_works_as_an_etag_does() -> None:
    class Versioned(Plant):
        def with_etag(self, seen: Seen, answer: Answer) -> Answer:
            return answer

        def create(self, sent: dict[str, Any]) -> Answer:
            return super().create({**sent, "version": 1})

        def change(self, seen: Seen, order: dict[str, Any]) -> Answer:
            sent = json.loads(seen.body)
            if sent.get("version", order["version"]) != order["version"]:
                return Answer(409)
            order |= {**sent, "version": order["version"] + 1}
            return as_json(order)

    described = document()
    update = described["paths"]["/work-orders/{id}"]["patch"]
    update["requestBody"]["content"]["application/json"]["schema"]["properties"]["version"] = {"type": "integer"}
    update["parameters"] = []
    finding = found(STALE, Versioned(), described)
    assert finding.verdict in (Verdict.MET, Verdict.PARTIAL)
    assert "version" in finding.summary
    assert cleared(finding) == {"lost-update"}


def test_a_change_that_the_vendor_refuses_altogether_tells_nothing() -> None:
    plant = Plant(wrong=lambda seen: Answer(422) if seen.method == "PATCH" else None)
    finding = found(STALE, plant)
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)
