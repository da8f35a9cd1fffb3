"""How much a run may cost: requests, seconds and bytes. Hard totals, also when many requests are under way at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason

if TYPE_CHECKING:
    from cmms_audit.vendor import Budget
    from cmms_audit.wire.clock import Clock

MOST_BYTES = 128 * 1024 * 1024  # read in all, after decompression


class Allowance:
    """What is left of the budget. Time runs from the first request."""

    def __init__(self, budget: Budget, clock: Clock, most_bytes: int = MOST_BYTES) -> None:
        self._budget = budget
        self._clock = clock
        self._most_requests = budget.requests
        self._requests = 0
        self._burst_requests = 0
        self._bytes_left = most_bytes
        self._began: float | None = None

    def keep_to(self, requests: int) -> None:
        """Send no more than so many requests in all, burst left out, whatever the budget says."""
        self._most_requests = min(self._most_requests, requests)

    def reserve(self, purpose: Purpose) -> None:
        """Take one request out of the budget; done before anything is awaited, so that no two can take the last one.

        The burst has a budget of its own. Raises CouldNotLook (budget) where nothing is left.
        """
        if self._began is None:
            self._began = self._clock.monotonic()
        if purpose is Purpose.BURST:
            if self._burst_requests >= self._budget.burst_requests:
                raise _used_up(f"the {self._budget.burst_requests} requests of the burst are used up")
            self._burst_requests += 1
        else:
            if self._requests >= self._most_requests:
                raise _used_up(self._why_no_more())
            self._requests += 1

    def _why_no_more(self) -> str:
        if self._most_requests < self._budget.requests:
            return f"the {self._most_requests} requests that the vendor's own limit leaves to this audit are used up"
        return f"the {self._most_requests} requests that this audit may send are used up"

    def give_back(self, purpose: Purpose) -> None:
        """Return a reserved request that was not sent after all."""
        if purpose is Purpose.BURST:
            self._burst_requests -= 1
        else:
            self._requests -= 1

    def seconds_left(self) -> float:
        """How long the run may still take; never negative."""
        if self._began is None:
            return self._budget.seconds
        return max(0.0, self._budget.seconds - (self._clock.monotonic() - self._began))

    def demand_seconds(self, wait: float) -> None:
        """Raises CouldNotLook (budget) where no time would be left after waiting so many seconds."""
        if wait >= self.seconds_left():
            raise _used_up(f"the {self._budget.seconds:g} seconds that this audit may take are used up")

    def may_read(self, size: int) -> bool:
        """Take so many bytes out of the budget; False, and nothing taken, where there are not as many left."""
        if size > self._bytes_left:
            return False
        self._bytes_left -= size
        return True


def _used_up(what: str) -> CouldNotLook:
    return CouldNotLook(Reason.BUDGET, what)
