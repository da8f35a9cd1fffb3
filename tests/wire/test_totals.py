"""Whatever a vendor answers, in whatever order: the totals of a run hold, and no secret goes where it did not before.

The network is in memory here, so that thousands of answers can be tried; every other test of the wire has a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from cmms_audit.addresses import origin
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.vendor import Budget
from cmms_audit.wire import allowance
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Incoming, Outgoing, Transport
from tests.wire.sessions import ALL, KEY, QuickClock, Workbench, api_key, oauth2

BASE, LOGIN, TRAP = "https://api.example", "https://login.example", "https://trap.example"
MOST_BYTES = 300


class Given(Struct, frozen=True):
    """One answer. `seconds` it takes; `failure` where there is none."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    failure: Reason | None = None


class InMemory(Transport):
    """A network that gives the answers that it was told, the last one for ever, and remembers what was sent."""

    def __init__(self, answers: Sequence[Given], clock: QuickClock) -> None:
        super().__init__()
        self.answers = list(answers)
        self.clock = clock
        self.sent: list[Outgoing] = []
        self.sent_at: list[float] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        return ("93.184.216.34",)

    async def exchange(self, outgoing: Outgoing, incoming: Incoming, may_read: Callable[[int], bool]) -> None:
        self.sent.append(outgoing)
        self.sent_at.append(self.clock.passed)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.clock.passed += min(answer.seconds, outgoing.deadline)
        await asyncio.sleep(0)
        if answer.seconds >= outgoing.deadline:
            incoming.fail(Reason.TIMEOUT, "no answer in time")
        elif answer.failure is not None:
            incoming.fail(answer.failure, "no answer")
        else:
            incoming.status, incoming.headers = answer.status, answer.headers
            if may_read(len(answer.body)):
                incoming.body += answer.body
            else:
                incoming.fail(Reason.BUDGET, "enough was read")


