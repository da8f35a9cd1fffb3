"""The critical path of a recorded audit: what even an audit that wastes nothing has to wait for."""

from __future__ import annotations

import bisect
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cmms_audit.battery.check import Check
from cmms_audit.model import Sends
from cmms_audit.wire.recording import Recording

INTAKE = "intake"
PHASES = ("documents", "first contact", "side by side", "alone", "bursts")


@dataclass(frozen=True)
class Call:
    """A request with its answer, or a wait that a check asked for; `began` and `ended` in seconds of the clock."""

    owner: str
    began: float
    ended: float
    is_request: bool = True
    is_paced: bool = True

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass(frozen=True)
class Phase:
    """One phase: how many requests it sent, the least it had to take and why, and how long it took."""

    name: str
    requests: int
    seconds: float
    because: str
    took: float


def calls_of(evidence: Path, sleeps: Path) -> list[Call]:
    """Everything that was waited for, in the order in which it began."""
    calls = []
    for each in Recording(evidence).exchanges():
        began = _moment(each.started)
        waited = float(each.notes.get("waited", 0.0))
        is_paced = each.purpose != "burst"
        calls.append(Call(each.owner, began - waited, began + each.elapsed, is_paced=is_paced))
    for line in sleeps.read_text(encoding="utf-8").splitlines() if sleeps.exists() else ():
        note = json.loads(line)
        began = _moment(note["started"])
        calls.append(Call(note["owner"], began, began + note["elapsed"], is_request=False))
    return sorted(calls, key=lambda call: call.began)


def phases_of(calls: Sequence[Call], battery: Mapping[str, Check], rate: float) -> Iterator[Phase]:
    """The phases that had any calls; `rate` is how many requests a second may be started."""
    for name, among in _by_phase(calls, battery).items():
        owners = _by_owner(among)
        took = max(call.ended for call in among) - min(call.began for call in among)
        chains = {owner: longest_chain(theirs) for owner, theirs in owners.items()}
        requests = sum(call.is_request for call in among)
        paced = sum(call.is_request and call.is_paced for call in among) / rate
        if name == "documents":
            longest = max(among, key=lambda call: call.seconds)
            yield Phase(name, requests, longest.seconds, "the slowest document", took)
        elif name in ("alone", "bursts"):
            each = {owner: max(chains[owner], _pace(theirs, rate)) for owner, theirs in owners.items()}
            slowest = sorted(each, key=lambda owner: -each[owner])[:3]
            because = ", ".join(f"{owner} {each[owner]:.2f}" for owner in slowest)
            yield Phase(name, requests, sum(each.values()), f"one after another: {because} ...", took)
        else:
            owner = max(chains, key=lambda owner: chains[owner])
            because = f"{owner} ({len(owners[owner])} in turn)" if chains[owner] >= paced else f"pace of {rate:g}/s"
            yield Phase(name, requests, max(chains[owner], paced), because, took)


def longest_chain(calls: Sequence[Call]) -> float:
    """The most seconds that calls take of which each began after the one before had ended."""
    ordered = sorted(calls, key=lambda call: call.ended)
    ends = [call.ended for call in ordered]
    best = [0.0]
    for number, call in enumerate(ordered):
        before = bisect.bisect_right(ends, call.began + 0.001, hi=number)  # moments are recorded in milliseconds
        best.append(max(best[-1], best[before] + call.seconds))
    return best[-1]


def _pace(calls: Sequence[Call], rate: float) -> float:
    return max(0, sum(call.is_request and call.is_paced for call in calls) - 1) / rate


def _by_phase(calls: Sequence[Call], battery: Mapping[str, Check]) -> dict[str, list[Call]]:
    """The calls of each phase. What several checks share is counted where it was asked for."""
    found: dict[str, list[Call]] = {name: [] for name in PHASES}
    now = PHASES.index("first contact")
    for call in calls:
        if call.owner == INTAKE:
            found["documents"].append(call)
            continue
        if call.owner in battery:
            now = max(now, _phase(battery[call.owner]))
        found[PHASES[now]].append(call)
    return {name: among for name, among in found.items() if among}


def _phase(check: Check) -> int:
    if check.sends is Sends.BURST:
        return PHASES.index("bursts")
    return PHASES.index("alone" if check.exclusive else "side by side")


def _by_owner(calls: Sequence[Call]) -> dict[str, list[Call]]:
    owners: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        owners[call.owner].append(call)
    return owners


def _moment(text: Any) -> float:
    return datetime.fromisoformat(text).timestamp()
