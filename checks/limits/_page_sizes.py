"""What a page size is worth, documented or served, and how it is spoken of."""

from __future__ import annotations

from cmms_audit.battery import Finding, Resource, met, not_met, partial
from cmms_audit.model import Claim, HasEvidence

from ..data._counted import counted

REFERENCE = 1_000


def judge(summary: str, size: int, *places: HasEvidence, seconds: float | None = None) -> Finding:
    """A page of 1,000 is met, a single record a call not met, anything between a limitation.

    `seconds` is how long the page took, where it was really served; else the size is documented only.
    """
    facts = {"page_size_documented": float(size)} if seconds is None else facts_of(size, seconds)
    if size >= REFERENCE:
        return met(summary, *places, facts=facts)
    verdict = partial if size > 1 else not_met
    return verdict(f"{summary}; {REFERENCE:,} is the reference", *places, facts=facts)


def facts_of(size: int, seconds: float) -> dict[str, float]:
    """A page that was served, for the capacity model."""
    return {
        "page_size_served": float(size),
        "seconds_per_page": round(seconds, 4),
        "seconds_per_record": round(seconds / max(size, 1), 6),
    }


def claimed(claim: Claim | None) -> float | None:
    """The largest page that the vendor claims."""
    return claim.numbers.get("max_page_size") if claim else None


def in_words(size: float) -> str:
    """A page size in a sentence: "1,000 records a page"."""
    return f"{size:,.10g} record{'' if size == 1 else 's'} a page"


def in_time(size: int, seconds: float) -> str:
    """How a page came: "a page of 1,000 records came in 0.5 seconds, 0.5 milliseconds a record"."""
    each = f", {seconds / size * 1000:.2g} milliseconds a record" if size > 1 else ""
    return f"a page of {counted(size, 'record')} came in {seconds:.2g} seconds{each}"


def plain(resource: Resource) -> str:
    """What a list is called in a sentence; one that only stands in for it goes by its path."""
    name = resource.kind.replace("_", " ")
    return f"{resource.path} (the nearest to {name})" if resource.nearest else name
