"""The engine: whatever goes wrong in a check is shown, and nothing that goes wrong in one reaches another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from cmms_audit.battery import Context, Finding, check, met, not_met, unknown
from cmms_audit.battery.check import Check
from cmms_audit.battery.engine import CheckFinished, CheckStarted, Event, run_at_once, run_others
from cmms_audit.battery.plan import make_plan
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Basis, Evidence, Reason, Verdict
from cmms_audit.permissions import Permissions
from tests.support import subject_of

SEEN = Evidence("exchange", id=1)


def declared(function: Any, check_id: str = "auth.probe", sends: str = "reads", **more: Any) -> Check:
    return check(question="auth.method", id=check_id, aspect="strangers", sends=sends, **more)(function)


def events_of(*checks: Check, permissions: Permissions | None = None, **options: Any) -> list[Event]:
    subject = subject_of({"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}})

    async def run() -> list[Event]:
        plan = make_plan(checks, permissions or Permissions(), **options)
        phases = [
            run_at_once(plan, lambda each: Context(subject, each)),
            run_others(plan, lambda each: Context(subject, each), subject.stage),
        ]
        return [event for phase in phases async for event in phase]

    return asyncio.run(run())


def findings_of(*checks: Check, **options: Any) -> dict[str, Sequence[Finding]]:
    return {each.check.id: each.findings for each in events_of(*checks, **options) if isinstance(each, CheckFinished)}


def test_a_finding_is_signed_with_what_its_check_declares() -> None:
    async def holds(_: Context) -> Finding:
        return met("it holds", SEEN)

    (finding,) = findings_of(declared(holds, severity="critical", decisive=False))["auth.probe"]

    assert (finding.check, finding.question, finding.aspect) == ("auth.probe", "auth.method", "strangers")
    assert (finding.severity, finding.decisive, finding.basis) == ("critical", False, Basis.OBSERVED)


def test_a_crashing_check_is_a_visible_defect_and_the_others_still_answer() -> None:
    async def crashes(_: Context) -> Finding:
        raise KeyError("no such thing")

    async def holds(_: Context) -> Finding:
        return met("it holds", SEEN)

    found = findings_of(declared(crashes, "auth.a"), declared(holds, "auth.b"))

    assert (found["auth.a"][0].verdict, found["auth.a"][0].reason) == (Verdict.UNKNOWN, Reason.DEFECT)
    assert "KeyError" in found["auth.a"][0].detail
    assert found["auth.b"][0].verdict is Verdict.MET


def test_a_stalling_check_is_given_up_after_its_time() -> None:
    async def stalls(_: Context) -> Finding:
        await asyncio.sleep(60)
        return met("never", SEEN)

    (finding,) = findings_of(declared(stalls, timeout=0.05))["auth.probe"]

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.TIMEOUT)


@pytest.mark.parametrize("reason", [Reason.CONNECTIVITY, Reason.BUDGET, Reason.CREDENTIAL, Reason.RESOURCE_NOT_FOUND])
def test_a_check_that_could_not_look_is_unknown_with_the_reason(reason: Reason) -> None:
    async def cannot(_: Context) -> Finding:
        raise CouldNotLook(reason, "nothing came back", SEEN)

    (finding,) = findings_of(declared(cannot))["auth.probe"]

    assert (finding.verdict, finding.reason, finding.summary) == (Verdict.UNKNOWN, reason, "nothing came back")
    assert finding.evidence == (SEEN,)


def test_no_verdict_stands_without_evidence() -> None:
    async def asserts(_: Context) -> Finding:
        return met("trust me")

    (finding,) = findings_of(declared(asserts))["auth.probe"]

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.DEFECT)


def test_a_red_flag_that_a_check_did_not_declare_is_a_defect() -> None:
    async def raises(_: Context) -> Finding:
        return not_met("open", SEEN).raises("anonymous-access")

    assert findings_of(declared(raises))["auth.probe"][0].reason is Reason.DEFECT
    honest = declared(raises, flags=("anonymous-access",))
    assert findings_of(honest)["auth.probe"][0].verdict is Verdict.NOT_MET


def test_a_check_without_a_finding_is_a_defect() -> None:
    assert findings_of(declared(lambda _: []))["auth.probe"][0].reason is Reason.DEFECT


@pytest.mark.parametrize(
    ("permissions", "options", "sends", "reason"),
    [
        (Permissions(offline=True), {}, "reads", Reason.OFFLINE),
        (Permissions(), {}, "writes", Reason.NOT_PERMITTED),
        (Permissions(), {}, "burst", Reason.NOT_PERMITTED),
        (Permissions(), {}, "webhooks", Reason.NOT_PERMITTED),
        (Permissions(), {"skip": ["auth.*"]}, "reads", Reason.SKIPPED),
        (Permissions(), {"cannot_reach": Reason.CREDENTIAL}, "reads", Reason.CREDENTIAL),
    ],
)
def test_a_check_that_may_not_look_is_never_called(
    permissions: Permissions, options: dict[str, Any], sends: str, reason: Reason
) -> None:
    def called(_: Context) -> Finding:
        pytest.fail("it was called")

    (finding,) = findings_of(declared(called, sends=sends), permissions=permissions, **options)["auth.probe"]

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, reason)


def test_independent_waits_overlap() -> None:
    running = 0
    most = 0

    async def waits(_: Context) -> Finding:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return met("done", SEEN)

    events_of(*(declared(waits, f"auth.{number}") for number in range(5)))

    assert most == 5


def test_exclusive_checks_and_bursts_run_alone_and_bursts_last() -> None:
    order: list[str] = []

    def recording(name: str) -> Any:
        async def looks(_: Context) -> Finding:
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
            order.append(f"{name} ends")
            return met("done", SEEN)

        return looks

    events_of(
        declared(recording("burst"), "auth.a", sends="burst"),
        declared(recording("alone"), "auth.b", exclusive=True),
        declared(recording("read"), "auth.c"),
        permissions=Permissions(burst=True),
    )

    assert order == ["read begins", "read ends", "alone begins", "alone ends", "burst begins", "burst ends"]


def test_every_check_finishes_exactly_once_and_only_lookers_start() -> None:
    async def holds(_: Context) -> Finding:
        return met("done", SEEN)

    checks = [declared(holds, f"auth.{number}", sends=sends) for number, sends in enumerate(["reads", "writes"])]

    events = events_of(*checks)

    assert [each.check.id for each in events if isinstance(each, CheckStarted)] == ["auth.0"]
    assert sorted(each.check.id for each in events if isinstance(each, CheckFinished)) == ["auth.0", "auth.1"]


def test_a_static_check_answers_without_a_loop_of_its_own() -> None:
    finding = findings_of(declared(lambda ctx: unknown(ctx.spec.title), sends="nothing"))["auth.probe"][0]

    assert finding.summary == "x"


def test_those_who_watch_for_events_begin_first_and_others_look_while_they_only_wait() -> None:
    subject = subject_of({"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}})
    order: list[str] = []

    async def watches(_: Context) -> Finding:
        order.append("subscribed")
        await asyncio.sleep(0.02)
        order.append("waiting")
        subject.stage.waiting.set()
        await subject.stage.others_done.wait()
        order.append("done waiting")
        return met("it came", SEEN)

    async def holds(_: Context) -> Finding:
        order.append("looked")
        return met("it holds", SEEN)

    async def run() -> None:
        checks = [declared(watches, "auth.watch", sends="webhooks"), declared(holds, "auth.read")]
        plan = make_plan(checks, Permissions(writes=True, webhooks=True))
        async for _ in run_others(plan, lambda each: Context(subject, each), subject.stage):
            pass

    asyncio.run(run())

    assert order == ["subscribed", "waiting", "looked", "done waiting"]
