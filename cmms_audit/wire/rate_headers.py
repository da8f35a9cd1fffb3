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

_WINDOWS = {
    word: seconds
    for words, seconds in (
        (("second", "secondly"), 1.0),
        (("minute", "minutely"), 60.0),
        (("hour", "hourly"), 3600.0),
        (("day", "daily"), 86_400.0),
        (("week", "weekly"), 604_800.0),
        (("month", "monthly"), 2_592_000.0),
    )
    for word in words
}
# What a header with one number holds, by the end of its name: X-RateLimit-Limit, X-Vendor-RateLimit-Daily-Remaining.
_KINDS = {
    "limit": "limit",
    "max": "limit",
    "remaining": "remaining",
    "burst-remaining-xrm": "remaining",
    "used": "used",
    "reset": "reset",
    "reset-after": "reset",
    "reset-at": "reset",
    "reset-timestamp": "reset",
    "ttl": "reset",
    "window": "window",
    "interval-milliseconds": "milliseconds",
}
# Headers that hold both numbers, "18/5000", and the window where their vendor fixes it, in seconds.
_USED_OF_LIMIT = {"sforce-limit-info": 86_400.0, "x-shopify-shop-api-call-limit": None, "x-api-call-limit": None}
_MAX_VALUE = 2_000  # characters of one header that are read
_MAX_NUMBER = 1e15
_FAR_BEYOND = 50  # times the window
_MOST_CALLS = 1e8  # in any window
_FASTEST = 1e5  # calls a second
_NUMBER = pattern(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_MEMBER = pattern(r'(?:"[^"]*"|[^",])++')
_QUOTED_NAMES = pattern(r'(?:"[^"]*"\s*;?\s*)++')
_BARE_NAME = pattern(r"([A-Za-z*][A-Za-z0-9_*.-]{0,99})\s*(?:;|$)", re.ASCII)
_PARAMETER = pattern(r"\b(limit|remaining|reset|[qwrt])\s*=\s*([0-9]{1,15})", re.ASCII | re.IGNORECASE)
_MIDDLE = pattern(r"\b(?:limit|remaining|reset)\s*=")
_UNIT = pattern(r';\s*qu\s*=\s*"?([A-Za-z-]{1,40})')
_NAMED = pattern(r"(?P<family>(?:x-)?(?:[a-z][a-z0-9]{0,19}-)?rate-?limit)-(?P<rest>[a-z-]{1,60})", re.ASCII)
_PAIR = pattern(r"(?:[a-z-]{1,40}\s*=\s*)?([0-9]{1,15})\s*/\s*([0-9]{1,15})(?![0-9])", re.ASCII)
_DURATION = pattern(
    r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m(?!s))?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)s)?(?:([0-9]{1,9})ms)?", re.ASCII
)


class RatePolicy(Struct, frozen=True):
    """One limit: so many calls (`limit`) in so many seconds (`window_seconds`), and how many are left."""

    limit: float | None = None
    window_seconds: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None
    name: str = ""

    @property
    def counts_calls(self) -> bool:
        """Whether the numbers may be calls at all, and not, say, millionths of a second of computing time."""
        most = max(self.limit or 0.0, self.remaining or 0.0)
        return most <= _MOST_CALLS and most <= _FASTEST * (self.window_seconds or math.inf)


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

    @property
    def of_calls(self) -> RateFacts:
        """The same with those limits alone that may be numbers of calls."""
        counted = tuple(each for each in self.policies if each.counts_calls)
        return self if counted == self.policies else _facts(counted, self.family, self.retry_after)


def read_limits(headers: Iterable[tuple[str, str]], now: datetime) -> RateFacts:
    """Read the rate-limit headers of one answer.

    Knows the IETF drafts (current, 03 to 07, and the early three headers), X-RateLimit-*, X-Rate-Limit-*, their
    variants per minute or hour and with a vendor's name, used/limit in one header, and Retry-After (RFC 9110, 10.2.3).
    `now` is the time of the answer, with its zone; moments are counted from the server's own Date where it tells one.
    """
    given: dict[str, str] = {}
    for name, value in headers:
        given.setdefault(name.lower().strip(), value[:_MAX_VALUE].strip())
    now = _moment(given.get("date", "")) or now
    retry_after = _retry_after(given.get("retry-after", ""), now)
    family, policies = _policies(given, now)
    if family is None and retry_after is not None:
        family = "retry-after"
    return _facts(policies, family, retry_after)


def _facts(policies: tuple[RatePolicy, ...], family: Family | None, retry_after: float | None) -> RateFacts:
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
    if not any("limit" in name for name in given):
        return None, ()
    state, policy = given.get("ratelimit", ""), given.get("ratelimit-policy", "")
    family: Family = "ietf-middle" if _MIDDLE.search(state) else "ietf"
    if policy and not state and "ratelimit-limit" in given:  # drafts that kept three headers beside the policy
        family = "ietf-early"
        state = ",".join(f"{what}={given.get('ratelimit-' + what, '')}" for what in ("limit", "remaining", "reset"))
    policies = _structured(state, policy, now)
    if policies:
        return family, policies
    policies = _one_number_each(given, now)
    if policies:
        return _named_family(given), policies
    policies = _used_of_limit(given)
    return ("vendor", policies) if policies else (None, ())


