"""How an event came again, beside what documents promise: what that shows, and what it is too little to show."""

from __future__ import annotations

from statistics import median

from msgspec import Struct

from cmms_audit.battery import BACKS_OFF, Growth, begins_as_documented, growth_of, has_given_up

from ._promised import LONG_WINDOW_HOURS, Promise, in_hours

_REST = 30.0  # seconds between two tries that let an overloaded receiver recover
_TELLING = {Growth.FIXED: 3, Growth.IRREGULAR: 6}  # gaps of such a shape that rule out growing ones
_LATEST_NEXT_TRY = 1800.0  # seconds: after some quick tries a queue may pause for so long
_MOST_GROWTH = 100.0  # times the gap before: 5 seconds and then 5 minutes is a common schedule


class Rhythm(Struct, frozen=True):
    """The `gaps` between the tries of an event that was never taken, and the `silence` after the last one, in seconds.

    `speed` is how many times faster than the documents' the clock of retries runs.
    """

    gaps: tuple[float, ...]
    silence: float
    speed: float
    promise: Promise

    @property
    def growth(self) -> Growth:
        """The shape of the gaps."""
        return growth_of(self.gaps)

    @property
    def too_short(self) -> bool:
        """Whether there are too few gaps to tell growing ones from others."""
        return self.growth not in BACKS_OFF and len(self.gaps) < _TELLING.get(self.growth, 2)

    @property
    def fits_a_long_promise(self) -> bool:
        """Whether growing gaps over three days are documented, and what was seen may be their beginning."""
        hours = self.promise.hours
        if not self.promise.growing or hours is None or hours < LONG_WINDOW_HOURS:
            return False
        longest = max(_LATEST_NEXT_TRY, _MOST_GROWTH * max(self.gaps) * self.speed)
        return self.silence * self.speed <= longest

    @property
    def stopped(self) -> bool:
        """Whether the next try was due long ago by the gaps that were seen, and not by the documents' end of all."""
        hours = self.promise.hours
        is_over = hours is not None and self._lasted >= hours * 3600
        return not is_over and has_given_up(self.gaps, self.silence)

    @property
    def breaks_its_promise(self) -> bool:
        """Whether a try is missing that the documents' own schedule has: so it began, and so it did not go on."""
        if not self.stopped or not self.promise.growing or self._all_promised:
            return False
        return begins_as_documented([gap * self.speed for gap in self.gaps], self.promise.first_gap)

    @property
    def gives_rest(self) -> bool:
        """Whether the gaps, by the documents' clock, let an overloaded receiver recover."""
        return median(self.gaps) * self.speed >= _REST

    @property
    def _lasted(self) -> float:
        """Seconds from the first try to the end of the watch, by the documents' clock."""
        return (sum(self.gaps) + self.silence) * self.speed

    @property
    def _all_promised(self) -> bool:
        return self.promise.tries is not None and len(self.gaps) >= self.promise.tries


def window_words(promise: Promise) -> str:
    """For how long tries go on, as documented."""
    if promise.hours is None and promise.tries:
        return f"as documented, it is sent again {promise.tries} times in all"
    if promise.hours is None:
        return "for how long it goes on is not documented"
    if promise.hours < LONG_WINDOW_HOURS:
        return f"as documented, for {in_hours(promise.hours)} in all ({LONG_WINDOW_HOURS} are the reference)"
    return f"as documented, for up to {in_hours(promise.hours)}"
