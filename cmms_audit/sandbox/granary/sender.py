"""Sends events to those who subscribed: each event for itself, again and again until it is taken, and keeps account.

The clock of retries runs faster than the documents' hours, by a factor that they state.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from cmms_audit.sandbox.granary import events, signatures, store
from cmms_audit.sandbox.granary.calls import Outgoing, State
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.outgoing import Outcome, post
from cmms_audit.sandbox.granary.subscribers import UNDYING_SUBSCRIPTIONS, Subscribers
from cmms_audit.sandbox.granary.times import stamp
from cmms_audit.sandbox.switch import Switch

RETRIES = 12
FIRST_GAP = 60.0  # seconds of the documents; each next one is double
_OVERTAKEN = 0.7  # seconds that an event waits until the next one is ahead of it
SPEED = 100  # times as fast as the documents' clock: a minute passes in 600 ms


def _delivery(name: str, says: str, *flags: str) -> Switch:
    return Switch(name, says, questions=("webhooks.delivery",), flags=flags)


NO_WEBHOOK_RETRY = Switch(
    "no-webhook-retry",
    "webhooks are documented as best effort: each event is sent once",
    questions=("webhooks.delivery",),
    flags=("no-webhook-retry",),
)
FLAT_RETRIES = _delivery("flat-retries", "retries come every minute, without backoff")
FEW_RETRIES = _delivery(
    "few-retries", "an event is tried three times in all, whatever the documents say", "claim-contradicted"
)
SILENCE_IS_SUCCESS = _delivery("silence-is-success", "a receiver that does not answer is never tried again")
BROKEN_LINE_IS_SUCCESS = _delivery("broken-line-is-success", "a receiver that hangs up or is away is never tried again")
ANY_ANSWER_IS_SUCCESS = _delivery(
    "any-answer-is-success", "any answer counts as delivered, a 503 too", "no-webhook-retry", "claim-contradicted"
)
IGNORED_WAIT = _delivery("ignored-webhook-wait", "a receiver's Retry-After is taken no notice of")
IGNORED_GONE = _delivery("ignored-gone", "a receiver that says 410 is tried again and again")
CHANGING_IDS = _delivery("changing-event-ids", "every try of an event has an id of its own")
DOUBLED_EVENTS = _delivery("doubled-events", "an event that was taken is sent once more")
HELD_UP_EVENTS = _delivery("held-up-events", "an event that fails holds up all later ones of its subscription")
LOST_EVENTS = Switch(
    "lost-events",
    "every second event is never sent",
    questions=("webhooks.supported", "webhooks.delivery"),
)
SHUFFLED_EVENTS = Switch("shuffled-events", "every second event is sent before the one that came first", questions=())
LYING_LOG = _delivery("lying-delivery-log", "the log says delivered, whatever happened")
IDLE_REPLAY = _delivery("idle-replay", "a replay is promised and never sent")
SWITCHES = (
    NO_WEBHOOK_RETRY,
    FLAT_RETRIES,
    FEW_RETRIES,
    SILENCE_IS_SUCCESS,
    BROKEN_LINE_IS_SUCCESS,
    ANY_ANSWER_IS_SUCCESS,
    IGNORED_WAIT,
    IGNORED_GONE,
    CHANGING_IDS,
    DOUBLED_EVENTS,
    HELD_UP_EVENTS,
    LOST_EVENTS,
    SHUFFLED_EVENTS,
    LYING_LOG,
    IDLE_REPLAY,
)


class Sender(Outgoing):
    """Delivers the events of one vendor. It lives in the loop of the server, and ends with it."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._queues: dict[str, asyncio.Lock] = {}
        self._subscribers = Subscribers()
        self._events = 1_000  # those before are part of the plant

    def publish(self, state: State, event: Json) -> None:
        """Send an event (type, timestamp, data) to everyone who asked for it."""
        self._events += 1
        if LOST_EVENTS in state.broken and self._events % 2 == 0:
            return
        event_id = f"evt-{self._events:06d}"
        for subscription in self._subscribers.of(state, event):
            self._start(state, _new_delivery(state, subscription, event_id, event), subscription)

    def replay(self, state: State, delivery: Json, subscription: Json) -> None:
        """Send a delivery once more, instead of the retries of it that are still to come."""
        if IDLE_REPLAY in state.broken:
            return
        for task in self._under_way:
            if task.get_name() == _name(delivery):
                task.cancel()
        self._start(state, delivery, subscription)

    async def close(self) -> None:
        """Stop everything that is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, state: State, delivery: Json, subscription: Json) -> None:
        task = asyncio.create_task(self._deliver(state, delivery, subscription), name=_name(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, state: State, delivery: Json, subscription: Json) -> None:
        if SHUFFLED_EVENTS in state.broken and int(delivery["event_id"][-1]) % 2:
            await asyncio.sleep(_OVERTAKEN)
        if HELD_UP_EVENTS not in state.broken:
            await self._try_until_taken(state, delivery, subscription)
            return
        async with self._queues.setdefault(subscription["id"], asyncio.Lock()):
            await self._try_until_taken(state, delivery, subscription)

    async def _try_until_taken(self, state: State, delivery: Json, subscription: Json) -> None:
        for gap in (*_gaps(state), None):
            recipient = _recipient(state, subscription)
            if recipient is None:
                break
            outcome = await self._try(state, delivery, recipient)
            if _is_taken(state, outcome):
                _keep(state, delivery, "delivered")
                return
            if gap is None or not _may_try_again(state, outcome):
                break
            wait = max(gap / SPEED, 0.0 if IGNORED_WAIT in state.broken else outcome.retry_after)
            _keep(state, delivery, "retrying", wait)
            await asyncio.sleep(wait)
        _keep(state, delivery, "failed")

    async def _try(self, state: State, delivery: Json, subscription: Json) -> Outcome:
        delivery["attempts"] += 1
        event_id = delivery["event_id"]
        if CHANGING_IDS in state.broken:
            event_id = f"{event_id}-{delivery['attempts']}"
        body = json.dumps(delivery["payload"]).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "granary-webhooks/1",
            **signatures.headers(state, subscription["id"], event_id, body),
        }
        outcome = await post(subscription["url"], headers, body)
        delivery["response_status"] = outcome.status
        if DOUBLED_EVENTS in state.broken and _is_taken(state, outcome):
            await post(subscription["url"], headers, body)
        return outcome


def _name(delivery: Json) -> str:
    return f"{delivery['event_id']} to {delivery['subscription_id']}"


def _recipient(state: State, subscription: Json) -> Json | None:
    """The subscription as it is now; None where it has ended since, or was put to rest."""
    if UNDYING_SUBSCRIPTIONS in state.broken:
        return subscription
    found = store.find(state.database, state.resources["webhooks"], subscription["id"])
    return found if found and found["active"] else None


def _gaps(state: State) -> Iterator[float]:
    """Seconds of the documents between the tries."""
    if NO_WEBHOOK_RETRY in state.broken:
        return
    for number in range(2 if FEW_RETRIES in state.broken else RETRIES):
        yield FIRST_GAP if FLAT_RETRIES in state.broken else FIRST_GAP * 2**number


def _is_taken(state: State, outcome: Outcome) -> bool:
    if outcome.status is not None and ANY_ANSWER_IS_SUCCESS in state.broken:
        return True
    return outcome.status is not None and 200 <= outcome.status < 300


def _may_try_again(state: State, outcome: Outcome) -> bool:
    """Whether one more try makes sense of what was not taken."""
    if outcome.ended == "silent" and SILENCE_IS_SUCCESS in state.broken:
        return False
    if outcome.ended == "broken" and BROKEN_LINE_IS_SUCCESS in state.broken:
        return False
    return outcome.status != 410 or IGNORED_GONE in state.broken


def _new_delivery(state: State, subscription: Json, event_id: str, event: Json) -> Json:
    """The account of an event on its way; kept in the log where there is one."""
    now = state.now
    record: dict[str, Any] = {
        "subscription_id": subscription["id"],
        "event_id": event_id,
        "status": "queued",
        "attempts": 0,
        "response_status": None,
        "next_attempt_at": now,
        "payload": events.payload(event, state.broken),
        "created_at": now,
        "updated_at": now,
    }
    log = state.resources.get("webhook_deliveries")
    if log is not None:
        record["id"] = store.next_id(state.database, log)
        store.insert(state.database, log, [record])
    return record


def _keep(state: State, delivery: Json, status: str, wait: float | None = None) -> None:
    """Write down how a delivery stands, and in how many seconds it is tried again, if it is."""
    log = state.resources.get("webhook_deliveries")
    if log is None:
        return
    now = state.clock()
    next_try = None if wait is None else stamp(now + wait)
    delivery |= {"status": status, "next_attempt_at": next_try, "updated_at": stamp(now)}
    if LYING_LOG in state.broken:
        delivery |= {"status": "delivered", "next_attempt_at": None, "response_status": 200}
    store.replace(state.database, log, delivery)
