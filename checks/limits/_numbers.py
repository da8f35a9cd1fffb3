"""Rate limits as numbers per window: those of the specification, those of an answer's headers, and those claimed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cmms_audit.battery import Context, Finding, Prose, PublishedLimit, RateFacts, sentences
from cmms_audit.model import Claim

WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
NEEDED = ("minute", "hour", "day")
_NAMES = {seconds: name for name, seconds in WINDOWS.items()}
_OF_ONE_OPERATION = "/paths/"
_NO_OTHER = re.compile(
    r"\bno (?:other|further|additional)\b.{0,30}\blimits?\b|\b(?:only|sole) (?:rate )?limits?\b", re.IGNORECASE
)
_NO_LIMIT = re.compile(r"\b(?:no|not have|without)\b.{0,20}\brate[ -]?limit", re.IGNORECASE)


def general_limits(ctx: Context) -> tuple[PublishedLimit, ...]:
    """The limits that the specification states for the whole API, as against those of a single operation."""
    published = ctx.published_limits() if ctx.has_spec else ()
    return tuple(each for each in published if not _is_of_one_operation(each))


def _is_of_one_operation(limit: PublishedLimit) -> bool:
    pointer = limit.evidence.pointer or ""
    return pointer.startswith(_OF_ONE_OPERATION) and "/responses/" not in pointer


def by_window(limits: Iterable[PublishedLimit]) -> dict[int, int]:
    """The lowest number of calls for each window in seconds."""
    found: dict[int, int] = {}
    for each in limits:
        found[each.limit.window] = min(each.limit.count, found.get(each.limit.window, each.limit.count))
    return found


def header_windows(facts: RateFacts) -> dict[int, int]:
    """The limits that headers state with their window in seconds."""
    return {
        int(policy.window_seconds): int(policy.limit)
        for policy in facts.policies
        if policy.window_seconds and policy.limit
    }


def says_no_other(texts: Iterable[Prose]) -> bool:
    """Whether a text says that no limit but the named ones applies."""
    return any(True for _ in sentences(texts, _NO_OTHER))


def says_no_limit(texts: Iterable[Prose]) -> bool:
    """Whether a text says that there is no limit."""
    return any(True for _ in sentences(texts, _NO_LIMIT))


def missing_windows(windows: Iterable[int]) -> list[str]:
    """The windows without a number among minute, hour and day."""
    given = set(windows)
    return [name for name in NEEDED if WINDOWS[name] not in given]


def in_words(limits: Mapping[int, int]) -> str:
    """Limits as a phrase: 100 calls a minute and 1,000 calls an hour."""
    parts = [f"{count:,} calls {per(window)}" for window, count in sorted(limits.items())]
    return ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + parts[-1] if parts else "no limit"


def per(window: int) -> str:
    """A window in words: "an hour", "in 30 seconds"."""
    name = _NAMES.get(window)
    if name is None:
        return f"in {window:,} seconds"
    return f"{'an' if name == 'hour' else 'a'} {name}"


def facts_of(limits: Mapping[int, int]) -> dict[str, float]:
    """The numbers for the capacity model."""
    return {f"limit_per_{_NAMES[window]}": count for window, count in limits.items() if window in _NAMES}


def hold_claims_against(finding: Finding, claim: Claim | None, found: Mapping[int, int], where: str) -> Finding:
    """Hold claimed numbers against found ones of the same window; a claim of more than was found is contradicted."""
    for name, window in WINDOWS.items():
        claimed = claim.numbers.get(f"per_{name}") if claim else None
        if claimed is not None and window in found:
            finding = finding.tests_claim(
                "limits.documented",
                claimed=f"{claimed:,.10g} calls {per(window)}",
                observed=f"{found[window]:,} calls {per(window)} {where}",
                contradicted=found[window] < claimed,
            )
    return finding
