"""A vendor that does everything right is met by every check of the groups data, errors and operations."""

from __future__ import annotations

import pytest

from cmms_audit.model import Verdict
from tests.checks.toy import Toy, document, judged_live, raised
from tests.support import battery, judged

SAYS_NOTHING = {  # what the small vendor gives nothing to look at for
    "data.docs-public": Verdict.NOT_APPLICABLE,
    "data.mapping-documented": Verdict.NOT_APPLICABLE,
    "data.mapping-found": Verdict.NOT_APPLICABLE,
    "data.examples-valid": Verdict.UNKNOWN,
    "errors.no-breaking-changes": Verdict.NOT_APPLICABLE,
    "errors.notice-stated": Verdict.UNKNOWN,
    "errors.notice-period": Verdict.NOT_APPLICABLE,
    "errors.channel-published": Verdict.NOT_APPLICABLE,
    "errors.withdrawals-announced": Verdict.NOT_APPLICABLE,
    "errors.version-agrees": Verdict.NOT_APPLICABLE,
    "errors.deprecations-dated": Verdict.NOT_APPLICABLE,
    "errors.health-answers": Verdict.NOT_APPLICABLE,
}
OF_THE_DOCUMENT_AS_SUCH = ("data.document-valid",)  # has findings of its own for each rule, and tests of its own
OURS = [
    name
    for name in battery()
    if name.partition(".")[0] in ("data", "errors", "operations") and name not in OF_THE_DOCUMENT_AS_SUCH
]
STATIC = [name for name in OURS if battery()[name].sends == "nothing"]
READING = [name for name in OURS if battery()[name].sends == "reads"]


@pytest.mark.parametrize("check_id", STATIC)
def test_a_document_that_says_all_is_met(check_id: str) -> None:
    (finding,) = judged(check_id, document())
    assert finding.verdict is SAYS_NOTHING.get(check_id, Verdict.MET), finding.summary
    assert not raised(finding)


@pytest.mark.parametrize("check_id", READING)
def test_a_live_vendor_who_does_it_right_is_met(check_id: str) -> None:
    finding = judged_live(check_id, Toy())
    assert finding.verdict is SAYS_NOTHING.get(check_id, Verdict.MET), finding.summary + finding.detail
    assert not raised(finding)


@pytest.mark.parametrize("check_id", STATIC)
def test_a_document_that_says_nothing_is_never_met(check_id: str) -> None:
    says_nothing = {"openapi": "3.0.3", "info": {"title": "Silent", "version": ""}, "paths": {}}
    (finding,) = judged(check_id, says_nothing, base_url="https://vendor.example/api")
    assert finding.reason != "defect", finding.detail
    assert finding.verdict is not Verdict.MET
    assert not raised(finding)
