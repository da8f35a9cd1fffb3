"""How much faster than the documents' a sandbox's clock of retries runs, where it says so."""

from __future__ import annotations

import re

from cmms_audit.battery import Spec, pattern, sentences

_FACTOR = r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,2}|\d{1,6})"
_FASTER = pattern(
    rf"(?<!up to ){_FACTOR}(?: times|x| ?×) (?:as fast|faster)\b"
    r"|\b(?:sped up|speeds? up|accelerated)(?: \w{1,15}){0,3}? (?:by )?(?:a )?(?:factor (?:of )?)?"
    rf"{_FACTOR}(?![\d.,]* ?%|\.\d)\b",
    re.IGNORECASE,
)
_IN_THE_SANDBOX = pattern(
    r"\bsandbox\w*|\bstaging\b|\bdemo\b"
    r"|\btest(?:ing)?[- ](?:mode|environments?|systems?|accounts?|tenants?|servers?)\b",
    re.IGNORECASE,
)
_OF_RETRIES = pattern(
    r"\bre-?tr(?:y|ies|ied|ying)\b|\bre-?deliver|\bre-?sen[dt]|\bclock\b.{0,40}\b(?:deliver|webhook|event)"
    r"|\b(?:deliver|webhook|event)\w*.{0,40}\bclock\b",
    re.IGNORECASE,
)
_THAN_ANOTHER_WAY = pattern(
    r"\bthan (?!(?:in |on |the |our )*(?:production|live|documented|stated|usual|normal|real))", re.I
)


def speed_of(spec: Spec) -> float:
    """The factor that the documents state; 1 where they state none.

    Only what is said of retries in a sandbox counts: that webhooks are faster than polling is said everywhere.
    """
    return max((_factor(each.text) for each in sentences(spec.prose(), _FASTER)), default=1.0)


def _factor(sentence: str) -> float:
    match = _FASTER.search(sentence)
    ours = _IN_THE_SANDBOX.search(sentence) and _OF_RETRIES.search(sentence)
    if not match or not ours or _THAN_ANOTHER_WAY.search(sentence):
        return 1.0
    return max(1.0, float((match[1] or match[2]).replace(",", "")))
