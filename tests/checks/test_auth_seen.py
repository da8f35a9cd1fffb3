"""The method that is seen working, where no document names one."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from cmms_audit.model import Finding, Verdict
from tests.checks.small import Json, Small, WithTokens, as_json, client, described, flags, looked_at, only, refusal
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY, api_key, basic, bearer

SILENT = described(schemes={}, security=[])
PAIR = "Basic " + base64.b64encode(b"plant:pass-0123456789").decode()


def opened_by(authorization: str) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        return as_json([{"id": "W-1"}]) if seen.headers.get("authorization") == authorization else refusal()

    return answer


def with_key_in_query(seen: Seen) -> Answer:
    return as_json([{"id": "W-1"}]) if dict(seen.query).get("api_key") == KEY else refusal()


def seen_with(kind: str, document: Json = SILENT) -> Finding:
    vendor, credentials = {
        "oauth2": (WithTokens({"plant-client": {"expires_in": 900}}), client),
        "basic": (opened_by(PAIR), lambda origin: {"main": basic("plant", "pass-0123456789")}),
        "key": (Small(), lambda origin: {"main": api_key()}),
        "key in query": (with_key_in_query, lambda origin: {"main": api_key(where="query", name="api_key")}),
        "bearer": (opened_by("Bearer t0ken-0123456789"), lambda origin: {"main": bearer("t0ken-0123456789")}),
    }[kind]
    return only(looked_at("auth.method-seen", vendor, document, credentials=credentials))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "verdict", "marks"),
    [
        ("oauth2", Verdict.MET, {"api-keys-only": False, "basic-auth-only": False}),
        ("basic", Verdict.NOT_MET, {"basic-auth-only": True, "api-keys-only": False}),
        ("key", Verdict.NOT_MET, {"api-keys-only": True, "basic-auth-only": False}),
        ("key in query", Verdict.NOT_MET, {"api-keys-only": True, "basic-auth-only": False}),
        ("bearer", Verdict.UNKNOWN, {}),
    ],
)
def test_the_only_method_that_is_seen_working_is_judged_where_none_is_documented(
    kind: str, verdict: Verdict, marks: dict[str, bool]
) -> None:
    finding = seen_with(kind)

    assert (finding.verdict, flags(finding)) == (verdict, marks)


def test_what_is_seen_leaves_the_word_to_the_document() -> None:
    finding = seen_with("key", described())

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_APPLICABLE, {})


def test_a_key_is_not_the_only_method_where_a_sign_in_service_offers_oauth() -> None:
    def publish(seen: Seen) -> Answer | None:
        origin = f"http://{seen.headers['host']}"
        service = {
            "issuer": origin,
            "token_endpoint": f"{origin}/token",
            "grant_types_supported": ["client_credentials"],
        }
        return as_json(service) if "/.well-known/" in seen.path else None

    finding = only(looked_at("auth.method-seen", Small(wrong=publish), SILENT))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_APPLICABLE, {})


def test_a_list_that_is_open_to_anyone_does_not_show_what_is_needed() -> None:
    finding = only(looked_at("auth.method-seen", lambda seen: as_json([{"id": "W-1"}]), SILENT))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})
