"""auth.rotation: whether credentials run out by themselves, as documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from cmms_audit.battery import (
    Context,
    Finding,
    Prose,
    TokenFacts,
    check,
    known_life,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    sentences,
    unknown,
)
from cmms_audit.model import HasEvidence

from . import _credentials, _tokens
from ._lists import readable_page

LONGEST_HOURS = 24 * 90
_CREDENTIAL = (
    r"(?:api[- ]?keys?|keys?|(?:access |refresh |bearer |oauth |api |session )?tokens?"
    r"|(?:client )?secrets?|credentials?)"
)
_NEVER = pattern(
    rf"\b{_CREDENTIAL}\b.{{0,40}}\b(?:never expires?|(?:do|does|will) not expire|(?:don't|doesn't|won't) expire)\b"
    rf"|\bnon-expiring {_CREDENTIAL}\b",
    re.IGNORECASE,
)
_RUNS_OUT = pattern(
    rf"\b{_CREDENTIAL}\b.{{0,60}}\b(?:expires?|expiry|expiration|valid for|lifetime|lasts\b|lives? (?:for )?\d)"
    rf"|\b(?:expiry|expiration|lifetime)\b.{{0,30}}\b{_CREDENTIAL}\b",
    re.IGNORECASE,
)
_DURATION = pattern(r"\b(\d{1,5}|an?|one)[\s-]{0,2}(second|minute|hour|day|week|month|year)s?\b", re.IGNORECASE)
_HOURS = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1, "day": 24, "week": 168, "month": 730, "year": 8760}
_QUICK = ("expir", "lifetime", "valid for", "time to live", "time-to-live", "lasts", " live")


@check(question="auth.rotation", id="auth.credential-ends", aspect="expiry", sends="reads", decisive=False)
async def credential_ends(ctx: Context) -> Finding:
    """A token that says when it runs out, given for this audit or fetched in it, does so within 90 days."""
    kind = ctx.vendor.credential_types.get("main")
    if kind in _tokens.OF_OAUTH:
        return _judge_fetched(await _tokens.fresh(ctx))
    if kind != "bearer":
        return not_applicable("the credential given for this audit is no token that could say when it runs out")
    _, page = await readable_page(ctx)
    life = known_life(page.exchange)
    if life is None:
        return not_applicable("the token given for this audit says nothing of itself", page)
    if life["expires_at"] is None:
        return partial("the token given for this audit says nothing of an end, so it may never run out", page)
    since = life["issued_at"] or datetime.fromisoformat(page.exchange.started).timestamp()
    hours = (life["expires_at"] - since) / 3600
    whole = " of its life" if life["issued_at"] is not None else " from now"
    if hours <= 0:
        return partial("the token given for this audit says that its life is over, and opens the records", page)
    return _judge_hours("the token given for this audit says that it runs out after", hours, whole, page)


def _judge_fetched(token: TokenFacts) -> Finding:
    if not token.ok:
        return not_applicable("no token was given that could say when it runs out", token.exchange)
    if token.expires_in is None:
        return partial("a token that was fetched says nothing of an end, so it may never run out", token.exchange)
    return _judge_hours("a token that was fetched runs out after", token.expires_in / 3600, "", token.exchange)


def _judge_hours(says: str, hours: float, whole: str, place: HasEvidence) -> Finding:
    """Judge the life of a token that was seen; `whole` is what it was counted from."""
    summary = f"{says} {_in_words(hours)}{whole}"
    facts = {"credential_hours": round(hours, 4)}
    if hours <= LONGEST_HOURS:
        return met(summary, place, facts=facts)
    return partial(f"{summary}; 90 days are usual at most", place, facts=facts)


@check(question="auth.rotation", id="auth.expiry-documented", aspect="expiry", sends="nothing", decisive=False)
def expiry_documented(ctx: Context) -> Finding:
    """The documents say after what time a credential runs out."""
    said = [each for each in sentences(_worth_reading(ctx), _RUNS_OUT) if not _credentials.is_of_others(each)]
    timed = next((each for each in said if not _NEVER.search(each.text) and _hours_in(each)), None)
    if timed:
        return _judge_time(timed)
    never = next((each for each in said if _NEVER.search(each.text)), None)
    if never:
        return not_met("as documented, a credential never runs out by itself", never, detail=_quoted(never))
    field = next(_credentials.expiry_fields(ctx.spec), None)
    if field:
        return partial(
            f"a credential has a time at which it runs out ({field.name}); after how long is not said", field
        )
    if said:
        return partial(
            "as documented, credentials run out; after what time is not said", said[0], detail=_quoted(said[0])
        )
    return unknown("the documents do not say whether a credential runs out", ctx.spec.evidence_at(""))


def _worth_reading(ctx: Context) -> Iterator[Prose]:
    """Texts on the API's own credentials that speak of an end."""
    for text in _credentials.prose(ctx):
        lower = text.text.lower()
        if any(word in lower for word in _QUICK):
            yield text


def _judge_time(timed: Prose) -> Finding:
    hours = _hours_in(timed) or 0.0
    summary = f"as documented, a credential runs out after {_in_words(hours)}"
    facts = {"credential_hours": round(hours, 4)}
    if hours <= LONGEST_HOURS:
        return met(summary, timed, detail=_quoted(timed), facts=facts)
    return partial(f"{summary}; 90 days are usual at most", timed, detail=_quoted(timed), facts=facts)


def _hours_in(sentence: Prose) -> float | None:
    match = _DURATION.search(sentence.text)
    if not match:
        return None
    count = int(match[1]) if match[1].isdigit() else 1
    return count * _HOURS[match[2].lower()] or None


def _in_words(hours: float) -> str:
    count, unit = (hours * 60, "minute") if hours < 1 else (hours, "hour") if hours < 48 else (hours / 24, "day")
    return f"{count:.3g} {unit}" + ("" if count == 1 else "s")


def _quoted(sentence: Prose) -> str:
    return f"It says: “{sentence.text[:400]}”"
