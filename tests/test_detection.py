"""Every way in which the embedded vendor can be worse is noticed, and noticed as just that."""

from __future__ import annotations

import pytest

from cmms_audit.sandbox import granary
from tests.live import audited, detected, false_alarms
from tests.noticed import NOTICED_BY, OF_CAPTURES, WHOLE_GROUPS
from tests.support import battery

# What only writing checks will see: those come with a later battery. Strict, so that the line has to go on the day that
# a check notices.
NOT_YET_LOOKED_FOR = (
    "forgetful-actions",
    "lawless-actions",
    "mangled-attachments",
    "vague-bulk",
)


def cases() -> list[object]:
    later = pytest.mark.xfail(strict=True, reason="only a check that writes, or ends a token, can notice")
    return [pytest.param(name, marks=later if name in NOT_YET_LOOKED_FOR else ()) for name in granary.switch_names()]


def test_the_untouched_vendor_raises_no_flag_and_meets_every_question() -> None:
    report = audited(allow="writes,burst,webhooks")

    assert report["complete"]
    assert not false_alarms(report)
    assert report["score"]["grade"] in ("A", "B")


@pytest.mark.parametrize("name", cases())
def test_a_broken_behaviour_moves_what_it_declares_and_nothing_else(name: str) -> None:
    seen, switch = detected(name), granary.SWITCHES[name]

    assert seen.found, f"nothing moved; {name} declares {sorted({*switch.questions, *switch.flags})}"
    assert not seen.wrongly
    assert not seen.broken
    assert {check for check, by in NOTICED_BY.items() if by == name} <= set(seen.noticed_by)


def test_every_check_has_a_switch_that_it_must_notice() -> None:
    checks = battery().keys()

    assert checks >= NOTICED_BY.keys()
    left = {check for check in checks - NOTICED_BY.keys() if not check.startswith(OF_CAPTURES)}
    assert {check for check in left if check.split(".")[0] in WHOLE_GROUPS} == set()
