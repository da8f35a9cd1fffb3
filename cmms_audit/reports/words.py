"""The plain words that every report uses for the closed sets: verdicts, bases, reasons, severities, grades."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

VERDICTS = {
    "met": "Met",
    "partial": "Partly met",
    "not_met": "Not met",
    "unknown": "Unknown",
    "not_applicable": "Does not apply",
}
VERDICT_SIGNS = {"met": "✓", "partial": "◐", "not_met": "✕", "unknown": "?", "not_applicable": "–"}
VERDICT_MEANINGS = {
    "met": "everything that was looked at holds",
    "partial": "it works, with a limitation to plan for",
    "not_met": "missing or wrong",
    "unknown": "nothing that could be seen answers it; never counted as met",
    "not_applicable": "cannot matter for the chosen integrations",
}

BASES = {
    "observed": "seen on the wire",
    "documented": "in the vendor's documents",
    "claimed": "the vendor says",
    "none": "nobody has shown it",
}
BASIS_MEANINGS = {
    "observed": "we sent requests to the vendor's system and recorded what came back",
    "documented": "the published API description or a public page states it; we have not seen it work",
    "claimed": "the vendor answered so; nothing public or recorded backs it",
    "none": "neither traffic, nor documents, nor an answer of the vendor",
}

REASONS = {
    "vendor-silent": "nothing the vendor has published or sent answers it",
    "not-permitted": "permission to try it was not given",
    "offline": "nothing was sent to the vendor in this run",
    "skipped": "left out of this run on request",
    "budget": "the agreed number of requests or the agreed time was used up",
    "connectivity": "the vendor's system could not be reached",
    "credential": "the vendor refused the credential",
    "timeout": "the vendor's system did not answer in time",
    "resource-not-found": "the right part of the API could not be recognised",
    "interrupted": "the run was interrupted",
    "defect": "the check itself failed; please report it",
}

SEVERITIES = {"critical": "Critical", "serious": "Serious", "minor": "Minor"}
SEVERITY_ORDER = tuple(SEVERITIES)

WAIVER_STATES = {
    "active": "Active",
    "expired": "Expired: it no longer counts",
    "not_needed": "No longer needed",
}

SCENARIO_VERDICTS = {"go": "Go", "conditional": "Go with conditions", "no-go": "No-go"}
SCENARIO_SIGNS = {"go": "✓", "conditional": "◐", "no-go": "✕"}

FITS = {"fits": "Fits", "too_much": "Does not fit", "unknown": "Unknown", "no_time": "No time set"}
FITS_SIGNS = {"fits": "✓", "too_much": "✕", "unknown": "?", "no_time": "–"}
FITS_VERDICTS = {"fits": "met", "too_much": "not_met", "unknown": "unknown", "no_time": "not_applicable"}

GRADES = {
    "A": "Ready to integrate with",
    "B": "Sound, with gaps to plan for",
    "C": "Usable only under written conditions",
    "D": "Weak: expect lasting manual work",
    "F": "Not fit for integration as it stands",
}
GRADE_FLOORS = (("F", 0), ("D", 40), ("C", 60), ("B", 75), ("A", 90))

PURPOSES = {
    "api": "the checks themselves",
    "provoked": "asking wrong questions on purpose",
    "stranger": "asking as a stranger",
    "token": "obtaining or ending tokens",
    "discovery": "looking up how to sign in",
    "document": "reading published documents",
    "burst": "the short burst that finds the limit",
    "cleanup": "looking for and deleting what this audit created",
}


def percent(share: float) -> str:
    """A share between 0 and 1 in per cent; a small one is never shown as nothing."""
    return "<1\u00a0%" if 0 < share < 0.005 else f"{share * 100:.0f}\u00a0%"


def number(value: float) -> str:
    """A score or an amount without needless decimals: 71.5, 80, 12,345."""
    return f"{value:,.1f}".removesuffix(".0")


def score_range(low: float, high: float) -> str:
    """A score from low to high, as one number where they are the same."""
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def moment(iso: str) -> str:
    """An ISO 8601 moment for a reader: 22 November 2026, 11:58 UTC. What is no moment is returned as it is."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    when = when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def size(amount: float) -> str:
    """A number of bytes for a reader."""
    if amount < 1000:
        return f"{amount:.0f} bytes"
    return f"{amount / 1000:.0f} kB" if amount < 1_000_000 else f"{amount / 1_000_000:.1f} MB"


def length(seconds: float) -> str:
    """A length of time for a reader, in the largest unit that it fills: 0.2 s, 30 s, 2 min, 1.5 h, 72 h."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if round(seconds) < 120 and round(seconds) % 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{number(minutes)} min" if round(minutes) < 60 else f"{number(minutes / 60)} h"


def counted(amount: int, one: str, many: str = "") -> str:
    """An amount with its noun: 1 question, 2 questions."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def evidence_words(evidence: Mapping[str, Any]) -> str:
    """One piece of evidence in words, for formats that cannot link to it."""
    match evidence["kind"]:
        case "exchange":
            return f"exchange {evidence['id']}"
        case "delivery":
            return f"webhook delivery {evidence['id']}"
        case "claim":
            return "the vendor's own answer"
        case _:
            return f"{spec_place(evidence)}: {pointer_words(evidence.get('pointer') or '')}"


def spec_place(evidence: Mapping[str, Any]) -> str:
    """Where in which file a piece of the specification stands, as editors open it: "openapi.yaml:120"."""
    file = evidence.get("file") or "specification"
    return f"{file}:{evidence['line']}" if evidence.get("line") else str(file)


def pointer_words(pointer: str) -> str:
    """A JSON pointer as a path that reads: /paths/~1work-orders/get becomes paths › /work-orders › get."""
    pointer = pointer.rpartition("#")[2] if pointer[:1] != "/" else pointer
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return " › ".join(parts) if parts else "the whole document"
