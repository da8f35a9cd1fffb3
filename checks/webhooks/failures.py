"""webhooks.delivery, seen: what could not be delivered stands in a log, and can be asked for again."""

from __future__ import annotations

from typing import Any

from cmms_audit.battery import Context, Finding, check, met, not_applicable, partial, pattern, unknown

from ._trial import FAILING, corner, events_at

_FAILED = pattern(r"fail|error|retr|pending|queued|undeliver|dead|503|false")
_STATUS = pattern(r"status|state|result|outcome|success|delivered|response")


@check(question="webhooks.delivery", id="webhooks.failure-logged", aspect="log", sends="webhooks", timeout=7200)
async def failure_logged(ctx: Context) -> Finding:
    """An event that our receiver refused stands in the vendor's log of deliveries, as what it is."""
    trial, events = await events_at(ctx, FAILING)
    log = trial.ending.log
    if log is None:
        return not_applicable("no log of deliveries is described that could be read")
    if not log.ok:
        return unknown(f"the log of deliveries could not be read ({log.status})", log)
    names = {events[0].cause.record_id, *(one.event_id for each in events for one in each.tries if one.event_id)}
    entries = [each for each in _entries(log.json) if names & set(_texts(each))]
    if not entries:
        return partial("an event that could not be delivered does not stand in the log of deliveries", log)
    if not any(_says_failed(each) for each in entries):
        return partial("the log of deliveries shows an event that was refused as if it had been delivered", log)
    return met("an event that could not be delivered stands in the log of deliveries as failed", log)


def _entries(value: Any) -> list[dict[str, Any]]:
    """The records of an answer: the members of its longest list."""
    lists = [value] if isinstance(value, list) else []
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list)]
    longest = max(lists, key=len, default=[])
    return [each for each in longest if isinstance(each, dict)]


def _texts(value: Any, depth: int = 4) -> list[str]:
    if isinstance(value, dict | list) and depth:
        inner = value.values() if isinstance(value, dict) else value
        return [text for each in inner for text in _texts(each, depth - 1)]
    return [str(value)] if isinstance(value, str | int) else []


def _says_failed(entry: dict[str, Any]) -> bool:
    return any(
        _STATUS.search(name.lower()) and _FAILED.search(str(value).lower())
        for name, value in entry.items()
        if isinstance(value, str | int)
    )


@check(question="webhooks.delivery", id="webhooks.replay-comes", aspect="log", sends="webhooks", timeout=7200)
async def replay_comes(ctx: Context) -> Finding:
    """An event is sent once more when we ask for it."""
    trial = await ctx.events()
    made = corner(trial, FAILING)
    answer = trial.ending.replay
    if answer is None:
        return not_applicable("no way to ask for an event again is described, or none was in the log", made)
    if not answer.ok:
        return partial(f"asking for an event again was answered with {answer.status}", answer)
    if not trial.ending.replayed:
        return partial("asking for an event again was accepted, but it did not come", answer)
    return met("an event came again when we asked for it", answer)
