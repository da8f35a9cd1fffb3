"""The secret that an API tells with a new subscription, found in the raw answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cmms_audit.patterns import pattern

SUBSCRIPTIONS = "webhooks"  # the kind of record that a subscription is
TOLD = "webhooks.told"  # a secret that came with a subscription, by its label in the record
SHORTEST, LONGEST = 8, 512  # characters
MOST = 4
_NAMES = pattern(
    r"^(?:(?:signing|signature|shared|webhook|hmac|client|verification)[_-]?)?(?:secret|key|secret[_-]?key)$"
    r"|^(?:signing|signature|verification)[_-]?token$"
)
_DEEPEST = 3


def secrets_in(body: bytes) -> tuple[str, ...]:
    """The first texts of an answer that are called a secret, or a key to sign with."""
    try:
        return tuple(islice(_found(json.loads(body), _DEEPEST), MOST))
    except (ValueError, RecursionError):
        return ()


def _found(value: Any, depth: int) -> Iterator[str]:
    if not isinstance(value, dict) or not depth:
        return
    for name, inner in value.items():
        if isinstance(inner, str) and SHORTEST <= len(inner) <= LONGEST and _NAMES.search(name.lower()):
            yield inner
        yield from _found(inner, depth - 1)
