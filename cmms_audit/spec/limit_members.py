"""Rate limits in members for machines: vendor extensions (x-rate-limit ...) and the values of limit headers.

There is no standard for such extensions; what gateways and frameworks write has a number under one of a few names, and
a window beside it, in its name, or in one string with it. A member counts only below a name that speaks of limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from cmms_audit.dialect import squeezed
from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_sentences import limits_in_sentences
from cmms_audit.spec.limit_values import LARGEST_COUNT, StatedLimit, number, stated, unit_seconds

_MOST_NODES = 60
_DEEPEST = 6
_LONGEST_STRING = 500

_ABOUT = pattern(
    r"rate-?_?limit|throttl|quota|usage-?_?plan|(?:request|call)s?-?_?limit|spike-?_?arrest", re.IGNORECASE
)
_COUNTS = {
    "limit", "requests", "calls", "rate", "max", "maxrequests", "maxcalls", "count", "allow", "allowed", "quota",
    "times", "total", "hits", "value", "values", "points", "capacity", "requestlimit", "ratelimit", "numberofrequests",
    "requestcount", "maxhits", "q", "tokens",
}  # fmt: skip
_UNITS = {
    "period", "window", "interval", "per", "unit", "timeunit", "timewindow", "duration", "timeframe", "every",
    "rateunit", "granularity", "w",
}  # fmt: skip
_LENGTHS = {
    "renewalperiod": 1, "seconds": 1, "windowseconds": 1, "intervalseconds": 1, "periodseconds": 1, "windowsecs": 1,
    "ttl": 1, "windowsize": 1, "windowms": 0.001, "intervalms": 0.001, "durationms": 0.001, "periodms": 0.001,
    "windowinseconds": 1, "minutes": 60, "hours": 3600, "windowminutes": 60,
}  # fmt: skip
_PER_UNIT = pattern(
    r"(?:per|^|(?<=limit)|(?<=max)|(?<=requests)|(?<=calls))"
    r"(second|sec|minute|min|hour|day|week|month)s?(?:limit|$)"
)
_ISO_DURATION = pattern(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?)?", re.IGNORECASE)
_LENGTH = pattern(r"(?:per\s|every\s|each\s|1/)?\s?(\d{1,6})?\s{0,2}([a-z]{1,8})(?:/\{\w{1,30}\})?", re.IGNORECASE)
_IN_ONE = pattern(
    r"(?P<count>\d{1,9}\s?k?)\s?(?:reqs?|requests|calls)?\s?(?:/|per|_per_|p(?=[sm]$))\s?(?P<times>\d{1,4})?\s?(?P<unit>[a-z]{1,8})",
    re.IGNORECASE,
)
_POLICY = pattern(r"(?:^|[,;\s\"])(?:q=)?(?P<count>\d{1,9})\s?;(?:[^,]{0,60}?;)?\s?w=(?P<window>\d{1,8})")
_UNIT_WORD = pattern(r"\b(?:per|each|every|an?|in one|current)[\s-](second|minute|hour|day|month)\b", re.IGNORECASE)
_DENIED = pattern(r"(?:^|-)(?:no|without|example|disabled)-", re.IGNORECASE)
_GATEWAY = pattern(r"x-(?:amazon|google|kong|azure|ms|apigee|wso2|ibm|tyk|gravitee|krakend|3scale)\b", re.IGNORECASE)
_FAMILY = pattern(r"^x-?(?:api-?)?(?:rate-?limit|throttl\w{1,4}|quota)(?:ing)?-?", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def is_about_limits(name: str) -> bool:
    """Whether the name of a member says that it is about rate limits."""
    return _ABOUT.search(name) is not None


def limits_in_members(members: Mapping[str, Any]) -> Iterator[StatedLimit]:
    """The limits in the vendor extensions of one node, whatever their shape; none where no name speaks of limits.

    A number and its window may also be extensions of their own: `x-ratelimit-limit` beside `x-ratelimit-interval`.
    """
    budget = [_MOST_NODES]
    family = {_FAMILY.sub("", name) or "limit": value for name, value in members.items() if _FAMILY.match(name)}
    if len(family) > 1 and (whole := _whole("extensions", family)):
        yield whole
        return
    for name, value in members.items():
        if _may_hold_limits(name, value):
            yield from _in_value(name, name, value, about=is_about_limits(name), depth=0, budget=budget)


def _may_hold_limits(name: str, value: Any) -> bool:
    """Whether an extension is named for limits, is of a gateway, or has a member that is named for limits."""
    if _DENIED.search(name):
        return False
    if is_about_limits(name) or _GATEWAY.match(name):
        return True
    return isinstance(value, dict) and any(is_about_limits(key) for key in value)


def limits_in_policy(name: str, text: str) -> Iterator[StatedLimit]:
    """The limits in the value of a RateLimit-Policy header, or an older one of its family: "60;w=1", `"d";q=9;w=60`."""
    for match in _POLICY.finditer(text[:_LONGEST_STRING]):
        limit = stated(int(match["count"]), "second", int(match["window"]), f"{name}: {text}")
        if limit:
            yield limit


def header_limit(name: str, description: str, value: Any) -> StatedLimit | None:
    """The limit that a header's example or fixed value states, with the window of its name or description."""
    count = _count(value)
    window = _PER_UNIT.search(re.sub(r"^x?ratelimit(?:limit)?", "", squeezed(name)))
    named = window[1] if window else next(iter(_UNIT_WORD.findall(description[:_LONGEST_STRING])), None)
    return stated(count, named, None, f"{name}: {value} ({description})") if count and named else None


