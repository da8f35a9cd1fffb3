"""Tokens that are set apart, withdrawn, or changed by a letter: sent where they are named, and never recorded."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.wire.lifetimes import jwt_claims
from cmms_audit.wire.redact import SHORTEST
from cmms_audit.wire.session import Session
from cmms_audit.wire.tampering import tampered
from tests.wire.servers import Answer, Seen, Served, answering
from tests.wire.sessions import KEY, Workbench, api_key, basic, bearer, jwt, oauth2

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def trap() -> Iterator[Served]:
    """Another server, which must never be asked."""
    with answering(lambda seen: Answer(200)) as served:
        yield served


class Issuer:
    """A vendor with a token endpoint that numbers its tokens, and echoes what it is shown elsewhere."""

    def __init__(self, status: int = 200) -> None:
        self.issued = 0
        self.status = status

    def __call__(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            self.issued += 1
            return Answer(200, json.dumps({"access_token": f"t0ken-number-{self.issued}", "expires_in": 300}), JSON)
        return Answer(self.status, json.dumps({"echo": [seen.headers.get("authorization"), dict(seen.form)]}), JSON)


def bench_for(vendor: Served, tmp_path: Path, **more: Any) -> Workbench:
    return Workbench(tmp_path, vendor.url, credentials={"main": oauth2(vendor.url + "/token", **more)})


def test_a_token_that_is_set_apart_goes_only_where_it_is_named_and_is_never_renewed(tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        await session.token("main", owner="test", apart="spare")
        await session.send("GET", vendor.url + "/x", owner="test")
        await session.send("GET", vendor.url + "/x", owner="test", credential="main.spare", purpose=Purpose.PROVOKED)

    with answering(Issuer(401)) as vendor:
        bench = bench_for(vendor, tmp_path)
        bench.run(work)

    shown = [seen.headers["authorization"][-1] for seen in vendor.seen if seen.path == "/x"]
    assert shown == ["2", "3", "1"]  # main's own, renewed once; the spare one, not renewed
    assert "t0ken-number" not in bench.evidence.read_text("utf-8")


@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_a_token_is_withdrawn_by_the_client_that_it_was_given_to(client_auth: str, tmp_path: Path) -> None:
    async def work(session: Session) -> int:
        await session.token("main", owner="test", apart="spare")
        return (await session.revoke("main.spare", vendor.url + "/revoke", owner="test")).status

    with answering(Issuer()) as vendor:
        bench = bench_for(vendor, tmp_path, client_auth=client_auth)
        assert bench.run(work) == 200

    form, headers = vendor.seen[-1].form, vendor.seen[-1].headers
    assert (form["token"], form["token_type_hint"]) == ("t0ken-number-1", "access_token")
    assert ("authorization" in headers) == (client_auth == "basic")
    assert ("client_secret" in form) == (client_auth == "post")
    assert bench.traffic.by_purpose == {Purpose.TOKEN: 2}
    evidence = bench.evidence.read_text("utf-8")
    assert "t0ken-number" not in evidence
    assert "cl1ent" not in evidence


def test_a_token_is_withdrawn_on_the_origin_of_its_issuer_only(tmp_path: Path, trap: Served) -> None:
    async def work(session: Session) -> None:
        await session.token("main", owner="test", apart="spare")
        await session.revoke("main.spare", trap.url + "/revoke", owner="test")

    with answering(Issuer()) as vendor, pytest.raises(CouldNotLook) as refusal:
        bench_for(vendor, tmp_path).run(work)

    assert refusal.value.reason is Reason.NOT_PERMITTED
    assert trap.seen == []


def test_a_token_that_is_not_held_any_more_is_not_replaced_by_another(tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        await session.send("GET", vendor.url + "/x", owner="test", credential="main.spare")

    with answering(Issuer()) as vendor, pytest.raises(CouldNotLook) as refusal:
        bench_for(vendor, tmp_path).run(work)

    assert refusal.value.reason is Reason.INTERRUPTED
    assert vendor.seen == []


def test_the_same_token_given_again_is_known_as_such(tmp_path: Path) -> None:
    async def work(session: Session) -> list[bool | None]:
        return [(await session.token("main", owner="test")).reused for _ in range(2)]

    with answering(lambda seen: Answer(200, '{"access_token": "always-th3-same"}', JSON)) as vendor:
        assert bench_for(vendor, tmp_path).run(work) == [False, True]


@pytest.mark.parametrize(
    ("credential", "sent"),
    [(api_key(), KEY), (bearer(jwt(sub="plant")), jwt(sub="plant"))],
    ids=["key", "signed token"],
)
def test_a_credential_is_changed_by_one_letter_and_recorded_neither_way(
    credential: Any, sent: str, tmp_path: Path
) -> None:
    async def work(session: Session) -> None:
        await session.tampered(vendor.url + "/x", role="main", owner="test")

    with answering(lambda seen: Answer(401, json.dumps(dict(seen.headers)), JSON)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": credential})
        bench.run(work)

    (seen,) = vendor.seen
    shown = seen.headers.get("x-api-key") or seen.headers["authorization"].removeprefix("Bearer ")
    assert sum(one != other for one, other in zip(shown, sent, strict=True)) == 1
    evidence = bench.evidence.read_text("utf-8")
    assert shown not in evidence
    assert shown[:12] not in evidence
    assert bench.traffic.by_purpose == {Purpose.STRANGER: 1}


def test_a_password_is_not_changed(tmp_path: Path, trap: Served) -> None:
    bench = Workbench(tmp_path, trap.url, credentials={"main": basic("plant-user", "plant-password-1")})

    with pytest.raises(CouldNotLook, match="not tampered with"):
        bench.run(lambda session: session.tampered(trap.url + "/x", role="main", owner="test"))

    assert trap.seen == []


@pytest.mark.parametrize(
    "token", ["abcdefgh", "01234567", "a.b.cdefgh", "aa.bb.", "ABC-DEF-GHI", "aaaaaaaa", "bbbbbbbb"]
)
def test_one_letter_differs_whatever_the_token(token: str) -> None:
    changed = tampered(token).value

    assert sum(one != other for one, other in zip(token, changed, strict=True)) == 1
    if token == "a.b.cdefgh":
        assert changed.startswith("a.b.")


def test_a_signed_token_is_also_shown_unsigned_and_with_other_contents() -> None:
    token = jwt(sub="plant")
    header, payload, signature = token.split(".")

    _, cut, unsigned, other = (tampered(token, turn).value for turn in range(4))

    assert cut == f"{header}.{payload}."
    assert (unsigned.split(".")[1:], header_of(unsigned)) == ([payload, ""], {"alg": "none", "typ": "JWT"})
    assert (other.split(".")[0], other.split(".")[2]) == (header, signature)
    assert jwt_claims(other) == {"sub": "plant", "changed": True}
    assert tampered(token, 4) == tampered(token)


def header_of(token: str) -> Any:
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@given(st.text("ab.-_01", min_size=SHORTEST, max_size=40), st.integers(0, 9))
def test_whatever_is_changed_is_no_longer_the_credential(credential: str, turn: int) -> None:
    changed = tampered(credential, turn)

    assert changed.value != credential
    assert len(changed.value) >= SHORTEST
    assert changed.value not in repr(changed)


@pytest.mark.parametrize("turn", range(4))
def test_what_was_changed_is_noted_and_the_changed_token_is_not(turn: int, tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        await session.tampered(vendor.url + "/x", role="main", owner="test", turn=turn)

    with answering(lambda seen: Answer(401, json.dumps(dict(seen.headers)), JSON)) as vendor:
        bench = Workbench(tmp_path, vendor.url, credentials={"main": bearer(jwt(sub="plant"))})
        bench.run(work)

    (seen,), (exchange,) = vendor.seen, bench.exchanges()
    assert exchange.notes["tampered"] == tampered(jwt(sub="plant"), turn).how
    assert seen.headers["authorization"].removeprefix("Bearer ") not in bench.evidence.read_text("utf-8")
