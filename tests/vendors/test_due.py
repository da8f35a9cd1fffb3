"""Vendors of other habits than the embedded one get the verdicts that a careful engineer would give them by hand."""

from __future__ import annotations

import pytest

from tests.vendors import counting, doors, families, numbered, pages, strangers, systems
from tests.vendors.judging import Due, each_later, each_vendor, seen

VENDORS = (
    families.VENDORS
    | doors.VENDORS
    | strangers.VENDORS
    | pages.VENDORS
    | systems.VENDORS
    | counting.VENDORS
    | numbered.VENDORS
)


@pytest.mark.parametrize("due", each_vendor(VENDORS))
def test_a_vendor_is_judged_by_what_it_does(due: Due) -> None:
    judged = {what: said for what, said in seen(due).items() if what not in due.later}
    assert judged == {what: said for what, said in due.expected.items() if what not in due.later}


@pytest.mark.parametrize(("due", "what"), each_later(VENDORS))
def test_what_is_not_understood_yet(due: Due, what: str) -> None:
    assert seen(due)[what] == due.expected[what]
