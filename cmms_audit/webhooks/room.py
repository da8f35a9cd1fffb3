"""How much is taken of those who send: so much at once, and so much more each second."""

from __future__ import annotations

import time


class Bucket:
    """Holds so much at first and at most, and fills up by so much each second. It may be owed something."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._most = at_once
        self._a_second = a_second
        self._left = at_once
        self._last = time.monotonic()

    def has(self, amount: float) -> bool:
        """Whether so much is in it; of nothing, whether nothing is owed to it."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._last) * self._a_second)
        self._last = now
        return self._left >= amount

    def take(self, amount: float) -> None:
        """Take so much out, though it may not be there: then it is owed."""
        self._left -= amount
