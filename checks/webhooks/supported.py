"""webhooks.supported: whether the vendor calls when something happens, or has to be asked all the time."""

from __future__ import annotations

import re

from msgspec.structs import replace

from cmms_audit.battery import Context, Finding, Prose, check, met, not_met, partial, pattern, sentences, unknown
from cmms_audit.model import HasEvidence

from . import _events, _other_ways, _subscriptions

_SPEAKS = pattern(r"\bweb-?hooks?\b|\bevent (?:subscriptions?|notifications?)\b|\bpush notifications?\b", re.IGNORECASE)
_DENIES = pattern(
    r"\b(?:no|not|without|nor|never)\b.{0,40}\bweb-?hooks?\b|\bweb-?hooks?\b.{0,40}\b(?:not|unavailable|no longer)\b",
    re.IGNORECASE,
)
_LATER = pattern(r"\b(?:planned|roadmap|coming soon|future|will be (?:added|available)|upcoming)\b", re.IGNORECASE)
_INCOMING = pattern(r"\b(?:incoming|inbound|receiv\w{1,3}|admission)\b", re.IGNORECASE)
_MOST_NAMED = 6
_FEW_NAMES = 2  # fewer may be a name for all events alike
_MOST_LOOKED_AT = 20


@check(question="webhooks.supported", id="webhooks.offered", aspect="events", sends="nothing")
def offered(ctx: Context) -> Finding:
    """The specification describes events that are sent, or an operation with which to subscribe to them."""
    subscribing = _subscriptions.subscribing(ctx)
    sent = ctx.spec.webhooks
    if subscribing:
        named = f"{subscribing[0].method} {subscribing[0].path}"
        return _about_events(ctx, f"a client can subscribe to events with {named}", *subscribing[:2], *sent[:2])
    if sent:
        return _about_events(ctx, f"events that are sent to the client are described ({len(sent)})", *sent[:3])
    if ctx.words.event_delivery:
        where = ctx.spec.evidence_at("")
        return partial(
            f"there are no webhooks, but events are delivered in another way: {ctx.words.event_delivery}", where
        )
    return _judge_words(ctx)


def _about_events(ctx: Context, how: str, *places: HasEvidence) -> Finding:
    """Events are sent; whether those about work orders are among them, where the document lists any."""
    names = _events.named_events(ctx)
    trials = _subscriptions.trials(ctx)
    detail = f"A message to try it out can be asked for with POST {trials[0].path}." if trials else ""
    if not names:
        return met(how, *places, detail=" ".join(filter(None, ("The document does not list the events.", detail))))
    kinds = _events.kinds_among(names)
    others = [kind for kind in _events.KINDS if kind not in kinds]
    listed = f"Events named: {len(names)}, such as {', '.join(each[:60] for each in names[:_MOST_NAMED])}."
    lacking = f"None is about {' or '.join(others)}." if others else ""
    detail = " ".join(filter(None, (listed, lacking, detail)))
    lists_them = len(names) >= _FEW_NAMES and ctx.has("work_orders") and not ctx.resource("work_orders").nearest
    if "work orders" not in kinds and lists_them:
        return partial(f"{how}, but none of the {len(names)} named events is about work orders", *places, detail=detail)
    return met(how, *places, detail=detail)


def _judge_words(ctx: Context) -> Finding:
    """Where no operation subscribes, what the general texts say: of webhooks set up by hand, or of another way."""
    general = (each for each in ctx.spec.prose() if not each.of_operation)
    said = [each for each in sentences(general, _SPEAKS) if not _INCOMING.search(each.text)]
    other_way = _other_ways.said(ctx.spec)
    if other_way:
        summary = "no operation subscribes to webhooks, but the documents speak of another way of event delivery"
        return partial(summary, other_way, detail=_quoted(other_way))
    denial = next((each for each in said if _DENIES.search(each.text) or _LATER.search(each.text)), None)
    absent = ctx.absent("the specification describes no webhooks: a client has to ask again and again what has changed")
    if denial:
        return replace(absent, detail=_quoted(denial), evidence=(denial.evidence, *absent.evidence))
    if said:
        summary = "the documents speak of webhooks, but no operation subscribes to them: they are set up in another way"
        return partial(summary, said[0], detail=_quoted(said[0]))
    return absent


def _quoted(sentence: Prose) -> str:
    return f"It says: “{sentence.text[:400]}”"


@check(
    question="webhooks.supported", id="webhooks.payload-documented", aspect="events", sends="nothing", decisive=False
)
def payload_documented(ctx: Context) -> Finding:
    """What a message holds is described, field by field."""
    sent = ctx.spec.webhooks
    described = [each for each in sent if each.payload is not None]
    if described and not any(each.payload.properties for each in described[:_MOST_LOOKED_AT] if each.payload):
        described = []
    if described and len(described) == len(sent):
        return met(f"what messages hold is described (events: {len(sent)})", *described[:2])
    if described:
        return partial(
            f"what a message holds is described for some events only ({len(described)} of {len(sent)})", *described[:2]
        )
    if sent:
        return not_met(f"events are named ({len(sent)}), but what their messages hold is not described", *sent[:2])
    subscribing = _subscriptions.subscribing(ctx)
    if subscribing:
        return unknown("the specification does not describe what a message holds", *subscribing[:1])
    return unknown("the specification describes no messages", ctx.spec.evidence_at(""))
