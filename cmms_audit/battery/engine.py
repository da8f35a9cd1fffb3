"""Runs a plan and yields what happens. A crash, a time-out or a refusal of the guard becomes a visible finding."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.battery.check import Check
from cmms_audit.battery.context import Context
from cmms_audit.battery.plan import Plan, Planned
from cmms_audit.battery.verdicts import unknown
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.stage import Stage
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


class Waiting(Struct, frozen=True):
    """Something is waited for from now on, beside all other checks: it `says` what."""

    says: str


Event = CheckStarted | CheckFinished | Waiting


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


async def run_others(plan: Plan, context_of: Callable[[Check], Context], stage: Stage) -> AsyncIterator[Event]:
    """Run the checks of a plan that ask the vendor: first side by side, then alone, bursts last. As run_at_once.

    Those that watch for events begin before all others, which then have the whole wait for themselves.
    """
    async with _started(plan.watching, context_of) as watching:
        if watching.is_under_way:
            await watching.until(stage.waiting)
        if stage.says:
            yield Waiting(stage.says)
        async for event in _run_side_by_side(plan.side_by_side, context_of):
            yield event
        for each in (*plan.alone, *plan.bursts):
            async for event in _run_one(each, context_of):
                yield event
        stage.others_done.set()
        async for event in watching.events():
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
    async with _started(planned, context_of, MAX_SIDE_BY_SIDE) as running:
        async for event in running.events():
            yield event


class _Running:
    """Checks that run side by side, and what they tell."""

    def __init__(self, planned: Sequence[Planned], context_of: Callable[[Check], Context], most: int) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._places = asyncio.Semaphore(most)
        self._context_of = context_of
        self.tasks = [asyncio.create_task(self._run(each)) for each in planned]

    async def _run(self, planned: Planned) -> None:
        async with self._places:
            async for event in _run_one(planned, self._context_of):
                self._events.put_nowait(event)

    @property
    def is_under_way(self) -> bool:
        return any(not task.done() for task in self.tasks)

    async def until(self, signal: asyncio.Event) -> None:
        """Wait for a signal, or until all are done."""
        either = [asyncio.create_task(signal.wait()), asyncio.create_task(_all_done(self.tasks))]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in either:
                each.cancel()

    async def events(self) -> AsyncIterator[Event]:
        """What they tell, until all have answered."""
        finished = 0
        while finished < len(self.tasks):
            event = await self._events.get()
            finished += isinstance(event, CheckFinished)
            yield event


async def _all_done(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


@asynccontextmanager
async def _started(
    planned: Sequence[Planned], context_of: Callable[[Check], Context], most: int = 1_000
) -> AsyncIterator[_Running]:
    """Start checks side by side, so many at a time; at the end, whatever still runs is stopped."""
    running = _Running(planned, context_of, most)
    try:
        yield running
    finally:
        for task in running.tasks:
            task.cancel()
        await asyncio.gather(*running.tasks, return_exceptions=True)


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