def _structured(state: str, policy: str, now: datetime) -> tuple[RatePolicy, ...]:
    """`RateLimit: "burst";r=8;t=1` beside `RateLimit-Policy: "burst";q=10;w=10`; or `limit=9, remaining=5, reset=5`."""
    counted = [member for member in _members(policy) if _counts_calls(member)]
    quotas = [(_name(member), _numbers(member)) for member in counted]
    others = {_name(member) for member in _members(policy)} - {name for name, _ in quotas}
    named = {name: _numbers(member) for member in _members(state) if (name := _name(member)) and name not in others}
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


def _counts_calls(member: str) -> bool:
    """Whether a policy is one of calls, and not of bytes or of calls at the same time (its quota unit, `qu`)."""
    unit = _UNIT.search(member)
    return unit is None or unit[1].lower() == "requests"


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


def _named_family(given: Mapping[str, str]) -> Family:
    """The family of headers that each carry one number, by the first of them."""
    families: dict[str, Family] = {
        "ratelimit": "ietf-early",
        "x-ratelimit": "x-ratelimit",
        "x-rate-limit": "x-rate-limit",
    }
    family, window, _ = next(parts for parts in map(_parts_of_name, given) if parts)
    return "vendor" if window else families.get(family, "vendor")


def _one_number_each(given: Mapping[str, str], now: datetime) -> tuple[RatePolicy, ...]:
    """The limits of headers that each carry one number, grouped by the window that their name gives."""
    groups: dict[str, dict[str, str]] = {}
    for name, value in given.items():
        parts = _parts_of_name(name)
        if parts:
            _, window, kind = parts
            groups.setdefault(window, {}).setdefault(kind, value)
    policies = (_grouped(window, values, now) for window, values in groups.items())
    return tuple(each for each in policies if each.limit is not None or each.remaining is not None)


def _parts_of_name(name: str) -> tuple[str, str, str] | None:
    """The family, the window ("" for none) and the kind of number of a header; None where it is none of these."""
    match = _NAMED.fullmatch(name)
    if not match:
        return None
    words = [word for word in match["rest"].split("-") if word not in ("requests", "request")]
    windows = [word for word in words if word in _WINDOWS]
    rest = "-".join(word for word in words if word not in _WINDOWS)
    kind = _KINDS.get(rest, "limit" if windows and not rest else "")
    return (match["family"], windows[0] if windows else "", kind) if kind else None


def _grouped(word: str, values: Mapping[str, str], now: datetime) -> RatePolicy:
    first, _, extras = values.get("limit", "").partition(",")  # early drafts: "100, 100;w=60"
    stated = _numbers(extras)
    limit, used = _number(first.partition(";")[0]), _number(values.get("used", ""))
    remaining = _number(values.get("remaining", ""))
    if remaining is None and limit is not None and used is not None:
        remaining = max(0.0, limit - used)
    window = _WINDOWS.get(word) or stated.get("w") or _numbers(first).get("w") or _window_beside(values)
    return RatePolicy(
        limit=limit,
        window_seconds=window,
        remaining=remaining,
        reset_seconds=_reset_text(values.get("reset", ""), now, window),
        name=word,
    )


def _window_beside(values: Mapping[str, str]) -> float | None:
    """The window in seconds that a header of its own states."""
    milliseconds = _number(values.get("milliseconds", ""))
    return milliseconds / 1000 if milliseconds else _number(values.get("window", "")) or None


def _used_of_limit(given: Mapping[str, str]) -> tuple[RatePolicy, ...]:
    """The limits of headers that hold how many calls were used and how many may be: "api-usage=18/5000"."""
    found = []
    for name, window in _USED_OF_LIMIT.items():
        match = _PAIR.search(given.get(name, ""))
        if match:
            used, limit = float(match[1]), float(match[2])
            found.append(RatePolicy(limit=limit, window_seconds=window, remaining=max(0.0, limit - used)))
    return tuple(found)


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    return float(match[0]) if match else None


def _reset_text(text: str, now: datetime, window: float | None) -> float | None:
    number = _number(text)
    if number is not None:
        return _reset(number, now, window)
    delay = _duration(text)
    return delay if delay is not None else _until(text, now)


def _reset(number: float | None, now: datetime, window: float | None = None) -> float | None:
    """Seconds from now. A number above 1e12 is a moment in milliseconds, above 1e9 one in seconds, else a delay: in
    seconds, or in milliseconds where it would else lie far beyond the window.
    """
    if number is None or not math.isfinite(number) or number > _MAX_NUMBER:
        return None
    if number > 1e12:
        return max(0.0, number / 1000 - now.timestamp())
    if number > 1e9:
        return max(0.0, number - now.timestamp())
    in_milliseconds = window is not None and number > _FAR_BEYOND * window and number / 1000 <= window
    return number / 1000 if in_milliseconds else number


def _retry_after(text: str, now: datetime) -> float | None:
    number = _number(text)
    return number if number is not None else _until(text, now)


def _duration(text: str) -> float | None:
    """Seconds of a delay with units: "6m0s", "1s", "20ms"; None where it is none."""
    match = _DURATION.fullmatch(text) if text else None
    if not match:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _until(text: str, now: datetime) -> float | None:
    """Seconds until a date; None where it is none."""
    moment = _moment(text)
    return max(0.0, (moment - now).total_seconds()) if moment else None


def _moment(text: str) -> datetime | None:
    """The moment of an HTTP date, the obsolete forms included, or of an ISO 8601 one; None where it is neither.

    One that names no zone means UTC (RFC 9110, 5.6.7).
    """
    if not text or len(text) > 60:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
