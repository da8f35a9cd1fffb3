"""A number that a text denies, hides, plans, or says of somebody else is no limit of this vendor's."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.spec.limit_members import limits_in_members
from cmms_audit.spec.limits import stated_limits


@pytest.mark.parametrize(
    "text",
    [
        "There is no rate limit of 60 requests per minute, 1,000 requests per hour or 10,000 requests per day.",
        "We do not publish our rate limits: that you may send 60 requests per minute is a rumour.",
        "Rate limits apply to nobody: 60 requests per minute, 1,000 requests per hour.",
        "<!-- rate limit 60 requests per minute, 1,000 requests per hour, 10,000 requests per day -->",
        "<!-- rate limit 60 requests per minute",
        "The rate limit is 999,999,999 calls per minute.",
        "A rate limit of 60 requests per minute is what GitHub allows.",
        "Other systems may allow 60 requests per minute.",
        "The rate limit is not 60 requests per minute.",
        "Rate limits, planned for 2030: 60 requests per minute.",
    ],
)
def test_what_is_not_said_of_now_and_here_is_no_limit(text: str) -> None:
    assert stated_limits(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "No more than 60 requests per minute.",
        "You may not exceed 60 requests per minute.",
        "The rate limit is not more than 60 requests per minute.",
        "Clients must never exceed 60 requests per minute.",
        "<!-- draft --> At most 60 requests per minute are answered.",
    ],
)
def test_a_denial_of_more_is_a_limit(text: str) -> None:
    assert [(each.count, each.window) for each in stated_limits(text)] == [(60, 60)]


@pytest.mark.parametrize(
    "members",
    [
        {"x-no-rate-limits": [{"limit": 6, "window": 60}]},
        {"x-rate-limits": [{"enabled": False, "limit": 6, "window": 60}]},
        {"x-rate-limit": {"disabled": True, "limit": 6, "window": 60}},
    ],
)
def test_an_extension_that_is_switched_off_is_no_limit(members: dict[str, Any]) -> None:
    assert list(limits_in_members(members)) == []
