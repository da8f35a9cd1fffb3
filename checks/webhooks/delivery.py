"""webhooks.delivery: whether an event that could not be delivered is sent again, listed, and signed."""

from __future__ import annotations

import re

from cmms_audit.battery import (
    Context,
    Field,
    Finding,
    Parameter,
    Prose,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    sentences,
    squeezed,
    unknown,
)
from cmms_audit.model import Basis, Claim

from . import _subscriptions
from ._promised import LONG_WINDOW_HOURS, in_hours, promised_by
from ._repeat_words import OF_EVENTS
from ._repeats import QUICK_EVENTS, Said, said_of_repeats

_RETRY_FIELD = pattern(r"^(?:\w*retr(?:y|ies)\w*|max(?:delivery)?attempts|backoff\w*|redelivery\w*)$")
_BASIS = Basis.DOCUMENTED
_LOG_PATH = pattern(r"deliver|attempt|histor|failure|(?:^|[-_/])logs?$|webhook[-_]?events?$", re.IGNORECASE)
_REPLAY_PATH = pattern(r"re-?play|re-?deliver|re-?send|re-?tr(?:y|ies)|attempts?$", re.IGNORECASE)
_LOG_WORDS = pattern(
    r"\b(?:fail\w*|undelivered|deliver\w*|attempts?)\b.{0,60}\b(?:logged|listed|recorded|log|history)\b"
    r"|\b(?:log|list|history|record) of\b.{0,40}\b(?:fail\w*|deliver\w*|attempts?)\b",
    re.IGNORECASE,
)
_SIGNED = pattern(r"\bsign(?:ed|ature|ing)\b|\bhmac\b", re.IGNORECASE)
_SECRET_FIELD = pattern(r"^(?:\w*secret\w*|sign\w*key|hmac\w*|sharedkey)$")


@check(
    question="webhooks.delivery",
    id="webhooks.retry-documented",
    aspect="retry",
    sends="nothing",
    flags=("no-webhook-retry",),
)
def retry_documented(ctx: Context) -> Finding:
    """The specification says that a failed delivery is sent again, how often and for how long."""
    said = said_of_repeats(_subscriptions.prose(ctx))
    if said.promises or said.denials:
        return _judge_repeats(said, ctx.claim)
    fields = [field for each in _subscriptions.subscribing(ctx) for field in _subscriptions.request_fields(each)]
    setting = next((field for field in fields if _RETRY_FIELD.match(squeezed(field.name))), None)
    if setting:
        summary = f"how often a failed delivery is sent again can be set ({setting.name}); for how long is not said"
        return partial(summary, setting).clears("no-webhook-retry")
    if said.exceptions:
        return _only_exceptions(said)
    return unknown("the specification does not say whether a failed delivery is sent again", ctx.spec.evidence_at(""))


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
    said = said_of_repeats(Prose(page.text, page.evidence) for page in documentation.pages)
    if said.promises or said.denials:
        return _judge_repeats(said, ctx.claim)
    if said.exceptions:
        return _only_exceptions(said)
    return not_applicable("the public documentation does not speak of failed deliveries", documentation.front)


def _only_exceptions(said: Said) -> Finding:
    one = said.exceptions[0]
    summary = "as documented, a delivery is not sent again in some cases; whether it is in all others is not said"
    return unknown(summary, one, detail=_quoted(one))


def _judge_repeats(said: Said, claim: Claim | None) -> Finding:
    if said.promises:
        return _judge_promises(said, claim)
    lost = said.denials[0]
    summary = "as documented, an event that cannot be delivered is lost"
    finding = not_met(summary, lost, basis=_BASIS, detail=_quoted(lost), facts={"retries": 0.0})
    return _hold_claim_against(finding.raises("no-webhook-retry"), claim, 0, 0.0)


def _judge_promises(said: Said, claim: Claim | None) -> Finding:
    """Documents that promise repeats; where they also deny them, nobody can rely on either."""
    promised = promised_by(said)
    tries, hours, growing = promised.tries, promised.hours, promised.growing
    figures = [
        "once" if tries == 1 else f"{tries} times" if tries else "",
        f"over {in_hours(hours)}" if hours else "",
        "with growing gaps" if growing else "",
    ]
    summary = " ".join(["as documented, a failed delivery is sent again", *filter(None, figures)])
    told = {"retries": tries, "retry_window_hours": hours, "retry_first_gap": promised.first_gap}
    facts = {name: float(number) for name, number in told.items() if number}
    if said.denials:
        both = (said.promises[0], said.denials[0])
        quotes = " ".join(map(_quoted, both))
        return partial(f"{summary}; but another sentence denies it", *both, basis=_BASIS, detail=quotes, facts=facts)
    judge = met if growing and hours and hours >= LONG_WINDOW_HOURS else partial
    missing = "" if judge is met else f"; {LONG_WINDOW_HOURS} hours with growing gaps are the reference"
    quote = _quoted(said.promises[0])
    finding = judge(summary + missing, *said.promises[:2], basis=_BASIS, detail=quote, facts=facts)
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
    said = _about_events(ctx, _LOG_WORDS)
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
    said = _about_events(ctx, _SIGNED)
    if said:
        return met("as documented, messages carry a signature", said[0], detail=_quoted(said[0]))
    subscribing = _subscriptions.subscribing(ctx)
    in_header = [each for sent in ctx.spec.webhooks for each in sent.operation.parameters if _is_signature(each)]
    if in_header:
        return met(f"messages carry a signature in the header {in_header[0].name}", in_header[0])
    secret = [field for each in subscribing for field in _subscriptions.request_fields(each) if _is_secret(field)]
    if secret:
        return met(f"a subscription has a secret to sign with ({secret[0].name})", secret[0])
    return unknown("the specification does not say whether messages are signed", ctx.spec.evidence_at(""))


def _about_events(ctx: Context, about: re.Pattern[str]) -> list[Prose]:
    """Sentences on a subject that name events or their delivery."""
    texts = (each for each in _subscriptions.prose(ctx) if any(word in each.text.lower() for word in QUICK_EVENTS))
    return [each for each in sentences(texts, about) if OF_EVENTS.search(each.text)]


def _is_signature(parameter: Parameter) -> bool:
    return parameter.where == "header" and "signature" in parameter.name.lower()


def _is_secret(field: Field) -> bool:
    return bool(_SECRET_FIELD.match(squeezed(field.name)))
