"""A call and a write of our own, looked for in the logs of vendors who keep them in ways of their own, or wrongly."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from cmms_audit.credentials import Credential
from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import Json, Small, as_json, described, looked_at, only, operation
from tests.checks.test_auth_rights_live import two_clients
from tests.checks.toy import document
from tests.checks.writing import ORDERS, Plant, Story, is_create, judged_writing, with_headers
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

READ, WRITE = "auth.own-call-logged", "auth.own-write-logged"
NOW, EARLIER = "2026-11-22T12:00:00Z", "2026-11-22T09:00:00Z"
ENTRY = {"type": "object", "properties": {"user": {}, "time": {}, "action": {}}}
LOG = {"/audit-log": {"get": operation({"type": "array", "items": ENTRY})}}


@dataclass
class WithLog(Small):
    """A vendor that logs the calls for which `logs` gives an entry, the oldest first."""

    logs: Callable[[Seen], Json | None] = lambda seen: None
    entries: list[Json] = field(default_factory=list)

    def answer(self, seen: Seen) -> Answer:
        if seen.path.endswith("/audit-log"):
            return as_json(list(self.entries))
        entry = self.logs(seen)
        self.entries += [entry] if entry else []
        return super().answer(seen)


def full_entry(seen: Seen) -> Json:
    return {
        "occurred_at": NOW, "user": "plant", "payload_summary": "none", "path": seen.path, "method": seen.method,
        "request_id": seen.headers.get("x-request-id"),
    }  # fmt: skip


def but(*left_out: str, **changed: object) -> Callable[[Seen], Json]:
    return lambda seen: {k: v for k, v in {**full_entry(seen), **changed}.items() if k not in left_out}


def read_at(vendor: Small, **more: Callable[[str], dict[str, Credential]]) -> Finding:
    return only(looked_at(READ, vendor, described(paths=LOG), **more))


# -- a call that only reads -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logs", "verdict"),
    [
        pytest.param(full_entry, Verdict.MET, id="complete"),
        pytest.param(but("request_id"), Verdict.MET, id="found by path and time"),
        pytest.param(but("path", "method"), Verdict.MET, id="found by its number"),
        pytest.param(but("request_id", occurred_at="2026-11-22T12:01:00"), Verdict.MET, id="time without a zone"),
        pytest.param(but(occurred_at="2026-11-22T05:00:00"), Verdict.MET, id="time of another zone, unnamed"),
        pytest.param(but(occurred_at=1_795_348_800), Verdict.MET, id="seconds since 1970"),
        pytest.param(but(occurred_at=1_795_348_800_000), Verdict.MET, id="milliseconds since 1970"),
        pytest.param(but(occurred_at="22/11/26 12:00"), Verdict.MET, id="time in the vendor's own form"),
        pytest.param(but("request_id", occurred_at=EARLIER), Verdict.PARTIAL, id="an older call of the same path"),
        pytest.param(but(occurred_at=EARLIER), Verdict.PARTIAL, id="of another time"),
        pytest.param(but("occurred_at"), Verdict.PARTIAL, id="no time"),
        pytest.param(but("occurred_at", updated_by="plant"), Verdict.PARTIAL, id="no time, but a name that sounds so"),
        pytest.param(but("user"), Verdict.PARTIAL, id="nobody named"),
        pytest.param(but(user="System"), Verdict.PARTIAL, id="everybody is the system"),
        pytest.param(but("payload_summary"), Verdict.PARTIAL, id="nothing of the content"),
        pytest.param(lambda seen: None, Verdict.PARTIAL, id="not there"),
    ],
)
def test_our_own_call_has_to_be_in_the_log(logs: Callable[[Seen], Json | None], verdict: Verdict) -> None:
    assert int(datetime.fromisoformat(NOW).timestamp()) == 1_795_348_800
    assert read_at(WithLog(logs=logs)).verdict is verdict


@pytest.mark.parametrize(
    ("logged", "verdict"),
    [("2026-11", Verdict.MET), ("2026-11-22/7", Verdict.PARTIAL)],
    ids=["the very number", "a longer text that holds it"],
)
def test_a_short_number_has_to_be_there_as_it_is(logged: str, verdict: Verdict) -> None:
    entry = but("path", "method", request_id=logged)
    vendor = WithLog(headers={"X-Request-Id": "2026-11"}, logs=entry)

    assert read_at(vendor).verdict is verdict


def test_a_log_may_take_a_few_seconds() -> None:
    vendor = WithLog(logs=full_entry)
    reads = 0

    def late(seen: Seen) -> Answer | None:
        nonlocal reads
        reads += "audit" in seen.path
        return as_json([]) if "audit" in seen.path and reads < 3 else None

    vendor.wrong = late

    assert read_at(vendor).verdict is Verdict.MET


def test_an_entry_about_a_look_into_the_log_is_not_our_call() -> None:
    vendor = WithLog()

    def logs_only_looks(seen: Seen) -> Answer | None:
        if seen.path.endswith("/audit-log"):
            vendor.entries.append(full_entry(seen) | {"query": seen.target, "request_id": call_ids[0]})
        else:
            call_ids.append(seen.headers.get("x-request-id", ""))
        return None

    call_ids: list[str] = []
    vendor.wrong = logs_only_looks

    assert "did not turn up" in read_at(vendor).summary


def test_a_long_log_that_begins_with_its_oldest_entries_tells_nothing() -> None:
    old = [{"time": f"2026-11-{day:02}T09:00:00Z", "user": "plant", "path": "/x"} for day in range(1, 21)]

    def pages(seen: Seen) -> Answer | None:
        if not seen.path.endswith("/audit-log"):
            return None
        start = int(dict(seen.query).get("cursor", "0"))
        return as_json({"items": old[start : start + 2], "next_cursor": str(start + 2)})

    finding = read_at(Small(wrong=pages))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


def test_a_log_of_writes_alone_is_a_limitation() -> None:
    vendor = WithLog(
        entries=[{"time": "2026-11-22T11:59:00Z", "user": "plant", "path": "/api/v1/work-orders", "method": "POST"}]
    )

    assert read_at(vendor).verdict is Verdict.PARTIAL


def test_a_log_that_the_credential_may_not_read_is_not_held_against_the_vendor() -> None:
    vendor = Small(wrong=lambda seen: as_json({}, 403) if "audit" in seen.path else None)

    finding = read_at(vendor)

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


# -- whose call it was ----------------------------------------------------------------------------------------


@dataclass
class OfClients(WithLog):
    """A vendor with tokens, whose log names the client."""

    def __call__(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            client = zlib.crc32(seen.headers["authorization"].encode())
            return as_json({"access_token": f"t0ken-of-client-{client}", "token_type": "Bearer"})
        return super().__call__(Seen(seen.method, seen.target, {**seen.headers, "x-api-key": KEY}, seen.body))


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("plant-client", Verdict.MET, "the very credential"),
        ("A. Miller", Verdict.PARTIAL, "under the same name"),
        ("reading-client", Verdict.NOT_MET, "another credential"),
    ],
)
def test_a_log_that_names_another_of_our_credentials_is_wrong(name: str, verdict: Verdict, words: str) -> None:
    finding = read_at(OfClients(logs=but(user=name)), credentials=two_clients)

    assert finding.verdict is verdict
    assert words in f"{finding.summary} {finding.detail}"


def test_a_log_may_name_clients_in_a_way_of_its_own() -> None:
    def named(seen: Seen) -> Json:
        return but(user=f"Integration {zlib.crc32(seen.headers['authorization'].encode())}")(seen)

    finding = read_at(OfClients(logs=named), credentials=two_clients)

    assert finding.verdict is Verdict.MET
    assert "has to confirm" in finding.detail


def test_entries_of_other_callers_at_the_same_path_are_not_taken_for_ours() -> None:
    vendor = OfClients(logs=but("request_id", user="plant-client"))
    others = [but("request_id", user=name) for name in ("reading-client", "anonymous")]
    at_first = Seen("GET", "/api/v1/work-orders", {}, b"")
    vendor.entries = [each(at_first) for each in others]

    assert read_at(vendor, credentials=two_clients).verdict is Verdict.MET


@pytest.mark.parametrize("number", [5e11, 1e12, 999_999_999_999, 1e13, -1e12, "1e400", "nan"])
def test_a_large_number_in_an_entry_is_no_moment_and_no_trouble(number: object) -> None:
    vendor = WithLog(logs=but("request_id", sequence=number))

    assert read_at(vendor).verdict is Verdict.MET


# -- a write --------------------------------------------------------------------------------------------------


@dataclass
class Keeping(Plant):
    """A vendor who takes writes, and logs those for which `logs` gives an entry."""

    logs: Callable[[Seen], Json | None] = lambda seen: None
    entries: list[Json] = field(default_factory=list)

    def answer(self, seen: Seen) -> Answer:
        if seen.path.endswith("/audit-log"):
            return as_json({"items": self.entries})
        entry = self.logs(seen)
        self.entries += [entry] if entry else []
        return super().answer(seen)


def of_writes(*left_out: str, **changed: object) -> Callable[[Seen], Json | None]:
    def entry(seen: Seen) -> Json | None:
        whole = but(*left_out, payload_summary=seen.body.decode()[:60])(seen)
        return {**whole, **changed} if is_create(seen) else None

    return entry


def written_at(logs: Callable[[Seen], Json | None]) -> tuple[Finding, Story]:
    told = document()
    told["paths"] |= LOG
    return judged_writing(WRITE, Keeping(logs=logs), told)


@pytest.mark.parametrize(
    ("logs", "verdict"),
    [
        pytest.param(of_writes(), Verdict.MET, id="complete"),
        pytest.param(of_writes("request_id", "path", "method"), Verdict.MET, id="found by the text that was sent"),
        pytest.param(of_writes("request_id", payload_summary="title changed"), Verdict.MET, id="a field is named"),
        pytest.param(
            lambda seen: (
                {"time": NOW, "user": "plant", "action": "created", "object": "N-1", "message": "N-1: title set"}
                if is_create(seen)
                else None
            ),
            Verdict.MET,
            id="found by the record that was made",
        ),
        pytest.param(of_writes(payload_summary="312 bytes"), Verdict.PARTIAL, id="only the size of what was sent"),
        pytest.param(of_writes("user"), Verdict.PARTIAL, id="nobody named"),
        pytest.param(of_writes(occurred_at=EARLIER), Verdict.PARTIAL, id="of another time"),
        pytest.param(lambda seen: None, Verdict.PARTIAL, id="nothing"),
        pytest.param(of_writes("request_id", payload_summary="none", path="/x"), Verdict.PARTIAL, id="another path"),
        pytest.param(of_writes("request_id", payload_summary="none", method="PUT"), Verdict.PARTIAL, id="another call"),
    ],
)
def test_our_own_write_has_to_be_in_the_log(logs: Callable[[Seen], Json | None], verdict: Verdict) -> None:
    finding, story = written_at(logs)

    assert finding.verdict is verdict, finding.summary
    assert [each.state for each in story.records] == ["deleted"]


def test_where_no_record_can_be_made_the_log_of_writes_is_not_tried() -> None:
    told = document()
    told["paths"] |= LOG
    plant = Keeping(wrong=lambda seen: as_json({"code": "forbidden"}, 403) if is_create(seen) else None)

    finding, story = judged_writing(WRITE, plant, told)

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)
    assert story.writes == [("POST", ORDERS)]


# -- the numbers of answers -----------------------------------------------------------------------------------


def numbered(name: str = "X-Request-Id", number: str = "", *, refusals: bool = True) -> Plant:
    """A vendor whose answers carry a number, each its own where none is given."""
    given: list[int] = []

    def mark(seen: Seen, answer: Answer) -> Answer:
        given.append(1)
        marked = refusals or answer.status < 400
        return with_headers(answer, **{name: number or f"call-{len(given):06}"}) if marked else answer

    return Plant(twist=mark)


@pytest.mark.parametrize(
    ("plant", "verdict"),
    [
        (numbered(), Verdict.MET),
        (numbered("X-Amzn-Trace-Id"), Verdict.MET),
        (numbered("CF-Ray"), Verdict.MET),
        (numbered(refusals=False), Verdict.PARTIAL),
        (numbered(number="the-same-number"), Verdict.NOT_MET),
        (numbered("X-Served-By"), Verdict.NOT_MET),
        (Plant(), Verdict.NOT_MET),
    ],
    ids=["usual", "of a cloud", "of a network", "not on refusals", "the same each time", "another header", "none"],
)
def test_every_answer_should_carry_a_number_of_its_own(plant: Plant, verdict: Verdict) -> None:
    finding, _ = judged_writing("auth.request-ids", plant)

    assert finding.verdict is verdict
