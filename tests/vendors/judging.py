"""What is due to a vendor of other habits, written down by hand, and held against the report of an audit of it.

Every one of these vendors only reads, has no webhooks, and does what it does well; `ORDINARY` is what is due to such a
vendor whose habits are the common ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from tests.live import defects
from tests.vendors.auditing import audited, raised, said
from tests.vendors.cmms import Habits

ORDINARY = {
    "auth.method": "met",
    "auth.scopes": "partial",  # permissions are named, and as nothing can be written, none keeps writing apart
    "data.documented": "met",
    "data.hierarchy": "met",
    "data.custom-fields": "met",
    "limits.documented": "partial",  # a number a minute, none a day
    "limits.bulk": "partial",  # 25 records a page
    "limits.at-limit": "met",  # 429 and Retry-After are described
    "errors.structure": "met",
    "errors.versioning": "met",
    "operations.pagination": "met",
    "operations.query": "partial",  # no sorting, no choice of fields
    "operations.delta-sync": "partial",  # deleted records are not shown
    "operations.status-codes": "met",
    "webhooks.supported": "not_met",
}
WITHOUT_WEBHOOKS = {"no-webhook-retry"}
RECORDS = ("operations.every-record-once", "data.records-match")
STRANGERS = ("auth.refuses-anonymous", "auth.refuses-garbage")


@dataclass(frozen=True, eq=False)
class Due:
    """A vendor and what is due to it: verdicts other than the ordinary ones, and red flags.

    `burst` is the number of calls to send at once, none where the limit is not to be reached. `later` says why the
    audit does not see something yet, by what it is: a question, or another member of `seen`.
    """

    habits: Habits
    otherwise: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    burst: int = 0
    later: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> dict[str, object]:
        """What an engineer would say, in the form of `seen`."""
        checks = dict.fromkeys((*RECORDS, *STRANGERS), "met")
        return {**ORDINARY, **self.otherwise, **checks, "flags": WITHOUT_WEBHOOKS | self.flags, "defects": []}


@cache
def report_on(due: Due) -> dict[str, Any]:
    """The report of one audit of a vendor."""
    return audited(due.habits, burst=due.burst)


def seen(due: Due) -> dict[str, object]:
    """The audit's verdicts on questions and on some checks, the red flags, and the checks that broke down."""
    report = report_on(due)
    questions = {each["id"]: each["verdict"] for each in report["questions"] if each["id"] in ORDINARY}
    checks = {check: said(report, check) for check in (*RECORDS, *STRANGERS)}
    return {**questions, **checks, "flags": raised(report), "defects": defects(report)}


def says(due: Due, check: str) -> str:
    """What a check says of a vendor, summaries and details together."""
    findings = [each for each in report_on(due)["findings"] if each["check"] == check]
    return "\n".join(f"{each['summary']}\n{each['detail']}" for each in findings)


def each_vendor(vendors: Mapping[str, Due]) -> list[object]:
    """Each vendor, by its name."""
    return [pytest.param(due, id=name) for name, due in vendors.items()]


def each_later(vendors: Mapping[str, Due]) -> list[object]:
    """Each vendor with each thing that the audit does not see yet, marked as such."""
    return [
        pytest.param(due, what, id=f"{name}: {what}", marks=pytest.mark.xfail(strict=True, reason=reason))
        for name, due in vendors.items()
        for what, reason in due.later.items()
    ]
