"""How much a run may cost: requests, seconds and bytes. Hard totals, also when many requests are under way at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason

if TYPE_CHECKING:
    from cmms_audit.vendor import Budget
    from cmms_audit.wire.clock import Clock
    from cmms_audit.wire.facts import Traffic

MOST_BYTES = 128 * 1024 * 1024  # read in all, as they travel or unpacked, whichever is more
CLEANUP_REQUESTS = 200
CLEANUP_SECONDS = 60.0  # beyond those of the run
CLEANUP_BYTES = 16 * 1024 * 1024


class Allowance:
    """What is left of the budget. Time runs from the first request.

    The burst and the cleaning up have requests of their own; the cleaning up also has time and bytes, so that a run
    that has used up everything can still remove what it made.
    """

    def __init__(self, budget: Budget, clock: Clock, most_bytes: int = MOST_BYTES) -> None:
        self._budget = budget
        self._clock = clock
        self._most_requests = budget.requests
        self._requests = 0
        self._burst_requests = 0
        self._cleanup_requests = 0
        self._bytes_left = {False: most_bytes, True: CLEANUP_BYTES}  # for cleaning up: True
        self._began: float | None = None

    def keep_to(self, requests: int) -> None:
        """Send no more than so many requests in all, burst left out, whatever the budget says."""
        self._most_requests = min(self._most_requests, requests)

    def charge(self, spent: Traffic) -> None:
        """Count what an earlier part of the same run has sent and read. Its time does not count."""
        burst, cleanup = spent.by_purpose[Purpose.BURST], spent.by_purpose[Purpose.CLEANUP]
        self._requests += spent.requests - burst - cleanup
        self._burst_requests += burst
        self._bytes_left[False] -= spent.bytes

    def reserve(self, purpose: Purpose) -> None:
        """Take one request out of the budget; done before anything is awaited, so that no two can take the last one.

        Raises CouldNotLook (budget) where nothing is left.
        """
        if self._began is None:
            self._began = self._clock.monotonic()
        match purpose:
            case Purpose.BURST:
                if self._burst_requests >= self._budget.burst_requests:
                    raise _used_up(f"the {self._budget.burst_requests} requests of the burst are used up")
                self._burst_requests += 1
            case Purpose.CLEANUP:
                if self._cleanup_requests >= CLEANUP_REQUESTS:
                    raise _used_up(f"the {CLEANUP_REQUESTS} requests of the cleaning up are used up")
                self._cleanup_requests += 1
            case _:
                if self._requests >= self._most_requests:
                    raise _used_up(self._why_no_more())
                self._requests += 1

    def _why_no_more(self) -> str:
        if self._most_requests < self._budget.requests:
            return f"the {self._most_requests} requests that the vendor's own limit leaves to this audit are used up"
        return f"the {self._most_requests} requests that this audit may send are used up"

    def give_back(self, purpose: Purpose) -> None:
        """Return a reserved request that was not sent after all."""
        match purpose:
            case Purpose.BURST:
                self._burst_requests -= 1
            case Purpose.CLEANUP:
                self._cleanup_requests -= 1
            case _:
                self._requests -= 1

    def seconds_left(self, purpose: Purpose = Purpose.API) -> float:
        """How long the run may still take for a purpose; never negative."""
        seconds = self._budget.seconds + (CLEANUP_SECONDS if purpose is Purpose.CLEANUP else 0.0)
        if self._began is None:
            return seconds
        return max(0.0, seconds - (self._clock.monotonic() - self._began))

    def demand_seconds(self, wait: float, purpose: Purpose = Purpose.API) -> None:
        """Raises CouldNotLook (budget) where no time would be left after waiting so many seconds."""
        if wait >= self.seconds_left(purpose):
            raise _used_up(f"the {self._budget.seconds:g} seconds that this audit may take are used up")

    def may_read(self, size: int, purpose: Purpose = Purpose.API) -> bool:
        """Take so many bytes out of the budget; False, and nothing taken, where there are not as many left."""
        cleaning = purpose is Purpose.CLEANUP
        if size > self._bytes_left[cleaning]:
            return False
        self._bytes_left[cleaning] -= size
        return True


def _used_up(what: str) -> CouldNotLook:
    return CouldNotLook(Reason.BUDGET, what)
