"""limits.at-limit: what happens when the limit is reached, as documented. As seen in a burst: `reached`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Prose,
    ResponseDoc,
    check,
    met,
    not_met,
    partial,
    pattern,
    sentences,
)
from cmms_audit.model import HasEvidence

_AT_LIMIT = pattern(r"\b429\b|\btoo many requests\b", re.IGNORECASE)
_OTHER_STATUS = pattern(
    r"\b(?:above|over|exceed\w*|beyond|reach\w*)\b.{0,60}\b(?:limits?|quota)\b.{0,60}?\b(4\d\d|5\d\d)\b"
    r"|\b(?:limits?|quota)\b.{0,20}\b(?:exceeded|reached)\b.{0,60}?\b(4\d\d|5\d\d)\b"
    r"|\b(4\d\d|5\d\d)\b.{0,60}?\b(?:limits?|quota)\b.{0,20}\b(?:exceeded|reached)\b",
    re.IGNORECASE,
)
_QUEUED = pattern(
    r"\b(?:requests?|calls?)\b.{0,80}\b(?:queued|delayed|slowed down|put in(?:to)? a queue)\b"
    r"|\b(?:queues?|delays?|slows? down)\b.{0,40}\b(?:requests?|calls?)\b",
    re.IGNORECASE,
)
_ABOUT_LIMIT = pattern(r"limit|throttl|quota|too many", re.IGNORECASE)
_WAITING_TIME = pattern(r"retry-after", re.IGNORECASE)
_LEAST_SHARE = 0.5


@check(question="limits.at-limit", id="limits.refusal-documented", aspect="refusal", sends="nothing")
def refusal_documented(ctx: Context) -> Finding:
    """The specification says that calls above the limit are refused with 429, and how long to wait (Retry-After)."""
    protected = [each for each in ctx.spec.operations if not each.is_open] or list(ctx.spec.operations)
    refusals = [refusal for each in protected if (refusal := _refusal_of(each))]
    general = (each for each in ctx.spec.prose() if not each.of_operation)
    said = list(sentences(general, _AT_LIMIT))
    if not refusals and not said:
        return _judge_other_status(ctx)
    waiting = [each for each in refusals if _tells_waiting_time(each)]
    said_waiting = [each for each in said if _WAITING_TIME.search(each.text)]
    detail = _of_its_body(refusals)
    if waiting or said_waiting:
        places: tuple[HasEvidence, ...] = (*waiting[:2], *said_waiting[:1])
        if said_waiting or len(waiting) >= _LEAST_SHARE * len(protected):
            summary = "as documented, calls above the limit get 429 and are told how long to wait"
            return met(summary, *places, detail=detail)
        return partial(
            f"429 with a waiting time is documented for {len(waiting)} of {len(protected)} operations",
            *places,
            detail=detail,
        )
    places = (*refusals[:2], *said[:1])
    if said or len(refusals) >= _LEAST_SHARE * len(protected):
        summary = "as documented, calls above the limit get 429, but not how long to wait"
        return partial(summary, *places, detail=detail)
    summary = f"429 is documented for {len(refusals)} of {len(protected)} operations only"
    return partial(summary, *places, detail=detail)


def _of_its_body(refusals: Sequence[ResponseDoc]) -> str:
    """Whether the body of the refusal is described."""
    described = sum(each.schema is not None for each in refusals)
    if not refusals or described == len(refusals):
        return "The body of the refusal is described." if refusals else ""
    return f"The body of the refusal is described for {described} of {len(refusals)} operations that list it."


def _judge_other_status(ctx: Context) -> Finding:
    about_limits = [each for each in ctx.spec.prose() if _ABOUT_LIMIT.search(each.text)]
    queued = [each for each in sentences(about_limits, _QUEUED) if _ABOUT_LIMIT.search(each.text)]
    if queued:
        summary = "as documented, calls above the limit are held back and not refused: fine at night, bad for an alarm"
        return partial(summary, queued[0], detail=_quoted(queued[0]))
    other = list(sentences(about_limits, _OTHER_STATUS))
    if not other:
        return ctx.absent("the specification does not say what happens at the limit")
    match = _OTHER_STATUS.search(other[0].text)
    status = next((group for group in match.groups() if group), "") if match else ""
    if status == "503" and any(_WAITING_TIME.search(each.text) for each in other):
        summary = "as documented, calls above the limit get 503 and a waiting time; 429 is the standard"
        return partial(summary, other[0], detail=_quoted(other[0]))
    summary = f"as documented, calls above the limit get {status}, which says nothing of a limit"
    return not_met(summary, other[0], detail=_quoted(other[0]))


def _quoted(sentence: Prose) -> str:
    return f"It says: “{sentence.text[:400]}”"


def _refusal_of(operation: Operation) -> ResponseDoc | None:
    """The documented refusal: 429, or an answer for all errors that speaks of too many requests."""
    for each in operation.responses:
        if each.status == "429" or (each.status.lower() in ("4xx", "default") and _AT_LIMIT.search(each.description)):
            return each
    return None


def _tells_waiting_time(response: ResponseDoc) -> bool:
    named = any(_WAITING_TIME.fullmatch(name) for name in response.headers)
    return named or bool(_WAITING_TIME.search(response.description))
