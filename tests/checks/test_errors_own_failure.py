"""errors.monitoring: calls of our own that fail, reads and writes, and where they show up."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.model import Exchange, Purpose, Request, Verdict
from tests.checks.test_errors_monitoring import without_usage
from tests.checks.toy import PREFIX, Json, Toy, as_json, document, helper, judged_live, problem
from tests.checks.writing import Plant, is_create, judged_writing, with_headers
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import QuickClock

READ, WRITE = "errors.own-failure-shown", "errors.own-failed-write-shown"
LIST = "/usage/failures"
Entry = Callable[[Seen], Json]


def now(minutes: int = 0, *, local: bool = False) -> str:
    """What the clock of the tests says; `local` is as a vendor has it who writes the time of the plant, and no zone."""
    moment = QuickClock().now() + timedelta(minutes=minutes)
    return (moment + timedelta(hours=2)).replace(tzinfo=None).isoformat() if local else moment.isoformat()


def with_list_of_failures(path: str = LIST, *parameters: str) -> dict[str, Any]:
    described = document()
    asked = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters]
    answers = {"200": {"description": "Well."}}
    described["paths"][path] = {"get": {"summary": "Failed calls.", "parameters": asked, "responses": answers}}
    return described


def full(seen: Seen) -> Json:
    return {"path": seen.path, "method": seen.method, "at": now(), "client": {"name": "ours"}}


class Listing:
    """A vendor's list of failed calls, which fills as calls fail."""

    def __init__(self, entry: Entry = full, *, page: Callable[[list[Json]], Any] = lambda items: {"items": items}):
        self.entry = entry
        self.page = page
        self.entries: list[Json] = []
        self.asked: list[dict[str, str]] = []

    def answer(self, seen: Seen) -> Answer | None:
        if seen.path.endswith(LIST):
            self.asked.append(dict(seen.query))
            return as_json(self.page(self.entries))
        if "/audit-" in seen.path:
            self.entries.append(self.entry(seen))
        return None

    @property
    def toy(self) -> Toy:
        return Toy(wrong=self.answer)


@pytest.mark.parametrize(
    ("entry", "verdict", "lack"),
    [
        (full, Verdict.MET, ""),
        (lambda seen: {**full(seen), "at": int(QuickClock().now().timestamp() * 1000)}, Verdict.MET, ""),
        (
            lambda seen: {"call": {"url": f"https://v.example{seen.path}", "integration": "erp"}, "at": now()},
            Verdict.MET,
            "",
        ),
        (lambda seen: {**full(seen), "at": now(local=True)}, Verdict.MET, ""),
        (lambda seen: {"path": seen.path, "client": "ours"}, Verdict.PARTIAL, "when it was made"),
        (lambda seen: {**full(seen), "at": now(minutes=-60)}, Verdict.PARTIAL, "the right time"),
        (lambda seen: {"path": seen.path, "at": now()}, Verdict.PARTIAL, "whose it was"),
        (lambda seen: {**full(seen), "client": {"name": "anonymous"}}, Verdict.PARTIAL, "whose it was"),
        (lambda seen: {"path": seen.path, "at": now(), "client_ip": "127.0.0.1"}, Verdict.PARTIAL, "whose it was"),
    ],
)
def test_an_entry_has_to_tell_when_and_whose(entry: Entry, verdict: Verdict, lack: str) -> None:
    finding = judged_live(READ, Listing(entry).toy, with_list_of_failures())

    assert finding.verdict is verdict
    assert lack in finding.summary


@pytest.mark.parametrize(
    "page",
    [
        lambda items: items,
        lambda items: {"data": {"results": items}, "total": len(items)},
        lambda items: {"links": [{"href": f"?path={each['path']}"} for each in items], "items": items},
    ],
)
def test_a_list_may_have_any_form(page: Callable[[list[Json]], Any]) -> None:
    assert judged_live(READ, Listing(page=page).toy, with_list_of_failures()).verdict is Verdict.MET


def test_a_failed_call_that_is_never_listed_is_partial() -> None:
    listing = Listing(page=lambda items: {"items": [{"path": "/other", "at": now(), "client": "ours"}]})

    finding = judged_live(READ, listing.toy, with_list_of_failures())

    assert finding.verdict is Verdict.PARTIAL
    assert "did not turn up" in finding.summary


def test_a_short_number_of_a_call_is_not_seen_in_texts_about_others() -> None:
    listing = Listing(page=lambda items: {"items": [{"path": "/hour-1", "at": now(), "client": "ours"}]})
    # Its answers bear the number r-1.
    assert "did not turn up" in judged_live(READ, listing.toy, with_list_of_failures()).summary


def test_a_share_of_failures_is_no_number_of_them() -> None:
    asked = iter(range(100))
    usage = lambda: as_json({"client_name": "ours", "calls": 12, "errorRate": 0.01 * next(asked)})  # noqa: E731
    vendor = Toy(wrong=lambda seen: usage() if seen.path.endswith("/usage") else None)

    assert judged_live(READ, vendor).verdict is Verdict.PARTIAL


def test_a_list_is_searched_by_the_number_of_the_call_or_else_by_its_time() -> None:
    by_number, by_time = Listing(), Listing()

    judged_live(READ, by_number.toy, with_list_of_failures(LIST, "request_id", "occurred_since"))
    judged_live(READ, by_time.toy, with_list_of_failures(LIST, "page", "occurred_since"))

    assert [list(each) for each in by_number.asked] == [["request_id"]]
    assert [list(each) for each in by_time.asked] == [["occurred_since"]]


