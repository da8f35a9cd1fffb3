"""What was created is known before it is sent, and whatever becomes of it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Request, Response
from cmms_audit.vendor import Budget
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import PLACE, Creation, Ledger, address_in, creations, figures, id_in_address
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.session import Session
from tests.wire.servers import Answer, Seen, answering, misbehaving
from tests.wire.sessions import ALL, Workbench

BASE = "https://vendor.example/api/v1"
URL = f"{BASE}/work-orders"
RECORD = f"{URL}/{PLACE}"


def creation(url: str = URL, number: str = "r-1") -> Creation:
    return Creation(number, "work_orders", url, f"cmms-audit {number}", f"{url}/{PLACE}", ("id", "data.id"))


def answered(status: int = 201, body: Any = None, **headers: str) -> Exchange:
    response = Response(status, tuple(headers.items()), json.dumps(body), 10)
    return Exchange(7, "check", Purpose.API, "main", Request("POST", URL), response, "2026-11-22T12:00:00Z", 0.1)


def sent(tmp_path: Path, url: str, budget: Budget | None = None) -> list[dict[str, Any]]:
    """The lines that the journal holds of one create."""
    bench = Workbench(tmp_path, url, permissions=ALL, **({"budget": budget} if budget else {}))

    async def create(session: Session) -> None:
        with contextlib.suppress(CouldNotLook):
            await session.send("POST", f"{url}/things", owner="a check", json={}, creation=creation(f"{url}/things"))

    bench.run(create)
    return [line for line in Recording(bench.evidence).lines if line["kind"] in ("creating", "created", "not_created")]


def test_a_creation_is_on_disk_before_its_request_arrives(tmp_path: Path) -> None:
    on_arrival = []

    def respond(seen: Seen) -> Answer:
        on_arrival.append((tmp_path / "out" / "evidence.jsonl").read_text())
        return Answer(201, '{"id": "5"}')

    with answering(respond) as served:
        lines = sent(tmp_path, served.url)

    announced = json.loads(on_arrival[0].splitlines()[0])
    assert announced == {
        "kind": "creating",
        "number": "r-1",
        "owner": "a check",
        "resource": "work_orders",
        "url": f"{served.url}/things",
        "marker": "cmms-audit r-1",
    }
    assert lines[1]["address"] == f"{served.url}/things/5"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(201, "{}", {"Location": "/things/9"}), "created"),
        (Answer(200, '{"id": 9}'), "created"),
        (Answer(400), "not_created"),
        (Answer(403), "not_created"),
        (Answer(408), "open"),
        (Answer(500), "open"),
        (Answer(303, "", {"Location": "/things/9"}), "open"),
    ],
)
def test_an_answer_settles_a_creation_only_if_it_is_clear(answer: Answer, state: str, tmp_path: Path) -> None:
    with answering(lambda seen: answer) as served:
        (record,) = creations(sent(tmp_path, served.url))

    assert record.state == state
    assert record.address == (f"{served.url}/things/9" if state == "created" else None)


def test_a_lost_answer_leaves_the_creation_open(tmp_path: Path) -> None:
    with misbehaving(lambda connection, over: connection.close()) as url:
        (record,) = creations(sent(tmp_path, url))
    assert (record.state, record.may_be_there) == ("open", True)


def test_an_answer_that_broke_off_after_its_head_still_tells_that_a_record_was_made(tmp_path: Path) -> None:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nLocation: /things/9\r\nContent-Length: 100\r\n\r\n{")

    with misbehaving(behave) as url:
        (record,) = creations(sent(tmp_path, url))
    assert (record.state, record.address) == ("created", f"{url}/things/9")


def test_a_request_that_was_not_sent_made_nothing(tmp_path: Path) -> None:
    with answering(lambda seen: Answer(201)) as served:
        (record,) = creations(sent(tmp_path, served.url, Budget(requests=0, per_second=100, seconds=10)))
        assert not served.seen
    assert record.state == "not_created"


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/api/v1/work-orders/5",
        "http://vendor.example/api/v1/work-orders/5",
        "https://vendor.example:8443/api/v1/work-orders/5",
        "//elsewhere.example/api/v1/work-orders/5",
        "/api/v1/assets/5",
        "/api/v1/work-orders/",
        "/api/v1/work-orders",
        "/api/v1/work-orders/5/close",
        "/api/v1/work-orders/../assets/5",
        "/api/v1/work-orders/..%2fassets%2f5",
        "/api/v1/work-orders/%2e%2e",
        "/api/v1/work-orders/5?action=approve",
        "/api/v1/work-orders/5%00",
        "/api/v1/work-orders/" + "5" * 600,
        "https://user:word@vendor.example/api/v1/work-orders/5",
        "http://[",
        "javascript:alert(1)",
    ],
)
def test_a_location_that_is_no_record_of_the_collection_is_not_believed(location: str) -> None:
    assert id_in_address(RECORD, location) is None
    assert address_in(creation(), answered(body={"id": "W-1"}, Location=location)) == f"{URL}/W-1"
    assert address_in(creation(), answered(Location=location)) is None


@pytest.mark.parametrize(
    ("location", "address"),
    [
        (f"{URL}/W-1", f"{URL}/W-1"),
        ("/api/v1/work-orders/W-1", f"{URL}/W-1"),
        ("work-orders/W-1", f"{URL}/work-orders/W-1"),
    ],
)
def test_a_location_may_be_relative(location: str, address: str) -> None:
    told = address_in(creation(), answered(Location=location))
    assert told == (address if address.count("work-orders") == 1 else None)


def test_the_id_is_taken_from_the_body_where_there_is_no_location() -> None:
    assert address_in(creation(), answered(body={"data": {"id": "a/b"}})) is None
    assert address_in(creation(), answered(body={"data": {"id": "a b"}})) == f"{URL}/a%20b"
    assert address_in(creation(), answered(body={"id": True})) is None
    assert address_in(creation(), answered(body=["W-1"])) is None


def test_the_figures_count_records_not_requests(tmp_path: Path) -> None:
    ledger = Ledger(Journal(tmp_path / "out" / "evidence.jsonl"))
    for number in ("r-1", "r-2", "r-3", "r-4"):
        ledger.announce(creation(number=number), "check")
    ledger.settle(creation(number="r-1"), answered(body={"id": "A"}))
    ledger.settle(creation(number="r-2"), answered(body={"id": "A"}))
    ledger.settle(creation(number="r-3"), answered(body={"id": "B"}))
    ledger.deleted("r-1", f"{URL}/A", answered(404))

    kept = figures(ledger.records)

    assert (kept.created, kept.deleted) == (2, 1)
    assert kept.left_behind == (
        f"work orders: {URL}/B ('cmms-audit r-3')",
        f"work orders: a record with the text 'cmms-audit r-4', if there is one, in {URL}",
    )


NUMBERS = st.sampled_from(["r-1", "r-2"])
STEPS = st.one_of(
    st.tuples(st.just("announce"), NUMBERS),
    st.tuples(st.just("settle"), NUMBERS, st.sampled_from([201, 200, 404, 500]), st.sampled_from([None, "A", "B"])),
    st.tuples(st.just("deleted"), NUMBERS, st.sampled_from(["A", "B"])),
    st.tuples(st.just("not_there"), NUMBERS),
)


@given(st.lists(STEPS, max_size=12))
def test_what_is_read_back_is_what_the_ledger_knew(tmp_path_factory: Any, steps: list[Any]) -> None:
    journal = Journal(tmp_path_factory.mktemp("ledger") / "evidence.jsonl")
    ledger = Ledger(journal)
    for step, number, *more in steps:
        made = creation(number=number)
        if step == "announce":
            ledger.announce(made, "check")
        elif step == "settle":
            ledger.settle(made, answered(more[0], {"id": more[1]}))
        elif step == "deleted":
            ledger.deleted(number, f"{URL}/{more[0]}", answered(404))
        else:
            ledger.not_there(number, answered(200))
    journal.close()
    read = creations(Recording(journal.path).lines)
    assert list(map(repr, read)) == list(map(repr, ledger.records))
