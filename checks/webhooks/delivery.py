"""webhooks.delivery: whether an event that could not be delivered is sent again, listed, and signed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

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

LONG_WINDOW_HOURS = 72

_WORDS = {
    "once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "a": 1, "an": 1, "one": 1,
}  # fmt: skip
_NUMBER = r"(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)"
_EVENTS = r"(?:webhooks?|deliver\w*|event notifications?|callbacks?|subscribers?|(?:failed|each|an|the) events?)"
_LOST = (
    r"\bbest[- ]effort\b|\bfire[- ]and[- ]forget\b|\bat[- ]most[- ]once\b|\b(?:sent|delivered) (?:only )?once\b"
    r"|\b(?:no|never|without|not|cannot|\w{2,6}n't) (?:automatic(?:ally)? |be |being |any |currently )?"
    r"(?:retr(?:y|ies|ied|ying)|resent|re-?delivered|re-?tried)\b"
)
_REPEATED = (
    rf"\bretr(?:y|ies|ied|ying)\b|\b{_NUMBER} (?:delivery )?attempts\b"
    r"|\bautomatically (?:re-?)?(?:sen[dt]|deliver\w*|attempt\w*)\b"
)
_NEVER = pattern(_LOST, re.IGNORECASE)
_ABOUT_REPEATS = pattern(f"{_LOST}|{_REPEATED}", re.IGNORECASE)
_OF_EVENTS = pattern(rf"\b{_EVENTS}\b", re.IGNORECASE)
_EITHER = pattern(f"{_OF_EVENTS.pattern}|{_ABOUT_REPEATS.pattern}", re.IGNORECASE)
_FOR_THE_CLIENT = pattern(r"\b429\b|retry-after|rate.?limit|\byour?\b|idempoten|\brequests?\b", re.IGNORECASE)
_GROWING = pattern(r"exponential|back-?off|growing|increasing", re.IGNORECASE)
_TIMES = pattern(
    rf"\b({_NUMBER})\s{{0,2}}(?:more |further |delivery |re-?delivery )?(?:times|retries|attempts|tries)\b"
    r"|\bretried (once|twice)\b",
    re.IGNORECASE,
)
_WINDOW = pattern(rf"\b({_NUMBER}|an?)[\s-]{{0,2}}(minute|hour|day)s?\b", re.IGNORECASE)
_NO_WINDOW = pattern(
    r"\b(?:every|each|kept|keeps?|stored?|retained?|available|logged|deleted|expires?|visible)\b[\w\s]{0,12}$",
    re.IGNORECASE,
)
_BEFORE = 30  # characters before a length of time that may say what it is for
_QUICK_EVENTS = ("hook", "deliver", "event", "callback", "subscriber")
_QUICK = ("retr", "best", "fire", "once", "automatic", "redeliver", "re-deliver", "resen", "re-sen", "attempt")
_RETRY_FIELD = pattern(r"^(?:\w*retr(?:y|ies)\w*|max(?:delivery)?attempts|backoff\w*|redelivery\w*)$")
_BASIS = Basis.DOCUMENTED
_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}
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
    said = _said_of_repeats(_subscriptions.prose(ctx))
    if said:
        return _judge_repeats(said, ctx.claim)
    fields = [field for each in _subscriptions.subscribing(ctx) for field in _subscriptions.request_fields(each)]
    setting = next((field for field in fields if _RETRY_FIELD.match(squeezed(field.name))), None)
    if setting:
        summary = f"how often a failed delivery is sent again can be set ({setting.name}); for how long is not said"
        return partial(summary, setting).clears("no-webhook-retry")
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
    said = _said_of_repeats(Prose(page.text, page.evidence) for page in documentation.pages)
    if not said:
        return not_applicable("the public documentation does not speak of failed deliveries", documentation.front)
    return _judge_repeats(said, ctx.claim)


def _said_of_repeats(texts: Iterable[Prose]) -> list[Prose]:
    """Sentences on sending an event again: they name events, or follow one that does and do not speak to the client."""
    found = []
    before: Prose | None = None
    for each in sentences(filter(_is_worth_reading, texts), _EITHER):
        follows = before is not None and before.place is each.place and bool(_OF_EVENTS.search(before.text))
        names_events = bool(_OF_EVENTS.search(each.text))
        if _ABOUT_REPEATS.search(each.text) and (names_events or (follows and not _FOR_THE_CLIENT.search(each.text))):
            found.append(each)
        before = each
    return found


def _is_worth_reading(text: Prose) -> bool:
    """A quick look: whether a text holds words for events and for repeats."""
    lower = text.text.lower()
    return any(word in lower for word in _QUICK_EVENTS) and any(word in lower for word in _QUICK)


def _judge_repeats(said: Sequence[Prose], claim: Claim | None) -> Finding:
    never = next((each for each in said if _NEVER.search(each.text)), None)
    if never:
        finding = not_met(
            "as documented, an event that cannot be delivered is lost", never, basis=_BASIS, detail=_quoted(never)
        )
        return _hold_claim_against(finding.raises("no-webhook-retry"), claim, 0, 0.0)
    text = " ".join(each.text for each in said)
    tries = max((_number(match[1] or match[2]) for match in _TIMES.finditer(text)), default=None)
    hours = max(_windows(text), default=None)
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


def _windows(text: str) -> Iterator[float]:
    """The lengths of time in hours over which repeats go on; gaps ("every 2 hours") and storage times left out."""
    for match in _WINDOW.finditer(text):
        if not _NO_WINDOW.search(text[max(0, match.start() - _BEFORE) : match.start()]):
            yield _number(match[1]) * _HOURS[match[2].lower()]


def _number(written: str) -> int:
    return int(written) if written.isdigit() else _WORDS[written.lower()]


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
    texts = (each for each in _subscriptions.prose(ctx) if any(word in each.text.lower() for word in _QUICK_EVENTS))
    return [each for each in sentences(texts, about) if _OF_EVENTS.search(each.text)]


def _is_signature(parameter: Parameter) -> bool:
    return parameter.where == "header" and "signature" in parameter.name.lower()


def _is_secret(field: Field) -> bool:
    return bool(_SECRET_FIELD.match(squeezed(field.name)))
