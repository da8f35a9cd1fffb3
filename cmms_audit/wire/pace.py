"""How fast a run may ask: never near the vendor's limit, as documented or as seen in the answers' headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmms_audit.wire.clock import Clock
    from cmms_audit.wire.rate_headers import RateFacts, RatePolicy

SHARE_OF_LIMIT = 0.8
SLOWEST = 0.2  # requests a second; a header may not slow a run down further than this
LONGEST_PACED_WINDOW = 60.0  # seconds; what is counted by the hour or day is a stock to use, not a speed to keep
LONGEST_HOLD = 90.0  # seconds
NEARLY_GONE = 0.1  # of a limit


class Pace:
    """Gives out turns: one request at a time starts, so far apart that the limit is kept."""

    def __init__(self, per_second: float, documented_rate: float | None, clock: Clock) -> None:
        """`per_second` is the user's own bound; `documented_rate` the lowest documented limit in requests a second."""
        self._clock = clock
        self._rate = per_second
        if documented_rate is not None:
            self.keep_to(documented_rate)
        self._header_rate: float | None = None
        self._rest_rate: float | None = None
        self._next = 0.0

    @property
    def rate(self) -> float:
        """Requests a second at present."""
        rates = (self._rate, self._header_rate, self._rest_rate)
        return min(rate for rate in rates if rate is not None)

    def keep_to(self, documented_rate: float) -> None:
        """Go no faster than the safe share of a documented limit, in requests a second."""
        if documented_rate > 0:
            self._rate = min(self._rate, SHARE_OF_LIMIT * documented_rate)

    def turn(self) -> float:
        """Take the next turn; returns how many seconds from now it is."""
        now = self._clock.monotonic()
        start = max(now, self._next)
        self._next = start + 1 / self.rate
        return start - now

    def hold(self, seconds: float) -> None:
        """Let nobody start for so many seconds."""
        self._next = max(self._next, self._clock.monotonic() + seconds)

    def learn(self, facts: RateFacts) -> None:
        """Take in what an answer's headers said.

        A limit counts as a speed only where its window is known and short. For the others, and for what is left of any
        limit, the run slows down only when nearly nothing is left.
        """
        for policy in facts.policies:
            if policy.limit and policy.window_seconds and policy.window_seconds <= LONGEST_PACED_WINDOW:
                rate = max(SLOWEST, SHARE_OF_LIMIT * policy.limit / policy.window_seconds)
                self._header_rate = min(rate, self._header_rate or rate)
        if facts.policies:
            scarce = [policy for policy in facts.policies if _nearly_gone(policy)]
            self._rest_rate = min((_rest_rate(policy) for policy in scarce), default=None)
        for policy in facts.policies:
            if policy.remaining == 0 and policy.reset_seconds and policy.reset_seconds <= LONGEST_HOLD:
                self.hold(policy.reset_seconds)


def _nearly_gone(policy: RatePolicy) -> bool:
    if policy.remaining is None or policy.reset_seconds is None:
        return False
    return policy.remaining <= max(1.0, NEARLY_GONE * (policy.limit or 0.0))


def _rest_rate(policy: RatePolicy) -> float:
    """The speed at which what is left lasts until there is more."""
    seconds = max(1.0, policy.reset_seconds or 1.0)
    return max(SLOWEST, (policy.remaining or 0.0) / seconds)
