"""How long a refusal at the limit asks to wait, wherever it says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from cmms_audit.battery import Context, pattern, squeezed
from cmms_audit.model import Exchange

_NAMES = {"retryafter": 1.0, "retryafterseconds": 1.0, "retryaftersec": 1.0, "retryafterms": 0.001, "retryin": 1.0}
_NUMBER = pattern(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_IN_PROSE = pattern(
    r"\b(?:retry|try again|wait|available)\b[^.\n0-9]{0,40}[0-9]{1,6}\s?(?:s\b|sec|min|hours?\b)", re.IGNORECASE
)
_LONGEST = 1e9  # seconds
_MOST_PROSE = 2_000  # characters
_MOST_MEMBERS = 50


class Wait(Struct, frozen=True):
    """So many seconds, and where it is said, in words; `where` is empty for Retry-After, the standard header."""

    seconds: float
    where: str = ""


def waiting_time(ctx: Context, refused: Exchange) -> Wait | None:
    """What a program can read of when to come back: Retry-After, a header like it, the limit headers, the body."""
    facts = ctx.rate_headers(refused)
    if facts.retry_after is not None:
        return Wait(facts.retry_after)
    headers = refused.response.headers if refused.response else ()
    for name, value in headers:
        kind = next((each for each in _NAMES if squeezed(name).endswith(each)), None)
        if kind and _NUMBER.fullmatch(value.strip()):
            return Wait(float(value) * _NAMES[kind], f"in the header {name[:60]}")
    exhausted = [each.reset_seconds for each in facts.policies if each.remaining == 0 and each.reset_seconds]
    if exhausted:
        return Wait(max(exhausted), "in its limit headers")
    return next(_in_body(refused), None)


def _in_body(refused: Exchange) -> Iterator[Wait]:
    """A waiting time that stands in the body or in an object right in it."""
    body = refused.json
    holders = [body, *list(body.values())[:_MOST_MEMBERS]] if isinstance(body, dict) else []
    for holder in holders:
        for name, value in list(holder.items())[:_MOST_MEMBERS] if isinstance(holder, dict) else ():
            scale = _NAMES.get(squeezed(name))
            if scale and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST:
                yield Wait(value * scale, f"in {name[:60]} of its body")


def says_it_in_prose(refused: Exchange) -> bool:
    """Whether a person can read how long to wait ("please retry in 10 seconds"), and no program."""
    return _IN_PROSE.search(refused.text[:_MOST_PROSE]) is not None
