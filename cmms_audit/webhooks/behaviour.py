"""How the receiver treats a delivery: takes it, or misbehaves in one of the ways in which receivers do.

A script is a row of behaviours: the first try of an event meets the first, its retry the next, and the last one stays.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cmms_audit.patterns import pattern

LONGEST = 3600.0  # seconds that a behaviour may last
_WORD = pattern(r"([a-z-]+|[1-5]\d\d)(?::([a-z-]+=)?([\w.:/, -]{1,64}))?")


class Manner(StrEnum):
    """What is done with a delivery."""

    ANSWER = "answer"
    ERROR_INSIDE = "error-inside"
    REDIRECT = "redirect"
    SILENT = "silent"
    SLOW = "slow"
    RESET = "reset"
    AWAY = "away"


_TIMED = (Manner.SILENT, Manner.SLOW, Manner.AWAY)


class Behaviour(Struct, frozen=True):
    """One way to treat a delivery.

    `status` and `retry_after` (seconds or an HTTP date, "" for none) belong to an answer. `seconds` is how long a
    SILENT receiver holds the line before it hangs up, how long a SLOW one takes to say 200, and how long one that is
    AWAY refuses connections, beginning with the delivery at hand, whose connection breaks.
    """

    manner: Manner = Manner.ANSWER
    status: int = 200
    seconds: float = 0.0
    retry_after: str = ""

    @property
    def takes(self) -> bool:
        """Whether the sender is told that the delivery was taken."""
        return self.manner in (Manner.SLOW, Manner.ERROR_INSIDE) or (
            self.manner is Manner.ANSWER and 200 <= self.status < 300
        )

    def __str__(self) -> str:
        """The word of a script for it."""
        if self.manner is Manner.ANSWER:
            return f"{self.status}:retry-after={self.retry_after}" if self.retry_after else str(self.status)
        return f"{self.manner}:{self.seconds:g}" if self.manner in _TIMED else str(self.manner)


Script = tuple[Behaviour, ...]
ACCEPT: Script = (Behaviour(),)


def read_script(text: str) -> Script:
    """A script as people write it: "503, 503:retry-after=5, silent:10, 200".

    The words: a status; `error-inside` (200 with a body that says error), `redirect`, `silent:SECONDS`, `slow:SECONDS`,
    `reset`, `away:SECONDS`. Raises ValueError naming the word that is none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError("it holds no word")
    return tuple(_behaviour(word) for word in words)


def _behaviour(word: str) -> Behaviour:
    parts = _WORD.fullmatch(word)
    if parts is None:
        raise ValueError(f"{word!r} is no way to treat a delivery")
    name, option, value = parts.groups()
    if name.isdigit():
        if value and option != "retry-after=":
            raise ValueError(f"{word!r}: a status takes retry-after=SECONDS and nothing else")
        return Behaviour(status=int(name), retry_after=value or "")
    if name not in set(Manner) - {Manner.ANSWER}:
        raise ValueError(f"{word!r} is no way to treat a delivery")
    manner = Manner(name)
    if (manner in _TIMED) != bool(value) or option:
        needs = "needs seconds, as in" if manner in _TIMED else "takes no value:"
        raise ValueError(f"{word!r}: {manner} {needs} {manner}{':10' if manner in _TIMED else ''}")
    return Behaviour(manner, seconds=_seconds(word, value) if value else 0.0)


def _seconds(word: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"{word!r}: seconds go from 0 to {LONGEST:g}")
    return seconds
