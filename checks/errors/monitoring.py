"""errors.monitoring: whether the plant can see for itself how many calls were made, and how many failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Resource,
    check,
    members,
    met,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Reason

_VOLUME = pattern(r"calls?|requests?|volume|hits|(?<!un)used", re.IGNORECASE)
_ALLOWANCE = pattern(r"^(?!.*(?:remain|left|used)).*(?:limit|allow|quota|max)", re.IGNORECASE)
FAILURES = pattern(r"error|fail|reject|status_?[45]|[45]xx", re.IGNORECASE)
_WHOSE = pattern(r"client|integration|credential|key|token|application|app_|consumer|user", re.IGNORECASE)
_FAILED_LIST = pattern(
    r"/failed[-_]?(?:transactions?|messages?|requests?|calls?|jobs?|imports?|deliveries|records?|syncs?)\b"
    r"|/dead[-_]?letters?\b"
    r"|/(?:syncs?|integrations?|imports?|api|transactions?|interfaces?|messages?|usage|statistics|stats)(?:/\{[^{}/]{1,80}\})?[-_/]"
    r"(?:errors?|failures?|logs?)(?:/|$)",
    re.IGNORECASE,
)
_FIGURES = r"\b(?:API|integration|webhook) (?:usage|calls?|requests?|errors?|statistics|traffic)\b"
_PAGE = r"\b(?:dashboard|page|report|console|portal|screen)s?\b(?!\s(?:parameter|number|size|token|limit))"
_DASHBOARD = pattern(rf"{_FIGURES}.{{0,80}}{_PAGE}|{_PAGE}.{{0,80}}{_FIGURES}", re.IGNORECASE)
_STATUS_PAGE = pattern(r"\bstatus[ -]page\b|\bstatuspage\b|https?://status\.[\w-]", re.IGNORECASE)
_MOST_NUMBERS = 5_000
_ABSURD = 10**15


@check(question="errors.monitoring", id="errors.usage-offered", aspect="usage", sends="nothing")
def usage_offered(ctx: Context) -> Finding:
    """Looks for an address that counts calls and failures for each integration, or that lists what failed."""
    usage = ctx.resources.get("usage")
    if usage:
        return _judge_description(usage)
    log = ctx.resources.get("audit_log")
    logged = log.record.properties if log and log.record else {}
    if log and any(FAILURES.search(name) or name.lower() == "status" for name in logged):
        return partial(f"no usage figures are offered; failed calls can be counted from the log at {log.path}", log)
    failed = list_of_failures(ctx)
    if failed:
        says = f"what failed can be listed at {failed.path}; nothing counts the calls that were made"
        return partial(says, failed)
    dashboard = next(iter(ctx.sentences(_DASHBOARD)), None)
    if dashboard:
        says = "the document speaks of figures on a page for people; no address gives them to a program"
        return partial(says, dashboard, detail=f"“{dashboard.text[:300]}”")
    return _judge_silence(ctx)


def _judge_silence(ctx: Context) -> Finding:
    """What tells whether the API is up at all is named, although it does not answer the question."""
    status_page = next(iter(ctx.sentences(_STATUS_PAGE)), None)
    if ctx.has("health"):
        health = ctx.resource("health")
        return ctx.absent("the API says whether it is up, but not how many calls were made and how many failed", health)
    if status_page:
        says = "a status page is named, but no way to see how many calls were made and how many failed"
        return ctx.absent(says, status_page)
    return ctx.absent("the document shows no way to see how many calls were made and how many failed")


def list_of_failures(ctx: Context) -> Operation | None:
    """An address that lists failed transactions, messages or imports."""
    reads = (each for each in ctx.spec.operations if each.method == "GET")
    return next((each for each in reads if _FAILED_LIST.search(each.path)), None)


def _judge_description(usage: Resource) -> Finding:
    operation = usage.list or usage.read
    answer = operation.success.schema if operation and operation.success else None
    names = [name for name, _ in members(usage.record or answer)]
    wanted = {"how many calls were made": _VOLUME, "how many failed": FAILURES, "by which integration": _WHOSE}
    missing = [says for says, words in wanted.items() if not any(words.search(name) for name in names)]
    if not missing:
        return met(f"{usage.path} counts calls and failures for each integration", usage)
    return partial(f"usage is offered at {usage.path}, but its description does not say {' and '.join(missing)}", usage)


@check(question="errors.monitoring", id="errors.usage-readable", aspect="usage", sends="reads")
async def usage_readable(ctx: Context) -> Finding:
    """Reads the usage figures and looks for counted calls; this audit itself has made some by then."""
    usage = ctx.resource("usage")
    answer = await ctx.api.get(usage.path)
    if answer.status in (401, 403):
        return partial(f"usage is offered at {usage.path}, but the credential of this audit may not read it", answer)
    if answer.status == 429 or answer.status >= 500:
        says = f"usage is described at {usage.path}, but could not be read now (status {answer.status})"
        return unknown(says, answer, reason=Reason.CONNECTIVITY)
    if not answer.ok or answer.json is None:
        return not_met(
            f"usage is described at {usage.path}, but the answer is {answer.status} and holds no figures", answer
        )
    figures = list(figures_of(answer.json))
    calls = sum(number for name, number in figures if _VOLUME.search(name) and not _ALLOWANCE.search(name))
    if not calls:
        return partial(
            f"usage can be read at {usage.path}, but it counts no call, although this audit has made some", answer
        )
    names = set(_all_names(answer.json))
    wanted = {"failures": FAILURES, "single integrations": _WHOSE}
    missing = [what for what, words in wanted.items() if not any(words.search(name) for name in names)]
    if missing:
        return partial(
            f"usage can be read at {usage.path}; it counts calls, but does not show {' or '.join(missing)}", answer
        )
    return met(f"usage can be read at {usage.path}: it counts calls and failures of each integration", answer)


def _all_names(value: Any, depth: int = 0) -> Iterator[str]:
    """Every name that an answer uses."""
    if depth < 8 and isinstance(value, dict):
        for key, inner in list(value.items())[:_MOST_NUMBERS]:
            yield str(key)
            yield from _all_names(inner, depth + 1)
    elif depth < 8 and isinstance(value, list):
        for inner in value[:100]:
            yield from _all_names(inner, depth + 1)


def figures_of(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Every number of an answer with the name that it stands under; absurd ones count nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value) if abs(value) < _ABSURD else 0.0
    elif depth < 8 and isinstance(value, dict):
        for key, inner in list(value.items())[:_MOST_NUMBERS]:
            yield from figures_of(inner, str(key), depth + 1)
    elif depth < 8 and isinstance(value, list):
        for inner in value[:_MOST_NUMBERS]:
            yield from figures_of(inner, name, depth + 1)
