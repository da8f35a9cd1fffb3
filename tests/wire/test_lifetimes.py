"""How long a token lives is read from its answer and from itself, and measured by the server's clock alone."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.wire.lifetimes import LONGEST_LIFE, Life, jwt_claims, life, moment, server_time
from tests.wire.sessions import jwt

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("members", "token", "now", "expected"),
    [
        ({"expires_in": 300}, jwt(exp=NOW + 60), NOW, Life(300, "expires_in")),
        ({"expiresIn": "300"}, "opaque", None, Life(300, "expires_in")),
        ({"expires_at": NOW + 300}, "opaque", NOW, Life(300, "expires_at")),
        ({"expires_at": (NOW + 300) * 1000}, "opaque", NOW, Life(300, "expires_at")),
        ({"expiresOn": "2027-01-15T08:05:00Z"}, "opaque", NOW, Life(300, "expires_at")),
        ({"expires_at": NOW + 300}, "opaque", None, None),
        ({"expires_at": NOW - 300}, "opaque", NOW, Life(0, "expires_at")),
        ({"expires": 300}, jwt(exp=NOW + 60), NOW, Life(60, "jwt")),
        ({}, jwt(exp=NOW + 60), NOW, Life(60, "jwt")),
        ({}, jwt(exp=NOW + 60, iat=NOW - 60), None, Life(120, "jwt")),
        ({}, jwt(exp=NOW + 60), None, None),
        ({}, jwt(exp=NOW + 2 * LONGEST_LIFE), NOW, None),
        ({}, jwt(sub="me"), NOW, None),
        ({}, "opaque", NOW, None),
    ],
)
def test_a_life_is_what_is_said_most_plainly(
    members: dict[str, Any], token: str, now: float | None, expected: Life | None
) -> None:
    assert life(members, token, now) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", NOW),
        ("Fri, 15 Jan 2027 09:00:00 +0100", NOW),
        ("Fri, 15 Jan 2027 08:00:00", NOW),
        ("yesterday", None),
        ("", None),
        ("Fri, 15 Jan 99999 08:00:00 GMT", None),
        ("1" * 100, None),
    ],
)
def test_the_server_tells_its_time_in_the_date_header(date: str, expected: float | None) -> None:
    assert server_time((("Content-Type", "x"), ("date", date))) == expected


def test_a_server_without_a_date_has_no_clock() -> None:
    assert server_time((("Content-Type", "x"),)) is None


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "only-one-part", "eyJhbGciOiJub25lIn0.W10.", f"{'e' * 20_000}.e30.e30", "eyJ9.eyJ9.x"]
)
def test_a_token_that_only_looks_like_a_jwt_says_nothing(token: str) -> None:
    assert jwt_claims(token) is None


def test_a_jwt_nested_too_deeply_says_nothing() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 9000).decode().rstrip("=")

    assert jwt_claims(f"{jwt().split('.')[0]}.{deep}.x") is None


@given(said=st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30), at=st.floats() | st.none())
def test_whatever_is_said_of_a_life_it_is_a_sane_number_or_none(said: Any, at: float | None) -> None:
    now = at if at is not None and 0 <= at < 1e11 else None
    for members in ({"expires_in": said}, {"expires_at": said}, {"expiration": said}):
        found = life(members, jwt(exp=said if not isinstance(said, float) else None, iat=said), now)

        assert found is None or 0 <= found.seconds <= LONGEST_LIFE
    assert moment(said) is None or json.dumps(moment(said))


@given(date=st.text(max_size=70) | st.dates().map(str) | st.floats().map(str))
def test_any_date_can_be_read(date: str) -> None:
    read = server_time((("Date", date),))

    assert read is None or abs(read) < 1e12


@given(parts=st.lists(st.binary(max_size=30), min_size=3, max_size=3))
def test_any_token_can_be_looked_at(parts: list[bytes]) -> None:
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    assert jwt_claims(token) is None or isinstance(jwt_claims(token), dict)
