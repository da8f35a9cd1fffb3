"""webhooks.delivery and webhooks.supported, by deliveries that the user's own receiver took.

They are judged without causes: whether they are signed, carry ids that stay, and come again where they were refused.
What somebody may have sent by hand is never held against the vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median

from cmms_audit.battery import (
    BACKS_OFF,
    Context,
    Finding,
    Growth,
    Received,
    check,
    drift,
    growth_of,
    has_given_up,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)

from ._captured import NOTHING, CapturedEvent, events_of, happened, has_own_id, length, said, was_taken
from ._described import described_events, description_of
from ._signature import judge_captured

_REST = 30.0  # seconds between two tries that let an overloaded receiver recover
_LONG_WINDOW = 86_400.0  # seconds
_LOST_AFTER = 3600.0  # seconds without another try
_MOST_GAPS = 12
_MOST_HELD = 500  # deliveries that are held against their description


@check(question="webhooks.delivery", id="webhooks.captured-signature", aspect="signature", sends="nothing")
def captured_signature(ctx: Context) -> Finding:
    """Captured deliveries are signed, and the signature covers what they say, and when."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    return judge_captured(came)


@check(
    question="webhooks.delivery",
    id="webhooks.captured-retries",
    aspect="retry",
    sends="nothing",
    flags=("no-webhook-retry",),
)
def captured_retries(ctx: Context) -> Finding:
    """A captured delivery that was not taken comes again, and the gaps between its tries grow."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    events = events_of(came)
    again = [each for each in events if _is_tried_again(each)]
    if again:
        return _judge_tries(max(again, key=lambda each: len(each.tries))).clears("no-webhook-retry")
    refused = [each for each in events if each.failed_first]
    last = _last_of(came) if refused else {}
    lost = [each for each in refused if each.silence >= _LOST_AFTER and not _shows_up_later(each.tries[0], last)]
    if lost:
        longest = max(lost, key=lambda each: each.silence)
        says = f"a captured delivery that was not taken did not come again in the {length(longest.silence)} after it"
        return partial(says, *longest.tries)
    if refused:
        return unknown("no second try of a captured delivery that was not taken was seen", *refused[0].tries)
    copies = [each for each in events if each.gaps and was_taken(each.tries[0]) is None]
    if copies:
        most = max(copies, key=lambda each: len(each.tries))
        says = f"a captured delivery came {len(most.tries)} times; the capture does not hold how it was answered"
        return unknown(f"{says}, so somebody may have sent it again by hand", *most.tries)
    return unknown("as far as is known every captured delivery was taken, so none had to come again", *came[:1])


def _is_tried_again(event: CapturedEvent) -> bool:
    return event.failed_first and len(event.tries) > 1


def _shows_up_later(received: Received, last: Mapping[tuple[str, str], int]) -> bool:
    """Whether something that came later may be another try after all: it carries the same id, or says the same."""
    return any(last[each] > received.delivery.number for each in _marks(received))


def _last_of(came: Sequence[Received]) -> dict[tuple[str, str], int]:
    """The number of the last delivery that carries an id, or that says something to an address."""
    return {mark: each.delivery.number for each in came for mark in _marks(each)}


def _marks(received: Received) -> Iterator[tuple[str, str]]:
    yield received.delivery.address, said(received)
    if received.event_id:
        yield "", received.event_id


def _judge_tries(event: CapturedEvent) -> Finding:
    gaps, tries = event.gaps, event.tries
    growth, window = growth_of(gaps), sum(gaps)
    facts = {"tries_seen": float(len(tries)), "seconds_watched": window + event.silence}
    detail = f"Gaps: {', '.join(length(gap) for gap in gaps[:_MOST_GAPS])}."
    says = f"a captured delivery came {len(tries)} times in {length(window)}"
    gave_up = was_taken(tries[-1]) is False and has_given_up(gaps, event.silence)
    if gave_up and window < _LONG_WINDOW:
        return partial(f"{says}, and then no more in {length(event.silence)}", *tries, detail=detail, facts=facts)
    if growth in BACKS_OFF:
        return met(f"{says}, with {growth}", *tries, detail=detail, facts=facts)
    if growth is Growth.FIXED:
        rest = "growing ones are the reference" if median(gaps) >= _REST else "an overloaded receiver gets no rest"
        return partial(f"{says}, with {growth}: {rest}", *tries, detail=detail, facts=facts)
    return unknown(f"{says}, which does not show whether the gaps grow", *tries, detail=detail, facts=facts)


@check(question="webhooks.delivery", id="webhooks.captured-ids", aspect="identity", sends="nothing")
def captured_ids(ctx: Context) -> Finding:
    """Every try of a captured delivery carries the same id."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    same = [each for each in events_of(came) if each.failed_first and len(each.tries) > 1]
    named = [each for each in same if each.tries[0].event_id]
    if named:
        tries = named[0].tries
        return met(f"all {len(tries)} tries of a captured delivery carry the same id", *tries[:3])
    if same:
        says = "captured deliveries carry no id: a second try cannot be told from a second event"
        return partial(says, *same[0].tries[:2])
    renamed = next(_renamed(came), None)
    if renamed:
        says = "each try of a captured delivery carries another id, so it looks like another event"
        return partial(says, *renamed)
    return unknown(
        "no second try of a captured delivery that was not taken was seen, whose id could be compared", came[0]
    )


