"""What the live system does about access: strangers, made-up credentials, and tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Reason, Verdict
from tests.checks.small import (
    BASIC,
    KEY_HEADER,
    KEY_QUERY,
    OAUTH,
    Json,
    Small,
    WithTokens,
    answered,
    as_json,
    client,
    described,
    flags,
    looked_at,
    only,
    refusal,
)
from tests.checks.toy import helper
from tests.support import subject_of
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY, basic

LOGIN_PAGE = Answer(200, '<html><form><input type="password"></form></html>', {"Content-Type": "text/html"})


def is_stranger(seen: Seen) -> bool:
    return seen.headers.get("x-api-key") != KEY


def to_strangers(answer: Answer) -> Callable[[Seen], Answer | None]:
    return lambda seen: answer if is_stranger(seen) else None


# -- strangers ------------------------------------------------------------------------------------------------


def test_a_vendor_that_refuses_strangers_is_met_and_clears_the_flag() -> None:
    finding = only(looked_at("auth.refuses-anonymous", Small()))

    assert finding.verdict is Verdict.MET
    assert flags(finding) == {"anonymous-access": False}


def test_each_list_that_strangers_can_read_is_a_finding_of_its_own() -> None:
    open_list = as_json([{"id": "W-1"}])
    both = looked_at("auth.refuses-anonymous", Small(wrong=to_strangers(open_list)))
    one = looked_at("auth.refuses-anonymous", Small(wrong=lambda seen: open_list if "assets" in seen.path else None))

    assert [finding.subject for finding in both] == ["work_orders", "assets"]
    assert [finding.subject for finding in one] == ["assets"]
    assert all(flags(finding) == {"anonymous-access": True} for finding in (*both, *one))
    assert len({finding.fingerprint for finding in both}) == 2


@pytest.mark.parametrize("status", [403, 404])
def test_another_refusal_than_401_is_a_habit_and_no_hole(status: int) -> None:
    finding = only(looked_at("auth.refuses-anonymous", Small(wrong=to_strangers(as_json({}, status)))))

    assert finding.verdict is Verdict.MET


@pytest.mark.parametrize(
    "answer",
    [
        LOGIN_PAGE,
        Answer(302, "", {"Location": "https://login.vendor.example/sso"}),
        as_json({"success": False, "error": "token is missing"}),
        as_json([]),
    ],
    ids=["login page", "redirect to a login", "error under 200", "empty list"],
)
def test_a_poor_refusal_is_a_limitation_and_no_hole(answer: Answer) -> None:
    finding = only(looked_at("auth.refuses-anonymous", Small(wrong=to_strangers(answer))))

    cleared = {"anonymous-access": False} if answer.status == 302 else {}
    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, cleared)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("check", ["auth.refuses-anonymous", "auth.refuses-garbage"])
def test_a_stranger_who_is_put_off_is_not_refused(check: str, status: int) -> None:
    busy = as_json({"code": "unauthorised"}, status)
    everywhere = only(looked_at(check, Small(wrong=to_strangers(busy))))
    on_assets = only(looked_at(check, Small(wrong=lambda seen: busy if "assets" in seen.path else None)))

    for finding in (everywhere, on_assets) if status >= 500 else (everywhere,):
        assert (finding.verdict, finding.reason, flags(finding)) == (Verdict.UNKNOWN, Reason.CONNECTIVITY, {})
        assert str(status) in finding.summary


@pytest.mark.parametrize("check", ["auth.refuses-anonymous", "auth.refuses-garbage"])
def test_a_vendor_who_counts_strangers_and_puts_the_later_ones_off_is_no_worse_for_it(check: str) -> None:
    counts = Small(wrong=lambda seen: as_json({}, 429) if "assets" in seen.path and is_stranger(seen) else None)
    finding = only(looked_at(check, counts))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, {})
    assert "429; assets" in finding.summary


def test_a_list_that_is_closed_to_everybody_does_not_keep_the_flag_open() -> None:
    missing = as_json({"code": "not-found"}, 404)
    finding = only(
        looked_at("auth.refuses-anonymous", Small(wrong=lambda seen: missing if "assets" in seen.path else None))
    )

    assert (finding.verdict, flags(finding)) == (Verdict.MET, {"anonymous-access": False})


def test_a_connection_that_is_dropped_is_kept_as_no_refusal() -> None:
    ctx = SimpleNamespace(resources=subject_of(described()).resources)

    async def ask(path: str) -> Exchange:
        if "assets" in path:
            raise CouldNotLook(Reason.CONNECTIVITY, "the connection was dropped", answered(path, 0))
        return answered(path, 401)

    strangers = helper("auth", "_strangers")
    answers = asyncio.run(strangers.ask_lists(ctx, ask))
    finding = strangers.judge(answers, "a caller without a credential")

    assert (finding.verdict, strangers.all_refused(answers)) == (Verdict.UNKNOWN, False)


def test_one_list_that_answers_strangers_unclearly_keeps_the_flag_open() -> None:
    unclear = Small(wrong=lambda seen: as_json({"hello": "world"}) if "assets" in seen.path else None)
    finding = only(looked_at("auth.refuses-anonymous", unclear))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, {})


@pytest.mark.parametrize("answer", [as_json([]), as_json({}, 500), as_json({"hello": "world"})])
def test_an_answer_that_tells_nothing_settles_nothing(answer: Answer) -> None:
    finding = only(looked_at("auth.refuses-anonymous", Small(records=0, wrong=to_strangers(answer))))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})


def test_a_vendor_that_accepts_any_token_is_caught() -> None:
    def lax(seen: Seen) -> Answer | None:
        return as_json([{"id": "W-1"}]) if seen.headers.get("authorization", "").startswith("Bearer ey") else None

    findings = looked_at("auth.refuses-garbage", Small(wrong=lax))

    assert {finding.subject for finding in findings} == {"work_orders", "assets"}
    assert all(flags(finding) == {"anonymous-access": True} for finding in findings)


def test_a_refused_made_up_credential_says_nothing_of_callers_without_one() -> None:
    finding = only(looked_at("auth.refuses-garbage", Small()))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, {})


def test_made_up_credentials_come_in_the_vendors_own_form() -> None:
    keys: list[str] = []

    def watch(seen: Seen) -> None:
        keys.append(seen.headers.get("x-api-key", ""))

    looked_at("auth.refuses-garbage", Small(wrong=watch))

    assert any(keys)
    assert KEY not in keys


# -- methods --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "verdict"),
    [
        ({"expires_in": 900}, Verdict.MET),
        ({"expires_in": 24 * 3600}, Verdict.MET),
        ({"expires_in": 30 * 24 * 3600}, Verdict.PARTIAL),
        ({}, Verdict.PARTIAL),
        ({"expires_in": -1}, Verdict.PARTIAL),
    ],
)
def test_a_token_has_to_run_out_within_a_day(members: Json, verdict: Verdict) -> None:
    vendor = WithTokens({"plant-client": members})

    finding = only(looked_at("auth.token-works", vendor, described(schemes={"oauth": OAUTH}), credentials=client))

    assert finding.verdict is verdict
    assert flags(finding) == {"api-keys-only": False, "basic-auth-only": False}


def test_a_working_token_does_not_make_up_for_writing_without_oauth() -> None:
    document = described(schemes={"oauth": OAUTH, "key": KEY_HEADER})
    for path in ("/work-orders", "/assets"):
        document["paths"][path]["post"]["security"] = [{"key": []}]

    finding = only(
        looked_at("auth.token-works", WithTokens({"plant-client": {"expires_in": 900}}), document, credentials=client)
    )

    assert finding.verdict is Verdict.NOT_MET


def test_where_main_is_a_key_no_token_is_fetched() -> None:
    assert only(looked_at("auth.token-works", Small())).verdict is Verdict.NOT_APPLICABLE


def test_oauth_that_only_the_sign_in_service_names_is_half_an_answer() -> None:
    published = {"issuer": "x", "token_endpoint": "x/token", "grant_types_supported": ["client_credentials"]}

    def service(seen: Seen) -> Answer | None:
        return as_json(published) if seen.path == "/.well-known/openid-configuration" else None

    found = only(looked_at("auth.oauth-discovered", Small(wrong=service)))

    assert (found.verdict, flags(found)["api-keys-only"]) == (Verdict.PARTIAL, False)
    assert only(looked_at("auth.oauth-discovered", Small())).verdict is Verdict.NOT_APPLICABLE


def test_a_system_that_asks_for_a_password_takes_one() -> None:
    asks = Small(wrong=to_strangers(refusal('Basic realm="small"')))

    assert only(looked_at("auth.no-basic", asks)).verdict is Verdict.PARTIAL
    assert only(looked_at("auth.no-basic", Small())).verdict is Verdict.MET


def test_a_made_up_password_that_is_looked_at_betrays_a_quiet_door() -> None:
    def examines(seen: Seen) -> Answer | None:
        is_basic = seen.headers.get("authorization", "").startswith("Basic ")
        return as_json({"code": "wrong-password"}, 401) if is_basic else None

    assert only(looked_at("auth.no-basic", Small(wrong=examines))).verdict is Verdict.PARTIAL


@pytest.mark.parametrize("check", ["auth.no-basic", "auth.query-key-ignored"])
def test_a_refusal_that_repeats_what_was_sent_or_is_new_every_time_looks_at_nothing(check: str) -> None:
    count = iter(range(10**11, 10**12))

    def refuses(seen: Seen) -> Answer | None:
        if not is_stranger(seen):
            return None
        method = seen.headers.get("authorization", "nobody").split()[0]
        words = f"the method {method} is not known here (incident {next(count)})"
        return as_json({"error": words}, 401, WWW_Authenticate=f'Digest realm="small", nonce="{next(count)}"')

    assert only(looked_at(check, Small(wrong=refuses))).verdict is Verdict.MET


def test_a_password_that_works_is_a_fault_where_it_is_the_only_way() -> None:
    def vendor(seen: Seen) -> Answer:
        return as_json([{"id": "W-1"}]) if seen.headers.get("authorization") else refusal()

    document = described(schemes={"basic": BASIC})
    pair = {"main": basic("plant-user", "plant-password-1")}

    assert only(looked_at("auth.no-basic", vendor, document, credentials=lambda _: pair)).verdict is Verdict.NOT_MET


def test_a_key_in_the_address_is_noticed_or_not() -> None:
    def examines(seen: Seen) -> Answer | None:
        return as_json({"code": "unknown-key"}, 401) if ("api_key" in dict(seen.query)) else None

    noticed = only(looked_at("auth.query-key-ignored", Small(wrong=examines)))

    assert noticed.verdict is Verdict.PARTIAL
    assert "api_key" in noticed.summary
    assert only(looked_at("auth.query-key-ignored", Small())).verdict is Verdict.MET


def test_a_key_that_may_travel_in_the_address_as_documented_stays_a_limitation() -> None:
    document = described(schemes={"key": KEY_HEADER, "query": KEY_QUERY})

    assert only(looked_at("auth.query-key-ignored", Small(), document)).verdict is Verdict.PARTIAL


@pytest.mark.parametrize("check", ["auth.no-basic", "auth.query-key-ignored"])
def test_where_strangers_are_let_in_anyway_other_doors_cannot_be_told_apart(check: str) -> None:
    is_open = Small(wrong=to_strangers(as_json([{"id": "W-1"}])))

    assert only(looked_at(check, is_open)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("check", ["auth.no-basic", "auth.query-key-ignored"])
def test_a_vendor_that_hides_from_strangers_is_judged_like_one_that_refuses(check: str) -> None:
    hides = Small(wrong=to_strangers(as_json({"code": "not-found"}, 404)))

    assert only(looked_at(check, hides)).verdict is Verdict.MET


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("check", ["auth.no-basic", "auth.query-key-ignored"])
def test_a_busy_vendor_has_not_refused_a_made_up_credential(check: str, status: int) -> None:
    always = only(looked_at(check, Small(wrong=to_strangers(as_json({}, status)))))

    assert (always.verdict, always.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)


def test_a_vendor_that_is_busy_when_keys_come_in_the_address_has_not_ignored_them() -> None:
    busy = Small(wrong=lambda seen: as_json({}, 429) if "key" in dict(seen.query) else None)

    assert only(looked_at("auth.query-key-ignored", busy)).verdict is Verdict.UNKNOWN


def test_a_complaint_that_is_no_refusal_of_strangers_settles_nothing() -> None:
    puzzled = Small(wrong=to_strangers(as_json({"message": "what?"}, 400)))

    assert only(looked_at("auth.no-basic", puzzled)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [429, 503])
def test_a_token_address_that_is_busy_has_not_refused_the_credential(status: int) -> None:
    vendor = Small(wrong=lambda seen: as_json({}, status) if seen.path == "/token" else None)
    finding = only(looked_at("auth.token-works", vendor, described(schemes={"oauth": OAUTH}), credentials=client))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)