@pytest.mark.parametrize(
    ("status", "verdict"), [(403, Verdict.PARTIAL), (404, Verdict.UNKNOWN), (503, Verdict.UNKNOWN)]
)
def test_a_list_of_failures_that_cannot_be_read_shows_nothing(status: int, verdict: Verdict) -> None:
    vendor = Toy(wrong=lambda seen: as_json({}, status) if seen.path.endswith(LIST) else None)
    assert judged_live(READ, vendor, with_list_of_failures()).verdict is verdict


def test_a_list_of_failed_imports_need_not_show_a_read() -> None:
    finding = judged_live(READ, Toy(), with_list_of_failures("/imports/errors"))
    assert (finding.verdict, "/usage" in finding.summary) == (Verdict.MET, True)


def test_where_no_failures_can_be_seen_none_is_made() -> None:
    asked: list[str] = []
    vendor = Toy(wrong=lambda seen: asked.append(seen.path))
    finding = judged_live(READ, vendor, without_usage())
    assert (finding.verdict, asked) == (Verdict.NOT_APPLICABLE, [])


# -- failed writes


def writing(*, listed: bool = True, status: int = 400) -> Plant:
    """A vendor who refuses creates that cannot be read, and lists that or not."""
    entries: list[Json] = []

    def wrong(seen: Seen) -> Answer | None:
        if seen.path.endswith(LIST):
            return as_json({"items": entries})
        if is_create(seen) and not _is_json(seen.body):
            entries.extend([{**full(seen), "status": status}] if listed else [])
            return problem(status, "wrong-parameter", "this is no JSON")
        return None

    return Plant(wrong=wrong)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("plant", "verdict"),
    [
        (writing(), Verdict.MET),
        (writing(status=422), Verdict.MET),
        (writing(listed=False), Verdict.PARTIAL),
    ],
    ids=["listed", "listed with 422", "not listed"],
)
def test_a_failed_write_has_to_be_listed_too(plant: Plant, verdict: Verdict) -> None:
    finding, story = judged_writing(WRITE, plant, with_list_of_failures())

    assert finding.verdict is verdict
    assert story.writes == [("POST", f"{PREFIX}/work-orders")]


def test_a_failed_write_may_be_counted_only() -> None:
    failures = 0

    def wrong(seen: Seen) -> Answer | None:
        nonlocal failures
        failures += is_create(seen)
        told = {"client_name": "ours", "calls": 12, "errors": failures}
        return as_json(told) if seen.path.endswith("/usage") else writing().wrong(seen)

    finding, _ = judged_writing(WRITE, Plant(wrong=wrong))

    assert finding.verdict is Verdict.MET
    assert "counted at /usage" in finding.summary


def test_a_create_that_is_accepted_although_it_breaks_off_is_deleted_and_proves_nothing() -> None:
    plant = Plant()

    def wrong(seen: Seen) -> Answer | None:
        return plant.create(json.loads(seen.body + b"}")) if is_create(seen) and not _is_json(seen.body) else None

    plant.wrong = wrong
    finding, story = judged_writing(WRITE, plant, with_list_of_failures())

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert [method for method, _ in story.writes] == ["POST", "DELETE"]


def test_a_vendor_who_takes_no_creates_is_left_alone() -> None:
    described = with_list_of_failures()
    del described["paths"]["/work-orders"]["post"]

    finding, story = judged_writing(WRITE, Plant(), described)

    assert (finding.verdict, story.writes) == (Verdict.NOT_APPLICABLE, [])


# -- health


def with_health() -> dict[str, Any]:
    described = document()
    described["paths"]["/health"] = {"get": {"summary": "Up?", "responses": {"200": {"description": "Yes."}}}}
    return described


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (as_json({"status": "ok"}), Verdict.MET),
        (Answer(200, "OK", {"Content-Type": "text/plain"}), Verdict.MET),
        (Answer(204), Verdict.MET),
        (as_json({"status": "down"}, 503), Verdict.PARTIAL),
        (as_json({}, 404), Verdict.PARTIAL),
        (as_json({}, 403), Verdict.PARTIAL),
        (Answer(200, "<!doctype html><html></html>", {"Content-Type": "text/html"}), Verdict.PARTIAL),
        (with_headers(as_json({}, 429), **{"Retry-After": "600"}), Verdict.UNKNOWN),
    ],
)
def test_an_address_of_health_has_to_answer(answer: Answer, verdict: Verdict) -> None:
    vendor = Toy(wrong=lambda seen: answer if seen.path.endswith("/health") else None)
    assert judged_live("errors.health-answers", vendor, with_health()).verdict is verdict


def test_a_vendor_without_an_address_of_health_is_left_alone() -> None:
    assert judged_live("errors.health-answers", Toy()).verdict is Verdict.NOT_APPLICABLE


# -- entries


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("own-1")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=12,
)


@given(VALUES)
def test_an_entry_is_found_only_where_it_bears_our_number(value: Any) -> None:
    entries = helper("errors", "_entries")
    request = Request("POST", "https://vendor.example/api/orders")
    call = entries.OwnCall(Exchange(1, "test", Purpose.API, "main", request, None, now(), 0.1), ("own-1",))

    entry = entries.entry_of(call, value)

    assert entry is None or ("own-1" in str(entry) and entries.shortcomings(entry, call))


def test_an_entry_that_bears_the_mark_of_another_credential_is_of_another() -> None:
    entries = helper("errors", "_entries")
    request = Request("GET", "https://vendor.example/api/orders/own-1")
    call = entries.OwnCall(Exchange(1, "test", Purpose.API, "main", request, None, now(), 0.1), ("own-1",))
    ours, other = ({"id": "own-1", "at": now(), "client_id": f"«{role}.client_id»"} for role in ("main", "read_only"))

    assert entries.shortcomings(ours, call) == []
    assert entries.shortcomings(other, call) == ["the right caller"]
