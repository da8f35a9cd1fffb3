"""Logging in for a session: once, in the vendor's own words, and the session goes to the API and nowhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.credentials import Login, Taken, Used
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.vendor import Budget
from cmms_audit.wire.facts import token_facts
from cmms_audit.wire.session import Session
from cmms_audit.wire.sessions import read_session
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import QuickClock, Workbench, jwt, login, secret

JSON = {"Content-Type": "application/json"}
USER, PASSWORD = "planner@plant.example", "pa55 w*rd/of&the=plant"
BEARER = Used("header", "Authorization", "Bearer ")
HEADER = (Taken("header", "X-Auth-Token"), Used("header", "X-Auth-Token"))
COOKIE = (Taken("cookie", "JSESSIONID"), Used("cookie", "JSESSIONID"))
MEMBER = (Taken("json", "data.token"), BEARER)


class Front:
    """A vendor that hands out numbered sessions at /login, and accepts those that `good` says."""

    def __init__(self, make: Callable[[str], Answer], session: Callable[[int], str] | None = None) -> None:
        self.make = make
        self.session = session or (lambda number: f"s3ssion-of-the-plant-{number}")
        self.given = 0
        self.good: Callable[[str], bool] = lambda sent: True

    def __call__(self, request: Seen) -> Answer:
        if request.path == "/login":
            self.given += 1
            return self.make(self.session(self.given))
        sent = request.headers.get("cookie") or request.headers.get("x-auth-token") or request.headers["authorization"]
        return Answer(200 if self.good(sent) else 401, json.dumps({"echo": sent}), {**JSON, "X-Echo": sent})


def in_header(session: str) -> Answer:
    return Answer(200, "{}", {**JSON, "X-Auth-Token": session})


def in_cookie(session: str) -> Answer:
    cookies = [("Set-Cookie", "theme=dark"), ("Set-Cookie", f"JSESSIONID={session}; Path=/; HttpOnly; Max-Age=300")]
    return Answer(200, "<html>welcome</html>", cookies)


def in_member(session: str) -> Answer:
    return Answer(200, json.dumps({"data": {"token": session, "user": {"name": "Planner"}}}), JSON)


KINDS: dict[str, tuple[Callable[[str], Answer], tuple[Taken, Used], str, str]] = {
    "header": (in_header, HEADER, "x-auth-token", "s3ssion-of-the-plant-1"),
    "cookie": (in_cookie, COOKIE, "cookie", "JSESSIONID=s3ssion-of-the-plant-1"),
    "json": (in_member, MEMBER, "authorization", "Bearer s3ssion-of-the-plant-1"),
}


def bench_for(vendor: Served, tmp_path: Path, kind: tuple[Taken, Used], **more: Any) -> Workbench:
    return Workbench(tmp_path, vendor.url, credentials={"main": login(vendor.url + "/login", *kind, **more)})


def gets(vendor: Served, count: int, clock: QuickClock | None = None, wait: float = 0) -> Any:
    async def work(session: Session) -> list[int]:
        statuses = []
        for _ in range(count):
            statuses.append((await session.send("GET", vendor.url + "/x", owner="test")).status)
            if clock:
                await clock.sleep(wait)
        return statuses

    return work


def nothing_secret(bench: Workbench) -> None:
    """No password, in any spelling, and no session in anything that the run left behind."""
    for path in bench.evidence.parent.iterdir():
        left = path.read_text("utf-8")
        for hidden in (PASSWORD, quote(PASSWORD), quote_plus(PASSWORD), json.dumps(PASSWORD), "s3ssion"):
            assert hidden not in left
        assert USER not in left


@pytest.mark.parametrize("name", KINDS)
def test_one_login_gives_the_session_of_every_call_and_leaves_no_trace_of_it(name: str, tmp_path: Path) -> None:
    make, kind, header, sent = KINDS[name]
    with answering(Front(make)) as vendor:
        bench = bench_for(vendor, tmp_path, kind)
        assert bench.run(gets(vendor, 2)) == [200, 200]

    assert vendor.paths == ["/login", "/x", "/x"]
    assert (vendor.seen[0].method, json.loads(vendor.seen[0].body)) == (
        "POST",
        {"username": USER, "password": PASSWORD},
    )
    assert [request.headers[header] for request in vendor.seen[1:]] == [sent, sent]
    assert bench.traffic.by_purpose == {Purpose.TOKEN: 1, Purpose.API: 2}
    assert bench.traffic.writes == 0
    nothing_secret(bench)
    assert bench.exchanges()[-1].json["echo"].endswith("«main.session»")


def test_the_vendors_words_are_used_in_a_form(tmp_path: Path) -> None:
    with answering(Front(in_member)) as vendor:
        bench = bench_for(
            vendor,
            tmp_path,
            MEMBER,
            send="form",
            username_field="userName",
            password_field="passWord",
            beside={"tenant": "acme & co", "keep": True, "site": 7},
        )
        bench.run(gets(vendor, 1))

    request = vendor.seen[0]
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.body.decode())) == {
        "tenant": "acme & co",
        "keep": "true",
        "site": "7",
        "userName": USER,
        "passWord": PASSWORD,
    }
    nothing_secret(bench)


@pytest.mark.parametrize("send", ["json", "form"])
@pytest.mark.parametrize("password", ['grün & "süß"', "100% \\ <sure>", "паро́ль-42"])
def test_no_spelling_of_a_password_is_recorded(password: str, send: Any, tmp_path: Path) -> None:
    with answering(lambda request: Answer(403, request.body, JSON) if request.path == "/login" else Answer()) as vendor:
        credential = replace(login(vendor.url + "/login", *MEMBER, send=send), password=secret(password))
        bench = Workbench(tmp_path, vendor.url, credentials={"main": credential})
        with pytest.raises(CouldNotLook):
            bench.get("/x")

    sent = json.loads(vendor.seen[0].body) if send == "json" else vendor.seen[0].form
    assert sent["password"] == password
    evidence = bench.evidence.read_text("utf-8")
    for spelling in (password, quote(password), quote_plus(password), json.dumps(password)[1:-1]):
        assert spelling not in evidence


def test_calls_at_the_same_time_share_one_session(tmp_path: Path) -> None:
    async def at_once(session: Session) -> None:
        await asyncio.gather(*(session.send("GET", vendor.url + "/x", owner="test") for _ in range(8)))

    with answering(Front(in_header)) as vendor:
        bench_for(vendor, tmp_path, HEADER).run(at_once)

    assert vendor.paths.count("/login") == 1


def test_a_refused_session_is_renewed_once(tmp_path: Path) -> None:
    front = Front(in_header)
    front.good = lambda sent: sent.endswith("-2")
    with answering(front) as vendor:
        bench = bench_for(vendor, tmp_path, HEADER)
        assert bench.run(gets(vendor, 2)) == [200, 200]

    assert vendor.paths == ["/login", "/x", "/login", "/x", "/x"]
    nothing_secret(bench)


def test_where_every_session_is_refused_no_more_are_asked_for(tmp_path: Path) -> None:
    front = Front(in_header)
    front.good = lambda sent: False
    with answering(front) as vendor:
        assert bench_for(vendor, tmp_path, HEADER).run(gets(vendor, 4)) == [401] * 4

    assert vendor.paths.count("/login") == 2


@pytest.mark.parametrize(
    ("make", "kind", "given", "life_from"),
    [
        (in_header, HEADER, {"lifetime_seconds": 300.0}, "vendor file"),
        (in_cookie, COOKIE, {}, "cookie"),
        (in_member, MEMBER, {"lifetime_seconds": 300.0}, "vendor file"),
        (
            lambda session: Answer(200, f'{{"data": {{"token": "{session}"}}, "expires_in": 300}}'),
            MEMBER,
            {},
            "expires_in",
        ),
    ],
)
def test_a_session_is_renewed_before_it_ends(
    make: Callable[[str], Answer], kind: tuple[Taken, Used], given: Any, life_from: str, tmp_path: Path
) -> None:
    clock = QuickClock()
    with answering(Front(make)) as vendor:
        bench = bench_for(vendor, tmp_path, kind, **given)
        bench.clock, bench.budget = clock, Budget(per_second=1000, seconds=10_000)
        bench.run(gets(vendor, 3, clock, 140))

    assert vendor.paths == ["/login", "/x", "/x", "/login", "/x"]
    facts = token_facts(bench.exchanges()[0])
    assert (facts.ok, facts.expires_in, facts.life_from, facts.kind) == (True, 300, life_from, "opaque")


def test_a_session_that_is_a_jwt_tells_when_it_ends(tmp_path: Path) -> None:
    made = QuickClock().now().timestamp()
    front = Front(
        lambda session: Answer(200, f'{{"data": {{"token": "{session}"}}}}', JSON),
        lambda number: jwt(iat=made, exp=made + 300),
    )
    with answering(front) as vendor:
        bench = bench_for(vendor, tmp_path, MEMBER)
        bench.run(gets(vendor, 1))

    facts = token_facts(bench.exchanges()[0])
    assert (facts.kind, facts.life_from) == ("jwt", "jwt")


def test_a_session_goes_to_the_api_and_name_and_password_only_to_the_login(tmp_path: Path) -> None:
    with answering(Front(in_header)) as door, answering(Front(in_header)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": login(door.url + "/login", *HEADER)})
        bench.run(gets(vendor, 1))
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(lambda session: session.send("GET", door.url + "/x", owner="test"))

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert (door.paths, vendor.paths) == (["/login"], ["/x"])
    assert vendor.seen[0].headers["x-auth-token"] == "s3ssion-of-the-plant-1"
    assert b"pa55" not in vendor.seen[0].body
    nothing_secret(bench)


def test_a_login_that_is_answered_by_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with answering(lambda request: Answer(200, "{}", {"X-Auth-Token": "tr4p-session"})) as trap:
        moved = answering(lambda request: Answer(307, "", {"Location": trap.url + "/login"}))
        with moved as vendor, pytest.raises(CouldNotLook) as refusal:
            bench_for(vendor, tmp_path, HEADER).get("/x")

    assert refusal.value.reason is Reason.CREDENTIAL
    assert (trap.seen, vendor.paths) == ([], ["/login"])


def test_a_redirect_that_brings_the_cookie_of_a_web_login_serves_and_is_not_followed(tmp_path: Path) -> None:
    def moved(session: str) -> Answer:
        return Answer(302, "", [("Location", "/home"), ("Set-Cookie", f"JSESSIONID={session}; Path=/")])

    with answering(Front(moved)) as vendor:
        bench = bench_for(vendor, tmp_path, COOKIE, send="form")
        assert bench.run(gets(vendor, 1)) == [200]

    assert vendor.paths == ["/login", "/x"]
    nothing_secret(bench)


WRONG = {
    "refused": Answer(401, '{"error": "wrong password", "session": "s3ssion-not-for-you"}', JSON),
    "a page": Answer(200, "<html>s3ssion-not-for-you</html>", {"Content-Type": "text/html"}),
    "refused in words": Answer(403, "your session s3ssion-not-for-you is over"),
    "another member": Answer(200, '{"session": "s3ssion-not-for-you"}', JSON),
    "no text": Answer(200, '{"data": {"token": ["s3ssion-not-for-you"]}}', JSON),
    "a line break": Answer(200, '{"data": {"token": "s3ssion-not\\r\\nX-Evil: 1"}}', JSON),
    "too short": Answer(200, '{"data": {"token": "abc"}}', JSON),
    "too long": Answer(200, json.dumps({"data": {"token": "s3ssion" * 5000}}), JSON),
    "half an answer": Answer(200, '{"data": {"token": "s3ssion-not-for-you', JSON),
    "nothing": Answer(204),
    "too deep": Answer(200, '{"data": ' * 50_000, JSON),
    "echoes the password": Answer(200, json.dumps({"data": {"was": PASSWORD}, "error": PASSWORD}), JSON),
}


@pytest.mark.parametrize("name", WRONG)
def test_without_a_session_the_credential_is_at_fault_and_nothing_leaks(name: str, tmp_path: Path) -> None:
    with answering(lambda request: WRONG[name]) as vendor:
        bench = bench_for(vendor, tmp_path, MEMBER)

        async def twice(session: Session) -> list[CouldNotLook]:
            asked = [session.send("GET", vendor.url + "/x", owner="test") for _ in range(2)]
            return await asyncio.gather(*asked, return_exceptions=True)  # type: ignore[return-value]

        refusals = bench.run(twice)

    assert [refusal.reason for refusal in refusals] == [Reason.CREDENTIAL] * 2
    assert "no session was given for the credential main" in str(refusals[0])
    assert vendor.paths == ["/login"]
    nothing_secret(bench)


def test_a_huge_answer_to_a_login_ends_at_the_cap(tmp_path: Path) -> None:
    huge = Answer(200, b'{"data": {"token": "s3ssion-huge", "more": "' + b"x" * (9 * 1024 * 1024) + b'"}}', JSON)
    with answering(lambda request: huge) as vendor:
        bench = bench_for(vendor, tmp_path, MEMBER)
        with pytest.raises(CouldNotLook) as refusal:
            bench.get("/x")

    assert refusal.value.reason is Reason.BUDGET
    nothing_secret(bench)


def test_a_login_is_no_token_to_ask_for(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "http://127.0.0.1:9", credentials={"main": login("http://127.0.0.1:9/l", *HEADER)})
    with pytest.raises(CouldNotLook, match="log in for a session"):
        bench.run(lambda session: session.token("main", owner="test"))


def taken(where: Any, name: str, used: Used, headers: list[tuple[str, str]], body: bytes) -> str | None:
    credential: Login = login("https://a.example/login", Taken(where, name), used)
    return read_session(credential, tuple(headers), body, None).access_token


@pytest.mark.parametrize(
    ("where", "name", "used", "headers", "body", "session"),
    [
        ("header", "authorization", BEARER, [("Authorization", "Bearer abcd-1234")], b"", "abcd-1234"),
        ("header", "x-token", Used("header", "X-Token"), [("X-TOKEN", " abcd-1234 ")], b"", "abcd-1234"),
        (
            "cookie",
            "SID",
            COOKIE[1],
            [("Set-Cookie", "SID=old-value"), ("Set-Cookie", 'SID="new-value"')],
            b"",
            "new-value",
        ),
        ("cookie", "SID", COOKIE[1], [("Set-Cookie", "sid=old-value; SID=no-cookie")], b"", None),
        ("json", "token", BEARER, [], b'{"token": 4711}', "4711"),
        ("json", "token", BEARER, [], b'{"token": true}', None),
        ("json", "a.b", BEARER, [], b'{"a.b": "dotted-name"}', "dotted-name"),
        ("json", "a.b.c", BEARER, [], b'{"a": {"b": {"c": "three-deep"}}}', "three-deep"),
        ("json", "a.b", BEARER, [], b'{"a": ["b"]}', None),
        ("json", "token", Used("cookie", "SID"), [], b'{"token": "a1; admin=true"}', None),
        ("json", "token", Used("cookie", "SID"), [], b'{"token": "a1;admin=true"}', None),
    ],
)
def test_the_session_is_taken_from_where_the_file_says(
    where: Any, name: str, used: Used, headers: list[tuple[str, str]], body: bytes, session: str | None
) -> None:
    assert taken(where, name, used, headers, body) == session


@given(body=st.binary(max_size=80), cookie=st.text(max_size=60), where=st.sampled_from(["header", "cookie", "json"]))
def test_any_answer_to_a_login_can_be_read(body: bytes, cookie: str, where: Any) -> None:
    session = taken(where, "Set-Cookie" if where == "header" else "a", BEARER, [("Set-Cookie", cookie)], body)

    assert session is None or session.isascii()
