"""Reads what an answer's headers say about rate limits, in the families that are met in the field. Pure.

Used to keep the pace, and by the checks that judge the vendor's limits. Every value is a stranger's: whatever does not
read as a sane number is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from msgspec import Struct

from cmms_audit.patterns import pattern

Family = Literal["ietf", "ietf-middle", "ietf-early", "x-ratelimit", "x-rate-limit", "vendor", "retry-after"]

_WINDOWS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_MAX_VALUE = 2_000  # characters of one header that are read
_MAX_NUMBER = 1e15
_NUMBER = pattern(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_MEMBER = pattern(r'(?:"[^"]*"|[^",])++')
_QUOTED_NAMES = pattern(r'(?:"[^"]*"\s*;?\s*)++')
_BARE_NAME = pattern(r"([A-Za-z*][A-Za-z0-9_*.-]{0,99})\s*(?:;|$)", re.ASCII)
_PARAMETER = pattern(r"\b(limit|remaining|reset|[qwrt])\s*=\s*([0-9]{1,15})", re.ASCII | re.IGNORECASE)
_MIDDLE = pattern(r"\b(?:limit|remaining|reset)\s*=")
_NAMED = pattern(
    r"(?P<family>x-rate-limit|x-ratelimit|ratelimit)"
    r"(?:-(?P<before>second|minute|hour|day))?"
    r"-(?P<what>limit|remaining|reset|reset-after|ttl|requests)"
    r"(?:-(?P<after>second|minute|hour|day))?"
)


class RatePolicy(Struct, frozen=True):
    """One limit: so many calls (`limit`) in so many seconds (`window_seconds`), and how many are left."""

    limit: float | None = None
    window_seconds: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None
    name: str = ""


class RateFacts(Struct, frozen=True):
    """What one answer says. The four numbers are those of the limit that is nearest to being reached.

    `reset_seconds` and `retry_after` are seconds from now; `policies` holds every limit that was stated; `family` the
    kind of header it was read from, None where there was none.
    """

    limit: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None
    window_seconds: float | None = None
    policies: tuple[RatePolicy, ...] = ()
    family: Family | None = None
    retry_after: float | None = None


def read_limits(headers: Iterable[tuple[str, str]], now: datetime) -> RateFacts:
    """Read the rate-limit headers of one answer.

    Knows the IETF drafts (current, 03 to 07, and the early three headers), X-RateLimit-*, X-Rate-Limit-*, their
    variants per minute or hour, and Retry-After (RFC 9110, 10.2.3). `now` is the time of the answer, with its zone.
    """
    given: dict[str, str] = {}
    for name, value in headers:
        given.setdefault(name.lower().strip(), value[:_MAX_VALUE].strip())
    retry_after = _retry_after(given.get("retry-after", ""), now)
    family, policies = _policies(given, now)
    if family is None and retry_after is not None:
        family = "retry-after"
    nearest = min(policies, key=_share_left, default=RatePolicy())
    return RateFacts(
        limit=nearest.limit,
        remaining=nearest.remaining,
        reset_seconds=nearest.reset_seconds,
        window_seconds=nearest.window_seconds,
        policies=policies,
        family=family,
        retry_after=retry_after,
    )


def _share_left(policy: RatePolicy) -> float:
    """How much of a limit is left, as a share; one where that is not said, so that stated shortage comes first."""
    if policy.remaining is None or not policy.limit:
        return 1.0
    return policy.remaining / policy.limit


def _policies(given: Mapping[str, str], now: datetime) -> tuple[Family | None, tuple[RatePolicy, ...]]:
    if not any("rate" in name for name in given):
        return None, ()
    state, policy = given.get("ratelimit", ""), given.get("ratelimit-policy", "")
    family: Family = "ietf-middle" if _MIDDLE.search(state) else "ietf"
    if policy and not state and "ratelimit-limit" in given:  # drafts that kept three headers beside the policy
        family = "ietf-early"
        state = ",".join(f"{what}={given.get('ratelimit-' + what, '')}" for what in ("limit", "remaining", "reset"))
    policies = _structured(state, policy, now)
    return (family, policies) if policies else _named_headers(given, now)


def _structured(state: str, policy: str, now: datetime) -> tuple[RatePolicy, ...]:
    """`RateLimit: "burst";r=8;t=1` beside `RateLimit-Policy: "burst";q=10;w=10`; or `limit=9, remaining=5, reset=5`."""
    quotas = [(_name(member), _numbers(member)) for member in _members(policy)]
    named = {_name(member): _numbers(member) for member in _members(state) if _name(member)}
    unnamed = _numbers(",".join(member for member in _members(state) if not _name(member)))
    spoken_of = _unnamed_belongs_to(quotas, unnamed.get("limit"))
    found = [
        _policy(name, numbers, unnamed if at == spoken_of else named.pop(name, {}), now)
        for at, (name, numbers) in enumerate(quotas)
    ]
    found += [_policy(name, {}, numbers, now) for name, numbers in named.items()]
    if spoken_of is None:
        found.append(_policy("", {}, unnamed, now))
    return tuple(each for each in found if each.limit is not None or each.remaining is not None)


def _policy(name: str, quota: Mapping[str, float], left: Mapping[str, float], now: datetime) -> RatePolicy:
    return RatePolicy(
        limit=quota.get("q", left.get("limit")),
        window_seconds=quota.get("w"),
        remaining=left.get("r", left.get("remaining")),
        reset_seconds=_reset(left.get("t", left.get("reset")), now),
        name=name,
    )


def _unnamed_belongs_to(quotas: Sequence[tuple[str, Mapping[str, float]]], limit: float | None) -> int | None:
    """Which of the policies a state without a name speaks of: the one with its limit, or the only one; or none."""
    if limit is not None:
        return next((at for at, (_, numbers) in enumerate(quotas) if numbers.get("q") == limit), None)
    return 0 if len(quotas) == 1 and not quotas[0][0] else None


def _members(value: str) -> list[str]:
    """The members of a structured list (RFC 9651): what commas outside quotes divide."""
    return [member.strip() for member in _MEMBER.findall(value)]


def _name(member: str) -> str:
    """The name a member opens with, quoted or bare; of several quoted words the last. Empty where there is none."""
    quoted = _QUOTED_NAMES.match(member)
    if quoted:
        return quoted[0].rstrip(' ;"').rpartition('"')[2][:100]
    bare = _BARE_NAME.match(member)
    return bare[1] if bare else ""


def _numbers(text: str) -> dict[str, float]:
    """The parameters of one member, the first of each; a bare leading number ("100;w=60") is its quota."""
    found: dict[str, float] = {}
    for name, number in _PARAMETER.findall(text):
        found.setdefault(name.lower(), float(number))
    bare = re.match(r"([0-9]{1,15})\s*(?:;|$)", text.strip(), re.ASCII)
    if bare:
        found.setdefault("q", float(bare[1]))
    return found


def _named_headers(given: Mapping[str, str], now: datetime) -> tuple[Family | None, tuple[RatePolicy, ...]]:
    """Headers that each carry one number, grouped by the window that their name gives."""
    families: dict[str, Family] = {
        "ratelimit": "ietf-early",
        "x-ratelimit": "x-ratelimit",
        "x-rate-limit": "x-rate-limit",
    }
    groups: dict[str, dict[str, str]] = {}
    family: Family | None = None
    for name, value in given.items():
        match = _NAMED.fullmatch(name)
        if match:
            window = match["before"] or match["after"] or ""
            groups.setdefault(window, {})[match["what"]] = value
            family = family or ("vendor" if window else families[match["family"]])
    policies = tuple(_grouped(window, values, now) for window, values in groups.items())
    policies = tuple(each for each in policies if each.limit is not None or each.remaining is not None)
    return (family, policies) if policies else (None, ())


def _grouped(window: str, values: Mapping[str, str], now: datetime) -> RatePolicy:
    limit, _, extras = values.get("limit", "").partition(",")  # early drafts: "100, 100;w=60"
    stated = _numbers(extras)
    return RatePolicy(
        limit=_number(limit.partition(";")[0]),
        window_seconds=_WINDOWS.get(window, stated.get("w") or _numbers(limit).get("w")),
        remaining=_number(values.get("remaining", "")),
        reset_seconds=_reset_text(values.get("reset") or values.get("reset-after") or values.get("ttl") or "", now),
        name=window,
    )


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    return float(match[0]) if match else None


def _reset_text(text: str, now: datetime) -> float | None:
    number = _number(text)
    return _reset(number, now) if number is not None else _until(text, now)


def _reset(number: float | None, now: datetime) -> float | None:
    """Seconds from now. A number above 1e12 is a moment in milliseconds, above 1e9 one in seconds, else a delay."""
    if number is None or not math.isfinite(number) or number > _MAX_NUMBER:
        return None
    if number > 1e12:
        return max(0.0, number / 1000 - now.timestamp())
    if number > 1e9:
        return max(0.0, number - now.timestamp())
    return number


def _retry_after(text: str, now: datetime) -> float | None:
    number = _number(text)
    return number if number is not None else _until(text, now)


def _until(text: str, now: datetime) -> float | None:
    """Seconds until an HTTP date, the obsolete forms included; None where it is none."""
    if not text or len(text) > 60:
        return None
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:  # asctime names no zone and means UTC (RFC 9110, 5.6.7)
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
