"""Client credentials: asked for once, renewed in time, shown to nobody but the origin that the vendor file names."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.credentials import Oidc
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.vendor import Budget
from cmms_audit.wire.facts import TokenFacts, known_life, token_facts
from cmms_audit.wire.lifetimes import Life
from cmms_audit.wire.logins import MOST_TOKENS
from cmms_audit.wire.session import Session
from cmms_audit.wire.tokens import read_token, recorded_answer, tokens_in
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import QuickClock, Workbench, bearer, jwt, oauth2, secret

JSON = {"Content-Type": "application/json"}
SECRET = "cl1ent/secret+value"


class Issuer:
    """A vendor with a token endpoint. Tokens are numbered; `good` says which are accepted by the API."""

    def __init__(self, **token_members: Any) -> None:
        self.members = {"token_type": "Bearer", "expires_in": 300, **token_members}
        self.issued = 0
        self.good: Callable[[int], bool] = lambda number: True

    def __call__(self, request: Seen) -> Answer:
        if request.path == "/token":
            self.issued += 1
            members = {"access_token": f"t0ken-number-{self.issued}", **self.members}
            return Answer(200, json.dumps(members), JSON)
        number = int(request.headers["authorization"].rpartition("-")[2])
        return Answer(200 if self.good(number) else 401, json.dumps({"echo": request.headers["authorization"]}), JSON)


def bench_for(vendor: Served, tmp_path: Path, **more: Any) -> Workbench:
    return Workbench(tmp_path, vendor.url, credentials={"main": oauth2(vendor.url + "/token", **more)})


def gets(count: int) -> Callable[[Session], Any]:
    async def work(session: Session) -> list[int]:
        base = session._guard.base_origin  # the address of the vendor under test
        return [(await session.send("GET", base + "/x", owner="test")).status for _ in range(count)]

    return work


def test_a_token_is_obtained_once_and_used_for_every_request(tmp_path: Path) -> None:
    with answering(Issuer()) as vendor:
        bench = bench_for(vendor, tmp_path)
        assert bench.run(gets(3)) == [200, 200, 200]

    assert vendor.paths == ["/token", "/x", "/x", "/x"]
    assert bench.traffic.by_purpose == {Purpose.TOKEN: 1, Purpose.API: 3}
    assert bench.traffic.writes == 0


def test_requests_at_the_same_time_share_one_token(tmp_path: Path) -> None:
    async def at_once(session: Session) -> None:
        await asyncio.gather(*(session.send("GET", vendor.url + "/x", owner="test") for _ in range(8)))

    with answering(Issuer()) as vendor:
        bench_for(vendor, tmp_path).run(at_once)

    assert vendor.paths.count("/token") == 1


def test_a_token_is_renewed_before_it_expires(tmp_path: Path) -> None:
    clock = QuickClock()

    async def over_time(session: Session) -> None:
        for _ in range(3):
            await session.send("GET", vendor.url + "/x", owner="test")
            await clock.sleep(280)  # of 300 seconds

    with answering(Issuer()) as vendor:
        bench = bench_for(vendor, tmp_path)
        bench.clock, bench.budget = clock, Budget(per_second=1000, seconds=10_000)
        bench.run(over_time)

    assert [request.headers["authorization"] for request in vendor.seen if request.path == "/x"] == [
        f"Bearer t0ken-number-{number}" for number in (1, 2, 3)
    ]


def test_a_token_that_is_said_to_be_over_at_once_is_used_until_it_is_refused(tmp_path: Path) -> None:
    with answering(Issuer(expires_in=0)) as vendor:
        assert bench_for(vendor, tmp_path).run(gets(3)) == [200, 200, 200]

    assert vendor.paths == ["/token", "/x", "/x", "/x"]


def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.good = lambda number: number == 2
    with answering(issuer) as vendor:
        bench = bench_for(vendor, tmp_path)
        exchange = bench.get("/x")

    assert exchange.status == 200
    assert vendor.paths == ["/token", "/x", "/token", "/x"]
    assert exchange.notes["retry_of"] == 2


def test_where_every_token_is_refused_no_more_are_asked_for(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.good = lambda number: False
    with answering(issuer) as vendor:
        assert bench_for(vendor, tmp_path).run(gets(4)) == [401] * 4

    assert vendor.paths.count("/token") == 2


def test_no_token_is_ever_in_the_evidence(tmp_path: Path) -> None:
    with answering(
        Issuer(
            refresh_token="r3fresh-me",
            id_token="id.t0ken.x",
            nested={"session_token": "s3ssion", "list": ["l1st-token"]},
            refresh="pl4in-refresh",
            error_uri="https://vendor.example/errors",
        )
    ) as vendor:
        bench = bench_for(vendor, tmp_path)
        facts = bench.run(lambda session: session.token("main", owner="test"))
        bench.get("/x")

    evidence = bench.evidence.read_text("utf-8")
    for hidden in ("t0ken-number", "r3fresh-me", "id.t0ken.x", "s3ssion", "l1st", "pl4in", SECRET, "cl1ent%2Fsecret"):
        assert hidden not in evidence
    assert facts.exchange.json["access_token"] == "«masked»"
    assert facts.exchange.json["error_uri"] == "https://vendor.example/errors"
    assert bench.exchanges()[-1].json["echo"] == "Bearer «main.access_token»"
    assert (facts.ok, facts.expires_in, facts.token_type) == (True, 300, "Bearer")


def test_the_client_proves_itself_in_a_basic_header_each_part_encoded_first(tmp_path: Path) -> None:
    with answering(Issuer()) as vendor:
        bench_for(vendor, tmp_path, scopes=("a:read", "b:write"), audience="plant").get("/x")

    request = vendor.seen[0]
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "plant-client:cl1ent%2Fsecret%2Bvalue"
    assert request.form == {"grant_type": "client_credentials", "scope": "a:read b:write", "audience": "plant"}
    assert (request.method, request.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")


def test_or_in_the_body_and_without_scopes_asks_for_none(tmp_path: Path) -> None:
    with answering(Issuer()) as vendor:
        bench_for(vendor, tmp_path, client_auth="post").get("/x")

    request = vendor.seen[0]
    assert "authorization" not in request.headers
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": "plant-client",
        "client_secret": SECRET,
    }


@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_each_resource_that_the_token_is_for_is_named(client_auth: str, tmp_path: Path) -> None:
    resources = ("https://api.plant.example/v1", "urn:plant:2")
    with answering(Issuer()) as vendor:
        bench_for(vendor, tmp_path, resources=resources, scopes=("a",), client_auth=client_auth).get("/x")

    sent = parse_qsl(vendor.seen[0].body.decode())
    assert [value for name, value in sent if name == "resource"] == list(resources)
    assert dict(sent)["grant_type"] == "client_credentials"
    assert dict(sent)["scope"] == "a"


def test_asking_for_fewer_scopes_tells_what_was_granted_and_leaves_the_token_in_use_alone(tmp_path: Path) -> None:
    with answering(Issuer(scope="workorders:read")) as vendor:
        bench = bench_for(vendor, tmp_path, scopes=("workorders:read", "workorders:write"))

        async def narrowed(session: Session) -> TokenFacts:
            await session.send("GET", vendor.url + "/x", owner="test")
            facts = await session.token("main", owner="test", scopes=["workorders:read"])
            await session.send("GET", vendor.url + "/x", owner="test")
            return facts

        facts = bench.run(narrowed)

    assert facts.granted == ("workorders:read",)
    assert vendor.seen[2].form["scope"] == "workorders:read"
    assert vendor.seen[3].headers["authorization"] == "Bearer t0ken-number-1"


REFUSALS = {
    "refused by its rules": (Answer(400, '{"error": "invalid_client"}', JSON), "invalid_client"),
    "refused bluntly": (Answer(401, "go away"), "401"),
    "an error inside a success": (Answer(200, '{"error": "invalid_scope"}', JSON), "invalid_scope"),
    "no token in it": (Answer(200, "{}", JSON), "200"),
    "not JSON": (Answer(200, "<html>"), "200"),
    "a token that is no text": (Answer(200, '{"access_token": ["x"]}', JSON), "200"),
    "a token that breaks headers": (Answer(200, '{"access_token": "abcdef\\r\\nX-Evil: 1"}', JSON), "200"),
    "a token too short to hide": (Answer(200, '{"access_token": "x"}', JSON), "200"),
    "an error code that is none": (Answer(400, '{"error": "\\u001b[31m"}', JSON), "400"),
    "half a token": (Answer(200, '{"access_token": "h4lf-of-a-tok', JSON), "200"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_without_a_token_the_credential_is_at_fault_and_the_vendor_is_asked_only_once(
    name: str, tmp_path: Path
) -> None:
    answer, said = REFUSALS[name]
    with answering(lambda request: answer) as vendor:
        bench = bench_for(vendor, tmp_path)

        async def twice(session: Session) -> list[CouldNotLook]:
            results = [session.send("GET", vendor.url + "/x", owner="test") for _ in range(2)]
            return await asyncio.gather(*results, return_exceptions=True)  # type: ignore[return-value]

        refusals = bench.run(twice)

    assert [refusal.reason for refusal in refusals] == [Reason.CREDENTIAL] * 2
    assert f"({said})" in refusals[0].summary
    assert vendor.paths == ["/token"]
    assert "h4lf" not in bench.evidence.read_text("utf-8")


def test_a_token_request_is_never_redirected(tmp_path: Path, trap: Served) -> None:
    redirecting = answering(lambda request: Answer(307, "", {"Location": trap.url + "/token"}))
    with redirecting as vendor, pytest.raises(CouldNotLook) as refusal:
        bench_for(vendor, tmp_path).get("/x")

    assert refusal.value.reason is Reason.CREDENTIAL
    assert trap.seen == []


def test_a_token_from_another_origin_goes_to_the_api_and_the_secret_only_to_the_issuer(tmp_path: Path) -> None:
    with answering(Issuer()) as issuer, answering(lambda request: Answer(200)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oauth2(issuer.url + "/token")})
        bench.get("/x")

    assert issuer.paths == ["/token"]
    assert [request.headers["authorization"] for request in vendor.seen] == ["Bearer t0ken-number-1"]


def test_a_key_needs_no_token(tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook, match="needs no token"):
        Workbench(tmp_path, "http://127.0.0.1:9").run(lambda session: session.token("main", owner="test"))


class Discovering(Issuer):
    """An issuer that publishes where its token endpoint is."""

    def __init__(self, document: Callable[[str], Any]) -> None:
        super().__init__()
        self.document = document
        self.url = ""

    def __call__(self, request: Seen) -> Answer:
        if "/.well-known/openid-configuration" in request.path:
            return Answer(200, json.dumps(self.document(self.url)), JSON)
        if request.path.startswith("/.well-known/oauth-authorization-server"):
            return Answer(404)
        return super().__call__(request)


@pytest.fixture
def trap() -> Iterator[Served]:
    with answering(Issuer()) as served:
        yield served


def oidc(issuer: str, **more: Any) -> Oidc:
    return Oidc(issuer, secret("realm"), secret(SECRET), **more)


def test_the_token_endpoint_is_discovered_once(tmp_path: Path) -> None:
    issuer = Discovering(lambda url: {"issuer": url + "/realm", "token_endpoint": url + "/token"})
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url + "/realm")})
        assert bench.run(gets(2)) == [200, 200]

    assert vendor.paths == ["/realm/.well-known/openid-configuration", "/token", "/x", "/x"]
    assert vendor.seen[1].headers["authorization"].startswith("Basic ")
    assert bench.traffic.by_purpose[Purpose.DISCOVERY] == 1


def test_an_issuer_that_takes_the_secret_only_in_the_body_gets_it_there(tmp_path: Path) -> None:
    methods = ["private_key_jwt", "client_secret_post"]
    issuer = Discovering(
        lambda url: {"issuer": url, "token_endpoint": url + "/token", "token_endpoint_auth_methods_supported": methods}
    )
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url)}).get("/x")

    assert vendor.seen[1].form["client_secret"] == SECRET


def test_the_vendor_file_decides_how_the_client_proves_itself_and_what_the_token_is_for(tmp_path: Path) -> None:
    issuer = Discovering(lambda url: {"issuer": url, "token_endpoint": url + "/token"})
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        wanted = oidc(
            vendor.url, scopes=("read",), audience="plant", client_auth="post", resources=("https://api.example",)
        )
        Workbench(tmp_path, vendor.url, credentials={"main": wanted}).get("/x")

    assert vendor.seen[1].form == {
        "grant_type": "client_credentials",
        "client_id": "realm",
        "client_secret": SECRET,
        "scope": "read",
        "audience": "plant",
        "resource": "https://api.example",
    }


PLACES = (
    "/tenant/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/tenant",
    "/tenant/.well-known/oauth-authorization-server",
)
ABSENT = (Answer(404), Answer(200, "<html>welcome</html>", {"Content-Type": "text/html"}), Answer(403, "{}", JSON))


class PublishingAt(Issuer):
    """An issuer whose document lies at one of the usual places; what is asked for elsewhere gets `absent`."""

    def __init__(self, place: str, absent: Answer, named: str | None = None) -> None:
        super().__init__()
        self.place, self.absent, self.named = place, absent, named
        self.url = ""

    def __call__(self, request: Seen) -> Answer:
        if "/.well-known/" not in request.path:
            return super().__call__(request)
        issuer = self.named or self.url + "/tenant"
        document = {"issuer": issuer, "token_endpoint": self.url + "/token"}
        return Answer(200, json.dumps(document), JSON) if request.path == self.place else self.absent


@pytest.mark.parametrize("absent", ABSENT)
@pytest.mark.parametrize("place", PLACES)
def test_the_document_is_found_at_any_of_its_usual_places(place: str, absent: Answer, tmp_path: Path) -> None:
    issuer = PublishingAt(place, absent)
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url + "/tenant")})
        assert bench.run(gets(2)) == [200, 200]

    assert vendor.paths == [*PLACES[: PLACES.index(place) + 1], "/token", "/x", "/x"]


@pytest.mark.parametrize("place", PLACES)
def test_a_document_of_another_issuer_is_refused_wherever_it_lies(place: str, tmp_path: Path) -> None:
    issuer = PublishingAt(place, Answer(404), named="https://other.example/tenant")
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url + "/tenant")})
        with pytest.raises(CouldNotLook, match="names another issuer"):
            bench.get("/x")

    assert "/token" not in vendor.paths


def test_an_issuer_that_publishes_nothing_is_not_asked_again(tmp_path: Path) -> None:
    with answering(lambda request: Answer(404)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url + "/tenant")})

        async def twice(session: Session) -> list[Any]:
            asked = (session.send("GET", vendor.url + "/x", owner="test") for _ in range(2))
            return await asyncio.gather(*asked, return_exceptions=True)

        refusals = bench.run(twice)

    assert [str(refusal) for refusal in refusals] == [
        f"{vendor.url}/tenant publishes no discovery document (status 404)"
    ] * 2
    assert vendor.paths == list(PLACES)


@pytest.mark.parametrize(
    "document",
    [
        lambda url, trap: {"issuer": url, "token_endpoint": trap + "/token"},
        lambda url, trap: {"issuer": url + "/", "token_endpoint": url + "/token"},
        lambda url, trap: {"issuer": trap, "token_endpoint": url + "/token"},
        lambda url, trap: {"issuer": url, "token_endpoint": "/token"},
        lambda url, trap: {"issuer": url, "token_endpoint": url + "@" + trap.removeprefix("http://")},
        lambda url, trap: {"issuer": url, "token_endpoint": url.replace("http:", "https:") + "/token"},
        lambda url, trap: {"issuer": url},
        lambda url, trap: [url],
        lambda url, trap: None,
    ],
)
def test_a_discovery_document_cannot_send_the_secret_anywhere_else(
    document: Callable[[str, str], Any], tmp_path: Path, trap: Served
) -> None:
    issuer = Discovering(lambda url: document(url, trap.url))
    with answering(issuer) as vendor:
        issuer.url = vendor.url
        with pytest.raises(CouldNotLook) as refusal:
            Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url)}).get("/x")

    assert refusal.value.reason is Reason.CREDENTIAL
    assert refusal.value.evidence
    assert vendor.paths == ["/.well-known/openid-configuration"]
    assert trap.seen == []


def test_a_discovery_document_elsewhere_is_not_read(tmp_path: Path, trap: Served) -> None:
    with answering(lambda request: Answer(302, "", {"Location": trap.url + request.path})) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": oidc(vendor.url)})
        with pytest.raises(CouldNotLook):
            bench.get("/x")
        with pytest.raises(CouldNotLook):
            bench.run(lambda session: session.discover(trap.url, owner="test"))

    assert trap.seen == []


def test_discovery_falls_back_to_the_metadata_of_oauth(tmp_path: Path) -> None:
    def respond(request: Seen) -> Answer:
        there = request.path == "/.well-known/oauth-authorization-server/tenant"
        return Answer(200, "{}", JSON) if there else Answer(404)

    with answering(respond) as vendor:
        bench = Workbench(tmp_path, vendor.url)
        exchange = bench.run(lambda session: session.discover(vendor.url + "/tenant", owner="test"))

    assert (exchange.status, exchange.purpose, exchange.role) == (200, Purpose.DISCOVERY, None)
    assert vendor.paths[0] == "/tenant/.well-known/openid-configuration"


# how long a token lives


def date(ahead: float = 0) -> dict[str, str]:
    """What a server writes whose clock is so many seconds ahead of ours."""
    return {**JSON, "Date": format_datetime(QuickClock().now() + timedelta(seconds=ahead), usegmt=True)}


class Clocked(Issuer):
    """An issuer with a clock of its own that gives tokens for five minutes, by its clock."""

    def __init__(self, ahead: float, *, with_date: bool = True, as_jwt: bool = False) -> None:
        super().__init__()
        self.clock = QuickClock()
        self.ahead, self.with_date, self.as_jwt = ahead, with_date, as_jwt

    def __call__(self, request: Seen) -> Answer:
        headers = date(self.clock.passed + self.ahead) if self.with_date else {**JSON, "Date": "some day"}
        if request.path != "/token":
            return Answer(200, "[]", headers)
        self.issued += 1
        ends = self.clock.now().timestamp() + self.ahead + 300
        token = jwt(exp=ends, jti=self.issued) if self.as_jwt else f"t0ken-number-{self.issued}"
        return Answer(
            200, json.dumps({"access_token": token, "expires_at": ends if not self.as_jwt else None}), headers
        )


@pytest.mark.parametrize("as_jwt", [False, True])
@pytest.mark.parametrize("ahead", [0, 7200, -7200])
def test_a_moment_is_measured_by_the_servers_clock(ahead: float, as_jwt: bool, tmp_path: Path) -> None:
    issuer = Clocked(ahead, as_jwt=as_jwt)

    async def over_time(session: Session) -> list[float | None]:
        facts = await session.token("main", owner="test")
        for _ in range(3):
            await session.send("GET", vendor.url + "/x", owner="test")
            await issuer.clock.sleep(140)  # of 300 seconds
        return [facts.expires_in, facts.skew_seconds]

    with answering(issuer) as vendor:
        bench = bench_for(vendor, tmp_path)
        bench.clock, bench.budget = issuer.clock, Budget(per_second=1000, seconds=10_000)
        assert bench.run(over_time) == [300, ahead]

    assert vendor.paths == ["/token", "/x", "/x", "/token", "/x"]


def test_a_moment_is_never_measured_by_our_clock_alone(tmp_path: Path) -> None:
    with answering(Clocked(0, with_date=False)) as vendor:
        facts = bench_for(vendor, tmp_path).run(lambda session: session.token("main", owner="test"))

    assert (facts.ok, facts.expires_in, facts.skew_seconds) == (True, None, None)


def test_what_is_known_of_a_token_is_made_again_from_the_record_alone(tmp_path: Path) -> None:
    def respond(request: Seen) -> Answer:
        members = {"access_token": jwt(exp=QuickClock().now().timestamp() + 900), "scope": "read write"}
        return Answer(200, json.dumps({**members, "token_type": "Bearer"}), date(60))

    with answering(respond) as vendor:
        bench = bench_for(vendor, tmp_path)
        live = bench.run(lambda session: session.token("main", owner="test"))

    (recorded,) = bench.exchanges()
    again = token_facts(recorded)
    assert again == live
    assert recorded.notes["token"] == {
        "role": "main",
        "given": True,
        "kind": "jwt",
        "expires_in": 840,
        "life_from": "jwt",
        "granted": ["read", "write"],
        "token_type": "Bearer",
        "error": None,
        "skew_seconds": 60,
        "reused": False,
    }


def test_a_refusal_is_made_again_from_the_record_too(tmp_path: Path) -> None:
    with answering(lambda request: Answer(400, '{"error": "invalid_client"}', JSON)) as vendor:
        bench = bench_for(vendor, tmp_path)
        live = bench.run(lambda session: session.token("main", owner="test"))

    again = token_facts(bench.exchanges()[0])
    assert again == live
    assert (again.ok, again.error, again.kind) == (False, "invalid_client", None)


def test_the_facts_of_a_token_hold_no_secret_whatever_the_vendor_writes_into_them(tmp_path: Path) -> None:
    token = "t0ken-that-is-echoed"
    body = {"access_token": token, "token_type": token, "scope": f"{SECRET} {token} read"}
    with answering(lambda request: Answer(200, json.dumps(body), JSON)) as vendor:
        bench = bench_for(vendor, tmp_path)
        facts = bench.run(lambda session: session.token("main", owner="test"))

    assert facts.token_type == "«main.access_token»"
    assert facts.granted is not None
    assert "read" in facts.granted
    assert token not in bench.evidence.read_text("utf-8")
    assert SECRET not in bench.evidence.read_text("utf-8")


def test_a_bearer_token_that_tells_of_its_own_life_is_told_once_without_the_token(tmp_path: Path) -> None:
    token = jwt(iat=1_790_000_000, exp=1_800_000_000, sub="m.smith")
    with answering(lambda request: Answer(200, "[]", JSON)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": bearer(token), "rotated": bearer("op4que-token")})

        async def work(session: Session) -> None:
            for role in ("main", "main", "rotated"):
                await session.send("GET", vendor.url + "/x", owner="test", credential=role)

        bench.run(work)

    first, *others = bench.exchanges()
    assert known_life(first) == {"role": "main", "issued_at": 1_790_000_000, "expires_at": 1_800_000_000}
    assert [known_life(each) for each in others] == [None, None]
    assert vendor.seen[0].headers["authorization"] == f"Bearer {token}"
    for part in token.split("."):
        assert part not in bench.evidence.read_text("utf-8")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(
    members=st.dictionaries(
        st.sampled_from(["access_token", "token_type", "expires_in", "expires_at", "scope", "error", "refresh_token"]),
        ANYTHING,
    )
)
def test_any_token_answer_can_be_read(members: dict[str, Any]) -> None:
    answer = read_token(json.dumps(members).encode())

    assert answer.life is None or 0 <= answer.life.seconds < 1e10
    assert answer.access_token is None or answer.access_token == members["access_token"]


@given(body=st.binary(max_size=60))
def test_any_bytes_can_be_read_as_a_token_answer(body: bytes) -> None:
    assert read_token(body).access_token is None
    assert tokens_in(body) == []
    recorded_answer(body, 400)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"scope": ' * 100_000, b'{"scope": "\\ud800"}', b"\xff", b"1" * 9999]
)
def test_any_token_answer_can_be_recorded(body: bytes) -> None:
    recorded = recorded_answer(body, 200)

    assert recorded is not None
    recorded.encode("utf-8")


@pytest.mark.parametrize(
    ("given_life", "life"),
    [
        (300, 300),
        ("300", 300),
        (0, 0),
        (-1, None),
        (1e400, None),
        (None, None),
        (True, None),
        ("soon", None),
        (10**15, None),
    ],
)
def test_the_life_of_a_token_is_a_sane_number_or_none(given_life: Any, life: float | None) -> None:
    answer = read_token(json.dumps({"access_token": "abcdefgh-1234", "expires_in": given_life}).encode())

    assert answer.access_token == "abcdefgh-1234"
    assert answer.life == (None if life is None else Life(life, "expires_in"))


def test_a_token_in_plain_words_serves_as_well_as_any() -> None:
    answer = b'{"access_token": "test-token"}'

    assert read_token(answer).access_token == "test-token"
    assert tokens_in(answer) == [("access_token", "test-token")]


def test_only_tokens_at_the_top_of_an_answer_that_look_like_some_are_learnt() -> None:
    answer = {
        "access_token": "first-token-1",
        "refresh_token": "not-permitted",
        "id_token": "sh0rt",
        "x0_token": "other-token-3",
        "nested": {"access_token": "inner-token-4"},
    }

    assert tokens_in(json.dumps(answer).encode()) == [("access_token", "first-token-1")]


def test_a_token_answer_cannot_make_the_words_of_later_answers_secret(tmp_path: Path) -> None:
    words = {f"x{number}_token": f"ordinary word {number}" for number in range(2000)}
    issuer = Issuer(**words, refresh_token="unknown")

    def respond(request: Seen) -> Answer:
        return issuer(request) if request.path == "/token" else Answer(200, '["unknown", "ordinary word 7"]', JSON)

    with answering(respond) as vendor:
        exchange = bench_for(vendor, tmp_path).get("/x")

    assert exchange.json == ["unknown", "ordinary word 7"]


def test_a_token_given_twice_is_recorded_neither_time(tmp_path: Path) -> None:
    body = '{"access_token": "f1rst-of-two-tokens", "access_token": "s3cond-of-two-tokens"}'
    with answering(lambda request: Answer(200, body, JSON)) as vendor:
        bench = bench_for(vendor, tmp_path)
        bench.run(lambda session: session.token("main", owner="test"))

    assert "of-two-tokens" not in bench.evidence.read_text("utf-8")


def test_a_vendor_that_gives_ever_new_tokens_is_asked_for_no_more_of_them(tmp_path: Path) -> None:
    async def ever_again(session: Session) -> None:
        for _ in range(MOST_TOKENS):
            await session.token("main", owner="test")
        await session.token("main", owner="test")

    with answering(Issuer()) as vendor, pytest.raises(CouldNotLook, match="no more are asked for") as refusal:
        bench_for(vendor, tmp_path).run(ever_again)

    assert refusal.value.reason is Reason.CREDENTIAL
    assert len(vendor.seen) == MOST_TOKENS


def test_a_token_endpoint_that_was_only_busy_is_asked_again(tmp_path: Path) -> None:
    issuer, busy = Issuer(), [Answer(503), Answer(429)]
    with answering(lambda request: busy.pop() if busy and request.path == "/token" else issuer(request)) as vendor:
        bench = bench_for(vendor, tmp_path)

        async def thrice(session: Session) -> list[Any]:
            asked = (session.send("GET", vendor.url + "/x", owner="test") for _ in range(3))
            return [await asyncio.gather(each, return_exceptions=True) for each in asked]

        first, second, third = (came for [came] in bench.run(thrice))

    assert [first.reason, second.reason] == [Reason.CREDENTIAL] * 2
    assert third.status == 200


def test_no_token_is_asked_for_a_request_that_may_not_go(tmp_path: Path) -> None:
    with answering(Issuer()) as vendor:
        bench = bench_for(vendor, tmp_path)
        with pytest.raises(CouldNotLook):
            bench.run(lambda session: session.send("DELETE", vendor.url + "/x", owner="test"))

    assert vendor.seen == []
