"""What a specification says of access beyond its security lists: text, extensions, logins, logs and expiry."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Claim, Reason, Verdict
from tests.checks.small import KEY_HEADER, OAUTH, RECORD, Json, described, flags, operation, read

BEARER = {"type": "http", "scheme": "bearer"}
AUTHORIZATION = {"type": "apiKey", "in": "header", "name": "Authorization"}


def test_tokens_of_a_login_that_says_nothing_of_their_end_leave_the_method_open() -> None:
    token = {"type": "object", "properties": {"token": {"type": "string"}}}
    login = {"/login": {"post": operation(token, security=[])}}

    finding = read("auth.offers-oauth", described(schemes={"bearer": BEARER}, paths=login))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})
    assert "POST /login" in finding.summary


@pytest.mark.parametrize(
    ("text", "verdict", "raised"),
    [
        ("A bearer token. Not an API key.", Verdict.UNKNOWN, None),
        ("OAuth 2.0 access token obtained from https://vendor.example/oauth/token."
         " You can also use a personal access token.", Verdict.UNKNOWN, None),
        ("`p_` for personal access tokens, `r_` for refresh tokens.", Verdict.UNKNOWN, None),
        ("A personal access token, which is a JWT.", Verdict.UNKNOWN, None),
        ("An API key that expires after a day.", Verdict.UNKNOWN, None),
        ("Personal access token. Tokens never expire.", Verdict.NOT_MET, True),
        ("Use an API key. OAuth 2.0 is not supported.", Verdict.NOT_MET, True),
        ("Your API key.", Verdict.NOT_MET, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", [BEARER, AUTHORIZATION])
def test_a_token_is_a_key_only_where_nothing_speaks_against_it(
    scheme: Json, text: str, verdict: Verdict, raised: bool | None
) -> None:
    finding = read("auth.offers-oauth", described(schemes={"token": {**scheme, "description": text}}))

    assert (finding.verdict, flags(finding).get("api-keys-only")) == (verdict, raised)


def test_oauth_that_only_the_text_speaks_of_is_quoted() -> None:
    finding = read("auth.offers-oauth", described(schemes={"token": {**BEARER, "description": "An OAuth token."}}))

    assert "OAuth 2.0" in finding.summary
    assert "An OAuth token." in finding.detail


@pytest.mark.parametrize("path", ["/auth/login", "/users/tokens/provision"])
@pytest.mark.parametrize("scheme", [BEARER, AUTHORIZATION])
def test_a_token_that_is_fetched_and_runs_out_is_none_the_less_so_as_a_header(scheme: Json, path: str) -> None:
    described_token = {**scheme, "description": 'Token-based, prefix "Token"'}

    sure = read("auth.offers-oauth", described(schemes={"token": described_token}, paths={path: issuing()}))
    perhaps = read(
        "auth.offers-oauth", described(schemes={"token": described_token}, paths={path: issuing(nullable=True)})
    )

    assert (sure.verdict, flags(sure).get("api-keys-only")) == (Verdict.PARTIAL, False)
    assert (perhaps.verdict, flags(perhaps)) == (Verdict.UNKNOWN, {})
    assert "need not" in perhaps.summary


def issuing(**expiry: Any) -> Json:
    """A call that hands out a token."""
    fields = {"token": {"type": "string"}, "expires": {"type": "string", **expiry}}
    return {"post": operation({"type": "object", "properties": fields}, security=[])}


def test_a_token_for_a_device_is_no_login() -> None:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {"/devices/{id}/token": {**issuing(), "parameters": [one]}}

    assert read("auth.offers-oauth", described(schemes={"bearer": BEARER}, paths=paths)).verdict is Verdict.UNKNOWN


def test_a_key_that_can_be_given_an_end_is_not_said_to_last_for_ever() -> None:
    body = {"type": "object", "properties": {"expires_at": {"type": "string"}}}

    finding = read("auth.offers-oauth", described(paths={"/api-keys": {"post": operation(RECORD, body=body)}}))

    assert flags(finding)["api-keys-only"]
    assert "does not run out" not in finding.summary
    assert "expires_at" in finding.summary


def test_a_header_among_the_parameters_is_named_where_no_method_is_declared() -> None:
    document = described(schemes={}, security=[])
    document["paths"]["/assets"]["get"]["parameters"] = [{"name": "X-Api-Key", "in": "header", "schema": {}}]

    finding = read("auth.offers-oauth", document)

    assert finding.verdict is Verdict.UNKNOWN
    assert "X-Api-Key" in finding.summary


def test_a_sentence_on_keys_is_quoted_where_no_method_is_declared() -> None:
    finding = read("auth.offers-oauth", described(schemes={}, security=[], text="Send your API key with each call."))

    assert finding.verdict is Verdict.UNKNOWN
    assert "Send your API key" in finding.detail


def test_open_operations_are_counted_by_resource() -> None:
    document = described(paths={"/news": {"get": operation(RECORD, security=[])}})
    document["paths"]["/assets"]["get"]["security"] = []

    finding = read("auth.operations-protected", document)

    assert finding.verdict is Verdict.NOT_MET
    assert finding.summary.index("/assets") < finding.summary.index("/news")
    assert finding.detail == "Open operations by resource: assets 1, others 1."


# -- permissions ----------------------------------------------------------------------------------------------


def with_each(**members: Any) -> Json:
    document = described()
    for path, item in document["paths"].items():
        for method, each in item.items():
            kind, way = path.split("/")[1], "read" if method == "get" else "write"
            each |= {name: value(f"{kind}:{way}") for name, value in members.items()}
    return document


def test_permissions_in_extensions_count_like_those_in_security_lists() -> None:
    finding = read("auth.scopes-declared", with_each(**{"x-required-scopes": lambda scope: [scope]}))

    assert finding.verdict is Verdict.MET
    assert "work-orders:write: 0 reading, 1 writing" in finding.detail


def test_permissions_in_sentences_are_a_limitation_and_listed() -> None:
    finding = read("auth.scopes-declared", with_each(description=lambda scope: f"Needs the `{scope}` scope."))

    assert finding.verdict is Verdict.PARTIAL
    assert "only in their text" in finding.summary
    assert "assets:read: 2 reading, 0 writing" in finding.detail


def test_a_stray_word_on_roles_is_no_permission_matrix() -> None:
    roles = {"/roles": {"get": operation(RECORD, description="Lists the `admin` role and all others.")}}

    assert read("auth.scopes-declared", described(paths=roles)).verdict is Verdict.UNKNOWN


# -- audit log ------------------------------------------------------------------------------------------------


def log(entry: Json) -> Json:
    return described(paths={"/audit-log": {"get": operation({"type": "array", "items": entry})}})


def test_a_log_with_time_caller_and_content_still_has_to_be_seen() -> None:
    entry = {"type": "object", "properties": {"occurred_at": {}, "user": {}, "payload": {}}}

    finding = read("auth.audit-log-offered", log(entry))

    assert finding.verdict is Verdict.PARTIAL
    assert "do not show" not in finding.summary


def test_a_log_without_described_entries_says_so() -> None:
    assert "not described" in read("auth.audit-log-offered", log({"type": "object"})).summary


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("All API calls are written to the audit log in the administration area.", Verdict.PARTIAL),
        ("Every request is logged with its caller.", Verdict.PARTIAL),
        ("Comments provide an audit trail of what technicians told requesters.", Verdict.UNKNOWN),
        ("There is no audit log of API calls.", Verdict.NOT_MET),
        ("Audit logs are not available.", Verdict.NOT_MET),
        ("There is no audit log entry for reads of public pages.", Verdict.UNKNOWN),
        ("Audit logs are not available in the free plan.", Verdict.UNKNOWN),
    ],
)
def test_a_log_that_only_the_text_speaks_of_is_half_an_answer(text: str, verdict: Verdict) -> None:
    assert read("auth.audit-log-offered", described(text=text)).verdict is verdict


# -- rotation and expiry --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api-keys/{id}/rotate", "/users/{id}/regenerate-api-key"])
def test_a_call_that_renews_a_key_promises_no_overlap(path: str) -> None:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}

    finding = read("auth.rotation-documented", described(paths={path: {"post": operation(RECORD, parameters=[one])}}))

    assert finding.verdict is Verdict.PARTIAL
    assert path in finding.summary


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Access tokens expire after 60 minutes.", Verdict.MET),
        ("API keys are valid for 90 days.", Verdict.MET),
        ("An access token expires one hour after it was made.", Verdict.MET),
        ("API keys expire after 2 years.", Verdict.PARTIAL),
        ("Tokens expire.", Verdict.PARTIAL),
        ("API keys do not expire.", Verdict.NOT_MET),
        ("Work orders expire after 30 days.", Verdict.UNKNOWN),
        ("Download links and upload tokens expire after 5 minutes.", Verdict.UNKNOWN),
        ("Device tokens do not expire.", Verdict.UNKNOWN),
        ("Invitation tokens expire after 7 days.", Verdict.UNKNOWN),
        ("Password reset tokens expire after 1 hour.", Verdict.UNKNOWN),
        ("We take security seriously.", Verdict.UNKNOWN),
    ],
)
def test_the_end_of_a_credential_is_read_from_the_documents(text: str, verdict: Verdict) -> None:
    assert read("auth.expiry-documented", described(text=text)).verdict is verdict


ONE = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
SAID = "The token expires after 7 days. A token can be revoked at any time."


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/oauth/token", Verdict.MET),
        ("/users/{id}/api-keys", Verdict.MET),
        ("/cmms/v1/tokens", Verdict.MET),
        ("/assets/{id}/credentials", Verdict.UNKNOWN),
        ("/assets/tokens", Verdict.UNKNOWN),
        ("/auth/elsewhere/tokens", Verdict.UNKNOWN),
        ("/assets/{id}/kubeconfig", Verdict.UNKNOWN),
    ],
)
def test_only_operations_on_the_credentials_of_the_api_speak_for_them(path: str, verdict: Verdict) -> None:
    parameters = [ONE] if "{" in path else []
    document = described(paths={path: {"post": operation(RECORD, description=SAID, parameters=parameters)}})

    assert read("auth.expiry-documented", document).verdict is verdict
    assert read("auth.revocation-documented", document).verdict is verdict


def test_keys_of_another_product_are_not_those_of_the_api() -> None:
    keys = "/assets/{id}/api_keys"
    paths = {
        keys: {"post": operation(RECORD, body=RECORD, parameters=[ONE])},
        f"{keys}/{{key}}": {"delete": operation(RECORD, parameters=[ONE, {**ONE, "name": "key"}])},
        "/assets/{id}/revoke": {"post": operation(RECORD, parameters=[ONE])},
    }

    assert read("auth.revocation-documented", described(paths=paths)).verdict is Verdict.UNKNOWN
    assert read("auth.rotation-documented", described(paths=paths)).verdict is Verdict.UNKNOWN


def test_the_text_of_a_security_scheme_counts_too() -> None:
    scheme = {**KEY_HEADER, "description": "Keys expire after 90 days."}

    finding = read("auth.expiry-documented", described(schemes={"key": scheme}))

    assert finding.verdict is Verdict.MET
    assert finding.facts == {"credential_hours": 2160}


def test_a_key_that_is_made_with_an_end_is_half_an_answer() -> None:
    body = {"type": "object", "properties": {"expires_at": {"type": "string"}}}

    finding = read("auth.expiry-documented", described(paths={"/api-keys": {"post": operation(RECORD, body=body)}}))

    assert (finding.verdict, "expires_at" in finding.summary) == (Verdict.PARTIAL, True)


def test_silence_on_permissions_with_a_claim_stays_open() -> None:
    finding = read("auth.scopes-declared", described(), claim=Claim("auth.scopes", "yes"))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


def test_oauth_beside_basic_names_what_is_offered_besides() -> None:
    basic = {"type": "http", "scheme": "basic"}

    finding = read("auth.offers-oauth", described(schemes={"oauth": OAUTH, "basic": basic}))

    assert finding.verdict is Verdict.MET
    assert "user name and password" in finding.detail
