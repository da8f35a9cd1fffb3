"""How long a token lives, one that was given for the audit or one that was fetched in it, by its own word."""

from __future__ import annotations

import time

import pytest

from cmms_audit.credentials import Credential
from cmms_audit.model import Verdict
from tests.checks.small import OAUTH, Json, Small, as_json, client, described, looked_at, only
from tests.wire.sessions import api_key, bearer, jwt

DOCUMENT = described(schemes={"oauth": OAUTH})
START = 1_790_000_000


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ({"iat": START, "exp": START + 3_600}, Verdict.MET),
        ({"iat": START, "exp": START + 90 * 86_400}, Verdict.MET),
        ({"iat": START, "exp": START + 3_650 * 86_400}, Verdict.PARTIAL),
        ({"exp": time.time() + 3_600}, Verdict.MET),
        ({"iat": START}, Verdict.PARTIAL),
        ({"exp": 1_700_000_000}, Verdict.PARTIAL),
        ({"iat": START, "exp": START - 60}, Verdict.PARTIAL),
    ],
    ids=["an hour", "90 days", "ten years", "from now", "no end", "over long ago", "over before it began"],
)
def test_a_token_is_taken_at_its_word_on_its_life(claims: Json, verdict: Verdict) -> None:
    held: dict[str, Credential] = {"main": bearer(jwt(**claims))}

    finding = only(looked_at("auth.credential-ends", lambda seen: as_json([{"id": "W-1"}]), credentials=lambda _: held))

    assert finding.verdict is verdict, finding.summary


@pytest.mark.parametrize(
    ("members", "verdict"),
    [
        ({"expires_in": 900}, Verdict.MET),
        ({"expires_in": 3_650 * 86_400 - 1}, Verdict.PARTIAL),
        ({}, Verdict.PARTIAL),
    ],
    ids=["minutes", "ten years", "no end"],
)
def test_a_token_that_was_fetched_ends_as_it_says(members: Json, verdict: Verdict) -> None:
    given = {"access_token": "t0ken-of-the-plant-1", "token_type": "Bearer", **members}
    finding = only(
        looked_at("auth.credential-ends", Small(wrong=lambda seen: as_json(given)), DOCUMENT, credentials=client)
    )

    assert finding.verdict is verdict, finding.summary


@pytest.mark.parametrize("credential", [api_key(), bearer("an-opaque-token-0815")])
def test_other_credentials_say_nothing_of_their_life(credential: Credential) -> None:
    finding = only(
        looked_at(
            "auth.credential-ends", lambda seen: as_json([{"id": "W-1"}]), credentials=lambda _: {"main": credential}
        )
    )

    assert finding.verdict is Verdict.NOT_APPLICABLE
