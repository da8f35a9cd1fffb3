"""Rate-limit headers are read in every family that is met, and nonsense in them is left out."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.wire.rate_headers import RateFacts, read_limits

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UNIX = int(NOW.timestamp())


def read(**headers: str) -> RateFacts:
    return read_limits([(name.replace("_", "-"), value) for name, value in headers.items()], NOW)


FAMILIES = {
    # what is sent: family, limit, remaining, reset, window
    "current draft": (
        {"RateLimit_Policy": '"burst";q=10;w=10', "RateLimit": '"burst";r=8;t=1'},
        ("ietf", 10, 8, 1, 10),
    ),
    "current draft, bare names": (
        {"RateLimit_Policy": "default;q=100;w=60", "RateLimit": "default;r=50;t=30"},
        ("ietf", 100, 50, 30, 60),
    ),
    "current draft, two words for a name": (
        {"RateLimit_Policy": '"fixed window";"resolvers";q=3000;w=300', "RateLimit": '"resolvers";r=0;t=52'},
        ("ietf", 3000, 0, 52, 300),
    ),
    "policy alone": ({"RateLimit_Policy": '"create";q=4;w=86400;pk=:dXNlcg==:'}, ("ietf", 4, None, None, 86400)),
    "middle drafts": (
        {"RateLimit": "limit=100, remaining=50, reset=5", "RateLimit_Policy": "5000;w=3600, 100;w=60"},
        ("ietf-middle", 100, 50, 5, 60),
    ),
    "early drafts": (
        {"RateLimit_Limit": "100, 100;w=60, 5000;w=3600", "RateLimit_Remaining": "3", "RateLimit_Reset": "17"},
        ("ietf-early", 100, 3, 17, 60),
    ),
    "three headers beside a policy": (
        {"RateLimit_Limit": "100", "RateLimit_Remaining": "3", "RateLimit_Reset": "17", "RateLimit_Policy": "100;w=60"},
        ("ietf-early", 100, 3, 17, 60),
    ),
    "x-ratelimit, reset as a delay": (
        {"X_RateLimit_Limit": "60", "X_RateLimit_Remaining": "59", "X_RateLimit_Reset": "30"},
        ("x-ratelimit", 60, 59, 30, None),
    ),
    "x-ratelimit, reset as a moment": (
        {"X_RateLimit_Limit": "60", "X_RateLimit_Remaining": "59", "X_RateLimit_Reset": str(UNIX + 30)},
        ("x-ratelimit", 60, 59, 30, None),
    ),
    "x-ratelimit, reset in milliseconds": (
        {"X_RateLimit_Limit": "60", "X_RateLimit_Remaining": "59", "X_RateLimit_Reset": str((UNIX + 30) * 1000)},
        ("x-ratelimit", 60, 59, 30, None),
    ),
    "x-rate-limit": (
        {"X_Rate_Limit_Limit": "100", "X_Rate_Limit_Remaining": "9", "X_Rate_Limit_Reset": "10"},
        ("x-rate-limit", 100, 9, 10, None),
    ),
    "window in the name": (
        {"X_RateLimit_Limit_Minute": "5", "X_RateLimit_Remaining_Minute": "4"},
        ("vendor", 5, 4, None, 60),
    ),
    "a vendor's name and the day in the name": (
        {"X_HubSpot_RateLimit_Daily": "5000", "X_HubSpot_RateLimit_Daily_Remaining": "4999"},
        ("vendor", 5000, 4999, None, 86_400),
    ),
    "a window in milliseconds": (
        {
            "X_Plant_RateLimit_Max": "100",
            "X_Plant_RateLimit_Remaining": "7",
            "X_Plant_RateLimit_Interval_Milliseconds": "10000",
        },
        ("vendor", 100, 7, None, 10),
    ),
    "window before the kind, seconds to live": (
        {"X_RateLimit_Minute_Limit": "360", "X_RateLimit_Minute_Remaining": "9", "X_RateLimit_Minute_TTL": "12"},
        ("vendor", 360, 9, 12, 60),
    ),
    "calls used in place of calls left": (
        {"X_RateLimit_Limit": "5000", "X_RateLimit_Used": "18", "X_RateLimit_Reset_Timestamp": str(UNIX + 30)},
        ("x-ratelimit", 5000, 4982, 30, None),
    ),
    "calls and tokens beside each other": (
        {"X_RateLimit_Limit_Requests": "60", "X_RateLimit_Remaining_Requests": "59", "X_RateLimit_Limit_Tokens": "9"},
        ("x-ratelimit", 60, 59, None, None),
    ),
    "used of allowed, for the day": ({"Sforce_Limit_Info": "api-usage=18/5000"}, ("vendor", 5000, 4982, None, 86_400)),
    "used of allowed, of a bucket": ({"X_Shopify_Shop_Api_Call_Limit": "32/40"}, ("vendor", 40, 8, None, None)),
    "calls left in a burst": (
        {"X_MS_RateLimit_Burst_Remaining_XRM_Requests": "5999"},
        ("vendor", None, 5999, None, None),
    ),
    "bytes beside calls": (
        {
            "RateLimit_Policy": '"bytes";q=9;qu="content-bytes";w=1, "calls";q=60;w=60',
            "RateLimit": '"bytes";r=0, "calls";r=59',
        },
        ("ietf", 60, 59, None, 60),
    ),
    "nothing of the kind": ({"Content_Type": "application/json"}, (None, None, None, None, None)),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_is_read(name: str) -> None:
    headers, expected = FAMILIES[name]

    facts = read(**headers)

    assert (facts.family, facts.limit, facts.remaining, facts.reset_seconds, facts.window_seconds) == expected


def test_of_several_limits_the_one_nearest_to_its_end_comes_first_and_all_are_listed() -> None:
    facts = read(
        X_RateLimit_Limit="4000",
        X_RateLimit_Remaining="3999",
        X_RateLimit_Minute_Limit="360",
        X_RateLimit_Minute_Remaining="10",
    )

    assert (facts.limit, facts.remaining, facts.window_seconds) == (360, 10, 60)
    assert {policy.limit for policy in facts.policies} == {4000, 360}


@pytest.mark.parametrize(
    "value",
    ["30", "30.0", "Sun, 22 Nov 2026 12:00:30 GMT", "Sunday, 22-Nov-26 12:00:30 GMT", "Sun Nov 22 12:00:30 2026"],
)
def test_retry_after_is_read_as_a_delay_or_as_a_date_of_any_age(value: str) -> None:
    assert read(Retry_After=value).retry_after == 30


@pytest.mark.parametrize("value", ["", "soon", "-1", "1e9", "NaN", "9" * 400, "Sun, 99 Nov 99999 12:00:30 GMT", "١٢"])
def test_a_retry_after_that_is_none_is_left_out(value: str) -> None:
    assert read(Retry_After=value).retry_after is None


@pytest.mark.parametrize(
    "value",
    ["30", "30s", "0m30s", "30000ms", str(UNIX + 30), str((UNIX + 30) * 1000), "30000",
     "Sun, 22 Nov 2026 12:00:30 GMT", "2026-11-22T12:00:30Z", "2026-11-22T13:00:30+01:00", "2026-11-22 12:00:30"],
)  # fmt: skip
def test_a_reset_is_read_in_every_form(value: str) -> None:
    facts = read(X_RateLimit_Limit="100;w=60", X_RateLimit_Remaining="9", X_RateLimit_Reset=value)

    assert facts.reset_seconds == 30


@pytest.mark.parametrize(
    "moment",
    [{"Retry_After": "Sun, 22 Nov 2026 12:05:30 GMT"}, {"X_RateLimit_Limit": "9", "X_RateLimit_Reset": UNIX + 330}],
)
def test_moments_are_counted_from_the_clock_of_the_server(moment: dict[str, object]) -> None:
    facts = read(Date="Sun, 22 Nov 2026 12:05:00 GMT", **{name: str(value) for name, value in moment.items()})

    assert 30 in (facts.retry_after, facts.reset_seconds)


def test_a_moment_that_has_passed_is_now() -> None:
    assert read(Retry_After="Sun, 22 Nov 2020 12:00:30 GMT").retry_after == 0


NAMES = st.sampled_from(
    [
        "RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Limit-Hour",
        "X-Rate-Limit-Limit", "X-RateLimit-TTL", "Date",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=60),
    st.text('"abqwrt;,=-0123456789. ', max_size=40),
    st.lists(st.sampled_from(['"a"', ";q=", ";w=", ";r=", ";t=", "limit=", "reset=", ",", "-", "9" * 18, "7"])).map(
        "".join
    ),
    st.integers(min_value=-(10**20), max_value=10**20).map(str),
    st.floats().map(str),
    st.datetimes(timezones=st.just(UTC)).map(str),
    st.text("0123456789hms/.", max_size=20),
)


@given(headers=st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_whatever_is_sent_only_sane_numbers_are_read(headers: list[tuple[str, str]]) -> None:
    facts = read_limits(headers, NOW)

    numbers = [facts.retry_after, facts.limit, facts.remaining, facts.reset_seconds, facts.window_seconds]
    for policy in facts.policies:
        numbers += [policy.limit, policy.remaining, policy.reset_seconds, policy.window_seconds]
    assert all(number is None or (math.isfinite(number) and number >= 0) for number in numbers)


@given(
    limit=st.integers(1, 10**6), left=st.integers(0, 10**6), seconds=st.integers(0, 10**6), window=st.integers(1, 10**6)
)
def test_what_a_server_writes_by_the_draft_is_what_is_read(limit: int, left: int, seconds: int, window: int) -> None:
    facts = read(RateLimit_Policy=f'"a,b";q={limit};w={window}', RateLimit=f'"a,b";r={left};t={seconds}')

    assert (facts.limit, facts.remaining, facts.reset_seconds) == (limit, left, seconds if seconds <= 1e9 else 0)
    assert facts.window_seconds == window


@given(delay=st.integers(0, 10**7))
def test_a_date_and_a_delay_mean_the_same(delay: int) -> None:
    date = (NOW + timedelta(seconds=delay)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    assert read(Retry_After=date).retry_after == read(Retry_After=str(delay)).retry_after
