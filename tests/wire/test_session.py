"""One way out: what may leave, where to, and with what on board."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.permissions import Permissions
from cmms_audit.vendor import Budget
from cmms_audit.wire import redact
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.courier import LARGE_BODY
from cmms_audit.wire.session import Session
from tests.wire.servers import Answer, Seen, Served, answering, misbehaving
from tests.wire.sessions import ALL, KEY, QuickClock, Workbench, api_key, basic, bearer

OK = Answer(200, "[]", {"Content-Type": "application/json"})


@pytest.fixture
def trap() -> Iterator[Served]:
    """A server on another origin, which must never be asked."""
    with answering(lambda request: OK) as served:
        yield served


def test_a_read_arrives_with_credential_and_parameters_and_is_recorded_without_the_secret(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url + "/api")

        exchange = bench.get("/assets?site=7", params=[("page", "2"), ("q", "a&b c")], headers={"X-Trace": "1"})

    [request] = vendor.seen
    assert (request.path, request.query) == ("/api/assets", [("site", "7"), ("page", "2"), ("q", "a&b c")])
    assert (request.headers["x-api-key"], request.headers["x-trace"]) == (KEY, "1")
    assert dict(exchange.request.headers)["X-Api-Key"] == "«main.value»"
    assert [exchange] == bench.exchanges()
    assert (exchange.id, exchange.owner, exchange.role, exchange.status) == (1, "test", "main", 200)


@pytest.mark.parametrize(
    "address",
    [
        "http://other.example/",
        "https://{host}:{port}/",
        "http://{host}:1/",
        "http://{host}:{port}@other.example/",
        "http://user:word@{host}:{port}/",
        "http://other.example\\@{host}:{port}/",
        "http://{host}:{port}.other.example/",
        "http://{host}:{port}\t/",
        "//{host}:{port}/",
        "ftp://{host}:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_is_sent_to_any_other_origin(address: str, tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        host, _, port = vendor.url.removeprefix("http://").partition(":")
        bench = Workbench(tmp_path, vendor.url)

        with pytest.raises(CouldNotLook) as refusal:
            bench.run(lambda session: session.send("GET", address.format(host=host, port=port), owner="test"))

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert vendor.seen == []
    assert bench.traffic.requests == 0


def chain(length: int) -> dict[str, str]:
    return {f"/{step}": f"/{step + 1}" for step in range(length)}


def follows(places: dict[str, str], status: int = 302) -> AbstractContextManager[Served]:
    return answering(
        lambda request: Answer(status, "", {"Location": places[request.path]}) if request.path in places else OK
    )


def test_redirects_within_the_origin_are_followed_and_each_is_recorded(tmp_path: Path) -> None:
    with follows(chain(3)) as vendor:
        bench = Workbench(tmp_path, vendor.url)

        exchange = bench.get("/0")

    assert vendor.paths == ["/0", "/1", "/2", "/3"]
    assert all(request.headers["x-api-key"] == KEY for request in vendor.seen)
    assert [each.status for each in bench.exchanges()] == [302, 302, 302, 200]
    assert exchange.id == 4
    assert exchange.notes["redirect_of"] == 3


def test_the_fourth_redirect_is_too_many(tmp_path: Path) -> None:
    with follows(chain(9)) as vendor, pytest.raises(CouldNotLook, match="more than 3"):
        Workbench(tmp_path, vendor.url).get("/0")

    assert vendor.paths == ["/0", "/1", "/2", "/3"]


def test_a_redirect_to_another_origin_is_returned_and_not_followed(tmp_path: Path, trap: Served) -> None:
    with follows({"/0": trap.url + "/steal"}) as vendor:
        exchange = Workbench(tmp_path, vendor.url).get("/0")

    assert (exchange.status, exchange.header("location")) == (302, trap.url + "/steal")
    assert trap.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirected_write_is_not_sent_again(status: int, tmp_path: Path) -> None:
    with follows({"/0": "/1"}, status) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=ALL)
        exchange = bench.run(lambda session: session.send("POST", vendor.url + "/0", owner="test", json={"title": "x"}))

    assert exchange.status == status
    assert vendor.paths == ["/0"]


def test_a_redirected_search_is_not_sent_again_though_it_only_reads(tmp_path: Path) -> None:
    with follows({"/search": "/search?again=1"}, 307) as vendor:
        bench = Workbench(tmp_path, vendor.url, searches=("/search",))
        exchange = bench.run(lambda session: session.send("POST", vendor.url + "/search", owner="test", json={}))

    assert exchange.status == 307
    assert vendor.paths == ["/search"]


def test_a_redirect_into_an_action_is_not_followed_even_where_writing_is_allowed(tmp_path: Path) -> None:
    with follows({"/0": "/work-orders/5?_method=DELETE"}) as vendor:
        exchange = Workbench(tmp_path, vendor.url, permissions=ALL).get("/0")

    assert exchange.status == 302
    assert vendor.paths == ["/0"]


LURES = st.sampled_from(
    ["{trap}/x", "//{bare}/x", "\\\\{bare}/x", "/\\{bare}", "{trap}?a=/1", "http:{bare}", "http://{own}@{bare}/",
     "HTTP://{bare}/", "http:///{bare}/", "https://{own}/", "/ok/../{trap}", "?next={trap}", "/1#{trap}", "\t{trap}",
     " {trap}", "http://{own}.{bare}/", "http://{own}%2f@{bare}/"]
)  # fmt: skip


def test_no_answer_ever_widens_where_requests_go(tmp_path: Path, trap: Served) -> None:
    answers: list[Answer] = []
    with answering(lambda request: answers[0]) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        bare, own = trap.url.removeprefix("http://"), vendor.url.removeprefix("http://")

        @settings(max_examples=40, deadline=None)
        @given(
            lure=LURES,
            status=st.sampled_from([200, 201, 301, 302, 303, 307, 308, 401, 429]),
            end=st.text("/x?@:.", max_size=4),
        )
        def holds_for(lure: str, status: int, end: str) -> None:
            target = lure.format(trap=trap.url, bare=bare, own=own) + end
            headers = [
                ("Location", target.replace("\t", "")),
                ("Content-Location", trap.url),
                ("Refresh", f"0;url={trap.url}"),
                ("Link", f'<{trap.url}>; rel="next"'),
                ("Alt-Svc", f'h2="{bare}"'),
                ("Set-Cookie", f"a=b; Domain={bare}"),
            ]
            answers[:] = [Answer(status, json.dumps({"next": target}), headers)]
            bench.evidence.unlink(missing_ok=True)
            with contextlib.suppress(CouldNotLook):
                bench.get()

        holds_for()

    assert vendor.seen
    assert trap.seen == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_without_permission_is_refused_before_anything_is_sent(method: str, tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=Permissions(burst=True))
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(lambda session: session.send(method, vendor.url + "/x", owner="test", json={}))

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert vendor.seen == []
    assert bench.exchanges() == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "GET /x HTTP/1.1\r\nX:", ""])
def test_some_methods_are_never_sent(method: str, tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=ALL)
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(lambda session: session.send(method, vendor.url + "/x", owner="test"))

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert vendor.seen == []


def test_a_permitted_write_is_sent_and_counted(tmp_path: Path) -> None:
    with answering(lambda request: Answer(201)) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=ALL)
        exchange = bench.run(
            lambda session: session.send("POST", vendor.url + "/work-orders", owner="test", json={"title": "Pump"})
        )

    [request] = vendor.seen
    assert (request.method, json.loads(request.body)) == ("POST", {"title": "Pump"})
    assert request.headers["content-type"] == "application/json"
    assert exchange.request.body == '{"title": "Pump"}'
    assert (bench.traffic.requests, bench.traffic.writes) == (1, 1)


def test_a_post_is_a_read_only_at_the_very_path_that_a_dialect_names(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url + "/api", searches=("/work-orders/search",))
        bench.run(lambda session: session.send("POST", vendor.url + "/api/work-orders/search", owner="test", json={}))
        with pytest.raises(CouldNotLook):
            bench.run(lambda session: session.send("POST", vendor.url + "/api/work-orders", owner="test", json={}))

    assert vendor.paths == ["/api/work-orders/search"]
    assert bench.traffic.writes == 0


def test_offline_nothing_is_sent(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url, permissions=Permissions(offline=True))
        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    assert refusal.value.reason is Reason.OFFLINE
    assert vendor.seen == []


def test_a_stranger_carries_no_credential(tmp_path: Path) -> None:
    with answering(lambda request: Answer(401)) as vendor:
        exchange = Workbench(tmp_path, vendor.url).get(credential=None, purpose=Purpose.STRANGER)

    assert "x-api-key" not in vendor.seen[0].headers
    assert exchange.role is None


def test_a_forged_request_carries_what_was_made_up_and_never_the_real_thing(tmp_path: Path) -> None:
    with answering(lambda request: Answer(401)) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        forged = bench.run(
            lambda session: session.forged("GET", vendor.url + "/x", headers={"X-Api-Key": "wrong"}, owner="test")
        )
        with pytest.raises(CouldNotLook):
            bench.run(
                lambda session: session.forged("GET", vendor.url + "/x", headers={"X-Api-Key": KEY}, owner="test")
            )

    assert [request.headers["x-api-key"] for request in vendor.seen] == ["wrong"]
    assert (forged.role, forged.purpose) == (None, Purpose.STRANGER)


def test_a_forged_request_stays_at_home_where_it_costs_too_much_to_find_out_what_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forged(session: Session) -> None:
        monkeypatch.setattr(redact, "_LEAST_WORK", 1)
        monkeypatch.setattr(redact, "_MOST_WORK", 0)
        await session.forged("GET", vendor.url + "/x", headers={"X-Api-Key": KEY}, owner="test")

    with answering(lambda request: Answer(401)) as vendor, pytest.raises(CouldNotLook, match="real credential"):
        Workbench(tmp_path, vendor.url).run(forged)

    assert vendor.seen == []


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_nobody_above_sets_the_headers_that_steer_a_connection(name: str, tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor, pytest.raises(CouldNotLook):
        Workbench(tmp_path, vendor.url).get(headers={name: "x"})

    assert vendor.seen == []


def test_a_document_is_not_fetched_by_the_back_door(tmp_path: Path, trap: Served) -> None:
    bench = Workbench(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(ValueError, match="document"):
        bench.run(
            lambda session: session.send("GET", trap.url, owner="test", credential=None, purpose=Purpose.DOCUMENT)
        )

    assert trap.seen == []


def test_cookies_are_not_kept_and_the_environment_has_no_say(
    tmp_path: Path, trap: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, trap.url)

    async def twice(session: Session) -> None:
        for _ in range(2):
            await session.send("GET", vendor.url + "/x", owner="test")

    with answering(lambda request: Answer(200, "", {"Set-Cookie": "sid=1234567; Path=/"})) as vendor:
        Workbench(tmp_path, vendor.url).run(twice)

    assert len(vendor.seen) == 2
    assert "cookie" not in vendor.seen[1].headers
    assert trap.seen == []


CREDENTIALS: dict[str, tuple[Any, Any]] = {
    "key in a header": (api_key(), lambda request: request.headers["x-api-key"] == KEY),
    "key in the query": (api_key(where="query", name="key"), lambda request: ("key", KEY) in request.query),
    "key in a cookie": (
        api_key("k3y-c00kie", "cookie", "sid"),
        lambda request: request.headers["cookie"] == "sid=k3y-c00kie",
    ),
    "bearer": (bearer("t0ken-abc/def=="), lambda request: request.headers["authorization"] == "Bearer t0ken-abc/def=="),
    "basic": (
        basic("plänt", 'p"ass:wörd'),
        lambda request: request.headers["authorization"] == "Basic cGzDpG50OnAiYXNzOnfDtnJk",
    ),
}


def echo(request: Seen) -> Answer:
    """An answer that says everything back, as debugging pages do."""
    said = {"target": request.target, "headers": request.headers}
    headers = [
        ("X-Echo", request.target),
        ("Content-Type", "application/json"),
        ("Set-Cookie", f"last={request.target}"),
    ]
    headers += [
        ("X-Echo", value) for name, value in request.headers.items() if name in ("authorization", "cookie", "x-api-key")
    ]
    return Answer(200, json.dumps(said), headers)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_each_credential_arrives_and_never_shows_in_the_evidence_even_when_said_back(kind: str, tmp_path: Path) -> None:
    credential, arrived = CREDENTIALS[kind]
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": credential})
        exchange = bench.get("/things?page=1")

    assert arrived(vendor.seen[0])
    evidence = bench.evidence.read_text("utf-8")
    for _, value in credential.secrets():
        assert value.reveal() not in evidence
        assert json.dumps(value.reveal())[1:-1] not in evidence
    assert "cGzDpG50OnAiYXNzOnfDtnJk" not in evidence
    assert "«main." in evidence
    assert exchange.notes["echoes_credential"] is True
    assert exchange.json is not None


def test_a_link_that_repeats_the_key_is_followed_with_the_key_once(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": api_key(where="query", name="key")})
        bench.get("/things?key=«main.value»&page=2")

    assert vendor.seen[0].query == [("page", "2"), ("key", KEY)]


def test_a_link_through_a_user_name_still_leads_where_it_should(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url + "/plant-7", credentials={"main": basic("plant-7", "hush-hush")})

        async def there_and_on(session: Session) -> Exchange:
            recorded = await session.send("GET", vendor.url + "/of/plant-7/things", owner="test")
            await session.send("GET", recorded.request.url + "?page=2", owner="test")
            await session.send("GET", vendor.url + "/«main.username»/assets", owner="test")
            return recorded

        recorded = bench.run(there_and_on)

    assert recorded.request.url == vendor.url + "/of/«main.username»/things"
    assert [request.target for request in vendor.seen] == [
        "/of/plant-7/things",
        "/of/plant-7/things?page=2",
        "/plant-7/assets",
    ]


@pytest.mark.parametrize("mark", ["«main.username»", quote("«main.username»")])
def test_a_mark_that_the_vendor_writes_into_a_link_is_not_turned_into_the_user_name(mark: str, tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": basic("plant-7", "hush-hush")})
        bench.get(f"/things?stolen={mark}")

    assert vendor.paths == ["/things"]
    assert "plant-7" not in vendor.seen[0].target


def test_the_header_of_an_answer_that_hands_out_a_new_secret_is_recorded_without_it(tmp_path: Path) -> None:
    with answering(lambda request: Answer(200, "", {"X-Refresh-Token": "never-seen-before"})) as vendor:
        exchange = Workbench(tmp_path, vendor.url).get()

    assert exchange.header("x-refresh-token") == "«masked»"


def test_a_large_body_that_comes_too_late_is_not_looked_through(tmp_path: Path) -> None:
    clock = QuickClock()

    def respond(request: Seen) -> Answer:
        clock.passed += 100
        return Answer(200, b" " * (LARGE_BODY + 1), {"Content-Type": "text/plain"})

    with answering(respond) as vendor:
        bench = Workbench(tmp_path, vendor.url, clock=clock, budget=Budget(per_second=1000, seconds=60))
        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    [recorded] = bench.exchanges()
    assert refusal.value.reason is Reason.BUDGET
    assert recorded.response is not None
    assert recorded.response.body == ""


def test_an_unknown_role_is_a_missing_credential(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor, pytest.raises(CouldNotLook) as refusal:
        Workbench(tmp_path, vendor.url).get(credential="read_only")

    assert refusal.value.reason is Reason.CREDENTIAL
    assert vendor.seen == []


def test_a_secret_too_short_to_hide_is_refused_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"main\.value"):
        Workbench(tmp_path, "http://127.0.0.1:9", credentials={"main": api_key("abc")}).get()


def test_an_interrupted_request_is_recorded(tmp_path: Path) -> None:
    async def interrupted(session: Session) -> None:
        task = asyncio.create_task(session.send("DELETE", address + "/x", owner="test"))
        await asyncio.to_thread(arrived.wait, 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    arrived = threading.Event()

    def keeps_waiting(connection: socket.socket, over: threading.Event) -> None:
        arrived.set()
        over.wait(5)

    with misbehaving(keeps_waiting) as address:
        bench = Workbench(tmp_path, address, permissions=ALL, clock=Clock())
        bench.run(interrupted)

    [recorded] = bench.exchanges()
    assert (recorded.request.method, recorded.reason) == ("DELETE", Reason.INTERRUPTED)


def test_an_address_nobody_answers_at_is_a_recorded_failure(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(CouldNotLook) as refusal:
        bench.get()

    [recorded] = bench.exchanges()
    assert refusal.value.reason is Reason.CONNECTIVITY
    assert (recorded.response, recorded.failure) == (None, "127.0.0.1 refuses connections")


@pytest.mark.parametrize(
    ("content_type", "body", "text", "notes"),
    [
        ("text/html; charset=iso-8859-1", "Prüfung".encode("latin-1"), "Prüfung", set()),
        ("text/plain", b"caf\xe9", "caf\ufffd", {"undecodable"}),
        ("application/json", b"\xef\xbb\xbf[1]", "[1]", set()),
        ("application/json; charset=hex", b"[1]", "[1]", set()),
        ("image/png", b"\x89PNG\r\n\xff", "", {"binary"}),
    ],
)
def test_a_body_is_kept_as_text_where_it_is_text(
    content_type: str, body: bytes, text: str, notes: set[str], tmp_path: Path
) -> None:
    with answering(lambda request: Answer(200, body, {"Content-Type": content_type})) as vendor:
        exchange = Workbench(tmp_path, vendor.url).get()

    assert exchange.text == text
    assert exchange.response is not None
    assert exchange.response.size == len(body)
    assert set(exchange.notes) - {"sha256"} == notes


def test_the_digest_of_a_download_is_noted_but_not_of_a_body_that_held_a_secret(tmp_path: Path) -> None:
    bodies = [b"\x00drawing\xff", KEY.encode()]
    with answering(lambda request: Answer(200, bodies[int(request.path[1:])], {"Content-Type": "image/png"})) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        digests = [bench.get(f"/{at}").notes.get("sha256") for at in range(2)]

    assert digests == [hashlib.sha256(bodies[0]).hexdigest(), None]


def test_half_a_letter_out_of_an_answer_can_be_sent_back_as_a_parameter(tmp_path: Path) -> None:
    with answering(lambda request: OK) as vendor:
        Workbench(tmp_path, vendor.url).get(params=[("cursor", "a\ud800b")])

    assert vendor.seen[0].query == [("cursor", "a?b")]


def test_the_unencrypted_port_is_asked_without_credential(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, "https://127.0.0.113/api")  # port 80 of which is closed

    with pytest.raises(CouldNotLook) as refusal:
        bench.run(lambda session: session.plain_http(bench.base_url, owner="test"))

    [recorded] = bench.exchanges()
    assert refusal.value.reason is Reason.CONNECTIVITY
    assert (recorded.request.url, recorded.role) == ("http://127.0.0.113/api", None)
    assert "X-Api-Key" not in dict(recorded.request.headers)


def test_what_the_documents_say_is_learnt_on_the_way(tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        session.learn(searches=["/work-orders/search"], documented_rate=5.0)
        for _ in range(3):
            await session.send("POST", vendor.url + "/api/work-orders/search", owner="test", json={})

    with answering(lambda request: OK) as vendor:
        bench = Workbench(tmp_path, vendor.url + "/api")
        bench.run(work)

    assert isinstance(bench.clock, QuickClock)
    assert bench.clock.slept == pytest.approx([0.25, 0.25])
