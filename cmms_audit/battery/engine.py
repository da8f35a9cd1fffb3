"""Runs a plan and yields what happens. A crash, a time-out or a refusal of the guard becomes a visible finding."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery.check import Check
from cmms_audit.battery.context import Context
from cmms_audit.battery.plan import Plan, Planned
from cmms_audit.battery.verdicts import unknown
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Finding, Reason

MAX_SIDE_BY_SIDE = 8

_WITHHELD_WORDS = {
    Reason.OFFLINE: "not looked at: this run sent nothing to the vendor",
    Reason.NOT_PERMITTED: "not looked at: it needs a permission that was not given",
    Reason.SKIPPED: "not looked at: left out by --only or --skip",
    Reason.CONNECTIVITY: "not looked at: the vendor's system could not be reached",
    Reason.CREDENTIAL: "not looked at: the vendor refused the credential",
    Reason.RESOURCE_NOT_FOUND: "not looked at: none of the vendor's resources could be found or read",
    Reason.INTERRUPTED: "not looked at: the run was interrupted",
    Reason.BUDGET: "not looked at: the budget was spent",
}


class CheckStarted(Struct, frozen=True):
    """A check has begun to look."""

    check: Check


class CheckFinished(Struct, frozen=True):
    """A check has answered, or it is known why it cannot; `looked` says which, `gave_up` that it took too long."""

    check: Check
    findings: tuple[Finding, ...]
    looked: bool = True
    gave_up: bool = False


Event = CheckStarted | CheckFinished


async def run_at_once(plan: Plan, context_of: Callable[[Check], Context]) -> AsyncIterator[Event]:
    """Run the checks of a plan that send nothing. Between them, answers on their way are taken in.

    Args:
        plan: what to run, and what not.
        context_of: makes the view of the run that a check is given.

    Yields CheckStarted and CheckFinished; every check finishes exactly once.
    """
    for each in plan.at_once:
        async for event in _run_one(each, context_of):
            yield event
        await asyncio.sleep(0)


async def run_others(plan: Plan, context_of: Callable[[Check], Context]) -> AsyncIterator[Event]:
    """Run the checks of a plan that ask the vendor: first side by side, then alone, bursts last. As run_at_once."""
    async for event in _run_side_by_side(plan.side_by_side, context_of):
        yield event
    for each in (*plan.alone, *plan.bursts):
        async for event in _run_one(each, context_of):
            yield event


def withheld_finding(check: Check, reason: Reason) -> Finding:
    """The finding of a check that did not look, or gave up looking."""
    says = _WITHHELD_WORDS.get(reason) or f"gave up after {check.timeout:g} seconds"
    return _signed(unknown(says, reason=reason), check)


async def _run_one(planned: Planned, context_of: Callable[[Check], Context]) -> AsyncIterator[Event]:
    if planned.withheld:
        yield CheckFinished(planned.check, (withheld_finding(planned.check, planned.withheld),), looked=False)
        return
    yield CheckStarted(planned.check)
    findings = await judge(planned.check, context_of(planned.check))
    gave_up = findings == (withheld_finding(planned.check, Reason.TIMEOUT),)
    yield CheckFinished(planned.check, findings, gave_up=gave_up)


async def _run_side_by_side(planned: Sequence[Planned], context_of: Callable[[Check], Context]) -> AsyncIterator[Event]:
    events: asyncio.Queue[Event] = asyncio.Queue()
    places = asyncio.Semaphore(MAX_SIDE_BY_SIDE)

    async def run(each: Planned) -> None:
        async with places:
            async for event in _run_one(each, context_of):
                events.put_nowait(event)

    tasks = [asyncio.create_task(run(each)) for each in planned]
    try:
        finished = 0
        while finished < len(tasks):
            event = await events.get()
            finished += isinstance(event, CheckFinished)
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def judge(check: Check, context: Context) -> tuple[Finding, ...]:
    """Run one check; whatever goes wrong inside it becomes an unknown finding that says so."""
    try:
        async with asyncio.timeout(check.timeout):
            result = check.function(context)
            found = await result if inspect.isawaitable(result) else result
        findings = tuple(found) if isinstance(found, list) else (found,)
        _refuse_undeclared(check, findings)
    except CouldNotLook as why:
        findings = (unknown(why.summary, *why.evidence, reason=why.reason),)
    except TimeoutError:
        return (withheld_finding(check, Reason.TIMEOUT),)
    except Exception as error:  # the one place where a broken check is caught, so that it cannot vanish
        findings = (_defect(error),)
    return tuple(_signed(finding, check) for finding in findings)


def _refuse_undeclared(check: Check, findings: tuple[Finding, ...]) -> None:
    if not findings:
        raise ValueError(f"{check.id} returned no finding")
    marked = {mark.flag for finding in findings for mark in finding.flags}
    undeclared = marked - set(check.flags) - {"claim-contradicted"}
    if undeclared:
        raise ValueError(f"{check.id} marks red flags that it does not declare: {', '.join(sorted(undeclared))}")


def _defect(error: Exception) -> Finding:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {last[0].name}, line {last[0].lineno}" if last else ""
    return unknown(
        "this check failed by a fault of its own; please report it",
        reason=Reason.DEFECT,
        detail=f"{type(error).__name__}{where}: {error}",
    )


def _signed(finding: Finding, check: Check) -> Finding:
    return replace(
        finding,
        check=check.id,
        question=check.question,
        aspect=check.aspect,
        sends=check.sends,
        severity=check.severity,
        decisive=check.decisive,
    )
