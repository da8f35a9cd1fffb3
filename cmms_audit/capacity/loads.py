"""The needs of one scenario, each held against what was measured: what is pulled, what is written, what arrives."""

from __future__ import annotations

from collections.abc import Mapping, Set
from math import ceil

from msgspec import Struct

from cmms_audit.capacity.answer import Answer
from cmms_audit.capacity.measured import Measured
from cmms_audit.capacity.pulls import Pull, time_to_pull
from cmms_audit.capacity.streams import Stream, held_against_limits
from cmms_audit.capacity.words import WINDOWS, agreeing, counted, duration, known, number

ROUND_HISTORY = 100_000
"""Records of history for which a first load is worked out where the vendor file does not say how many there are."""


class Asked(Struct, frozen=True):
    """A need in words, the seconds that it may take, where that is set, and what the numbers say of it."""

    need: str
    answer: Answer
    window: float | None = None


class Loads(Struct, frozen=True):
    """The `volumes` of a vendor file, what was `measured`, and the `kinds` of needs that belong to one integration."""

    volumes: Mapping[str, float]
    measured: Measured
    kinds: Set[str]

    def held_against(self, kind: str) -> Asked | None:
        """What the numbers say of a need; None where its volume is not given."""
        match kind:
            case "pull":
                return self._pull()
            case "history":
                return self._history()
            case "writes":
                return self._stream(self._writes())
            case "events":
                return self._stream(self._events())
        raise ValueError(f"no such need: {kind}")

    def _pull(self) -> Asked | None:
        records = self.volumes.get("records_per_pull")
        if not records:
            return None
        minutes = self.volumes.get("pull_window_minutes")
        need = counted(records, "record") + (f" in {number(minutes)} min" if minutes else "")
        return self._timed(need, Pull(records, minutes * 60 if minutes else None, self._beside()))

    def _history(self) -> Asked:
        records = self.volumes.get("history_records")
        if not records:
            need = f"First load of history, worked out for {counted(ROUND_HISTORY, 'record')}"
            return self._timed(need, Pull(ROUND_HISTORY, None, self._beside(), again=False))
        hours = self.volumes.get("history_window_hours")
        window = hours * WINDOWS["hour"] if hours else None
        need = f"First load of {counted(records, 'record')}" + (f" in {duration(window)}" if window else "")
        return self._timed(need, Pull(records, window, self._beside(), again=False))

    def _timed(self, need: str, pull: Pull) -> Asked:
        return Asked(need, time_to_pull(pull, self.measured.for_calls("read")), pull.window)

    def _stream(self, stream: Stream | None) -> Asked | None:
        if stream is None:
            return None
        return Asked(stream.need, held_against_limits(stream, self.measured.for_calls("write")), stream.window)

    def _writes(self) -> Stream | None:
        writes = self.volumes.get("writes_per_hour")
        if not writes:
            return None
        bulk = self.measured.bulk_size
        calls = ceil(writes / bulk.value) if bulk else writes
        how = f"{number(bulk.value)} in a call{known(bulk.basis)}" if bulk else "one in a call"
        return Stream(
            need=f"{counted(writes, 'write')} an hour",
            records=writes,
            calls=calls,
            window=WINDOWS["hour"],
            sum=f"{counted(writes, 'record')} an hour, {how}, {_are(calls)} an hour",
            in_bulk=True,
        )

    def _events(self) -> Stream | None:
        events = self.volumes.get("events_per_minute")
        if not events:
            return None
        return Stream(
            need=f"{counted(events, 'event')} a minute",
            records=events,
            calls=events,
            window=WINDOWS["minute"],
            sum=f"{counted(events, 'event')} a minute, one call for each, {_are(events)} a minute",
            peak=True,
        )

    def _beside(self) -> dict[int, float]:
        """The calls that the same integration spends on writing while it pulls, by the window that they come in."""
        streams = {"writes": self._writes(), "events": self._events()}
        return {each.window: each.calls for kind, each in streams.items() if each and kind in self.kinds}


def _are(calls: float) -> str:
    return f"{agreeing(calls, 'is', 'are')} {counted(calls, 'call')}"
