"""auth.audit-log: whether every call can be found in a log, with its time, who made it, and what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Extra,
    Finding,
    Schema,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    sentences,
    unknown,
)
from cmms_audit.model import Exchange, Reason, Verdict

from . import _entries, _log, _own, _strangers
from ._lists import lists
from ._log import OwnCall, Search

_LOG_WORDS = pattern(
    r"\baudit[- ](?:log|trail)s?\b.{0,80}\b(?:api|calls?|requests?|changes?|actions?|access|every|all)\b"
    r"|\b(?:api|calls?|requests?|changes?|actions?|access)\b.{0,80}\baudit[- ](?:log|trail)s?\b"
    r"|\b(?:every|each|all) (?:api )?(?:calls?|requests?)\b.{0,30}\b(?:is|are) (?:logged|recorded)\b",
    re.IGNORECASE,
)
_DENIED = pattern(r"\b(?:no|not|without|never)\b", re.IGNORECASE)
_NO_LOG = pattern(
    r"\bthere (?:is|are) no (?:api )?audit[- ](?:log|trail)s?\b(?! (?:entr|event|record|line))"
    r"|\baudit[- ](?:log|trail)s? (?:is|are) not (?:available|provided|offered|supported|kept)\s?\.?$"
    r"|\bapi calls are (?:not|never) logged\s?\.?$",
    re.IGNORECASE,
)
_OF_ONE_CLIENT = {"oauth2", "oidc", "basic"}
_NO_LOG_FOUND = "not tried: no log of calls was found"
_WITHIN = f"within {_log.WAIT_SECONDS:g} seconds"
_PAGES_WITH_IDS = 2


@check(question="auth.audit-log", id="auth.audit-log-offered", aspect="log", sends="nothing")
def audit_log_offered(ctx: Context) -> Finding:
    """A log of calls can be read through the API; whether our own calls are in it needs a live look."""
    if not ctx.has("audit_log"):
        return _judge_words(ctx)
    log = ctx.resource("audit_log")
    if log.record is None or not log.record.properties:
        return partial(f"a log can be read at {log.path}, but what its entries hold is not described", log)
    missing = _entries.missing_parts(_names(log.record))
    lack = f", but its entries do not show {' or '.join(missing)}" if missing else ""
    return partial(f"a log can be read at {log.path}{lack}; that every call is in it has to be seen", log, log.record)


def _judge_words(ctx: Context) -> Finding:
    """Where no operation reads a log, what the general texts say of one."""
    general = [each for each in ctx.spec.prose() if not each.of_operation]
    denied = list(sentences(general, _NO_LOG))
    if denied:
        says = f"It says: “{denied[0].text[:400]}”"
        return not_met("the documents say that there is no log of calls", denied[0], detail=says)
    said = [each for each in sentences(general, _LOG_WORDS) if not _DENIED.search(each.text)]
    if said:
        summary = "the documents speak of a log of calls or changes, but no operation reads it"
        return partial(summary, said[0], detail=f"It says: “{said[0].text[:400]}”")
    return ctx.absent("the specification describes no log of calls that you could read")


def _names(schema: Schema) -> list[str]:
    """Names of two levels of fields."""
    inner = [field.name for each in schema.fields() for field in each.schema.fields()]
    return [*(field.name for field in schema.fields()), *inner]


@check(question="auth.audit-log", id="auth.own-call-logged", aspect="log", sends="reads")
async def own_call_logged(ctx: Context) -> Finding:
    """A call of our own turns up in the log within a short wait, with its time, who made it, and what was sent."""
    if not ctx.has("audit_log"):
        return unknown(_NO_LOG_FOUND, reason=Reason.RESOURCE_NOT_FOUND)
    call = await _own_call(ctx, "main")
    found = await _log.search(ctx, call, _entries.rank)
    if found.entry is not None:
        finding = _entries.judge(found, call, "our own call")
        return await _beside_another(ctx, found, finding) if finding.verdict is Verdict.MET else finding
    return _judge_missing(found, call) or partial(
        f"there is a log, but our own call, which only read, did not turn up in it {_WITHIN}", found.page, call.exchange
    )


async def _own_call(ctx: Context, credential: str) -> OwnCall:
    own_id = _log.new_id(ctx)
    path = lists(ctx)[0].path
    return OwnCall(await ctx.api.get(path, headers={"X-Request-Id": own_id}, credential=credential), own_id)


async def _beside_another(ctx: Context, found: Search, finding: Finding) -> Finding:
    """The finding, unless a call of a second client is logged under the very same name.

    Where the entry names the credential itself, or both may belong to one user (keys), that is not asked.
    """
    types = [ctx.vendor.credential_types.get(role) for role in ("main", "read_only")]
    if _entries.names_our_credential(found) or not set(types) <= _OF_ONE_CLIENT:
        return finding
    other = await _log.search(ctx, await _own_call(ctx, "read_only"), _entries.rank)
    if other.entry is None or _entries.callers(other) != _entries.callers(found):
        return finding
    says = "our own call is in the log, but a call of another credential is logged under the same name"
    return partial(says, found.page, other.page)


@check(question="auth.audit-log", id="auth.own-write-logged", aspect="log", sends="writes", exclusive=True)
async def own_write_logged(ctx: Context) -> Finding:
    """A record that we create turns up in the log as our doing, with its time, who made it, and what was sent."""
    if not ctx.has("audit_log"):
        return unknown(_NO_LOG_FOUND, reason=Reason.RESOURCE_NOT_FOUND)
    kind = _own.kind_to_make(ctx)
    if kind is None:
        return not_applicable(_own.NOTHING_TO_MAKE)
    own_id = _log.new_id(ctx)
    async with ctx.own.tidied() as own:
        with _own.making():
            made = await own.create(kind, Extra(headers={"X-Request-Id": own_id}))
        call = OwnCall(made.exchange, own_id, made.marker, made.record_id or "", made.sent)
        found = await _log.search(ctx, call, _entries.rank)
    if found.entry is not None:
        return _entries.judge(found, call, "our own write")
    return _judge_missing(found, call) or partial(
        f"there is a log, but a record that we created did not turn up in it {_WITHIN}", found.page, call.exchange
    )


def _judge_missing(found: Search, call: OwnCall) -> Finding | None:
    """Where the newest entries are out of reach, that nothing was found tells nothing."""
    if found.would_show:
        return None
    summary = "the log is long, begins with its oldest entries, and could not be searched for our own call"
    return unknown(summary, found.page, call.exchange)


@check(question="auth.audit-log", id="auth.request-ids", aspect="log", sends="reads", decisive=False)
async def request_ids(ctx: Context) -> Finding:
    """Every answer, a refusal too, carries a number of its own, under which the call can be found and spoken of."""
    answers = [(await ctx.first_page(each.kind)).exchange for each in lists(ctx)[:_PAGES_WITH_IDS]]
    answers += [each.exchange for each in (await _strangers.without_credential(ctx))[:1]]
    without = [each for each in answers if not _log.given_ids(each)]
    if len(without) == len(answers):
        return not_met("no answer carries a number under which the call could be found", *answers)
    if _are_all_the_same(answers):
        return not_met("every answer carries the same number, so it tells no call from another", *answers)
    if without:
        statuses = ", ".join(dict.fromkeys(str(each.status) for each in without))
        return partial(f"some answers carry no number under which the call could be found ({statuses})", *answers)
    return met("every answer that was looked at carries a number of its own, a refusal too", *answers)


def _are_all_the_same(answers: Sequence[Exchange]) -> bool:
    """Whether no two answers differ in any number that they carry."""
    return len(answers) > 1 and len({_log.given_ids(each) for each in answers}) == 1
