"""operations.actions: whether status changes run the business rules, and forbidden ones are refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmms_audit.battery import (
    Context,
    Finding,
    Operation,
    Parameter,
    Prose,
    Resource,
    check,
    members,
    met,
    partial,
    pattern,
    squeezed,
)

from ._lists import changeable_kind
from ._words import prose_about, quoted, statuses

QUESTION = "operations.actions"

_ACTION_WORDS = frozenset((
    "status", "state", "transition", "transitions", "action", "actions", "approve", "approval", "approved", "reject",
    "complete", "completed", "completion", "close", "closed", "cancel", "cancelled", "start", "finish", "reopen",
    "hold", "resume", "workflow", "dispatch",
))  # fmt: skip
_WORD = pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ABOUT_RULES = pattern(
    r"\bworkflow rules?\b|\bbusiness rules?\b|\bstate (?:machine|flow|transition)s?\b|\bstatus transitions?\b"
    r"|\b(?:allowed|valid|illegal|invalid) (?:status(?:es)?|transitions?|state changes?)\b|\bstate ?flow\b",
    re.IGNORECASE,
)
_SKIPS_RULES = pattern(
    r"\b(?:skip|bypass|circumvent|suppress|without (?:running|executing|triggering))\w{0,5}\b[^.\n]{0,60}"
    r"\b(?:workflows?|business rules?|validations?|approvals?|automations?)\b",
    re.IGNORECASE,
)
_MEMO = pattern(r"memo|comment|note|remark|reason|message", re.IGNORECASE)
_LISTS_CHANGES = pattern(
    r"/(?:transitions?|(?:allowed|available|next)[-_]?(?:status(?:es)?|states?|actions?))/?$", re.IGNORECASE
)
_REFUSALS = ("400", "403", "409", "422", "4XX", "DEFAULT")


@check(question=QUESTION, id="operations.actions-documented", aspect="actions", sends="nothing")
def actions_documented(ctx: Context) -> Finding:
    """Looks for operations that change the status, and for the answer to a forbidden change."""
    resource = ctx.resource(changeable_kind(ctx))
    actions = _actions(resource)
    rules = prose_about(ctx, _ABOUT_RULES, resource)
    detail = _detail(ctx, resource, actions, rules)
    if actions:
        refusing = [each for each in actions if statuses(each) & set(_REFUSALS)]
        names = ", ".join(f"{each.method} {each.path}" for each in actions[:4])
        says = f"status changes have operations of their own ({names})"
        if refusing:
            return met(f"{says}, which refuse what is not allowed", *actions[:4], detail=detail)
        return partial(f"{says}, but no refusal is described", *actions[:4], detail=detail)
    if resource.update is None:
        return ctx.absent(f"no way to change the status of a record of {resource.path} is described", resource)
    if ctx.field(resource.update.request or resource.record, "status") or ctx.field(resource.record, "status"):
        told = "the document says that rules apply" if rules else "nothing says whether rules apply"
        says = f"the status of a record of {resource.path} is written like any other field; {told}"
        return partial(says, resource.update, *rules[:1], detail=detail)
    return ctx.absent(f"no way to change the status of a record of {resource.path} is described", resource.update)


def _detail(ctx: Context, resource: Resource, actions: Sequence[Operation], rules: Sequence[Prose]) -> str:
    """What else is told of status changes: a remark to go with them, the list of allowed ones, the rules in words."""
    with_memo = [each for each in actions if any(_MEMO.search(name) for name, _ in members(each.request, 2))]
    below = resource.path.rstrip("/") + "/"
    listed = [
        each
        for each in ctx.spec.operations
        if each.method == "GET" and each.path.startswith(below) and _LISTS_CHANGES.search(each.path)
    ]
    lines = [f"{len(with_memo)} of {len(actions)} take a remark"] if actions else []
    lines += [f"the allowed changes can be read at {each.path}" for each in listed[:1]]
    lines += [f"on rules: {quoted(each)}" for each in rules[:2]]
    lines += [f"rules can be left out: {quoted(each)}" for each in prose_about(ctx, _SKIPS_RULES, resource)[:1]]
    return "\n".join(lines)


def _actions(resource: Resource) -> list[Operation]:
    """Writes below one record whose last step speaks of a change of status ("approve", "change-status", "issue"), and
    writes to a record that take such an action by name.
    """
    one_number = resource.path.count("{") + 1
    writes = (each for each in resource.others if each.method in ("POST", "PUT", "PATCH"))
    below = [each for each in writes if each.path.count("{") == one_number]
    by_path = [each for each in below if _speaks_of_action(re.split(r"[/:]", each.path.rstrip("/"))[-1])]
    of_record = [each for each in (resource.create, resource.update) if each is not None]
    return [*by_path, *(each for each in of_record if any(map(_names_action, each.parameters)))]


def _names_action(parameter: Parameter) -> bool:
    """Whether a parameter takes the name of an action on the record, such as action=changeStatus."""
    if parameter.where != "query" or squeezed(parameter.name) not in ("action", "transition", "command"):
        return False
    told = [parameter.description[:2_000], *map(str, parameter.schema.enum or ())]
    return any(_speaks_of_action(text) for text in told)


def _speaks_of_action(step: str) -> bool:
    words = {word.lower() for word in _WORD.findall(step[:500])}
    return step.lower() == "issue" or bool(words & _ACTION_WORDS)
