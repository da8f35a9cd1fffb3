"""operations.actions: whether status changes run the business rules, and forbidden ones are refused."""

from __future__ import annotations

import re

from cmms_audit.battery import Context, Finding, Operation, Resource, check, met, partial

from ._lists import changeable_kind
from ._words import prose_about, statuses

QUESTION = "operations.actions"

_ACTION_WORDS = frozenset((
    "status", "state", "transition", "transitions", "action", "actions", "approve", "approval", "approved", "reject",
    "complete", "completed", "completion", "close", "closed", "cancel", "cancelled", "start", "finish", "reopen",
    "hold", "resume", "workflow", "dispatch",
))  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ABOUT_RULES = re.compile(
    r"\bworkflow rules?\b|\bbusiness rules?\b|\bstate (?:machine|flow|transition)s?\b|\bstatus transitions?\b"
    r"|\b(?:allowed|valid|illegal|invalid) (?:status(?:es)?|transitions?|state changes?)\b|\bstate ?flow\b",
    re.IGNORECASE,
)
_REFUSALS = ("400", "403", "409", "422", "4XX", "DEFAULT")


@check(question=QUESTION, id="operations.actions-documented", aspect="actions", sends="nothing")
def actions_documented(ctx: Context) -> Finding:
    """Looks for operations that change the status, and for the answer to a forbidden change."""
    resource = ctx.resource(changeable_kind(ctx))
    actions = _actions(resource)
    if actions:
        refusing = [each for each in actions if statuses(each) & set(_REFUSALS)]
        names = ", ".join(f"{each.method} {each.path}" for each in actions[:4])
        if refusing:
            return met(
                f"status changes have operations of their own, which refuse what is not allowed ({names})", *actions[:4]
            )
        return partial(
            f"status changes have operations of their own ({names}), but no refusal is described", *actions[:4]
        )
    if resource.update is None:
        return ctx.absent(f"no way to change the status of a record of {resource.path} is described", resource)
    rules = prose_about(ctx, _ABOUT_RULES, resource)
    if ctx.field(resource.update.request or resource.record, "status") or ctx.field(resource.record, "status"):
        told = "the document says that rules apply" if rules else "nothing says whether rules apply"
        says = f"the status of a record of {resource.path} is written like any other field; {told}"
        return partial(says, resource.update, *rules[:1])
    return ctx.absent(f"no way to change the status of a record of {resource.path} is described", resource.update)


def _actions(resource: Resource) -> list[Operation]:
    """Writes below one record whose last step speaks of a change of status ("approve", "change-status", "issue")."""
    one_number = resource.path.count("{") + 1
    writes = (each for each in resource.others if each.method in ("POST", "PUT", "PATCH"))
    below = [each for each in writes if each.path.count("{") == one_number]
    return [each for each in below if _speaks_of_action(re.split(r"[/:]", each.path.rstrip("/"))[-1])]


def _speaks_of_action(step: str) -> bool:
    words = {word.lower() for word in _WORD.findall(step[:100])}
    return step.lower() == "issue" or bool(words & _ACTION_WORDS)
