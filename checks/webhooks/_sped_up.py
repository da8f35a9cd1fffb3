"""How much faster than the documents' a sandbox's clock of retries runs, where it says so."""

from __future__ import annotations

import re

from cmms_audit.battery import Spec, pattern, sentences

_FASTER = pattern(
    r"\b(\d{1,3}(?:,\d{3})*|\d+) times (?:as fast|faster)\b.{0,80}|\bsped up\b.{0,40}?\b(\d{1,6})\b", re.IGNORECASE
)
_OF_RETRIES = pattern(r"retr|deliver|webhook|clock", re.IGNORECASE)


def speed_of(spec: Spec) -> float:
    """The factor that the documents state; 1 where they state none."""
    for each in sentences(spec.prose(), _FASTER):
        match = _FASTER.search(each.text)
        if match and _OF_RETRIES.search(each.text):
            return float((match[1] or match[2]).replace(",", ""))
    return 1.0
