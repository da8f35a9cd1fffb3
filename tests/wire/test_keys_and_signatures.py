"""Credentials that travel with every call: several keys at once, and signatures over the address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.credentials import ApiKey, Key
from cmms_audit.dialect import Signing, load_dialect
from cmms_audit.errors import CouldNotLook
from cmms_audit.folders import profiles_folder
from cmms_audit.model import Purpose, Reason
from cmms_audit.wire.call import Call
from cmms_audit.wire.session import Session
from cmms_audit.wire.signing import sign
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import ALL, ENOUGH, QuickClock, Workbench, secret, signed

JSON = {"Content-Type": "application/json"}
SECRET = "s1gning-secret/of+the=plant"
IDS = ("app-key-0815", "access-key-4711")
FIIX = load_dialect("fiix", (profiles_folder() / "dialects",)).signing
assert FIIX is not None


def echo(request: Seen) -> Answer:
    return Answer(200, json.dumps({"target": request.target, **request.headers}), {**JSON, "X-Echo": request.target})


def keys(*also: Key) -> ApiKey:
    return ApiKey("header", "Authorization", secret("Token f1rst-key-of-the-plant"), also)


def test_several_keys_travel_side_by_side_and_none_is_recorded(tmp_path: Path) -> None:
    credential = keys(
        Key("header", "Account-Token", secret("s3cond-key")),
        Key("query", "site key", secret("th1rd+key&")),
        Key("cookie", "a", secret("f0urth-key")),
        Key("cookie", "b", secret("f1fth-key")),
    )
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": credential})
        bench.get("/x?site%20key=mine&page=2")

    (request,) = vendor.seen
    assert request.headers["authorization"] == "Token f1rst-key-of-the-plant"
    assert request.headers["account-token"] == "s3cond-key"
    assert request.query == [("page", "2"), ("site key", "th1rd+key&")]
    assert request.headers["cookie"] == "a=f0urth-key; b=f1fth-key"
    evidence = bench.evidence.read_text("utf-8")
    for hidden in ("f1rst-key", "s3cond-key", "th1rd", "f0urth-key", "f1fth-key"):
        assert hidden not in evidence
    assert bench.exchanges()[0].json["account-token"] == "«main.also.1.value»"


def test_a_further_key_goes_to_the_api_only(tmp_path: Path) -> None:
    credential = keys(Key("header", "Account-Token", secret("s3cond-key")))
    with answering(echo) as trap:
        moved = answering(lambda request: Answer(302, "", {"Location": trap.url + "/x"}))
        with moved as vendor:
            bench = Workbench(tmp_path, vendor.url, credentials={"main": credential})
            assert bench.get("/x").status == 302
            bench.options["allow_hosts"] = frozenset({"127.0.0.1"})
            bench.run(lambda session: session.fetch_document(trap.url + "/doc", owner="test"))

    assert "account-token" not in trap.seen[0].headers
    assert trap.paths == ["/doc"]


# signatures


def sends(
    vendor: Served, signing: Signing | None = FIIX, count: int = 1, path: str = "/api/?page=2", **more: Any
) -> Any:
    async def work(session: Session) -> Any:
        session.learn(searches=(), documented_rate=None, signing=signing)
        for _ in range(count):
            exchange = await session.send("GET", vendor.url + path, owner="test", **more)
        return exchange

    return work


def test_a_call_is_signed_as_the_vendor_documents_it(tmp_path: Path) -> None:
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        bench.run(sends(vendor))

    (request,) = vendor.seen
    assert parse_qs(request.target.partition("?")[2]) == {
        "page": ["2"],
        "service": ["cmms"],
        "timestamp": [str(int(QuickClock().now().timestamp() * 1000))],
        "appKey": ["app-key-0815"],
        "accessKey": ["access-key-4711"],
        "signatureMethod": ["HmacSHA256"],
        "signatureVersion": ["1"],
    }
    as_the_server_sees_it = request.headers["host"] + request.target
    expected = hmac.new(SECRET.encode(), as_the_server_sees_it.encode(), hashlib.sha256).hexdigest()
    assert request.headers["authorization"] == expected


def test_neither_the_ids_nor_the_secret_nor_a_signature_is_recorded(tmp_path: Path) -> None:
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        exchange = bench.run(sends(vendor, count=5))

    evidence = bench.evidence.read_text("utf-8")
    for hidden in (*IDS, SECRET, *(request.headers["authorization"] for request in vendor.seen)):
        assert hidden not in evidence
    assert dict(exchange.request.headers)["Authorization"] == "«main.signature»"
    assert exchange.json["authorization"] == "«main.signature»"
    assert "appKey=«main.client_id.value»" in exchange.request.url


def test_only_the_latest_signatures_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.wire.logins.MOST_SIGNATURES", 2)
    assert FIIX is not None
    by_the_day = replace(FIIX, parameters={"key": "{client_id}"})  # the same call has the same signature

    async def work(session: Session) -> None:
        for page in (1, 2, 1, 3, 4):
            await sends(vendor, by_the_day, path=f"/api/?page={page}")(session)
            await session.send("GET", vendor.url + "/said", owner="test", credential=None)

    def respond(request: Seen) -> Answer:
        return Answer(200, vendor.seen[0].headers["authorization"]) if request.path == "/said" else echo(request)

    with answering(respond) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        bench.run(work)

    said = [exchange.text == "«main.signature»" for exchange in bench.exchanges() if "/said" in exchange.request.url]
    assert said == [True, True, True, True, False]


def test_an_earlier_signature_that_an_answer_repeats_is_not_recorded_either(tmp_path: Path) -> None:
    signatures: list[str] = []

    def respond(request: Seen) -> Answer:
        signatures.append(request.headers["authorization"])
        return Answer(200, json.dumps(signatures), JSON)

    clock = QuickClock()
    with answering(respond) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()}, clock=clock)

        async def over_time(session: Session) -> None:
            for _ in range(3):
                await sends(vendor)(session)
                await clock.sleep(1)

        bench.run(over_time)

    assert len(set(signatures)) == 3
    assert not any(signature in bench.evidence.read_text("utf-8") for signature in signatures)


def test_a_link_that_carries_the_signature_of_before_is_signed_anew(tmp_path: Path) -> None:
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        bench.run(sends(vendor, path="/api/?timestamp=1&appKey=«main.client_id.value»&page=3"))

    assert [value for name, value in vendor.seen[0].query if name in ("timestamp", "appKey")] == [
        str(int(QuickClock().now().timestamp() * 1000)),
        "app-key-0815",
    ]


def test_a_redirect_on_the_same_origin_is_signed_for_its_own_address(tmp_path: Path) -> None:
    def respond(request: Seen) -> Answer:
        return Answer(302, "", {"Location": "/api/other"}) if request.path == "/api/" else echo(request)

    with answering(respond) as vendor:
        Workbench(tmp_path, vendor.url, credentials={"main": signed()}).run(sends(vendor))

    for request in vendor.seen:
        text = request.headers["host"] + request.target
        assert request.headers["authorization"] == hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("signing", [None])
def test_without_a_dialect_that_says_how_nothing_is_sent(signing: Signing | None, tmp_path: Path) -> None:
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        with pytest.raises(CouldNotLook, match="dialect in use does not say how; name one") as refusal:
            bench.run(sends(vendor, signing))

    assert refusal.value.reason is Reason.CREDENTIAL
    assert vendor.seen == []


def test_a_parameter_of_a_signature_cannot_turn_a_read_into_a_write(tmp_path: Path) -> None:
    assert FIIX is not None
    steering = replace(FIIX, parameters={**FIIX.parameters, "_method": "DELETE"})
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()})
        with pytest.raises(CouldNotLook) as refusal:
            bench.run(sends(vendor, steering))

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert vendor.seen == []


def test_a_burst_is_signed_call_by_call(tmp_path: Path) -> None:
    with answering(echo) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": signed()}, permissions=ALL, budget=ENOUGH)
        bench.run(sends(vendor, count=3, purpose=Purpose.BURST))

    assert all(len(request.headers["authorization"]) == 64 for request in vendor.seen)


def signature(url: str, **changes: Any) -> tuple[str, str]:
    assert FIIX is not None
    call = Call("GET", url, "test", Purpose.API, "main")
    placed, made = sign(call, signed(), replace(FIIX, parameters={"by": "{username}"}, **changes), QuickClock().now())
    return placed.url, made


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://plant.example/api", "plant.example/api?by=access-key-4711"),
        ("https://plant.example:443/api", "plant.example/api?by=access-key-4711"),
        ("https://plant.example:8443/api", "plant.example:8443/api?by=access-key-4711"),
        ("http://127.0.0.1:80", "127.0.0.1/?by=access-key-4711"),
        ("https://PLANT.example/a|b?x=ü", "plant.example/a%7Cb?x=%C3%BC&by=access-key-4711"),
    ],
)
def test_what_is_signed_is_the_address_as_the_server_sees_it(url: str, text: str) -> None:
    assert signature(url)[1] == hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("digest", ["sha1", "sha512"])
def test_another_digest_and_another_spelling_can_be_named(digest: str) -> None:
    expected = hmac.new(SECRET.encode(), b"plant.example/?by=access-key-4711", digest).digest()

    assert (
        signature("https://plant.example/", digest=digest, encoding="base64")[1] == base64.b64encode(expected).decode()
    )


@given(query=st.text(max_size=30))
def test_any_query_is_sent_as_it_was_signed(query: str) -> None:
    url, made = signature("https://plant.example/?" + query.replace("#", "").replace("\\", ""))

    text = url.removeprefix("https://")
    assert made == hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()
    assert url.isascii()
