"""Tokens that ran out or were withdrawn, and credentials changed by a letter."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pytest

from cmms_audit.credentials import Credential
from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import OAUTH, Small, as_json, client, described, flags, looked_at, only, refusal
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY, QuickClock, api_key, basic, bearer, jwt

DOCUMENT = described(schemes={"oauth": OAUTH})


@dataclass
class Service:
    """A vendor with tokens that run out and can be withdrawn; `leeway` seconds late, `deaf` never, or `wrong`."""

    clock: QuickClock = field(default_factory=QuickClock)
    seconds: float = 40
    leeway: float = 0
    deaf: bool = False
    always_the_same: bool = False
    ends_all: bool = False
    one_at_a_time: bool = False
    published: bool = True
    refuses_with: int = 401
    token: Callable[[int], str] = lambda number: f"t0ken-number-{number}"
    wrong: Callable[[Seen], Answer | None] = lambda seen: None
    ends: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Answer:
        self.asked.append(seen.path)
        return self.wrong(seen) or self.answer(seen)

    def answer(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            if self.one_at_a_time:
                self.ends = dict.fromkeys(self.ends, self.clock.monotonic() - 1)
            value = self.token(1 if self.always_the_same else len(self.ends) + 1)
            self.ends[value] = self.clock.monotonic() + self.seconds
            return as_json({"access_token": value, "token_type": "Bearer", "expires_in": self.seconds})
        if seen.path == "/.well-known/openid-configuration" and self.published:
            origin = f"http://{seen.headers['host']}"
            return as_json({"token_endpoint": f"{origin}/token", "revocation_endpoint": f"{origin}/revoke"})
        if seen.path == "/revoke":
            assert seen.headers["authorization"].startswith("Basic ")
            for value in self.ends if self.ends_all else [seen.form["token"]]:
                self.ends[value] = self.clock.monotonic() - 1
            return Answer(200)
        known = self.ends.get(seen.headers.get("authorization", "").removeprefix("Bearer "))
        alive = known is not None and (self.deaf or self.clock.monotonic() < known + self.leeway)
        return as_json([{"id": "W-1"}]) if alive else as_json({"code": "no"}, self.refuses_with)


def looked(check: str, service: Service) -> Finding:
    return only(looked_at(check, service, DOCUMENT, credentials=client, clock=service.clock, seconds=600))


# -- run out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "verdict"),
    [
        (Service(), Verdict.MET),
        (Service(refuses_with=403), Verdict.MET),
        (Service(leeway=60), Verdict.MET),
        (Service(deaf=True), Verdict.NOT_MET),
        (Service(refuses_with=503), Verdict.UNKNOWN),
        (Service(refuses_with=200), Verdict.PARTIAL),
        (Service(seconds=900), Verdict.NOT_APPLICABLE),
        (Service(seconds=0), Verdict.NOT_APPLICABLE),
    ],
    ids=[
        "at once",
        "with 403",
        "a minute late",
        "never",
        "busy",
        "under a status of success",
        "too long to wait for",
        "no life",
    ],
)
def test_a_short_life_is_waited_out(service: Service, verdict: Verdict) -> None:
    assert looked("auth.expired-token-refused", service).verdict is verdict


def test_a_list_that_does_not_look_at_the_end_of_a_token_is_found() -> None:
    service = Service(seconds=40)
    service.wrong = lambda seen: as_json([{"id": "A-1"}]) if seen.path.endswith("/assets") else None

    assert looked("auth.expired-token-refused", service).verdict is Verdict.NOT_MET


def test_a_run_that_may_take_little_time_does_not_wait() -> None:
    service = Service(seconds=40)

    finding = only(looked_at("auth.expired-token-refused", service, DOCUMENT, credentials=client, seconds=300))

    assert finding.verdict is Verdict.NOT_APPLICABLE


# -- withdrawn ------------------------------------------------------------------------------------------------


def at_revocation(status: int) -> Callable[[Seen], Answer | None]:
    return lambda seen: as_json({"error": "unsupported_token_type"}, status) if seen.path == "/revoke" else None


def short_jwt(number: int) -> str:
    return jwt(jti=str(number))


@pytest.mark.parametrize(
    ("service", "verdict"),
    [
        (Service(seconds=900), Verdict.MET),
        (Service(seconds=900, refuses_with=200), Verdict.PARTIAL),
        (Service(seconds=900, deaf=True), Verdict.NOT_MET),
        (Service(seconds=900, deaf=True, token=short_jwt), Verdict.PARTIAL),
        (Service(seconds=86_400, deaf=True, token=short_jwt), Verdict.NOT_MET),
        (Service(seconds=900, ends_all=True), Verdict.PARTIAL),
        (Service(seconds=900, published=False), Verdict.NOT_APPLICABLE),
        (Service(seconds=900, wrong=at_revocation(400)), Verdict.PARTIAL),
        (Service(seconds=900, wrong=at_revocation(503)), Verdict.UNKNOWN),
    ],
    ids=[
        "at once",
        "under a status of success",
        "never",
        "short-lived",
        "long-lived",
        "all at once",
        "no way",
        "refused",
        "busy",
    ],
)
def test_a_token_of_our_own_is_withdrawn(service: Service, verdict: Verdict) -> None:
    assert looked("auth.revoked-token-refused", service).verdict is verdict


def test_the_only_token_of_a_client_is_not_withdrawn() -> None:
    service = Service(seconds=900, always_the_same=True)

    finding = looked("auth.revoked-token-refused", service)

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)
    assert "/revoke" not in service.asked


@pytest.mark.parametrize("check", ["auth.revoked-token-refused", "auth.expired-token-refused"])
def test_where_only_one_token_of_a_client_works_at_a_time_no_blame_falls_on_what_was_tried(check: str) -> None:
    finding = looked(check, Service(seconds=40, one_at_a_time=True))

    assert finding.verdict in (Verdict.UNKNOWN, Verdict.MET)
    assert finding.verdict is Verdict.MET or finding.reason is Reason.NOT_PERMITTED


def test_a_revocation_elsewhere_is_not_asked_for() -> None:
    service = Service(seconds=900)
    elsewhere = {"token_endpoint": "x", "revocation_endpoint": "https://elsewhere.example/revoke"}
    service.wrong = lambda seen: as_json(elsewhere) if seen.path.startswith("/.well-known/") else None

    finding = looked("auth.revoked-token-refused", service)

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


@pytest.mark.parametrize("check", ["auth.revoked-token-refused", "auth.expired-token-refused"])
def test_where_main_is_a_key_there_is_no_token_to_end(check: str) -> None:
    assert only(looked_at(check, Small())).verdict is Verdict.NOT_APPLICABLE


# -- changed by a letter --------------------------------------------------------------------------------------


def unverified(seen: Seen) -> Answer:
    """Lets in every token with the right claims, whatever its signature."""
    shown = seen.headers.get("authorization", "").removeprefix("Bearer ")
    return as_json([{"id": "W-1"}]) if shown.startswith(jwt(sub="plant").rpartition(".")[0]) else refusal()


def as_bearer(_: str) -> dict[str, Credential]:
    return {"main": bearer(jwt(sub="plant"))}


def test_a_token_whose_signature_nobody_verifies_is_caught() -> None:
    findings = looked_at("auth.refuses-tampered", unverified, credentials=as_bearer)

    assert {each.subject for each in findings} == {"work_orders", "assets"}
    assert all(flags(each) == {"anonymous-access": True} for each in findings)


def decoded(part: str) -> str:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


@pytest.mark.parametrize(
    ("lets_in", "what"),
    [
        (lambda shown: shown.endswith("."), "its signature was cut off"),
        (lambda shown: "none" in decoded(shown.split(".")[0]), "it was made to say that it is not signed"),
        (lambda shown: "changed" in decoded(shown.split(".")[1]), "its contents were changed"),
    ],
    ids=["no signature", "alg none", "other contents"],
)
def test_each_way_to_change_a_signed_token_is_tried(lets_in: Callable[[str], bool], what: str) -> None:
    token = jwt(sub="plant")

    def vendor(seen: Seen) -> Answer:
        shown = seen.headers.get("authorization", "").removeprefix("Bearer ")
        return as_json([{"id": "W-1"}]) if shown == token or (shown and lets_in(shown)) else refusal()

    findings = looked_at("auth.refuses-tampered", vendor, credentials=as_bearer)

    assert {each.subject for each in findings} == {"work_orders", "assets"}
    assert all(what in each.detail for each in findings)


def test_a_key_of_which_only_the_beginning_is_compared_is_caught() -> None:
    def careless(seen: Seen) -> Answer | None:
        is_like = seen.headers.get("x-api-key", "")[:4] == KEY[:4]
        return as_json([{"id": "W-1"}]) if is_like else None

    findings = looked_at("auth.refuses-tampered", Small(wrong=careless))

    assert all(each.verdict is Verdict.NOT_MET for each in findings)


@pytest.mark.parametrize("status", [401, 403])
def test_a_changed_credential_is_refused(status: int) -> None:
    sent: list[str] = []

    def watch(seen: Seen) -> Answer | None:
        sent.append(seen.headers.get("x-api-key", ""))
        return as_json({"code": "no"}, status) if sent[-1] != KEY else None

    finding = only(looked_at("auth.refuses-tampered", Small(wrong=watch)))

    changed = {each for each in sent if each != KEY}
    assert finding.verdict is Verdict.MET
    assert sorted(len(each) - len(KEY) for each in changed) == [-5, 0]


def test_a_system_that_reads_a_key_to_its_own_end_only_is_no_hole() -> None:
    finding = only(
        looked_at(
            "auth.refuses-tampered",
            Small(
                wrong=lambda seen: (
                    None if KEY not in seen.headers.get("x-api-key", "") else as_json([{"id": "W-0", "status": "open"}])
                )
            ),
        )
    )

    assert finding.verdict is Verdict.MET


@pytest.mark.parametrize("dressed", ["cGxhbnQ6cGFzc3dvcmQtMQ==", "Basic cGxhbnQ6cGFzc3dvcmQtMQ==", "basic nonsense"])
def test_a_password_in_the_dress_of_a_key_is_never_changed(dressed: str) -> None:
    asked: list[Seen] = []

    def vendor(seen: Seen) -> Answer:
        asked.append(seen)
        return refusal()

    finding = only(looked_at("auth.refuses-tampered", vendor, credentials=lambda _: {"main": api_key(dressed)}))

    assert (finding.verdict, finding.reason, asked) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED, [])


def test_a_password_is_never_changed() -> None:
    asked: list[Seen] = []
    credentials: dict[str, Credential] = {"main": basic("plant-user", "plant-password-1")}

    def vendor(seen: Seen) -> Answer:
        asked.append(seen)
        return refusal()

    finding = only(looked_at("auth.refuses-tampered", vendor, credentials=lambda _: credentials))

    assert (finding.verdict, asked) == (Verdict.NOT_APPLICABLE, [])


# -- what comes with a token ----------------------------------------------------------------------------------


def token_answer(headers: Mapping[str, str] = MappingProxyType({}), **members: Any) -> Finding:
    given = {"access_token": "t0ken-of-the-plant-1", "expires_in": 900, **members}

    def vendor(seen: Seen) -> Answer:
        return as_json(given, 200, **headers) if seen.path == "/token" else as_json([{"id": "W-1"}])

    return only(looked_at("auth.token-answer", vendor, DOCUMENT, credentials=client))


@pytest.mark.parametrize("caching", ["no-store", "private, max-age=60", "max-age=0", "max-age=600, no-cache"])
def test_a_token_that_comes_with_its_kind_and_is_not_kept_is_met(caching: str) -> None:
    assert token_answer({"Cache_Control": caching}, token_type="bearer").verdict is Verdict.MET


def test_nothing_said_about_keeping_a_token_is_only_mentioned() -> None:
    finding = token_answer(token_type="Bearer")

    assert (finding.verdict, "no-store" in finding.detail) == (Verdict.MET, True)


@pytest.mark.parametrize("caching", ["public", "max-age=600", "public, max-age=0", "s-maxage = 30"])
def test_a_token_that_may_be_kept_on_the_way_is_a_limitation(caching: str) -> None:
    assert token_answer({"Cache_Control": caching}, token_type="Bearer").verdict is Verdict.PARTIAL


def test_a_token_without_a_kind_is_a_limitation() -> None:
    finding = token_answer({"Cache_Control": "no-store"})

    assert (finding.verdict, "token_type" in finding.summary) == (Verdict.PARTIAL, True)


def test_where_no_token_is_given_nothing_came_with_it() -> None:
    refused = Small(wrong=lambda seen: as_json({"error": "invalid_client"}, 401))

    for vendor, credentials in ((Small(), lambda _: {}), (refused, client)):
        finding = only(looked_at("auth.token-answer", vendor, DOCUMENT, credentials=credentials))
        assert finding.verdict is Verdict.NOT_APPLICABLE


# -- made-up ones, in turn ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", ["Bearer", "Unheard-of"])
def test_an_empty_credential_and_one_of_an_unknown_method_are_tried_too(shown: str) -> None:
    def lax(seen: Seen) -> Answer | None:
        given = seen.headers.get("authorization", "")
        is_it = given == shown or (given.startswith(f"{shown} ") and shown != "Bearer")
        return as_json([{"id": "W-1"}]) if is_it else None

    findings = looked_at("auth.refuses-garbage", Small(wrong=lax))

    assert {each.subject for each in findings} == {"work_orders", "assets"}
