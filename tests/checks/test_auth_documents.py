"""What a specification says of access: methods, scopes, audit log, rotation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cmms_audit.model import Basis, Claim, Reason, Verdict
from cmms_audit.spec.load import NotASpec
from tests.checks.small import BASIC, KEY_HEADER, KEY_QUERY, OAUTH, RECORD, described, flags, operation, read
from tests.support import judged

KEYS_ONLY = {"api-keys-only": True, "basic-auth-only": False}
BEARER_AS_KEY = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer token"}
BEARER = {"type": "http", "scheme": "bearer"}
PASSWORD_ONLY = {"type": "oauth2", "flows": {"password": {"tokenUrl": "https://vendor.example/token", "scopes": {}}}}
NO_SCOPES = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://vendor.example/t", "scopes": {}}}}
LOGIN = {"/login": {"post": operation({"type": "object", "properties": {"token": {}, "expires_in": {}}}, security=[])}}


@pytest.mark.parametrize(
    ("schemes", "verdict", "marks"),
    [
        ({"oauth": OAUTH}, Verdict.MET, {"api-keys-only": False, "basic-auth-only": False}),
        ({"oauth": OAUTH, "key": KEY_HEADER}, Verdict.MET, {"api-keys-only": False, "basic-auth-only": False}),
        ({"oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://vendor.example/o"}}, Verdict.MET, None),
        ({"oauth": PASSWORD_ONLY}, Verdict.PARTIAL, {"api-keys-only": False, "basic-auth-only": False}),
        ({"key": KEY_HEADER}, Verdict.NOT_MET, KEYS_ONLY),
        ({"key": KEY_HEADER, "basic": BASIC}, Verdict.NOT_MET, KEYS_ONLY),
        ({"basic": BASIC}, Verdict.NOT_MET, {"api-keys-only": False, "basic-auth-only": True}),
        ({"bearer": BEARER}, Verdict.UNKNOWN, {}),
        ({"bearer": BEARER | {"description": "Your API key."}}, Verdict.NOT_MET, KEYS_ONLY),
        ({"bearer": BEARER_AS_KEY}, Verdict.UNKNOWN, {}),
        ({"cookie": {"type": "apiKey", "in": "cookie", "name": "sid"}}, Verdict.NOT_MET, {}),
        ({}, Verdict.UNKNOWN, {}),
    ],
)  # fmt: skip
def test_the_offered_methods_decide_whether_writing_is_safe(
    schemes: dict[str, Any], verdict: Verdict, marks: dict[str, bool] | None
) -> None:
    finding = read("auth.offers-oauth", described(schemes=schemes))

    assert finding.verdict is verdict
    assert marks is None or flags(finding) == marks


def test_a_bearer_token_that_is_fetched_and_runs_out_is_something_like_oauth() -> None:
    finding = read("auth.offers-oauth", described(schemes={"bearer": BEARER}, paths=LOGIN))

    assert finding.verdict is Verdict.PARTIAL
    assert flags(finding)["api-keys-only"] is False


def test_oauth_that_no_operation_accepts_settles_nothing() -> None:
    finding = read("auth.offers-oauth", described(schemes={"oauth": OAUTH, "key": KEY_HEADER}, security=[{"key": []}]))

    assert (finding.verdict, flags(finding)) == (Verdict.UNKNOWN, {})


def test_oauth_that_only_reads_is_not_enough() -> None:
    document = described(schemes={"oauth": OAUTH, "key": KEY_HEADER})
    for path in ("/work-orders", "/assets"):
        document["paths"][path]["post"]["security"] = [{"key": []}]

    assert read("auth.offers-oauth", document).verdict is Verdict.NOT_MET


def test_without_a_specification_nothing_is_known_of_methods() -> None:
    (finding,) = judged("auth.offers-oauth", NotASpec("login-page", "it is a login page"))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


@pytest.mark.parametrize(
    ("schemes", "verdict"),
    [
        ({"oauth": OAUTH}, Verdict.MET),
        ({"oauth": OAUTH, "basic": BASIC}, Verdict.PARTIAL),
        ({"basic": BASIC}, Verdict.NOT_MET),
        ({}, Verdict.UNKNOWN),
    ],
)
def test_a_documented_password_counts_against_the_vendor(schemes: dict[str, Any], verdict: Verdict) -> None:
    assert read("auth.basic-not-documented", described(schemes=schemes)).verdict is verdict


@pytest.mark.parametrize(
    ("schemes", "verdict", "raised"),
    [
        ({"key": KEY_HEADER}, Verdict.MET, False),
        ({"key": KEY_HEADER, "query": KEY_QUERY}, Verdict.PARTIAL, False),
        ({"query": KEY_QUERY}, Verdict.NOT_MET, True),
        ({"query": KEY_QUERY, "oauth": OAUTH}, Verdict.NOT_MET, False),
    ],
)
def test_a_key_that_travels_only_in_addresses_is_a_fault(
    schemes: dict[str, Any], verdict: Verdict, raised: bool
) -> None:
    finding = read("auth.no-key-in-query", described(schemes=schemes))

    assert finding.verdict is verdict
    assert flags(finding).get("api-keys-only", False) is raised


def test_an_operation_on_records_that_is_described_as_open_is_a_fault() -> None:
    document = described()
    document["paths"]["/work-orders"]["get"]["security"] = []

    finding = read("auth.operations-protected", document)

    assert finding.verdict is Verdict.NOT_MET
    assert "GET /work-orders" in finding.summary


def test_a_health_check_and_a_login_may_be_open() -> None:
    document = described(paths={"/health": {"get": operation(RECORD, security=[])}, **LOGIN})

    assert read("auth.operations-protected", document).verdict is Verdict.MET


def test_a_document_that_protects_nothing_says_nothing() -> None:
    assert read("auth.operations-protected", described(security=[])).verdict is Verdict.UNKNOWN


def scoped(reading: str, writing: str, others: str = "assets") -> dict[str, Any]:
    """A document whose work orders need these scopes, and whose assets need scopes of another name."""
    document = described(schemes={"oauth": OAUTH})
    for path, (read_scope, write_scope) in {
        "/work-orders": (reading, writing),
        "/assets": (f"{others}:read", f"{others}:write"),
    }.items():
        document["paths"][path]["get"]["security"] = [{"oauth": [read_scope]}]
        document["paths"][path + "/{id}"]["get"]["security"] = [{"oauth": [read_scope]}]
        document["paths"][path]["post"]["security"] = [{"oauth": [write_scope]}]
    return document


def test_a_permission_matrix_that_parts_reading_from_writing_is_enough() -> None:
    finding = read("auth.scopes-declared", scoped("wo:read", "wo:write"))

    assert finding.verdict is Verdict.MET
    assert "wo:write: 0 reading, 1 writing" in finding.detail


def test_permissions_of_keys_are_told_from_those_of_oauth() -> None:
    of_oauth = scoped("wo:read", "wo:write")
    of_keys = json.loads(json.dumps(of_oauth).replace('"oauth": [', '"key": ['))
    of_keys["components"]["securitySchemes"] = {"key": KEY_HEADER}

    found = [read("auth.scopes-declared", each) for each in (of_oauth, of_keys)]

    assert [each.verdict for each in found] == [Verdict.MET, Verdict.MET]
    assert ["permissions of keys" in each.detail for each in found] == [False, True]


def test_scopes_that_do_not_part_reading_from_writing_are_a_limitation() -> None:
    document = scoped("wo", "wo")
    document["paths"]["/assets"]["get"]["security"] = [{"oauth": ["assets:write"]}]

    assert read("auth.scopes-declared", document).verdict is Verdict.PARTIAL


def test_two_permissions_for_everything_are_a_limitation() -> None:
    document = scoped("read", "write")
    for path, method, scope in (
        ("/assets", "get", "read"),
        ("/assets/{id}", "get", "read"),
        ("/assets", "post", "write"),
    ):
        document["paths"][path][method]["security"] = [{"oauth": [scope]}]

    assert read("auth.scopes-declared", document).verdict is Verdict.PARTIAL


def test_scopes_that_no_operation_names_are_a_limitation() -> None:
    assert read("auth.scopes-declared", described(schemes={"oauth": OAUTH})).verdict is Verdict.PARTIAL


def test_oauth_without_a_single_scope_is_a_fault_unless_the_vendor_claims_otherwise() -> None:
    document = described(schemes={"oauth": NO_SCOPES})

    assert read("auth.scopes-declared", document).verdict is Verdict.NOT_MET
    assert read("auth.scopes-declared", document, claim=Claim("auth.scopes", "yes")).verdict is Verdict.UNKNOWN


def test_silence_on_the_permissions_of_keys_is_an_open_question() -> None:
    finding = read("auth.scopes-declared", described())

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


def test_permissions_named_in_text_only_are_a_limitation() -> None:
    document = described()
    for item in document["paths"].values():
        for each in item.values():
            each["description"] = "To call this, your key must have the role *Planner*."

    assert read("auth.scopes-declared", document).verdict is Verdict.PARTIAL


def test_a_documented_log_is_half_an_answer_and_a_missing_one_an_open_question() -> None:
    entry = {"type": "object", "properties": {"occurred_at": {}, "user": {}, "action": {}}}
    log = {"/audit-log": {"get": operation({"type": "array", "items": entry})}}

    found = read("auth.audit-log-offered", described(paths=log))

    assert (found.verdict, found.basis) == (Verdict.PARTIAL, Basis.DOCUMENTED)
    assert "what was sent" in found.summary
    assert read("auth.audit-log-offered", described()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A new key can be issued at any time. Both work for 48 hours.", Verdict.MET),
        ("The old API key stops working 24 hours after generating a new one.", Verdict.MET),
        ("When a key is rotated there is an overlap.", Verdict.PARTIAL),
        ("Rotating an API key immediately invalidates the old key.", Verdict.NOT_MET),
        ("Keys: the old key stops working at once.", Verdict.NOT_MET),
        ("Orders that overlap are shown side by side for 3 days.", Verdict.UNKNOWN),
        ("We take security seriously.", Verdict.UNKNOWN),
    ],
)
def test_rotation_is_judged_by_what_the_documents_say(text: str, verdict: Verdict) -> None:
    assert read("auth.rotation-documented", described(text=text)).verdict is verdict


def test_a_claimed_overlap_longer_than_the_documented_one_is_contradicted() -> None:
    claim = Claim("auth.rotation", "yes", {"overlap_hours": 72})

    finding = read(
        "auth.rotation-documented", described(text="After a key rotation both keys work for 24 hours."), claim=claim
    )

    assert [test.contradicted for test in finding.claims] == [True]
    assert finding.facts == {"overlap_hours": 24}


def test_keys_that_are_made_and_removed_by_call_can_overlap() -> None:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/api-keys": {"post": operation(RECORD, body=RECORD)},
        "/api-keys/{id}": {"delete": operation(RECORD, parameters=[one])},
    }

    assert read("auth.rotation-documented", described(paths=paths)).verdict is Verdict.PARTIAL
    assert read("auth.revocation-documented", described(paths=paths)).verdict is Verdict.MET


def test_a_documented_way_to_revoke_is_found_in_words_and_in_paths() -> None:
    assert read("auth.revocation-documented", described(text="A token can be revoked at once.")).verdict is Verdict.MET
    assert (
        read("auth.revocation-documented", described(paths={"/oauth/revoke": {"post": operation(RECORD)}})).verdict
        is Verdict.MET
    )
    assert read("auth.revocation-documented", described()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("An access token cannot be revoked before it expires.", Verdict.NOT_MET),
        ("Keys are irrevocable: a revocation of a key is not foreseen.", Verdict.NOT_MET),
        ("A token cannot be revoked by other users.", Verdict.MET),
        ("A key that is in use cannot be revoked without a reason.", Verdict.MET),
        ("Tokens that are not revoked expire after an hour.", Verdict.MET),
        ("An access token cannot be revoked. Its refresh token can be revoked at any time.", Verdict.MET),
    ],
)
def test_only_what_denies_every_withdrawal_is_taken_as_its_denial(text: str, verdict: Verdict) -> None:
    assert read("auth.revocation-documented", described(text=text)).verdict is verdict
