"""Whether documents say that a subscription is switched off when its receiver fails: then no try may follow."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Prose, pattern, sentences

from . import _subscriptions

_SWITCHED_OFF = pattern(
    r"\b(?:disabl|deactivat|de-activat|inactiv|suspend|paus|revok|quarantin)\w*|\b(?:switch|turn)(?:s|ed)? off\b"
    r"|\bcircuit[- ]?break\w*|\b(?:unsubscrib|remov|delet)ed\b",
    re.IGNORECASE,
)
_AT_FAILURES = pattern(
    r"\bfail\w*|\berrors?\b|\bunsuccessful\w*|\bunreachable\b|\bunavailable\b|\bunhealthy\b|\btime[sd]?[- ]?outs?\b"
    r"|\b(?:4|5)(?:\d\d|xx)\b|\bcircuit[- ]?break\w*"
    r"|\b(?:not|n't) (?:be )?(?:respond|answer|accept|acknowledg|reach|available)\w*",
    re.IGNORECASE,
)
_OF_SUBSCRIPTIONS = pattern(
    r"\b(?:web-?hooks?|hooks?|subscriptions?|endpoints?|callbacks?|receivers?|urls?)\b", re.IGNORECASE
)
_LATER_THAN_SEEN = pattern(
    r"\b(?:[1-9]\d{1,5}|ten|twelve|fifteen|twenty|fifty|(?:a )?hundred) "
    r"(?:or more |\w{1,15} ){0,2}(?:fail\w*|errors?|attempts?|tries|retries|times|deliver\w*)\b"
    r"|\b(?:after|over|than|failing for|fails for)\b.{0,20}\b(?:hours?|days?|weeks?)\b"
    r"|\ball (?:\w{1,15} )?(?:retries|attempts|tries)\b",
    re.IGNORECASE,
)


async def switched_off_at_failures(ctx: Context) -> Prose | None:
    """A sentence by which a subscription is switched off after a failure or a few; None where documents have none."""
    texts = list(_subscriptions.prose(ctx)) if ctx.has_spec else []
    if ctx.vendor.docs_url is not None:
        texts += [Prose(page.text, page.evidence) for page in (await ctx.documentation()).pages]
    return next(filter(_is_meant, sentences(texts, _SWITCHED_OFF)), None)


def _is_meant(sentence: Prose) -> bool:
    text = sentence.text
    return bool(_AT_FAILURES.search(text) and _OF_SUBSCRIPTIONS.search(text)) and not _LATER_THAN_SEEN.search(text)
