"""Carries one call out and its answer back: guard, budget, pace, network, record. Everything that leaves passes here.

Credentials are already in place; redirects and new tokens are the session's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from cmms_audit import __version__
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason
from cmms_audit.wire.allowance import Allowance
from cmms_audit.wire.breaker import Breaker
from cmms_audit.wire.call import Call, with_headers
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.facts import WRITE
from cmms_audit.wire.guard import Guard
from cmms_audit.wire.inflate import SUPPORTED
from cmms_audit.wire.pace import Pace
from cmms_audit.wire.rate_headers import read_limits
from cmms_audit.wire.recorder import Recorder
from cmms_audit.wire.repeats import repeats_a_key
from cmms_audit.wire.transport import Incoming, Outgoing, Transport

REQUEST_SECONDS = 30.0  # for one request, from looking up the name to the last byte
LONGEST_RETRY_AFTER = 90.0
BURST_AT_ONCE = 16  # requests under way, of a burst as of everything else
LARGE_BODY = 1024 * 1024  # bytes; to look through more for secrets takes time

# Requests that are counted against our credential.
_SAME_LIMITS = frozenset({Purpose.API, Purpose.PROVOKED, Purpose.BURST, Purpose.CLEANUP})
_DEFAULT_HEADERS = (
    ("User-Agent", f"cmms-audit/{__version__}"),
    ("Accept", "application/json, */*;q=0.1"),
    ("Accept-Encoding", SUPPORTED),
)


# Looks at a raw answer before it is recorded; returns what to record instead of its body, if anything.
Inspect = Callable[[Incoming], str | None]


class Courier:
    """The last hand before the network, shared by everything in the session."""

    def __init__(
        self,
        *,
        guard: Guard,
        allowance: Allowance,
        pace: Pace,
        transport: Transport,
        recorder: Recorder,
        clock: Clock,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._guard = guard
        self._allowance = allowance
        self._breaker = Breaker(allowance, clock)
        self._pace = pace
        self._transport = transport
        self._recorder = recorder
        self._clock = clock
        self._request_seconds = request_seconds
        self._room = asyncio.Semaphore(BURST_AT_ONCE)

    async def deliver(self, call: Call, inspect: Inspect | None = None) -> Exchange:
        """Send a call and return the recorded exchange.

        A 429 whose Retry-After is at most 90 s is waited for and retried, once, except in a burst; of what only reads,
        a 503 too. Raises CouldNotLook: not-permitted, offline, budget; connectivity, timeout, with the recorded
        exchange; connectivity, credential, where the server or the credential was given up.
        """
        exchange = await self._once(call, inspect)
        wait = self._retry_after(call, exchange)
        if wait is None:
            return exchange
        self._pace.hold(wait)
        notes = {**call.notes, "retry_of": exchange.id, "waited": wait}
        return await self._once(replace(call, notes=notes), inspect)

    def _retry_after(self, call: Call, exchange: Exchange) -> float | None:
        """How long to wait before the one retry; None where there is none. What may have been done is not repeated."""
        may_retry = exchange.status == 429 or (exchange.status == 503 and not self._guard.is_write(call))
        if call.purpose is Purpose.BURST or exchange.response is None or not may_retry:
            return None
        wait = read_limits(exchange.response.headers, self._clock.now()).retry_after
        return wait if wait is not None and wait <= LONGEST_RETRY_AFTER else None

    async def _once(self, call: Call, inspect: Inspect | None) -> Exchange:
        self._guard.check(call)
        return await self._in_turn(call, partial(self._send, inspect=inspect))

    async def handshake(self, call: Call, *, old: bool) -> Exchange:
        """Take up an encrypted connection, hang up, and return what was recorded of it; see Transport.handshake.

        Raises CouldNotLook: not-permitted, offline, budget; connectivity, timeout, with the recorded exchange.
        """
        self._guard.check_handshake(call)
        return await self._in_turn(call, partial(self._shake_hands, old=old))

    async def _in_turn(self, call: Call, act: Callable[[Call], Awaitable[Exchange]]) -> Exchange:
        """Do it once there is room, budget and time for it."""
        async with self._room:
            self._allowance.reserve(call.purpose)
            try:
                await self._wait_for_turn(call)
            except BaseException:
                self._allowance.give_back(call.purpose)
                raise
            try:
                return await act(call)
            finally:
                self._breaker.release(call)

    async def _wait_for_turn(self, call: Call) -> None:
        await self._keep_pace(call)
        while await self._breaker.had_to_wait(call):
            await self._keep_pace(call)

    async def _keep_pace(self, call: Call) -> None:
        wait = 0.0 if call.purpose is Purpose.BURST else self._pace.turn()
        self._allowance.demand_seconds(wait, call.purpose)
        if wait > 0:
            await self._clock.sleep(wait)

    async def _shake_hands(self, call: Call, *, old: bool) -> Exchange:
        incoming = Incoming()
        started, began = self._clock.now(), self._clock.monotonic()
        deadline = min(self._request_seconds, self._allowance.seconds_left(call.purpose))
        try:
            await self._transport.handshake(call.url, incoming, old=old, deadline=deadline)
        except BaseException:
            incoming.fail(Reason.INTERRUPTED, "interrupted before the connection was there")
            raise
        finally:
            elapsed = self._clock.monotonic() - began
            exchange = self._recorder.record(call, incoming, started=started, elapsed=elapsed)
        return _whole(exchange)

    async def _send(self, call: Call, inspect: Inspect | None) -> Exchange:
        """Send, record, and raise CouldNotLook where no whole answer came."""
        noted = replace(call, notes={**call.notes, WRITE: True}) if self._guard.is_write(call) else call
        outgoing, incoming = self._outgoing(call), Incoming()
        may_read = partial(self._allowance.may_read, purpose=call.purpose)
        started, began = self._clock.now(), self._clock.monotonic()
        try:
            await self._transport.exchange(outgoing, incoming, may_read)
            if incoming.reason is Reason.TIMEOUT and outgoing.deadline < self._request_seconds:
                incoming.fail(Reason.BUDGET, "the seconds that this audit may take are used up")
        except BaseException:
            incoming.fail(Reason.INTERRUPTED, "interrupted before the answer was complete")
            raise
        finally:
            elapsed = self._clock.monotonic() - began
            self._drop_late_body(call, incoming)
            if _says_json(incoming) and repeats_a_key(incoming.body):
                incoming.notes["duplicate_keys"] = True
            instead = inspect(incoming) if inspect else None
            exchange = self._recorder.record(noted, incoming, started=started, elapsed=elapsed, body_instead=instead)
            self._breaker.note(call, exchange)
        if exchange.response is not None and call.purpose in _SAME_LIMITS:
            self._pace.learn(read_limits(exchange.response.headers, self._clock.now()))
        return _whole(exchange)

    def _drop_late_body(self, call: Call, incoming: Incoming) -> None:
        """Do without a large body where no time is left to look through it for secrets."""
        if len(incoming.body) > LARGE_BODY and self._allowance.seconds_left(call.purpose) <= 0:
            incoming.body.clear()
            incoming.fail(Reason.BUDGET, "the seconds that this audit may take are used up")

    def _outgoing(self, call: Call) -> Outgoing:
        return Outgoing(
            method=call.method,
            url=call.url,
            headers=with_headers(_DEFAULT_HEADERS, call.headers),
            body=call.body,
            body_cap=call.body_cap,
            deadline=min(self._request_seconds, self._allowance.seconds_left(call.purpose)),
        )


def _whole(exchange: Exchange) -> Exchange:
    """An exchange that was carried out. Raises CouldNotLook, with the exchange, where it was not."""
    if exchange.failure is not None:
        raise CouldNotLook(exchange.reason or Reason.CONNECTIVITY, exchange.failure, exchange)
    return exchange


def _says_json(incoming: Incoming) -> bool:
    return any(name.lower() == "content-type" and "json" in value for name, value in incoming.headers)
