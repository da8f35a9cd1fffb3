"""Rate limits as numbers per window: those of the specification, those of an answer's headers, and those claimed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cmms_audit.battery import (
    Context,
    Finding,
    Prose,
    PublishedLimit,
    RateFacts,
    StatedLimit,
    pattern,
    sentences,
    sure_limits,
)
from cmms_audit.model import Claim, HasEvidence

from ..data._counted import counted

WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
NEEDED = ("minute", "hour", "day")
MOST_QUOTED = 3
_NAMES = {**{seconds: name for name, seconds in WINDOWS.items()}, 604_800: "week", 2_592_000: "month"}
_NO_OTHER = pattern(
    r"\bno (?:other|further|additional)\b.{0,30}\blimits?\b|\b(?:only|sole) (?:rate )?limits?\b", re.IGNORECASE
)
_NO_LIMIT = pattern(
    r"\bno (?:api |request )?rate[ -]?limit"
    r"|\bno longer (?:an?|any|have|has|enforce|impose|apply)\b.{0,20}\blimits?\b"
    r"|\b(?:not|n't) (?:have|impose|enforce|apply|set)\b.{0,20}\brate[ -]?limit"
    r"|\bnot (?:currently )?rate[ -]?limited|\bwithout (?:any )?rate[ -]?limit",
    re.IGNORECASE,
)
_COUNTER = pattern(
    r"(?:x-)?(?:[a-z]{1,20}-)?rate-?limit(?:-(?:limit|remaining|policy|reset|used))?(?:-[a-z]{1,10})?$", re.I
)
_COUNTER_IN_WORDS = pattern(r"\b(?:x-)?rate-?limit-(?:limit|remaining|policy)\b", re.IGNORECASE)
_PLANS = pattern(
    r"\b(?:plans?|trial|free|basic|starter|standard|pro|professional|business|premium|enterprise|tiers?|editions?|packages?"
    r"|subscriptions?|licen[cs]es?)\b",
    re.IGNORECASE,
)
_LINK = pattern(
    r"\[[^\]\n]{0,60}(?:rate[- ]limit|throttl|quota)[^\]\n]{0,60}\]\(https?:|https?://[^\s)]{0,200}(?:rate-?limit|throttl|quota)",
    re.IGNORECASE,
)
_TIME = r"\b(?:comput(?:e|ing)|cpu|processor|processing|execution)[ -]time\b"
_EACH_WINDOW = (
    r"\b(?:per|in|within|every|each|over)\s(?:(?:an?|any|the|each|every)\s)?"
    r"(?:\d{1,4}[ -]?)?(?:second|minute|hour|day|month)"
)
_COMPUTING_TIME = pattern(rf"{_TIME}[^.\n]{{0,60}}{_EACH_WINDOW}|{_EACH_WINDOW}[^.\n]{{0,60}}{_TIME}", re.IGNORECASE)
_SIDES = {"concurrent": "calls at the same time", "burst": "calls in a burst"}


def general_limits(ctx: Context) -> tuple[PublishedLimit, ...]:
    """The limits that the specification states for the whole API, as against those of a single operation."""
    published = ctx.published_limits() if ctx.has_spec else ()
    return tuple(each for each in published if each.general)


def general(limits: Iterable[StatedLimit]) -> tuple[StatedLimit, ...]:
    """Those limits that are not of named addresses only."""
    return tuple(each for each in limits if not each.local)


def more_for_some(lowest: Mapping[int, int], stated: Iterable[StatedLimit]) -> str:
    """How much more others may call than everybody can count on, and what that depends on; empty where nobody may."""
    higher = [each for each in stated if not each.narrow and each.count > lowest.get(each.window, each.count)]
    if not higher:
        return ""
    most = {each.window: each.count for each in sorted(higher, key=lambda each: each.count)}
    by_plan = any(_PLANS.search(each.quotation) for each in higher)
    return f", depending on {'the plan' if by_plan else 'who calls or what'} up to {in_words(most)}"


def counter(ctx: Context) -> HasEvidence | None:
    """Where the specification describes headers that count calls against a limit."""
    if not ctx.has_spec:
        return None
    for operation in ctx.spec.operations:
        for response in operation.responses:
            if any(_COUNTER.match(name) for name in response.headers):
                return response
    general_texts = (each for each in ctx.spec.prose() if not each.of_operation)
    return next(sentences(general_texts, _COUNTER_IN_WORDS), None)


def by_window(limits: Iterable[PublishedLimit]) -> dict[int, int]:
    """The number of calls that reading can count on, for each window in seconds."""
    return counts(sure_limits(each.limit for each in limits))


def counts(limits: Mapping[int, StatedLimit]) -> dict[int, int]:
    """The number of calls for each window in seconds."""
    return {window: limit.count for window, limit in limits.items()}


def quoted(limits: Iterable[StatedLimit]) -> str:
    """What a document says in its own words, each sentence once, the first few."""
    quotations = list(dict.fromkeys(each.quotation for each in limits))[:MOST_QUOTED]
    return f"It says: {'; '.join(f'“{each[:300]}”' for each in quotations)}" if quotations else ""


def beside_rates(ctx: Context) -> str:
    """Limits that are no rate, in a sentence: calls at the same time, calls in a burst."""
    sides = ctx.published_side_limits() if ctx.has_spec else ()
    named = [f"at most {each.limit.count:,} {_SIDES[each.limit.kind]}" for each in sides[:MOST_QUOTED]]
    return f"Stated besides: {', '.join(named)}." if named else ""


def beside_calls(texts: Iterable[Prose]) -> str:
    """That the time which answers take to compute is limited as well, in a sentence; empty where nothing says so."""
    return "The time that answers take to compute is limited besides." if computing_time(texts) else ""


def header_windows(facts: RateFacts) -> dict[int, int]:
    """The limits that headers state with their window in seconds."""
    return {
        int(policy.window_seconds): int(policy.limit)
        for policy in facts.policies
        if policy.window_seconds
        and policy.window_seconds >= 1
        and policy.limit
        and policy.limit >= 1
        and policy.counts_calls
    }


def says_no_other(texts: Iterable[Prose]) -> bool:
    """Whether a text says that no limit but the named ones applies."""
    return any(True for _ in sentences(texts, _NO_OTHER))


def says_no_limit(texts: Iterable[Prose]) -> bool:
    """Whether a text says that there is no limit."""
    return any(True for _ in sentences(texts, _NO_LIMIT))


def computing_time(texts: Iterable[Prose]) -> Prose | None:
    """The sentence that limits the time that answers may take to compute, which is no number of calls."""
    return next(sentences(texts, _COMPUTING_TIME), None)


def page_on_limits(ctx: Context) -> Prose | None:
    """The sentence in which the specification links to a page about rate limits, where no page was named to be read."""
    if not ctx.has_spec or ctx.vendor.docs_url:
        return None
    texts = (each for each in ctx.spec.prose() if "http" in each.text and "limit" in each.text.lower())
    return next(sentences(texts, _LINK), None)


def missing_windows(windows: Iterable[int]) -> list[str]:
    """The windows without a number among minute, hour and day."""
    given = set(windows)
    return [name for name in NEEDED if WINDOWS[name] not in given]


def in_words(limits: Mapping[int, int]) -> str:
    """Limits as a phrase: 100 calls a minute and 1,000 calls an hour."""
    parts = [f"{counted(count, 'call')} {per(window)}" for window, count in sorted(limits.items())]
    return ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + parts[-1] if parts else "no limit"


def per(window: int) -> str:
    """A window in words: "an hour", "in 30 seconds"."""
    name = _NAMES.get(window)
    if name is None:
        return next(
            (
                f"in {window // seconds:,} {unit}s"
                for seconds, unit in sorted(_NAMES.items(), reverse=True)
                if window % seconds == 0
            ),
            f"in {window:,} seconds",
        )
    return f"{'an' if name == 'hour' else 'a'} {name}"


def for_which_calls(reading: Mapping[int, StatedLimit], writing: Mapping[int, StatedLimit]) -> str:
    """Which of the limits that reading can count on hold for reading alone, and those that do for writing."""
    windows = [per(window) for window, limit in sorted(reading.items()) if limit.narrow]
    own = counts({window: limit for window, limit in writing.items() if limit.narrow})
    where = "" if len(windows) == len(reading) else f" (those {' and '.join(windows)})"
    return (f" for reading{where}" if windows else "") + (f"; for writing {in_words(own)}" if own else "")


def facts_of_stated(reading: Mapping[int, StatedLimit], writing: Mapping[int, StatedLimit]) -> dict[str, float]:
    """The numbers for the capacity model: for all calls, for those that read, for those that write."""
    facts: dict[str, float] = {}
    for calls, limits in (("read_", reading), ("write_", writing)):
        for narrow, prefix in ((False, ""), (True, calls)):
            chosen = {window: limit for window, limit in limits.items() if limit.narrow is narrow}
            facts |= facts_of(counts(chosen), prefix)
    return facts


def facts_of(limits: Mapping[int, int], calls: str = "") -> dict[str, float]:
    """The numbers for the capacity model; `calls` is "read_" or "write_" where they hold for such calls alone."""
    return {
        f"{calls}limit_per_{_NAMES.get(window, f'{window}_seconds')}": float(limits[window])
        for window in sorted(limits)
        if window > 0
    }


def hold_claims_against(finding: Finding, claim: Claim | None, found: Mapping[int, int], where: str) -> Finding:
    """Hold claimed numbers against found ones of the same window; a claim of more than was found is contradicted."""
    for name, window in WINDOWS.items():
        claimed = claim.numbers.get(f"per_{name}") if claim else None
        if claimed is not None and window in found:
            finding = finding.tests_claim(
                "limits.documented",
                claimed=f"{claimed:,.10g} call{'' if claimed == 1 else 's'} {per(window)}",
                observed=f"{counted(found[window], 'call')} {per(window)} {where}",
                contradicted=found[window] < claimed,
            )
    return finding
