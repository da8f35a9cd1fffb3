"""Every way in which the embedded vendor can be worse is noticed, and noticed as just that."""

from __future__ import annotations

import pytest

from cmms_audit.sandbox import granary
from tests.live import audited, verdicts

# What only a burst can see, and what only writing checks will see: those come with a later battery. Strict, so that
# the line has to go on the day that a check notices.
BURSTS = ("bare-429", "no-429", "silent-throttling", "lower-real-limit")
NOT_YET_LOOKED_FOR = (
    "forgetful-actions",
    "immortal-tokens",
    "lawless-actions",
    "mangled-attachments",
    "unenforced-scopes",
    "vague-bulk",
)


def cases() -> list[object]:
    later = pytest.mark.xfail(strict=True, reason="only a check that writes, or ends a token, can notice")
    return [pytest.param(name, marks=later if name in NOT_YET_LOOKED_FOR else ()) for name in granary.switch_names()]


def permissions_for(name: str) -> str:
    return "writes,burst,webhooks" if name in BURSTS else "writes,webhooks"


def test_the_untouched_vendor_raises_no_flag_and_leaves_no_question_open() -> None:
    report = audited(allow="writes,burst,webhooks")

    assert report["complete"]
    assert not [each["id"] for each in report["red_flags"] if each["raised"]]
    assert not [each["id"] for each in report["questions"] if each["verdict"] == "unknown"]
    assert report["score"]["grade"] in ("A", "B")


@pytest.mark.parametrize("name", cases())
def test_a_broken_behaviour_moves_what_it_declares_and_nothing_else(name: str) -> None:
    switch, allow = granary.SWITCHES[name], permissions_for(name)
    whole, broken = verdicts(audited(allow=allow)), verdicts(audited(name, allow=allow))

    moved = {each for each in whole if whole[each] != broken[each]}

    declared = {*switch.questions, *switch.flags}
    assert moved & declared, f"nothing moved; {name} declares {sorted(declared)}"
    assert not moved - declared, {each: (whole[each], broken[each]) for each in moved - declared}
    assert not [each for each in audited(name, allow=allow)["findings"] if each["reason"] == "defect"]
