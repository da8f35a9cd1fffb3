"""Whether the documents speak of events that reach a client by another way than webhooks: queues, buses, streams."""

from __future__ import annotations

import re
from functools import lru_cache

from cmms_audit.battery import Prose, Spec, pattern, sentences

_WAY = (
    r"(?:\bkafka\b|\brabbit ?mq\b|\bamqp\b|\bmqtt\b|\bservice bus\b|\bevent[- ]?(?:bus|hubs?|grid|bridge|mesh)\b"
    r"|\b(?:aws |amazon )?(?:sns|sqs)\b|\bkinesis\b|\bpub/?sub\b|\bmessage (?:queues?|brokers?|bus)\b|\bjms\b"
    r"|\bserver[- ]sent events?\b|\bsse\b|\bevent streams?\b)"
)
_NAMED = pattern(_WAY, re.IGNORECASE)
_SENT = pattern(
    r"\b(?:publish|deliver|sent|sends?|push|stream|emit|forward|notif|subscri|consum|rout|receiv)", re.IGNORECASE
)
_OF_WHAT = pattern(r"\b(?:events?|changes?|notifications?|updates?|alarms?|messages?)\b", re.IGNORECASE)
_DENIED = pattern(
    rf"\b(?:no|not|without|nor|never|cannot|\w{{2,6}}n't)\b[^;,.]{{0,40}}{_WAY}"
    rf"|{_WAY}[^;,.]{{0,40}}\b(?:not|unavailable|no longer|isn't|aren't)\b"
    r"|\b(?:planned|roadmap|coming soon|in (?:the )?future|will be (?:added|available)|upcoming|deprecated)\b",
    re.IGNORECASE,
)
_INTO_THE_VENDOR = pattern(
    r"\b(?:ingest\w*|incoming|inbound|sensors?|gateways?|meters?|telemetry|(?:to|from) (?:our|us)\b|into our)\b"
    r"|\b(?:we|us|system|platform) (?:can )?(?:receives?|consumes?|reads?|subscribes?)\b"
    r"|\b(?:internal(?:ly)?|architecture)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4)
def said(spec: Spec) -> Prose | None:
    """The first sentence of the general texts that says so; what flows into the vendor's system does not count."""
    general = (each for each in spec.prose() if not each.of_operation)
    return next((each for each in sentences(general, _NAMED) if _is_delivery(each.text)), None)


def _is_delivery(sentence: str) -> bool:
    is_sent = _SENT.search(sentence) and _OF_WHAT.search(sentence)
    return bool(is_sent) and not _DENIED.search(sentence) and not _INTO_THE_VENDOR.search(sentence)
