"""The hand-made audit gives the reports that were last read and accepted."""

from __future__ import annotations

import pytest

from tests.reports.regenerate import GOLDEN, reports


@pytest.mark.parametrize("name", ["report.json", "report.html", "report.md", "report.txt"])
def test_the_report_is_the_accepted_one(name: str) -> None:
    accepted = (GOLDEN / name).read_text(encoding="utf-8")

    assert reports()[name] == accepted, "if this change is meant: python -m tests.reports.regenerate"
