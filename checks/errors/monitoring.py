"""errors.monitoring: whether the plant can see for itself how many calls were made, and how many failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cmms_audit.battery import Context, Finding, Resource, Schema, check, met, not_met, partial, unknown
from cmms_audit.model import Reason

_VOLUME = re.compile(r"calls?|requests?|volume|hits|used", re.IGNORECASE)
_FAILURES = re.compile(r"error|fail|reject|status_?[45]|[45]xx", re.IGNORECASE)
_WHOSE = re.compile(r"client|integration|credential|key|token|application|app_|consumer|user", re.IGNORECASE)
_MOST_NUMBERS = 5_000
_ABSURD = 10**15


@check(question="errors.monitoring", id="errors.usage-offered", aspect="usage", sends="nothing")
def usage_offered(ctx: Context) -> Finding:
    """Looks for an address that counts calls and failures for each integration."""
    usage = ctx.resources.get("usage")
    if usage:
        return _judge_description(usage)
    log = ctx.resources.get("audit_log")
    logged = log.record.properties if log and log.record else {}
    if log and any(_FAILURES.search(name) or name.lower() == "status" for name in logged):
        return partial(f"no usage figures are offered; failed calls can be counted from the log at {log.path}", log)
    if ctx.has("health"):
        health = ctx.resource("health")
        return ctx.absent("the API says whether it is up, but not how many calls were made and how many failed", health)
    return ctx.absent("the document shows no way to see how many calls were made and how many failed")


def _judge_description(usage: Resource) -> Finding:
    operation = usage.list or usage.read
    answer = operation.success.schema if operation and operation.success else None
    names = list(islice(_field_names(usage.record or answer), _MOST_NUMBERS))
    wanted = {"how many calls were made": _VOLUME, "how many failed": _FAILURES, "by which integration": _WHOSE}
    missing = [says for says, pattern in wanted.items() if not any(pattern.search(name) for name in names)]
    if not missing:
        return met(f"{usage.path} counts calls and failures for each integration", usage)
    return partial(f"usage is offered at {usage.path}, but its description does not say {' and '.join(missing)}", usage)


def _field_names(schema: Schema | None, depth: int = 0) -> Iterator[str]:
    if schema is None or depth > 3:
        return
    if schema.items:
        yield from _field_names(schema.items, depth + 1)
    for field in schema.fields():
        yield field.name
        yield from _field_names(field.schema, depth + 1)


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
    figures = list(_figures(answer.json))
    calls = sum(number for name, number in figures if _VOLUME.search(name))
    if not calls:
        return partial(
            f"usage can be read at {usage.path}, but it counts no call, although this audit has made some", answer
        )
    names = set(_all_names(answer.json))
    wanted = {"failures": _FAILURES, "single integrations": _WHOSE}
    missing = [what for what, pattern in wanted.items() if not any(pattern.search(name) for name in names)]
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


def _figures(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Every number of an answer with the name that it stands under; absurd ones count nothing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value) if abs(value) < _ABSURD else 0.0
    elif depth < 8 and isinstance(value, dict):
        for key, inner in list(value.items())[:_MOST_NUMBERS]:
            yield from _figures(inner, str(key), depth + 1)
    elif depth < 8 and isinstance(value, list):
        for inner in value[:_MOST_NUMBERS]:
            yield from _figures(inner, name, depth + 1)
