"""A burst uses up the limit of a credential for good: nothing that the audit says of other things suffers by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cmms_audit.model import Sends
from tests.support import battery
from tests.vendors.auditing import audited
from tests.vendors.cmms import Habits
from tests.wire.servers import Answer, Seen

ABOUT = "Each key may make 20 requests per second, and no other limit applies."


@dataclass
class ClosedForGood:
    """Serves 20 calls of a burst, and refuses every call that comes after those, whatever it asks for."""

    of_burst: int = 0
    after: int = 0

    def __call__(self, seen: Seen) -> Answer | None:
        self.of_burst += dict(seen.query).get("limit") == "1"
        if self.of_burst <= 20:
            return None
        self.after += 1
        return Answer(429, '{"code": "limit"}', {"Content-Type": "application/json", "Retry-After": "3600"})


def said(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    """What the checks found that send no burst."""
    bursts = {check.id for check in battery().values() if check.sends is Sends.BURST}
    return {
        (each["check"], each["verdict"], each["reason"]) for each in report["findings"] if each["check"] not in bursts
    }


def test_what_a_burst_does_to_the_vendor_spoils_no_other_finding() -> None:
    closed = ClosedForGood()

    with_burst = audited(Habits(about=ABOUT, before=closed), burst=40)
    without = audited(Habits(about=ABOUT))

    assert 0 < closed.after <= 22
    assert said(with_burst) == said(without)
    assert {each["verdict"] for each in with_burst["findings"] if each["check"] == "limits.burst"} == {"met"}
