"""A run that only does harm stops: at a server that keeps failing, or with a credential that keeps being refused."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.permissions import Permissions
from cmms_audit.vendor import Budget
from cmms_audit.wire.session import Session
from tests.wire.servers import Answer, Seen, answering, misbehaving
from tests.wire.sessions import QuickClock, Workbench, api_key

WRITES = Permissions(writes=True)


def in_turn(count: int, address: str, **more: Any) -> Callable[[Session], Any]:
    """Ask so often, one after the other; what came of each."""

    async def work(session: Session) -> list[Any]:
        came: list[Any] = []
        for _ in range(count):
            try:
                came.append((await session.send("GET", address + "/x", owner="test", **more)).status)
            except CouldNotLook as why:
                came.append(why.reason)
        return came

    return work


def statuses(*given: int) -> Callable[[Seen], Answer]:
    """Answers with these, the last one for ever."""
    left = list(given)
    lock = threading.Lock()

    def respond(request: Seen) -> Answer:
        with lock:
            return Answer(left.pop(0) if len(left) > 1 else left[0])

    return respond


def slept(bench: Workbench) -> list[float]:
    assert isinstance(bench.clock, QuickClock)
    return [seconds for seconds in bench.clock.slept if seconds > 1]


def test_after_eight_server_errors_there_is_a_pause_and_one_trial(tmp_path: Path) -> None:
    with answering(statuses(*[500] * 8, 200)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        came = bench.run(in_turn(12, vendor.url))

    assert came == [500] * 8 + [200] * 4
    assert slept(bench) == [pytest.approx(15, abs=0.1)]


def test_a_trial_that_fails_ends_it_and_says_why(tmp_path: Path) -> None:
    async def work(session: Session) -> CouldNotLook:
        await in_turn(20, vendor.url)(session)
        with pytest.raises(CouldNotLook) as refusal:
            await session.send("GET", vendor.url + "/x", owner="test")
        return refusal.value

    with answering(statuses(503)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        refusal = bench.run(work)

    assert len(vendor.seen) == 9
    assert refusal.reason is Reason.CONNECTIVITY
    [evidence] = refusal.evidence
    assert isinstance(evidence, Exchange)
    assert (evidence.id, evidence.status) == (9, 503)


def test_any_answer_without_an_error_of_the_server_begins_the_count_anew(tmp_path: Path) -> None:
    with answering(statuses(*[500] * 7, 404, *[500] * 7, 429, 500)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        bench.run(in_turn(20, vendor.url))

    assert len(vendor.seen) == 20
    assert slept(bench) == []


@pytest.mark.parametrize("answer", [Answer(429), Answer(429, "", {"Retry-After": "1"}), Answer(404), Answer(301)])
def test_a_busy_or_empty_vendor_never_breaks_anything(answer: Answer, tmp_path: Path) -> None:
    with answering(lambda request: answer) as vendor:
        came = Workbench(tmp_path, vendor.url).run(in_turn(30, vendor.url))

    assert set(came) == {answer.status}


@pytest.mark.parametrize("purpose", [Purpose.PROVOKED, Purpose.STRANGER])
def test_errors_that_were_provoked_count_for_nothing(purpose: Purpose, tmp_path: Path) -> None:
    role = None if purpose is Purpose.STRANGER else "main"
    with answering(statuses(500)) as vendor:
        came = Workbench(tmp_path, vendor.url).run(in_turn(30, vendor.url, purpose=purpose, credential=role))

    assert came == [500] * 30


def test_a_provoked_error_is_no_verdict_on_a_server_under_trial(tmp_path: Path) -> None:
    async def work(session: Session) -> list[int]:
        await in_turn(8, vendor.url)(session)
        provoked = await session.send("GET", vendor.url + "/x", owner="test", purpose=Purpose.PROVOKED)
        hopeful = await session.send("GET", vendor.url + "/x", owner="test")
        return [provoked.status, hopeful.status]

    with answering(statuses(*[500] * 9, 200)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        assert bench.run(work) == [500, 200]

    assert slept(bench) == [pytest.approx(15, abs=0.1)]


def test_while_one_is_on_trial_the_others_wait(tmp_path: Path) -> None:
    """Thirty ask at once after the pause began: one goes first, and nobody else before its answer has come."""
    under_way = Counter[str]()
    most_before: list[int] = []

    def respond(request: Seen) -> Answer:
        if len(vendor.seen) <= 8:
            return Answer(500)
        if len(vendor.seen) == 9:
            threading.Event().wait(0.1)
            most_before.append(len(vendor.seen))
        under_way["after"] += 1
        return Answer(200)

    async def work(session: Session) -> Counter[Any]:
        await in_turn(8, vendor.url)(session)
        asked = [session.send("GET", vendor.url + "/x", owner="test") for _ in range(30)]
        return Counter(each.status for each in await asyncio.gather(*asked))

    with answering(respond) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        assert bench.run(work) == {200: 30}

    assert most_before == [9]
    assert slept(bench) == [pytest.approx(15, abs=0.1)]


def test_those_who_wait_give_up_together(tmp_path: Path) -> None:
    async def work(session: Session) -> Counter[Any]:
        asked = [session.send("GET", vendor.url + "/x", owner="test") for _ in range(40)]
        came = await asyncio.gather(*asked, return_exceptions=True)
        return Counter(each.reason if isinstance(each, CouldNotLook) else each.status for each in came)  # type: ignore[union-attr]

    with answering(statuses(500)) as vendor:
        came = Workbench(tmp_path, vendor.url, budget=Budget(requests=100, per_second=10)).run(work)

    assert set(came) == {500, Reason.CONNECTIVITY}
    assert came[500] == len(vendor.seen) < 30  # sixteen may have been under way


def test_who_is_called_off_on_trial_leaves_it_to_the_next(tmp_path: Path) -> None:
    async def work(session: Session) -> int:
        await in_turn(8, vendor.url)(session)
        first = asyncio.ensure_future(session.send("GET", vendor.url + "/x", owner="test"))
        second = asyncio.ensure_future(session.send("GET", vendor.url + "/x", owner="test"))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).status

    with answering(statuses(*[500] * 8, 200)) as vendor:
        assert Workbench(tmp_path, vendor.url).run(work) == 200


def test_the_pause_is_not_waited_for_where_no_time_is_left(tmp_path: Path) -> None:
    with answering(statuses(500)) as vendor:
        came = Workbench(tmp_path, vendor.url, budget=Budget(seconds=10, per_second=1000)).run(in_turn(10, vendor.url))

    assert came == [500] * 8 + [Reason.BUDGET] * 2


def test_a_time_out_counts_twice(tmp_path: Path) -> None:
    connections: list[int] = []

    def silent(connection: Any, over: threading.Event) -> None:
        connections.append(1)
        over.wait(5)

    with misbehaving(silent) as address:
        bench = Workbench(tmp_path, address, options={"request_seconds": 0.05})
        came = bench.run(in_turn(10, address))

    assert came == [Reason.TIMEOUT] * 5 + [Reason.CONNECTIVITY] * 5
    assert len(connections) == 5


def test_a_dead_host_is_given_up(tmp_path: Path) -> None:
    with answering(statuses(200)) as gone:
        pass
    bench = Workbench(tmp_path, gone.url)

    assert bench.run(in_turn(20, gone.url)) == [Reason.CONNECTIVITY] * 20
    assert len(bench.exchanges()) == 9


def test_after_five_refusals_a_credential_is_not_sent_any_more(tmp_path: Path) -> None:
    async def work(session: Session) -> tuple[list[Any], int, list[Any]]:
        refused = await in_turn(8, vendor.url)(session)
        stranger = await session.send("GET", vendor.url + "/x", owner="test", credential=None)
        return refused, stranger.status, await in_turn(1, vendor.url, credential="rotated")(session)

    with answering(lambda request: Answer(200 if request.headers.get("x-api-key") == "another-key" else 401)) as vendor:
        credentials = {"main": api_key(), "rotated": api_key("another-key")}
        bench = Workbench(tmp_path, vendor.url, credentials=dict(credentials))
        refused, stranger, rotated = bench.run(work)

    assert refused == [401] * 5 + [Reason.CREDENTIAL] * 3
    assert (stranger, rotated) == (401, [200])
    assert len(vendor.seen) == 7


def test_a_refusal_now_and_then_is_none_of_the_credential(tmp_path: Path) -> None:
    with answering(statuses(*[401] * 4, 200, *[401] * 4, 404, 401)) as vendor:
        came = Workbench(tmp_path, vendor.url).run(in_turn(11, vendor.url))

    assert Reason.CREDENTIAL not in came


def test_a_busy_answer_between_refusals_says_nothing_about_the_credential(tmp_path: Path) -> None:
    with answering(statuses(401, 429, 401, 503, 401, 401, 401)) as vendor:
        came = Workbench(tmp_path, vendor.url).run(in_turn(9, vendor.url))

    assert came == [401, 429, 401, 503, 401, 401, 401, Reason.CREDENTIAL, Reason.CREDENTIAL]


def test_a_credential_that_worked_and_is_forbidden_everything_is_given_up_later(tmp_path: Path) -> None:
    with answering(statuses(200, 403)) as vendor:
        came = Workbench(tmp_path, vendor.url).run(in_turn(25, vendor.url))
    with answering(statuses(403)) as never:
        narrow = Workbench(tmp_path / "b", never.url).run(in_turn(25, never.url))

    assert came == [200] + [403] * 20 + [Reason.CREDENTIAL] * 4
    assert narrow == [403] * 25  # a credential that was never accepted may just be a narrow one


def cleaning(count: int, address: str) -> Callable[[Session], Any]:
    return in_turn(count, address, purpose=Purpose.CLEANUP)


@pytest.mark.parametrize("status", [500, 401])
def test_cleaning_up_goes_on_whatever_is_answered(status: int, tmp_path: Path) -> None:
    async def work(session: Session) -> list[Any]:
        await in_turn(20, vendor.url)(session)
        return list(await cleaning(20, vendor.url)(session))

    with answering(statuses(status)) as vendor:
        came = Workbench(tmp_path, vendor.url, permissions=WRITES).run(work)

    assert came == [status] * 20


def test_but_not_at_a_dead_host(tmp_path: Path) -> None:
    with answering(statuses(200)) as gone:
        pass
    bench = Workbench(tmp_path, gone.url, permissions=WRITES)

    assert bench.run(cleaning(30, gone.url)) == [Reason.CONNECTIVITY] * 30
    assert len(bench.exchanges()) == 8


def test_cleaning_up_has_requests_and_seconds_of_its_own(tmp_path: Path) -> None:
    clock = QuickClock()

    async def work(session: Session) -> list[Any]:
        came = [await in_turn(2, vendor.url)(session)]
        clock.passed += 70  # of 60 seconds
        came += [await in_turn(1, vendor.url)(session), await cleaning(205, vendor.url)(session)]
        clock.passed += 60
        return [*came, await cleaning(1, vendor.url)(session)]

    with answering(statuses(204)) as vendor:
        budget = Budget(requests=2, per_second=10_000, seconds=60)
        bench = Workbench(tmp_path, vendor.url, permissions=WRITES, clock=clock, budget=budget)
        first, spent, cleaned, late = bench.run(work)

    assert first == [204, 204]
    assert spent == [Reason.BUDGET]
    assert cleaned == [204] * 200 + [Reason.BUDGET] * 5
    assert late == [Reason.BUDGET]
