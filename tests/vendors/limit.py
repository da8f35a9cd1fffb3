"""A limit on calls as data, and the counting by it: a window that slides, or windows that follow one another."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.wire.servers import Answer, Seen


@dataclass(frozen=True)
class Left:
    """What is left of a limit: `calls` of `limit`; it begins anew in `seconds`, at the moment `anew` of the epoch."""

    calls: int
    limit: int
    seconds: float
    anew: float


@dataclass(frozen=True)
class Limit:
    """So many calls in so many seconds for everybody together. `told` are headers of every answer.

    `counts` says which calls count; to others the limit is nothing. Where windows are `fixed`, they follow one another,
    and all calls of one are forgotten at its end.
    """

    calls: int
    seconds: float
    refusal: Callable[[Left], Answer]
    told: Callable[[Left], Mapping[str, str]] = lambda left: {}
    fixed: bool = False
    counts: Callable[[Seen], bool] = lambda seen: True


NO_LIMIT = Limit(10**9, 1, lambda left: Answer(429))


@dataclass(frozen=True)
class Taken:
    """What one call gets from the limit: the headers that tell of it, and the refusal where it was one too many."""

    told: Mapping[str, str]
    refusal: Answer | None


@dataclass
class Counter:
    """Counts the calls against a limit."""

    limit: Limit
    _came: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, seen: Seen) -> Taken:
        """Count one call."""
        if not self.limit.counts(seen):
            return Taken({}, None)
        with self._lock:
            now = time.time()
            self._forget(now)
            refused = len(self._came) >= self.limit.calls
            if not refused:
                self._came.append(now)
            seconds = self._window(now) + self.limit.seconds - now
            left = Left(self.limit.calls - len(self._came), self.limit.calls, seconds, now + seconds)
        return Taken(self.limit.told(left), self.limit.refusal(left) if refused else None)

    def _window(self, now: float) -> float:
        """When the window began that `now` is in."""
        return now // self.limit.seconds * self.limit.seconds if self.limit.fixed else self._came[0]

    def _forget(self, now: float) -> None:
        before = self._window(now) if self.limit.fixed else now - self.limit.seconds
        while self._came and self._came[0] <= before:
            self._came.popleft()
