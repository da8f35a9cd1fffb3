"""What the live system does about rights: scopes, the audit log, and the rotation of credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from cmms_audit.credentials import Credential
from cmms_audit.model import Claim, Reason, Verdict
from tests.checks.small import (
    OAUTH,
    Json,
    Small,
    WithTokens,
    as_json,
    client,
    described,
    looked_at,
    only,
    operation,
)
from tests.checks.test_auth_documents import scoped
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import api_key, oauth2, secret

OTHER_KEY = "an0ther-key-of-the-plant"


# -- scopes ---------------------------------------------------------------------------------------------------


def two_clients(origin: str) -> dict[str, Credential]:
    main = oauth2(f"{origin}/token")
    return {"main": main, "read_only": replace(main, client_id=secret("reading-client"))}


@pytest.mark.parametrize(
    ("narrow", "verdict"),
    [("wo:read assets:read", Verdict.MET), ("wo:read wo:write", Verdict.NOT_MET), ("a b c", Verdict.PARTIAL)],
)
def test_a_read_only_credential_is_granted_less(narrow: str, verdict: Verdict) -> None:
    whole = "a b c" if narrow == "a b c" else "wo:read wo:write assets:read assets:write"
    vendor = WithTokens({"plant-client": {"scope": whole}, "reading-client": {"scope": narrow}})

    finding = only(looked_at("auth.scopes-granted", vendor, scoped("wo:read", "wo:write"), credentials=two_clients))

    assert finding.verdict is verdict


@pytest.mark.parametrize(("granted", "verdict"), [("wo:read", Verdict.MET), ("wo:read wo:write", Verdict.NOT_MET)])
def test_a_token_for_less_is_granted_for_less(granted: str, verdict: Verdict) -> None:
    vendor = WithTokens({"plant-client": {"scope": granted}})

    finding = only(looked_at("auth.scopes-granted", vendor, scoped("wo:read", "wo:write"), credentials=client))

    assert finding.verdict is verdict
    assert "wo:read" in vendor.asked


def test_a_grant_does_not_make_up_for_a_matrix_that_is_not_published() -> None:
    vendor = WithTokens({"plant-client": {"scope": "read write"}, "reading-client": {"scope": "read"}})

    finding = only(
        looked_at("auth.scopes-granted", vendor, described(schemes={"oauth": OAUTH}), credentials=two_clients)
    )

    assert finding.verdict is Verdict.PARTIAL


def test_a_second_key_that_reads_proves_no_limit_by_itself() -> None:
    def both(seen: Seen) -> Answer | None:
        return as_json([{"id": "W-1"}]) if seen.headers.get("x-api-key") == OTHER_KEY else None

    finding = only(looked_at("auth.scopes-granted", Small(wrong=both), credentials=second_key("read_only")))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


def test_without_a_second_credential_scopes_are_not_tried() -> None:
    finding = only(looked_at("auth.scopes-granted", Small()))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


# -- audit log ------------------------------------------------------------------------------------------------


@dataclass
class WithLog(Small):
    """A vendor that logs the calls for which `logs` gives an entry."""

    logs: Callable[[Seen], Json | None] = lambda seen: None
    entries: list[Json] = field(default_factory=list)

    def answer(self, seen: Seen) -> Answer:
        if seen.path.endswith("/audit-log"):
            return as_json(list(self.entries))
        entry = self.logs(seen)
        self.entries += [entry] if entry else []
        return super().answer(seen)


def full_entry(seen: Seen) -> Json:
    return {
        "occurred_at": "2026-11-22T12:00:00Z", "user": "plant", "payload_summary": "none",
        "path": seen.path, "method": seen.method, "request_id": seen.headers.get("x-request-id"),
    }  # fmt: skip


def without(*names: str) -> Callable[[Seen], Json]:
    return lambda seen: {name: value for name, value in full_entry(seen).items() if name not in names}


LOGGED = described(
    paths={
        "/audit-log": {
            "get": operation(
                {"type": "array", "items": {"type": "object", "properties": {"user": {}, "time": {}, "action": {}}}}
            )
        }
    }
)


@pytest.mark.parametrize(
    ("logs", "verdict"),
    [
        (full_entry, Verdict.MET),
        (without("request_id"), Verdict.MET),
        (without("path", "method"), Verdict.MET),
        (lambda seen: without("request_id")(seen) | {"occurred_at": "2026-11-22T12:01:00"}, Verdict.MET),
        (lambda seen: without("request_id")(seen) | {"occurred_at": "2026-11-22T09:00:00Z"}, Verdict.PARTIAL),
        (without("user"), Verdict.PARTIAL),
        (without("payload_summary"), Verdict.PARTIAL),
        (lambda seen: None, Verdict.NOT_MET),
    ],
    ids=[
        "complete",
        "found by path and time",
        "found by its number",
        "time without a zone",
        "of another time",
        "nobody named",
        "nothing of the content",
        "empty",
    ],
)
def test_our_own_call_has_to_be_in_the_log(logs: Callable[[Seen], Json | None], verdict: Verdict) -> None:
    assert only(looked_at("auth.own-call-logged", WithLog(logs=logs), LOGGED)).verdict is verdict


def test_a_log_may_take_a_few_seconds() -> None:
    vendor = WithLog(logs=full_entry)
    reads = 0

    def late(seen: Seen) -> Answer | None:
        nonlocal reads
        reads += "audit" in seen.path
        return as_json([]) if "audit" in seen.path and reads < 3 else None

    vendor.wrong = late

    assert only(looked_at("auth.own-call-logged", vendor, LOGGED)).verdict is Verdict.MET


def test_a_log_of_writes_alone_is_a_limitation() -> None:
    vendor = WithLog(
        entries=[{"time": "2026-11-22T11:59:00Z", "user": "plant", "path": "/api/v1/work-orders", "method": "POST"}]
    )

    assert only(looked_at("auth.own-call-logged", vendor, LOGGED)).verdict is Verdict.PARTIAL


def test_a_log_that_the_credential_may_not_read_is_not_held_against_the_vendor() -> None:
    vendor = Small(wrong=lambda seen: as_json({}, 403) if "audit" in seen.path else None)

    finding = only(looked_at("auth.own-call-logged", vendor, LOGGED))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)


# -- rotation -------------------------------------------------------------------------------------------------


def second_key(role: str) -> Callable[[str], dict[str, Credential]]:
    return lambda origin: {role: api_key(OTHER_KEY)}


def accepts_other_key(seen: Seen) -> Answer | None:
    return as_json([{"id": "W-1"}]) if seen.headers.get("x-api-key") == OTHER_KEY else None


def test_two_keys_that_work_side_by_side_prove_the_overlap() -> None:
    works = only(looked_at("auth.both-keys-work", Small(wrong=accepts_other_key), credentials=second_key("rotated")))
    refused = only(looked_at("auth.both-keys-work", Small(), credentials=second_key("rotated")))

    assert (works.verdict, refused.verdict) == (Verdict.MET, Verdict.NOT_MET)


def test_a_second_key_that_is_refused_contradicts_a_claimed_overlap() -> None:
    claim = Claim("auth.rotation", "yes", {"overlap_hours": 24})

    finding = only(looked_at("auth.both-keys-work", Small(), claim=claim, credentials=second_key("rotated")))

    assert [test.contradicted for test in finding.claims] == [True]


def test_a_withdrawn_key_must_be_refused() -> None:
    refused = only(looked_at("auth.revoked-key-refused", Small(), credentials=second_key("revoked")))
    works = only(
        looked_at("auth.revoked-key-refused", Small(wrong=accepts_other_key), credentials=second_key("revoked"))
    )

    assert (refused.verdict, works.verdict) == (Verdict.MET, Verdict.NOT_MET)


@pytest.mark.parametrize("check", ["auth.both-keys-work", "auth.revoked-key-refused"])
def test_without_a_second_key_rotation_is_not_tried(check: str) -> None:
    finding = only(looked_at(check, Small()))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)