NUMBERS = st.sampled_from(
    ["0", "1", "5", "89", "90", "91", "3600", "-1", "1e9", "NaN", "inf", "9" * 30, "", "soon", "1.5", "0x10", "٣",
     "Sun, 22 Nov 2026 12:00:30 GMT", "Sun, 22 Nov 2020 12:00:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "5, 7"]
)  # fmt: skip
LIMITS = st.sampled_from(["X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Limit", "RateLimit-Reset"])
PACING = st.lists(st.one_of(st.tuples(st.just("Retry-After"), NUMBERS), st.tuples(LIMITS, NUMBERS)), max_size=4).map(
    tuple
)
REDIRECT = st.tuples(st.tuples(st.just("Location"), st.sampled_from(["/a", "/b?c", "//api.example/x", "", "?d"])))
ANSWERS = st.lists(
    st.one_of(
        st.builds(Given, st.sampled_from([200, 204, 401, 403, 404, 429, 500, 503]), PACING,
                  st.sampled_from([b"", b"x" * 90, b"x" * 299]), st.floats(0, 40)),
        st.builds(Given, st.sampled_from([301, 302, 303, 307, 308]), REDIRECT),
        st.builds(Given, st.just(0), seconds=st.floats(0, 40), failure=st.just(Reason.CONNECTIVITY)),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip
ASKS = st.lists(
    st.sampled_from(["get", "post", "stranger", "provoked", "burst", "forged", "document", "plain", "cleanup"]),
    min_size=1,
    max_size=30,
)


def ask(session: Session, kind: str, number: int) -> Coroutine[Any, Any, Any]:
    url = f"{BASE}/things/{number}"
    match kind:
        case "post":
            return session.send("POST", url, owner="test", json={})
        case "stranger":
            return session.send("GET", url, owner="test", credential=None, purpose=Purpose.STRANGER)
        case "provoked" | "burst" | "cleanup":
            return session.send("GET", url, owner="test", purpose=Purpose(kind))
        case "forged":
            return session.forged("GET", url, headers={"X-Api-Key": "made-up"}, owner="test")
        case "document":
            return session.fetch_document(f"https://docs.example/{number}", owner="test")
        case "plain":
            return session.plain_http(url, owner="test")
        case "discover":
            return session.discover(LOGIN, owner="test")
        case "token":
            return session.token("main", owner="test")
        case _:
            return session.send("GET", url, owner="test")


async def ask_all(session: Session, kinds: Sequence[str], *, at_once: bool) -> None:
    asked = [ask(session, kind, number) for number, kind in enumerate(kinds)]
    if at_once:
        for came in await asyncio.gather(*asked, return_exceptions=True):
            assert not isinstance(came, BaseException) or isinstance(came, CouldNotLook), came
        return
    for each in asked:
        with contextlib.suppress(CouldNotLook):
            await each


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=ANSWERS,
    kinds=ASKS,
    at_once=st.booleans(),
    requests=st.integers(1, 25),
    seconds=st.integers(1, 200),
    burst=st.integers(0, 5),
)
def test_no_sequence_of_answers_breaks_the_totals(
    answers: list[Given], kinds: list[str], at_once: bool, requests: int, seconds: int, burst: int,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clock = QuickClock()
    network = InMemory(answers, clock)
    budget = Budget(requests=requests, per_second=5, burst_requests=burst, seconds=seconds)
    bench = Workbench(tmp_path, BASE, permissions=ALL, budget=budget, clock=clock, options={"transport": network})
    bench.evidence.unlink(missing_ok=True)
    monkeypatch.setattr("cmms_audit.wire.session.Allowance", limited_allowance)

    bench.run(lambda session: ask_all(session, kinds, at_once=at_once))

    exchanges = bench.exchanges()
    sent = [each.purpose for each in exchanges]
    assert len(network.sent) == len(exchanges)
    assert sum(purpose not in (Purpose.BURST, Purpose.CLEANUP) for purpose in sent) <= requests
    assert sent.count(Purpose.BURST) <= burst
    began = network.sent_at[0] if network.sent_at else 0.0
    for at, exchange in zip(network.sent_at, exchanges if not at_once else (), strict=False):
        assert at - began < seconds + (60 if exchange.purpose is Purpose.CLEANUP else 0)
    assert all(each.deadline <= 30 for each in network.sent)
    if not at_once:  # otherwise the clock of the test runs on for each of those who wait
        assert clock.passed - began <= seconds + (60 if "cleanup" in kinds else 0)
    read = sum(each.response.size for each in exchanges if each.response and each.purpose is not Purpose.CLEANUP)
    assert read <= MOST_BYTES


def limited_allowance(budget: Budget, clock: QuickClock) -> allowance.Allowance:
    return allowance.Allowance(budget, clock, most_bytes=MOST_BYTES)


PLACES = st.sampled_from(
    [TRAP, TRAP + "/token", "//trap.example/", "http://api.example/", "https://api.example:8443/",
     "https://api.example.", "https://api.example@trap.example/", "https://api.example.trap.example/",
     "https://API.EXAMPLE/", r"\\trap.example", "https:trap.example", "https://trap.example#api.example",
     "https://[::1]/", "http://127.0.0.1/", "javascript:0", LOGIN + "/elsewhere", "https://docs.example/", "//"]
)  # fmt: skip
LURING = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Location", "Content-Location", "X-Next", "X-Next-Page", "Origin"]), PLACES),
        PLACES.map(lambda place: ("Link", f'<{place}>; rel="next"')),
        PLACES.map(lambda place: ("Refresh", f"0; url={place}")),
        PLACES.map(lambda place: ("WWW-Authenticate", f'Bearer realm="{place}", resource_metadata="{place}"')),
        st.just(("Set-Cookie", "session=abcdef; Domain=trap.example; Path=/")),
        st.just(("Alt-Svc", 'h2="trap.example:443"; ma=86400; persist=1')),
        st.just(("Content-Security-Policy", "upgrade-insecure-requests")),
        st.just(("Access-Control-Allow-Origin", "https://trap.example")),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
LURING_BODIES = PLACES.map(
    lambda place: (
        '{"issuer": "%s", "token_endpoint": "%s", "next": "%s", "servers": [{"url": "%s"}],'
        ' "access_token": "t0ken-t0ken-0", "_links": {"next": {"href": "%s"}}}' % ((place,) * 5)
    ).encode()
)
LURES = st.lists(
    st.builds(Given, st.sampled_from([200, 201, 301, 302, 303, 307, 308, 401, 403, 429, 503]), LURING, LURING_BODIES),
    min_size=1,
    max_size=10,
)
LURED = st.lists(
    st.sampled_from(["get", "post", "provoked", "burst", "document", "discover", "token", "plain", "cleanup"]),
    min_size=1,
    max_size=12,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=LURES, kinds=LURED, with_token=st.booleans())
def test_no_answer_widens_where_a_secret_goes(
    answers: list[Given], kinds: list[str], with_token: bool, tmp_path: Path
) -> None:
    network = InMemory(answers, QuickClock())
    main = oauth2(LOGIN + "/token") if with_token else api_key()
    bench = Workbench(
        tmp_path, BASE, credentials={"main": main}, permissions=ALL, options={"transport": network},
        budget=Budget(per_second=1000),
    )  # fmt: skip
    bench.evidence.unlink(missing_ok=True)

    bench.run(lambda session: ask_all(session, kinds, at_once=False))

    for sent in network.sent:
        told = str((sent.url, sent.headers, sent.body))
        if KEY in told or "t0ken-t0ken" in told:
            assert origin(sent.url) == origin(BASE)
        if "cl1ent" in told or "Basic " in told:
            assert origin(sent.url) == origin(LOGIN)
            assert sent.url == LOGIN + "/token"
        assert not any(name.lower() in ("cookie", "origin", "referer") for name, _ in sent.headers)