def _in_value(path: str, name: str, value: Any, *, about: bool, depth: int, budget: list[int]) -> Iterator[StatedLimit]:
    budget[0] -= 1
    if budget[0] < 0 or depth > _DEEPEST:
        return
    about = about or is_about_limits(name)
    match value:
        case bool():
            return
        case str() if about:
            yield from _in_text(path, value)
        case int() | float() if about:
            yield from _in_number(path, name, value)
        case list():
            for each in value[:_MOST_NODES]:
                yield from _in_value(path, name, each, about=about, depth=depth + 1, budget=budget)
        case dict():
            yield from _in_mapping(path, value, about=about, depth=depth, budget=budget)


def _in_mapping(
    path: str, value: dict[str, Any], *, about: bool, depth: int, budget: list[int]
) -> Iterator[StatedLimit]:
    if value.get("enabled") is False or value.get("disabled") is True:
        return
    whole = (_whole(path, value) or _per_second(path, value)) if about else None
    if whole:
        yield whole
        return
    for key, member in list(value.items())[:_MOST_NODES]:
        yield from _in_value(f"{path}.{key}", key, member, about=about, depth=depth + 1, budget=budget)


def _whole(path: str, value: Mapping[str, Any]) -> StatedLimit | None:
    """One limit that is spread over the members of a mapping: a number under one name, its window under others."""
    plain = {squeezed(key): member for key, member in value.items()}
    count = next((found for key in plain if key in _COUNTS and (found := _count(plain[key]))), None)
    window = _window_in(plain)
    if not count or not window:
        return None
    plain_members = [f"{key}: {member}" for key, member in value.items() if not isinstance(member, dict | list)]
    members = ", ".join(plain_members[:8])
    return stated(count, "second", window, f"{path} ({members})")


def _per_second(path: str, value: Mapping[str, Any]) -> StatedLimit | None:
    """The throttle of an Amazon usage plan: a steady rate in calls a second beside a burst."""
    plain = {squeezed(key): member for key, member in value.items()}
    count = _count(plain.get("ratelimit")) if "burstlimit" in plain else None
    return stated(count, "second", None, f"{path}.rateLimit: {count} a second") if count else None


def _window_in(plain: Mapping[str, Any]) -> int | None:
    """The window in seconds that the members of a mapping state; a number beside a unit multiplies it."""
    factor = 1
    unit: int | None = None
    for key, member in plain.items():
        if key in _LENGTHS and isinstance(member, int | float) and not isinstance(member, bool):
            return int(member * _LENGTHS[key]) or None
        if key in _UNITS or key in _LENGTHS:
            if isinstance(member, str):
                unit = unit or _length(member)
            elif isinstance(member, int) and not isinstance(member, bool) and member > 0:
                factor = member
    if unit:
        return unit * factor
    return factor if factor > 1 else None


def _length(text: str) -> int | None:
    """A length of time in seconds: "minute", "1m", "60s", "PT1M", "1/min/{project}", "60"."""
    text = text.strip()[:40]
    if text.isdigit():
        return int(text)
    iso = _ISO_DURATION.fullmatch(text)
    if iso and any(iso.groups()):
        days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    match = _LENGTH.fullmatch(text)
    seconds_of_unit = unit_seconds(match[2]) if match else None
    return int(match[1] or 1) * seconds_of_unit if match and seconds_of_unit else None


def _count(value: Any) -> int | None:
    """A number of calls, or the lowest of several ("values": {"STANDARD": 1000})."""
    if isinstance(value, dict):
        counts = [found for each in list(value.values())[:10] if (found := _plain_count(each))]
        return min(counts, default=None)
    return _plain_count(value)


def _plain_count(value: Any) -> int | None:
    match value:
        case bool():
            return None
        case int() | float():
            return int(value) if 1 <= value <= LARGEST_COUNT else None
        case str():
            return number(value[:20])
    return None


def _in_text(path: str, text: str) -> Iterator[StatedLimit]:
    text = text[:_LONGEST_STRING]
    quotation = f"{path}: {text}"
    found = list(limits_in_policy(path, text)) or list(limits_in_sentences(f"Rate limit: {text}"))
    yield from (replace(each, quotation=quotation) for each in found)
    match = _IN_ONE.fullmatch(text.strip())
    if match and not found:
        limit = stated(number(match["count"]), match["unit"], int(match["times"] or 1), quotation)
        if limit:
            yield limit


def _in_number(path: str, name: str, value: int | float) -> Iterator[StatedLimit]:
    """A bare number, whose window is in its name: `perMinute`, `requests_per_hour`, `minute`."""
    unit = _PER_UNIT.search(squeezed(name))
    limit = stated(_count(value), unit[1], None, f"{path}: {value}") if unit else None
    if limit:
        yield limit
