"""Vendors with a limit of twenty calls a second, and a clock that waits for nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cmms_audit.model import Finding
from cmms_audit.wire.clock import Clock
from tests.checks.small import as_json, described, looked_at, only
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import ALL

TWENTY = "Limited to 20 requests per second."
SPENT = 0.4  # seconds that may pass between a refusal and the first wait, which is shorter by so much


class Waits(Clock):
    """A clock whose waits take no time and are remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Limited:
    """A vendor that serves `allowed` calls to a burst and answers the next with `refusal`, until a wait is over."""

    allowed: int
    refusal: Answer
    clock: Waits
    served: int = 0

    def __call__(self, seen: Seen) -> Answer:
        waited = sum(self.clock.slept[1:]) >= 7 - SPENT  # the first wait is for the window to run out
        if "x-api-key" not in seen.headers or self.served < self.allowed + 2 or waited:
            self.served += 1  # the burst is preceded by two calls
            return as_json([{"id": "W-1"}])
        return self.refusal


def asked_after(refusal: Answer, served_after: float) -> tuple[Finding, list[float]]:
    """The finding on a vendor who serves again after so many seconds of waiting, and the waits."""
    clock = Waits()
    calls = 0

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        open_again = sum(clock.slept[1:]) >= served_after - SPENT
        return as_json([{"id": "W-1"}]) if calls <= 22 or open_again else refusal

    document = described(text=TWENTY)
    finding = only(looked_at("limits.burst", answer, document, permissions=ALL, burst_requests=60, clock=clock))
    return finding, clock.slept[1:]