def _renamed(came: Sequence[Received]) -> Iterator[tuple[Received, Received]]:
    """Deliveries that were not taken, each with one of the same content, without an id in it, under another id."""
    by_content: dict[tuple[str, str], Received] = {}
    for each in came:
        key = (each.delivery.address, each.delivery.sha256)
        first = by_content.setdefault(key, each)
        is_second = was_taken(first) is False and each.event_id != first.event_id
        if is_second and first.event_id and not has_own_id(each) and each.delivery.json:
            yield first, each


@check(
    question="webhooks.supported",
    id="webhooks.captured-payload",
    aspect="events",
    sends="nothing",
    decisive=False,
)
def captured_payload(ctx: Context) -> Finding:
    """What captured deliveries hold is what the specification says of their kind of event."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    described = described_events(ctx.spec)
    if not described:
        return unknown("the specification does not describe what an event holds", ctx.spec.evidence_at(""))
    held = [(each, schema) for each in came if (schema := description_of(each, described)) is not None]
    if not held:
        return unknown("no captured delivery names a kind of event that the specification describes", came[0])
    for each, schema in held[:_MOST_HELD]:
        found = drift(schema, each.delivery.json)
        if found:
            detail = "; ".join(one.says for one in found[:10])
            says = f"a captured delivery departs from its description ({found[0].says})"
            return not_met(says, each, schema, detail=detail)
    return met(f"{len(held)} captured deliveries hold what the specification says", *held[0])


@check(question="webhooks.delivery", id="webhooks.captured-once", aspect="once", sends="nothing", decisive=False)
def captured_once(ctx: Context) -> Finding:
    """A captured delivery that was taken does not come again."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    events = [each for each in events_of(came) if each.tries[0].event_id]
    taken = [each for each in events if any(was_taken(one) for one in each.tries)]
    if not taken:
        return unknown("of no captured delivery with an id is it known that it was taken", came[0])
    twice = [each for each in taken if any(was_taken(one) for one in each.tries[:-1])]
    if twice:
        says = f"{len(twice)} of {len(taken)} captured deliveries came again after they had been taken"
        return partial(f"{says}, unless somebody asked for them again", *twice[0].tries[:5])
    return met(f"none of {len(taken)} captured deliveries that were taken came again", taken[0].tries[-1])


@check(question="webhooks.delivery", id="webhooks.captured-order", aspect="manners", sends="nothing", decisive=False)
def captured_order(ctx: Context) -> Finding:
    """Captured events come in the order in which they happened, by the time that each says."""
    came = ctx.captured()
    if not came:
        return not_applicable(NOTHING)
    first_tries = [each.tries[0] for each in events_of(came)]
    pairs = [
        (one, other)
        for one, other in pairwise(first_tries)
        if one.delivery.address == other.delivery.address and happened(one) and happened(other)
    ]
    if not pairs:
        return unknown("captured deliveries do not say when their events happened, or there is only one", came[0])
    late = [(one, other) for one, other in pairs if _is_overtaken(one, other)]
    if late:
        says = f"{len(late)} of {len(pairs) + 1} captured events came after one that had happened later"
        return partial(f"{says}: a program must go by the time that an event tells", *late[0])
    return met(f"{len(pairs) + 1} captured events came in the order in which they happened", *pairs[0])


def _is_overtaken(one: Received, other: Received) -> bool:
    """Whether an event came after one that happened later; times to the second are not told apart."""
    before, after = happened(one), happened(other)
    return before is not None and after is not None and (before - after).total_seconds() > 1
