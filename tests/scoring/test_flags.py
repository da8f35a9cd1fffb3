"""Red flags: who may raise one, who may clear one, and what it costs where."""

from __future__ import annotations

import pytest

from cmms_audit.capacity import CapacityEstimate
from cmms_audit.model import Basis, Finding, FlagState, Reason, Severity, Verdict
from cmms_audit.scoring import FlagResult
from tests.scoring.samples import card, claim, finding, unknown

MET, NOT_MET = Verdict.MET, Verdict.NOT_MET
OBSERVED, DOCUMENTED = Basis.OBSERVED, Basis.DOCUMENTED
NO_WEBHOOKS = finding(NOT_MET, DOCUMENTED, "webhooks.supported", absence=True, summary="no webhooks", check="w")


def flag(name: str, findings: list[Finding], **more: object) -> FlagResult:
    return next(each for each in card(findings, **more).red_flags if each.id == name)


def over_capacity(scenario: str, fits: bool | None) -> CapacityEstimate:
    return CapacityEstimate(scenario, "50,000 records in 60 min", 3000.0, fits, "because")


def test_a_flag_nobody_looked_for_is_not_tested() -> None:
    judged = flag("anonymous-access", [])
    assert (judged.state, judged.raised, judged.basis) == (FlagState.NOT_TESTED, False, Basis.NONE)


def test_a_flag_that_was_not_tested_says_why() -> None:
    silent = unknown(Reason.VENDOR_SILENT)
    held_back = unknown(Reason.NOT_PERMITTED)
    assert flag("anonymous-access", [silent]).reason is Reason.VENDOR_SILENT
    assert flag("anonymous-access", [silent, held_back]).reason is Reason.NOT_PERMITTED
    assert flag("anonymous-access", [finding(MET).clears("anonymous-access"), held_back]).reason is None


def test_one_raising_finding_outweighs_many_clearing_ones() -> None:
    clearing = [finding(MET, check=f"c{number}").clears("anonymous-access") for number in range(3)]
    raising = finding(NOT_MET, check="bad", summary="open to all").raises("anonymous-access")
    judged = flag("anonymous-access", [*clearing, raising])
    assert (judged.state, judged.basis) == (FlagState.RAISED, OBSERVED)
    assert (judged.summary, judged.findings) == ("open to all", ("bad",))
    assert flag("anonymous-access", clearing).state is FlagState.CLEAR


def test_an_outranked_finding_neither_raises_nor_clears() -> None:
    seen = finding(MET)
    assert flag("anonymous-access", [seen, finding(NOT_MET, DOCUMENTED).raises("anonymous-access")]).state is (
        FlagState.NOT_TESTED
    )
    assert flag("anonymous-access", [seen, finding(MET, DOCUMENTED).clears("anonymous-access")]).state is (
        FlagState.NOT_TESTED
    )


@pytest.mark.parametrize("verdict", [NOT_MET, Verdict.NOT_APPLICABLE])
def test_a_finding_that_decides_nothing_is_heard_all_the_same(verdict: Verdict) -> None:
    beside = finding(verdict, DOCUMENTED, decisive=verdict is Verdict.NOT_APPLICABLE, check="beside")
    assert flag("anonymous-access", [finding(MET), beside.raises("anonymous-access")]).raised


def test_severity_is_the_highest_over_the_chosen_scenarios() -> None:
    raising = [finding(NOT_MET, on="operations.concurrency").raises("lost-update")]
    both = flag("lost-update", raising)
    assert (both.severity, both.by_scenario) == (Severity.CRITICAL, {"erp": Severity.CRITICAL, "bi": Severity.MINOR})
    assert flag("lost-update", raising, scenarios=["bi"]).severity is Severity.MINOR


def test_a_finding_may_know_the_severity_better_than_the_table() -> None:
    raising = finding(NOT_MET, on="operations.concurrency").raises("lost-update", Severity.SERIOUS)
    judged = flag("lost-update", [raising])
    assert judged.by_scenario == {"erp": Severity.SERIOUS, "bi": Severity.SERIOUS}


def test_of_several_raising_findings_the_gravest_counts() -> None:
    light = finding(NOT_MET, on="operations.concurrency", check="a").raises("lost-update", Severity.MINOR)
    by_table = finding(NOT_MET, on="operations.concurrency", check="b").raises("lost-update")
    assert flag("lost-update", [light, by_table]).by_scenario["erp"] is Severity.CRITICAL


@pytest.mark.parametrize(
    ("fits", "severity"), [(False, Severity.CRITICAL), (True, Severity.SERIOUS), (None, Severity.SERIOUS)]
)
def test_unknown_limits_are_critical_where_the_volumes_do_not_fit(fits: bool | None, severity: Severity) -> None:
    raising = finding(NOT_MET, on="auth.scopes").raises("no-limits")
    judged = flag("no-limits", [raising], capacity=[over_capacity("bi", fits)])
    assert judged.by_scenario == {"erp": Severity.SERIOUS, "bi": severity}


def test_no_webhooks_raise_their_missing_retry_where_a_scenario_weighs_them() -> None:
    judged = flag("no-webhook-retry", [NO_WEBHOOKS])
    assert (judged.state, judged.basis, judged.findings) == (FlagState.RAISED, DOCUMENTED, ("w",))
    assert flag("no-webhook-retry", [NO_WEBHOOKS], scenarios=["bi"]).state is FlagState.NOT_APPLICABLE


def test_event_delivery_by_another_way_does_not_raise_it() -> None:
    assert flag("no-webhook-retry", [NO_WEBHOOKS], event_delivery=True).state is FlagState.NOT_TESTED


def test_silence_on_retries_is_not_tested() -> None:
    supported = finding(MET, DOCUMENTED, "webhooks.supported")
    silent = unknown(Reason.VENDOR_SILENT, on="webhooks.delivery")
    assert flag("no-webhook-retry", [supported, silent]).state is FlagState.NOT_TESTED


def test_a_claim_that_webhooks_exist_is_not_taken_for_their_absence() -> None:
    judged = flag("no-webhook-retry", [NO_WEBHOOKS], claims=[claim("webhooks.supported", "yes")])
    assert judged.state is FlagState.NOT_TESTED
