"""Stops a run that only does harm: one that goes on knocking at a failing server, or with a credential that is refused.

Counts answers and says who may go; how fast and how often is for pace and allowance. Nothing is counted but what was
sent to the API with a credential in the hope of success, so that errors provoked on purpose break nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Reason

if TYPE_CHECKING:
    from cmms_audit.wire.allowance import Allowance
    from cmms_audit.wire.call import Call
    from cmms_audit.wire.clock import Clock

MOST_FAILURES = 8  # in a row; a time-out counts twice
PAUSE_SECONDS = 15.0
MOST_REFUSALS = {401: 5, 403: 20}  # in a row with one credential; 403 only where it was accepted before

TO_THE_API = frozenset({Purpose.API, Purpose.PROVOKED, Purpose.STRANGER, Purpose.BURST})


class Breaker:
    """The two fuses of a run, and one for the cleaning up, which only a host that gives no answer can blow."""

    def __init__(self, allowance: Allowance, clock: Clock) -> None:
        self._server = _Server(allowance, clock)
        self._credentials: defaultdict[str, _Credential] = defaultdict(_Credential)
        self._silent = 0
        self._silence: CouldNotLook | None = None

    async def had_to_wait(self, call: Call) -> bool:
        """Return False where the call may go now; True once it may ask again, after others have waited too.

        Raises CouldNotLook: connectivity where the server was given up, credential where the credential was, budget
        where no time is left for the pause.
        """
        if call.purpose is Purpose.CLEANUP and self._silence is not None:
            raise _again(self._silence)
        if call.purpose not in TO_THE_API:
            return False
        if call.role is not None:
            self._credentials[call.role].check()
        return await self._server.had_to_wait(call)

    def note(self, call: Call, exchange: Exchange) -> None:
        """Take in what came of a call that was let through."""
        if exchange.reason is Reason.INTERRUPTED:
            return
        hopeful = call.purpose is Purpose.API and call.role is not None
        if hopeful:
            self._credentials[call.role or ""].note(call.role or "", exchange)
            self._server.count(exchange)
        if hopeful or not _is_error(exchange):  # an error that was provoked says nothing about the server
            self._server.end_trial(call, exchange)
        if call.purpose is Purpose.CLEANUP:
            self._note_silence(exchange)

    def release(self, call: Call) -> None:
        """Let others be the trial where nothing came of this call. To be called in the end, whatever happened."""
        self._server.end_trial(call, None)

    def _note_silence(self, exchange: Exchange) -> None:
        self._silent = self._silent + _weight(exchange) if _is_silent(exchange) else 0
        if self._silent >= MOST_FAILURES:
            self._silence = _given_up("the vendor's server gives no answer any more", exchange)


class _Server:
    """A run of server errors: a pause, then one request as a trial; where that fails too, nothing more is sent."""

    def __init__(self, allowance: Allowance, clock: Clock) -> None:
        self._allowance = allowance
        self._clock = clock
        self._failures = 0
        self._pause_ends: float | None = None
        self._given_up: CouldNotLook | None = None
        self._trial: _Trial | None = None

    async def had_to_wait(self, call: Call) -> bool:
        if self._given_up is not None:
            raise _again(self._given_up)
        if self._pause_ends is None or (self._trial is not None and self._trial.call is call):
            return False
        if self._trial is not None:
            await self._trial.over.wait()
            return True
        self._trial = _Trial(call)
        try:
            pause = max(0.0, self._pause_ends - self._clock.monotonic())
            self._allowance.demand_seconds(pause)
            await self._clock.sleep(pause)
        except BaseException:
            self.end_trial(call, None)
            raise
        return False

    def count(self, exchange: Exchange) -> None:
        """Count an answer; what is answered without an error of the server begins the count anew."""
        self._failures = self._failures + _weight(exchange) if _has_failed(exchange) else 0
        if self._failures >= MOST_FAILURES and self._pause_ends is None:
            self._pause_ends = self._clock.monotonic() + PAUSE_SECONDS

    def end_trial(self, call: Call, exchange: Exchange | None) -> None:
        """Let the others go on, or nobody any more; where nothing came of the trial, the next one is it."""
        if self._trial is None or self._trial.call is not call:
            return
        if exchange is not None and _has_failed(exchange):
            self._given_up = _given_up("the vendor's server kept failing, also after a pause", exchange)
        elif exchange is not None:
            self._failures, self._pause_ends = 0, None
        self._trial.over.set()
        self._trial = None


class _Trial:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.over = asyncio.Event()


class _Credential:
    """How often in a row one credential was refused: too often, and the vendor may lock the account."""

    def __init__(self) -> None:
        self._refusals = dict.fromkeys(MOST_REFUSALS, 0)
        self._was_accepted = False
        self._given_up: CouldNotLook | None = None

    def check(self) -> None:
        if self._given_up is not None:
            raise _again(self._given_up)

    def note(self, role: str, exchange: Exchange) -> None:
        status = exchange.status
        if status in (0, 429) or status >= 500:  # says nothing about the credential
            return
        for refusal in self._refusals:
            self._refusals[refusal] = self._refusals[refusal] + 1 if status == refusal else 0
        self._was_accepted = self._was_accepted or exchange.ok
        if self._refusals[401] >= MOST_REFUSALS[401]:
            self._give_up(role, exchange)
        if self._refusals[403] >= MOST_REFUSALS[403] and self._was_accepted:
            self._give_up(role, exchange)

    def _give_up(self, role: str, exchange: Exchange) -> None:
        count = MOST_REFUSALS[exchange.status]
        refused = f"the credential {role} was refused {count} times in a row (status {exchange.status})"
        says = f"{refused}, so it is not sent any more, lest the vendor lock the account"
        self._given_up = CouldNotLook(Reason.CREDENTIAL, says, exchange)


def _has_failed(exchange: Exchange) -> bool:
    return _is_error(exchange) or _is_silent(exchange)


def _is_error(exchange: Exchange) -> bool:
    return exchange.status >= 500 and exchange.reason is not Reason.TIMEOUT


def _is_silent(exchange: Exchange) -> bool:
    """Whether no answer came in time. One that came and cannot be read is an answer all the same."""
    return exchange.reason is Reason.TIMEOUT or (exchange.status == 0 and exchange.reason is Reason.CONNECTIVITY)


def _weight(exchange: Exchange) -> int:
    return 2 if exchange.reason is Reason.TIMEOUT else 1


def _given_up(why: str, exchange: Exchange) -> CouldNotLook:
    return CouldNotLook(Reason.CONNECTIVITY, f"{why}, so nothing more is sent", exchange)


def _again(refusal: CouldNotLook) -> CouldNotLook:
    """A new exception that says the same: one that is raised twice would gather tracebacks."""
    return CouldNotLook(refusal.reason, refusal.summary, *refusal.evidence)
