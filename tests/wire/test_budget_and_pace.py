"""What a run may cost is a hard total, also when many ask at once; and it never runs near the vendor's limit."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.permissions import Permissions
from cmms_audit.vendor import Budget
from cmms_audit.wire.allowance import Allowance
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.pace import Pace
from cmms_audit.wire.rate_headers import RateFacts, RatePolicy
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.wire.servers import Answer, Seen, answering, misbehaving
from tests.wire.sessions import ALL, TRUST, QuickClock, Workbench, oauth2

FAST = 10_000.0


def many(
    count: int, address: str, purpose: Purpose = Purpose.API
) -> Callable[[Session], Coroutine[Any, Any, Counter[Any]]]:
    """Ask so often at once; what came of each."""

    async def work(session: Session) -> Counter[Any]:
        asked = [session.send("GET", address + "/x", owner="test", purpose=purpose) for _ in range(count)]
        came = await asyncio.gather(*asked, return_exceptions=True)
        return Counter(each.reason if isinstance(each, CouldNotLook) else each.status for each in came)  # type: ignore[union-attr]

    return work


def test_no_more_requests_leave_than_the_budget_has_however_many_ask_at_once(tmp_path: Path) -> None:
    with answering(lambda request: Answer(200)) as vendor:
        bench = Workbench(tmp_path, vendor.url, budget=Budget(requests=7, per_second=FAST))
        came = bench.run(many(30, vendor.url))

    assert came == {200: 7, Reason.BUDGET: 23}
    assert len(vendor.seen) == 7
    assert bench.traffic.requests == 7


def test_tokens_and_redirects_are_paid_from_the_same_budget(tmp_path: Path) -> None:
    def respond(request: Seen) -> Answer:
        if request.path == "/token":
            return Answer(200, '{"access_token": "t0ken-t0ken-1"}')
        return Answer(302, "", {"Location": "/y"}) if request.path == "/x" else Answer(200)

    with answering(respond) as vendor:
        bench = Workbench(
            tmp_path,
            vendor.url,
            credentials={"main": oauth2(vendor.url + "/token")},
            budget=Budget(requests=2, per_second=FAST),
        )
        with pytest.raises(CouldNotLook) as refusal:
            bench.get("/x")

    assert refusal.value.reason is Reason.BUDGET
    assert vendor.paths == ["/token", "/x"]


def test_the_burst_has_a_budget_and_a_permission_of_its_own(tmp_path: Path) -> None:
    with answering(lambda request: Answer(429, "", {"Retry-After": "60"})) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=ALL, budget=Budget(requests=1, burst_requests=20))
        burst = bench.run(many(30, vendor.url, Purpose.BURST))
        not_allowed = Workbench(tmp_path / "b", vendor.url, permissions=Permissions(writes=True))
        refused = not_allowed.run(many(1, vendor.url, Purpose.BURST))

    assert burst == {429: 20, Reason.BUDGET: 10}
    assert isinstance(bench.clock, QuickClock)
    assert bench.clock.slept == []
    assert refused == {Reason.NOT_PERMITTED: 1}


class Counting(Transport):
    """The network, with an eye on how many requests are under way."""

    under_way = most = 0

    async def exchange(self, *arguments: Any) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await super().exchange(*arguments)
        self.under_way -= 1


def test_a_burst_has_sixteen_requests_under_way_at_most(tmp_path: Path) -> None:
    transport = Counting(TRUST)
    with answering(lambda request: Answer(200)) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=ALL, options={"transport": transport})
        bench.run(many(60, vendor.url, Purpose.BURST))

    assert transport.most == 16


def test_when_the_seconds_are_used_up_nothing_more_is_sent(tmp_path: Path) -> None:
    with answering(lambda request: Answer(200)) as vendor:
        bench = Workbench(tmp_path, vendor.url, budget=Budget(per_second=1, seconds=5))
        came = bench.run(many(20, vendor.url))

    assert came == {200: 5, Reason.BUDGET: 15}


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(5)


def test_a_slow_answer_ends_with_the_seconds_of_the_run(tmp_path: Path) -> None:
    with misbehaving(silent) as address:
        bench = Workbench(tmp_path, address, clock=Clock(), budget=Budget(seconds=0.3))
        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    assert refusal.value.reason is Reason.BUDGET
    assert refusal.value.evidence


@given(sizes=st.lists(st.integers(0, 50), max_size=40))
def test_no_more_bytes_are_read_than_there_are(sizes: list[int]) -> None:
    allowance = Allowance(Budget(), QuickClock(), most_bytes=100)

    assert sum(size for size in sizes if allowance.may_read(size)) <= 100


def test_the_total_of_bytes_ends_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.wire.session.Allowance", partial(Allowance, most_bytes=1000))
    with answering(lambda request: Answer(200, b"x" * 400)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        came = bench.run(many(4, vendor.url))

    assert came == {200: 2, Reason.BUDGET: 2}
    assert bench.traffic.bytes <= 1000


def limited(*answers: Answer) -> Callable[[Seen], Answer]:
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def test_a_429_is_waited_for_and_retried_once(tmp_path: Path) -> None:
    with answering(limited(Answer(429, "", {"Retry-After": "7"}), Answer(200))) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        exchange = bench.get()

    assert isinstance(bench.clock, QuickClock)
    assert sum(bench.clock.slept) == pytest.approx(7)
    assert (exchange.status, exchange.notes["retry_of"], exchange.notes["waited"]) == (200, 1, 7)
    assert [each.status for each in bench.exchanges()] == [429, 200]


@pytest.mark.parametrize(
    "headers",
    [{}] + [{"Retry-After": value} for value in ("91", "soon", "-1", "NaN", "inf", "1e1", "9" * 30, "5, 7", "5;q=1")],
)
def test_a_429_without_a_bearable_wait_is_returned(headers: dict[str, str], tmp_path: Path) -> None:
    with answering(limited(Answer(429, "", headers), Answer(200))) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        assert bench.get().status == 429

    assert len(vendor.seen) == 1


def test_a_moment_that_has_passed_is_not_waited_for(tmp_path: Path) -> None:
    with answering(limited(Answer(429, "", {"Retry-After": "Sun, 22 Nov 2020 12:00:00 GMT"}), Answer(200))) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        assert bench.get().status == 200

    assert isinstance(bench.clock, QuickClock)
    assert bench.clock.passed < 1


def test_a_busy_token_endpoint_is_waited_for_too(tmp_path: Path) -> None:
    token = Answer(200, '{"access_token": "t0ken-t0ken-1"}')
    with answering(limited(Answer(429, "", {"Retry-After": "3"}), token, Answer(200))) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oauth2(vendor.url + "/token")})
        assert bench.get("/x").status == 200

    assert vendor.paths == ["/token", "/token", "/x"]


def test_a_503_that_names_a_time_is_waited_for_where_nothing_can_be_done_twice(tmp_path: Path) -> None:
    async def work(session: Session) -> list[int]:
        read = await session.send("GET", vendor.url + "/read", owner="test")
        made = await session.send("POST", vendor.url + "/make", owner="test", json={})
        return [read.status, made.status]

    busy = Answer(503, "", {"Retry-After": "3"})
    with answering(limited(busy, Answer(200), busy)) as vendor:
        assert Workbench(tmp_path, vendor.url, permissions=ALL).run(work) == [200, 503]

    assert vendor.paths == ["/read", "/read", "/make"]


def test_a_second_429_is_returned(tmp_path: Path) -> None:
    with answering(lambda request: Answer(429, "", {"Retry-After": "1"})) as vendor:
        assert Workbench(tmp_path, vendor.url).get().status == 429

    assert len(vendor.seen) == 2


def test_waiting_counts_against_the_seconds(tmp_path: Path) -> None:
    patient = answering(lambda request: Answer(429, "", {"Retry-After": "80"}))
    with patient as vendor, pytest.raises(CouldNotLook) as refusal:
        Workbench(tmp_path, vendor.url).get()  # of 60 seconds

    assert refusal.value.reason is Reason.BUDGET
    assert len(vendor.seen) == 1


def test_others_wait_too_while_the_vendor_asks_for_patience(tmp_path: Path) -> None:
    clock = QuickClock()

    async def work(session: Session) -> Exchange:
        await session.send("GET", vendor.url + "/x", owner="test")
        return await session.send("GET", vendor.url + "/x", owner="test")

    answers = limited(Answer(200, "", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}), Answer(200))
    with answering(answers) as vendor:
        bench = Workbench(tmp_path, vendor.url, clock=clock)
        bench.run(work)

    assert clock.passed == pytest.approx(9, abs=0.1)


def paced(per_second: float = 10, documented: float | None = None, *facts: RateFacts) -> Pace:
    pace = Pace(per_second, documented, QuickClock())
    for each in facts:
        pace.learn(each)
    return pace


def facts(**policy: Any) -> RateFacts:
    return RateFacts(policies=(RatePolicy(**policy),))


@pytest.mark.parametrize(
    ("pace", "rate"),
    [
        (paced(10), 10),
        (paced(10, 5), 4),
        (paced(10, 500), 10),
        (paced(10, None, facts(limit=60, window_seconds=60)), 0.8),
        (paced(10, None, facts(limit=60, window_seconds=60), facts(limit=600, window_seconds=60)), 0.8),
        (paced(10, None, facts(limit=1000, window_seconds=3600, remaining=900, reset_seconds=3000)), 10),
        (paced(10, None, facts(limit=60, remaining=50, reset_seconds=30)), 10),
        (paced(10, None, facts(limit=60, remaining=6, reset_seconds=3)), 2),
        (paced(10, None, facts(limit=60, remaining=6, reset_seconds=3), facts(limit=60, remaining=60)), 10),
        (paced(10, None, facts(limit=1, window_seconds=60)), 0.2),
        (paced(10, None, facts(limit=1000, window_seconds=3600, remaining=1, reset_seconds=3000)), 0.2),
        (paced(10, None, facts(limit=0, window_seconds=0, remaining=0, reset_seconds=0)), 0.2),
    ],
)
def test_the_pace_is_the_smallest_of_what_is_known(pace: Pace, rate: float) -> None:
    assert pace.rate == pytest.approx(rate)


NUMBERS = st.one_of(st.none(), st.floats(0, 1e15))


@given(policies=st.lists(st.builds(RatePolicy, NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=4))
def test_no_header_stalls_a_run_or_speeds_it_up(policies: list[RatePolicy]) -> None:
    pace = paced(10, None, RateFacts(policies=tuple(policies)))

    assert 0.2 <= pace.rate <= 10
    assert pace.turn() <= 90


def test_turns_are_given_out_one_by_one() -> None:
    pace = paced(4)

    assert [pace.turn() for _ in range(4)] == [0, 0.25, 0.5, 0.75]


def test_a_limit_that_is_used_up_for_long_does_not_hold_the_run() -> None:
    pace = paced(10, None, facts(limit=1000, remaining=0, reset_seconds=3000))

    assert pace.turn() == 0


def test_the_limits_of_a_document_server_say_nothing_about_the_api(tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        await session.fetch_document(vendor.url + "/docs", owner="test")
        for _ in range(2):
            await session.send("GET", vendor.url + "/x", owner="test")

    slow = {"RateLimit-Policy": '"docs";q=1;w=60'}
    with answering(lambda request: Answer(200, "", slow if request.path == "/docs" else {})) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        bench.run(work)

    assert isinstance(bench.clock, QuickClock)
    assert bench.clock.passed < 1


class Stopped(QuickClock):
    """A clock that stands still for whoever waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def test_who_is_called_off_while_waiting_gives_his_request_back(tmp_path: Path) -> None:
    clock = Stopped()

    async def work(session: Session) -> None:
        await session.send("GET", vendor.url + "/x", owner="test")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await session.send("GET", vendor.url + "/x", owner="test")
        clock.passed += 10
        await session.send("GET", vendor.url + "/x", owner="test")

    with answering(lambda request: Answer(200)) as vendor:
        Workbench(tmp_path, vendor.url, clock=clock, budget=Budget(requests=2, per_second=10)).run(work)

    assert len(vendor.seen) == 2
