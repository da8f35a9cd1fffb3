"""webhooks.delivery: whether an event that could not be delivered is sent again, listed, and signed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cmms_audit.battery import (
    Context,
    Field,
    Finding,
    Prose,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    sentences,
    squeezed,
    unknown,
)
from cmms_audit.model import Basis, Claim

from . import _subscriptions

LONG_WINDOW_HOURS = 72

_EVENTS = r"(?:webhooks?|deliver\w*|event notifications?|callbacks?|subscribers?|(?:failed|each|an|the) events?)"
_LOST = (
    r"\bbest[- ]effort\b|\bfire[- ]and[- ]forget\b|\bat[- ]most[- ]once\b|\b(?:sent|delivered) (?:only )?once\b"
    r"|\b(?:no|never|without|not) (?:automatic(?:ally)? |be |being |any )?"
    r"(?:retr(?:y|ies|ied|ying)|resent|re-?delivered)\b"
)
_REPEATED = (
    r"\bretr(?:y|ies|ied|ying)\b|\b\d{1,3} (?:delivery )?attempts\b"
    r"|\bautomatically (?:re-?)?(?:sen[dt]|deliver\w*|attempt\w*)\b"
)
_NEVER = re.compile(_LOST, re.IGNORECASE)
_ABOUT_REPEATS = re.compile(f"{_LOST}|{_REPEATED}", re.IGNORECASE)
_OF_EVENTS = re.compile(rf"\b{_EVENTS}\b", re.IGNORECASE)
_EITHER = re.compile(f"{_OF_EVENTS.pattern}|{_ABOUT_REPEATS.pattern}", re.IGNORECASE)
_FOR_THE_CLIENT = re.compile(r"\b429\b|retry-after|rate.?limit|\byour?\b|idempoten|\brequests?\b", re.IGNORECASE)
_GROWING = re.compile(r"exponential|back-?off|growing|increasing", re.IGNORECASE)
_TIMES = re.compile(r"\b(\d{1,3})\s{0,2}(?:times|retries|attempts|tries)\b", re.IGNORECASE)
_WINDOW = re.compile(r"\b(\d{1,4})\s{0,2}-?(minute|hour|day)s?\b", re.IGNORECASE)
_BASIS = Basis.DOCUMENTED
_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
_LOG_PATH = re.compile(r"deliver|attempt|histor|failure|(?:^|[-_/])logs?$|webhook[-_]?events?$", re.IGNORECASE)
_REPLAY_PATH = re.compile(r"re-?play|re-?deliver|re-?send|re-?tr(?:y|ies)|attempts?$", re.IGNORECASE)
_LOG_WORDS = re.compile(r"\b(?:logged|listed|recorded|log of)\b", re.IGNORECASE)
_SIGNED = re.compile(r"\bsign(?:ed|ature|ing)\b|\bhmac\b", re.IGNORECASE)
_SECRET_FIELD = re.compile(r"^(?:\w*secret\w*|sign\w*key|hmac\w*|sharedkey)$")


@check(
    question="webhooks.delivery",
    id="webhooks.retry-documented",
    aspect="retry",
    sends="nothing",
    flags=("no-webhook-retry",),
)
def retry_documented(ctx: Context) -> Finding:
    """The specification says that a failed delivery is sent again, how often and for how long."""
    said = _said_of_repeats(ctx.spec.prose())
    if not said:
        return unknown(
            "the specification does not say whether a failed delivery is sent again", ctx.spec.evidence_at("")
        )
    return _judge_repeats(said, ctx.claim)


@check(
    question="webhooks.delivery",
    id="webhooks.retry-in-documentation",
    aspect="retry",
    sends="reads",
    flags=("no-webhook-retry",),
)
async def retry_in_documentation(ctx: Context) -> Finding:
    """The public documentation pages say that a failed delivery is sent again, how often and for how long."""
    if ctx.vendor.docs_url is None:
        return not_applicable("the vendor file names no public documentation (docs_url) to read")
    documentation = await ctx.documentation()
    said = _said_of_repeats(Prose(page.text, page.evidence) for page in documentation.pages)
    if not said:
        return not_applicable("the public documentation does not speak of failed deliveries", documentation.front)
    return _judge_repeats(said, ctx.claim)


def _said_of_repeats(texts: Iterable[Prose]) -> list[Prose]:
    """Sentences on sending an event again: they name events, or follow one that does and do not speak to the client."""
    found = []
    before: Prose | None = None
    for each in sentences(texts, _EITHER):
        follows = before is not None and before.evidence == each.evidence and bool(_OF_EVENTS.search(before.text))
        names_events = bool(_OF_EVENTS.search(each.text))
        if _ABOUT_REPEATS.search(each.text) and (names_events or (follows and not _FOR_THE_CLIENT.search(each.text))):
            found.append(each)
        before = each
    return found


def _judge_repeats(said: Sequence[Prose], claim: Claim | None) -> Finding:
    never = next((each for each in said if _NEVER.search(each.text)), None)
    if never:
        finding = not_met(
            "as documented, an event that cannot be delivered is lost", never, basis=_BASIS, detail=_quoted(never)
        )
        return _hold_claim_against(finding.raises("no-webhook-retry"), claim, 0, 0.0)
    text = " ".join(each.text for each in said)
    tries = max((int(number) for number in _TIMES.findall(text)), default=None)
    hours = max((float(number) * _HOURS[unit.lower()] for number, unit in _WINDOW.findall(text)), default=None)
    growing = bool(_GROWING.search(text))
    figures = [
        f"{tries} times" if tries else "",
        f"over {hours:.3g} hours" if hours else "",
        "with growing gaps" if growing else "",
    ]
    summary = " ".join(["as documented, a failed delivery is sent again", *filter(None, figures)])
    facts = {name: float(number) for name, number in (("retries", tries), ("retry_window_hours", hours)) if number}
    judge = met if growing and hours and hours >= LONG_WINDOW_HOURS else partial
    missing = "" if judge is met else f"; {LONG_WINDOW_HOURS} hours with growing gaps are the reference"
    finding = judge(summary + missing, *said[:2], basis=_BASIS, detail=_quoted(said[0]), facts=facts)
    return _hold_claim_against(finding.clears("no-webhook-retry"), claim, tries, hours)


def _hold_claim_against(finding: Finding, claim: Claim | None, tries: int | None, hours: float | None) -> Finding:
    for name, words, found in (("retries", "retries", tries), ("window_hours", "hours of retries", hours)):
        claimed = claim.numbers.get(name) if claim else None
        if claimed is not None and found is not None:
            finding = finding.tests_claim(
                "webhooks.delivery",
                claimed=f"{claimed:g} {words}",
                observed=f"{found:g} {words} in the documents",
                contradicted=found < claimed,
            )
    return finding


def _quoted(sentence: Prose) -> str:
    return f"It says: “{sentence.text[:400]}”"


@check(question="webhooks.delivery", id="webhooks.log-offered", aspect="log", sends="nothing")
def log_offered(ctx: Context) -> Finding:
    """Deliveries can be listed, failed ones among them, and be sent again by hand."""
    about = _subscriptions.about_events(ctx)
    logs = [each for each in about if each.method == "GET" and _LOG_PATH.search(each.path)]
    replays = [each for each in about if each.method == "POST" and _REPLAY_PATH.search(each.path)]
    if logs and replays:
        summary = f"deliveries can be listed ({logs[0].path}) and sent again ({replays[0].path})"
        return met(summary, logs[0], replays[0])
    if logs or replays:
        lack = "sent again" if logs else "listed"
        return partial(
            f"deliveries can be {'listed' if logs else 'sent again'}, but not {lack}", *logs[:1], *replays[:1]
        )
    said = [each for each in ctx.sentences(_LOG_WORDS) if _OF_EVENTS.search(each.text)]
    if said:
        return partial(
            "the documents speak of a log of deliveries, but no operation reads it", said[0], detail=_quoted(said[0])
        )
    return unknown("the specification does not say where failed deliveries can be seen", ctx.spec.evidence_at(""))


@check(
    question="webhooks.delivery",
    id="webhooks.signature-documented",
    aspect="signature",
    sends="nothing",
    decisive=False,
)
def signature_documented(ctx: Context) -> Finding:
    """Messages are signed with a secret, so that a receiver can tell them from forgeries."""
    said = [each for each in ctx.sentences(_SIGNED) if _OF_EVENTS.search(each.text)]
    if said:
        return met("as documented, messages carry a signature", said[0], detail=_quoted(said[0]))
    subscribing = _subscriptions.subscribing(ctx)
    secret = [field for each in subscribing for field in _subscriptions.request_fields(each) if _is_secret(field)]
    if secret:
        return met(f"a subscription has a secret to sign with ({secret[0].name})", secret[0])
    return unknown("the specification does not say whether messages are signed", ctx.spec.evidence_at(""))


def _is_secret(field: Field) -> bool:
    return bool(_SECRET_FIELD.match(squeezed(field.name)))
