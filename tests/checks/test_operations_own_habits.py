"""Careful vendors have habits of their own: the checks that write neither accuse them nor are deceived by them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cmms_audit.model import Finding, Verdict
from tests.checks.toy import PREFIX, Json, as_json, cleared, document, problem, raised
from tests.checks.writing import ORDERS, Plant, judged_writing, with_headers
from tests.wire.servers import Answer, Seen

CODES = "operations.codes-of-own-record"
RETRY = "operations.retry-makes-one-record"
STALE = "operations.stale-change-refused"


def found(check_id: str, plant: Plant, described: Json | None = None) -> Finding:
    """The finding; whatever it is, nothing is left."""
    finding, story = judged_writing(check_id, plant, described)
    assert not story.cleaned.left
    return finding


def fields_of(described: Json, path: str, method: str) -> Json:
    found: Json = described["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    return found


# -- stale changes ----------------------------------------------------------------------------------------


class CachingEtags(Plant):
    """Gives an ETag for caching alone, and keeps changes apart by a version in the body."""

    def create(self, sent: Json) -> Answer:
        return super().create({**sent, "version": 1})

    def change(self, seen: Seen, order: Json) -> Answer:
        sent = json.loads(seen.body)
        if sent.get("version", order["version"]) != order["version"]:
            return problem(409, "conflict", "changed meanwhile")
        order |= {**sent, "version": order["version"] + 1}
        return as_json(order)


def test_an_etag_for_caching_does_not_hide_the_version_that_guards() -> None:
    described = document()
    fields_of(described, "/work-orders/{id}", "patch")["version"] = {"type": "integer"}
    finding = found(STALE, CachingEtags(), described)
    assert (raised(finding), cleared(finding)) == (set(), {"lost-update"}), finding.summary


class WeakenedEtags(Plant):
    """Compresses answers, which makes its ETags weak on their way; the API behind compares the strong ones."""

    def with_etag(self, seen: Seen, answer: Answer) -> Answer:
        tagged = super().with_etag(seen, answer)
        etag = dict(tagged.headers).get("ETag")
        return with_headers(tagged, ETag=f"W/{etag}") if etag else tagged


class EtagsInBodies(Plant):
    """Tells the version in the record, and takes it in If-Match."""

    def with_etag(self, seen: Seen, answer: Answer) -> Answer:
        if not seen.path.startswith(ORDERS + "/") or answer.status != 200:
            return answer
        record = json.loads(answer.body)
        return as_json({**record, "@odata.etag": self.etag(record["id"])})


@pytest.mark.parametrize("plant", [WeakenedEtags, EtagsInBodies])
def test_a_version_counts_however_it_is_told(plant: Callable[[], Plant]) -> None:
    finding = found(STALE, plant())
    assert finding.verdict is Verdict.MET, finding.summary


@pytest.mark.parametrize("status", [404, 422])
def test_a_stale_change_may_be_refused_with_another_status(status: int) -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return problem(status, "conflict", "no") if answer.status == 412 else answer

    finding = found(STALE, Plant(twist=twist))
    assert (finding.verdict, cleared(finding)) == (Verdict.PARTIAL, {"lost-update"}), finding.summary


def test_a_refusal_for_another_reason_is_no_protection() -> None:
    changes: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        changes.extend([seen] if seen.method == "PATCH" else [])
        return Answer(403) if len(changes) == 2 and seen.method == "PATCH" else None

    finding = found(STALE, Plant(wrong=wrong))
    assert (finding.verdict, cleared(finding)) == (Verdict.UNKNOWN, set())


def test_a_vendor_who_writes_texts_in_capitals_still_loses_updates() -> None:
    class Capitals(Plant):
        def change(self, seen: Seen, order: Json) -> Answer:
            order |= {name: str(value).upper() for name, value in json.loads(seen.body).items()}
            return as_json(order)

    assert raised(found(STALE, Capitals())) == {"lost-update"}


# -- repeats ----------------------------------------------------------------------------------------------


class OutsideNumbers(Plant):
    """Refuses a second record of the same external number, of which the document says nothing."""

    def create_once(self, seen: Seen) -> Answer:
        sent = json.loads(seen.body)
        taken = any(each.get("external_id") == sent.get("external_id", "") for each in self.orders)
        return problem(409, "conflict", "taken") if taken else self.create(sent)


def test_a_number_of_the_clients_own_may_be_unique_without_saying_so() -> None:
    described = document()
    described["paths"]["/work-orders"]["post"]["parameters"] = []
    fields_of(described, "/work-orders", "post")["external_id"] = {"type": "string"}
    assert cleared(found(RETRY, OutsideNumbers(), described)) == {"duplicate-on-retry"}


def test_a_record_that_the_list_shows_twice_is_one_record() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        if seen.method != "GET" or seen.path != ORDERS or answer.status != 200:
            return answer
        page = json.loads(answer.body)
        return Answer(200, json.dumps({**page, "items": [*page["items"], *page["items"][-3:]]}), answer.headers)

    finding = found(RETRY, Plant(twist=twist))
    assert cleared(finding) == {"duplicate-on-retry"}, finding.summary


def test_a_record_that_nobody_can_find_proves_nothing_of_repeats() -> None:
    plant = Plant(twist=lambda seen, answer: as_json({"id": "N-99"}, 201) if seen.method == "POST" else answer)
    plant.create = lambda sent: Answer(201)  # type: ignore[method-assign]
    finding, _ = judged_writing(RETRY, plant)
    assert (finding.verdict, cleared(finding)) == (Verdict.UNKNOWN, set())


def test_a_repeat_that_takes_too_long_tells_nothing() -> None:
    creates: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        creates.extend([seen] if seen.method == "POST" else [])
        return Answer(408) if len(creates) == 2 and seen.method == "POST" else None

    finding = found(RETRY, Plant(wrong=wrong))
    assert (finding.verdict, cleared(finding)) == (Verdict.UNKNOWN, set())


# -- work that is only taken in ---------------------------------------------------------------------------


class Queue(Plant):
    """Takes creates in (202), tells of the task, and carries them out when its list has been asked for."""

    looks = 2
    once = True

    def answer(self, seen: Seen) -> Answer:
        if seen.method == "GET" and seen.path == ORDERS:
            self.looks -= 1
            for body in self.waiting() if self.looks <= 0 else ():
                self.create(json.loads(body))
        return super().answer(seen)

    def waiting(self) -> list[bytes]:
        bodies = [body for body, answer in self.keys.values() if not dict(answer.headers).get("done")]
        self.keys = {key: (body, Answer(202, headers={"done": "1"})) for key, (body, _) in self.keys.items()}
        return bodies

    def create_once(self, seen: Seen) -> Answer:
        key = seen.headers.get("idempotency-key", "") if self.once else str(len(self.keys))
        if key not in self.keys or not key or self.keys[key][0] != seen.body:
            self.keys[key or str(len(self.keys))] = (seen.body, Answer(202))
        return with_headers(as_json({"id": "T-1", "status": "queued"}, 202), Location=f"{PREFIX}/tasks/T-1")


def test_the_task_of_a_create_is_not_taken_for_the_record() -> None:
    plant = Queue()
    finding = found(CODES, plant)
    assert finding.verdict is Verdict.MET, finding.summary
    assert len(plant.orders) == len(Plant().orders)


def test_repeats_that_are_only_taken_in_are_counted_when_they_are_carried_out() -> None:
    once, twice = Queue(), Queue()
    twice.once = False
    assert cleared(found(RETRY, once)) == {"duplicate-on-retry"}
    assert raised(found(RETRY, twice)) == {"duplicate-on-retry"}


def test_a_create_that_was_taken_in_and_never_seen_is_not_said_to_be_gone() -> None:
    plant = Queue()
    plant.looks = 1_000
    _, story = judged_writing(CODES, plant)
    assert story.cleaned.left


# -- deletions --------------------------------------------------------------------------------------------


class Marking(Plant):
    """Keeps what is deleted, and says so in the record."""

    def delete(self, order: Json) -> Answer:
        order |= {"status": "deleted", "deleted_at": "2026-04-02T08:00:00Z"}
        return as_json(order)


def test_a_record_that_is_marked_as_deleted_is_deleted_but_not_as_the_standard_has_it() -> None:
    finding = found(CODES, Marking())
    assert finding.verdict is Verdict.PARTIAL
    assert "marked as deleted" in finding.summary


def test_a_delete_that_finds_the_server_busy_once_is_no_fault() -> None:
    deletes: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        deletes.extend([seen] if seen.method == "DELETE" else [])
        return Answer(503) if seen.method == "DELETE" and len(deletes) == 1 else None

    assert found(CODES, Plant(wrong=wrong)).verdict is Verdict.MET


def test_a_record_that_cannot_be_deleted_is_not_said_to_have_been() -> None:
    _, story = judged_writing(CODES, Plant(wrong=lambda seen: Answer(404) if seen.method == "DELETE" else None))
    assert "could not be deleted (404)" in story.cleaned.left[0]
