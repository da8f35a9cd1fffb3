"""What the live system does about rights: what a second credential is granted, and the rotation of credentials."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cmms_audit.credentials import Credential
from cmms_audit.model import Claim, Reason, Verdict
from tests.checks.small import (
    OAUTH,
    Small,
    WithTokens,
    as_json,
    described,
    looked_at,
    only,
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
