"""What the capacity model says of one need."""

from __future__ import annotations

from msgspec import Struct

from cmms_audit.capacity.words import duration

SPEED, PAGE_SIZE = "speed", "page size"
"""What can bind beside a limit, which goes by its window: how fast answers come, how many records one of them holds."""


class Answer(Struct, frozen=True):
    """How long it takes (`minutes`), whether it `fits`, and why; `minutes` and `fits` None: too little is known.

    Of what is written, or arrives, all the time, `minutes` are those of an hour's or a minute's worth. `binds` is what
    it depends on most: "speed", "page size", or the window of a limit ("second", "hour", "15 minutes").
    `working` is the arithmetic, line by line; `would_fit` are changes of which each one alone would be enough.
    """

    because: str
    minutes: float | None = None
    fits: bool | None = None
    binds: str | None = None
    working: tuple[str, ...] = ()
    would_fit: tuple[str, ...] = ()


class CapacityEstimate(Struct, frozen=True):
    """Whether one need of one scenario fits; the members are those of `Answer`.

    `kind` is "pull", "history", "writes" or "events"; `need` says in words what has to fit, `window_minutes` in what
    time, where one is set.
    """

    scenario: str
    need: str
    estimate_minutes: float | None
    fits: bool | None
    because: str
    kind: str = ""
    window_minutes: float | None = None
    binds: str | None = None
    working: tuple[str, ...] = ()
    would_fit: tuple[str, ...] = ()

    @property
    def estimate(self) -> str | None:
        """The time with its unit: "2.6 s", "49 h"."""
        return None if self.estimate_minutes is None else duration(self.estimate_minutes * 60)
