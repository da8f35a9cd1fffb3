"""operations.status-codes: whether statuses mean what the standard says (RFC 9110)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Created,
    Finding,
    Operation,
    OwnRecords,
    Removal,
    check,
    met,
    not_applicable,
    not_met,
    partial,
    unknown,
)
from cmms_audit.model import Exchange, Reason

from ..errors._documented import judged_operations
from ..errors._provoked import provoked, unknown_records
from ._lists import creatable_kind, readable_kind
from ._refusals import still_answers
from ._words import statuses

QUESTION = "operations.status-codes"

_TAKEN_IN = 202
_PASSING = (408, 425, 429, 502, 503, 504)  # they say something of the moment, not of the call
_NEARLY_ALL = 0.9
_HALF = 0.5
_RARER = {
    "405": "a method that is not allowed",
    "406": "a format that nobody has",
    "409": "a conflict",
    "415": "a body of the wrong kind",
}


class _Rule(Struct, frozen=True):
    """What the document should say of some operations: in words, the operations, and the test."""

    says: str
    operations: Sequence[Operation]
    holds: Callable[[Operation], bool]

    @property
    def share(self) -> float:
        return sum(map(self.holds, self.operations)) / len(self.operations)

    def __str__(self) -> str:
        return f"{self.says}: {sum(map(self.holds, self.operations))} of {len(self.operations)}"


@check(question=QUESTION, id="operations.status-codes-documented", aspect="codes", sends="nothing")
def status_codes_documented(ctx: Context) -> Finding:
    """Looks which statuses creates, deletes, reads and writes of the resources that matter are described with."""
    rules = [rule for rule in _rules(ctx) if rule.operations]
    if not rules:
        return ctx.absent("no operation is described whose statuses could be looked at")
    detail = "\n".join([*map(str, rules), *_rarer(ctx)])
    lacking = [rule for rule in rules if rule.share < _NEARLY_ALL]
    places = [next((each for each in rule.operations if not rule.holds(each)), rule.operations[0]) for rule in rules]
    if not lacking:
        return met(
            "creates, deletes, reads and refusals are described with the standard statuses", *places, detail=detail
        )
    if all(rule.share < _HALF for rule in rules) or not ctx.spec.tells(QUESTION):
        return ctx.absent(f"statuses are described poorly: {'; '.join(map(str, rules))}", *places)
    return partial(f"statuses are described in part: {'; '.join(map(str, lacking))}", *places, detail=detail)


def _rarer(ctx: Context) -> list[str]:
    """Statuses that a good document also has, and of which nobody is required to write at every operation."""
    operations = judged_operations(ctx)
    counted = Counter(status for operation in operations for status in statuses(operation) & set(_RARER))
    return [f"{says} ({code}): at {counted[code]} of {len(operations)}" for code, says in _RARER.items()]


def _rules(ctx: Context) -> list[_Rule]:
    resources = list(ctx.resources.values())
    creates = [each.create for each in resources if each.create]
    deletes = [each.delete for each in resources if each.delete]
    reads = [each.read for each in resources if each.read and "{" in each.read.path]
    writes = [op for each in resources for op in (each.create, each.update) if op]
    return [
        _Rule("creates that answer 201", creates, lambda op: "201" in statuses(op) or "202" in statuses(op)),
        _Rule("creates that give the address of the new record (Location)", creates, _gives_location),
        _Rule("deletes that answer 204", deletes, lambda op: bool({"204", "202"} & statuses(op))),
        _Rule("reads by number that answer 404", reads, lambda op: bool({"404", "4XX", "DEFAULT"} & statuses(op))),
        _Rule("writes that refuse bad data (400 or 422)", writes, _refuses_bad_data),
    ]


def _gives_location(create: Operation) -> bool:
    return any(
        name.lower() == "location" for response in create.responses if response.is_success for name in response.headers
    )


def _refuses_bad_data(write: Operation) -> bool:
    return bool({"400", "422", "4XX", "DEFAULT"} & statuses(write))


@check(question=QUESTION, id="operations.unknown-is-404", aspect="missing", sends="reads")
async def unknown_is_404(ctx: Context) -> Finding:
    """Asks for records and an address that do not exist; the answer should be 404 (or 410)."""
    records = await unknown_records(ctx)
    answers = [*records, *(each for each in await provoked(ctx) if each.wrong == "route")]
    if not records:
        return not_applicable("no address of a single record is described that could be asked for", *answers)
    detail = "\n".join(f"{each.asked}: {each.exchange.status}" for each in answers)
    wrong = [each for each in answers if each.exchange.status not in (404, 410)]
    misleading = [each for each in wrong if each.exchange.ok]
    failed = [each for each in wrong if each.exchange.status == 500]
    if failed and await still_answers(ctx, readable_kind(ctx)):
        misleading += failed
    busy = [each for each in wrong if each.exchange.status == 429 or each.exchange.status >= 500]
    says = f"{len(answers) - len(wrong)} of {len(answers)} questions for what does not exist are answered 404"
    if misleading:
        return not_met(
            f"{says}; {misleading[0].asked} is answered {misleading[0].exchange.status}", *answers, detail=detail
        )
    if busy:
        says = f"{busy[0].asked} is answered {busy[0].exchange.status}, which says nothing of what does not exist"
        return unknown(says, *answers, reason=Reason.CONNECTIVITY, detail=detail)
    if wrong:
        return partial(f"{says}; {wrong[0].asked} is answered {wrong[0].exchange.status}", *answers, detail=detail)
    return met(says, *answers, detail=detail)


class _Remark(Struct, frozen=True):
    """What is not as the standard has it, and whether a program can live with it."""

    says: str
    bearable: bool
    exchange: Exchange


@check(question=QUESTION, id="operations.codes-of-own-record", aspect="codes", sends="writes", exclusive=True)
async def codes_of_own_record(ctx: Context) -> Finding:
    """Creates a record, goes to the address that the answer gives, deletes the record, and asks for it once more."""
    kind = creatable_kind(ctx)
    if ctx.resource(kind).create is None:
        return not_applicable(
            f"no way to create a record at {ctx.resource(kind).path} is described", ctx.resource(kind)
        )
    async with ctx.own.tidied() as own:
        made = await own.create(kind)
        remarks = await _of_create(own, made)
        removal = await own.delete(made)
    remarks += _of_delete(removal, made.exchange.status, described=ctx.resource(kind).delete is not None)
    seen = [each for each in (made.exchange, removal.answer, removal.after) if each]
    detail = "\n".join([_story(made, removal), *(each.says for each in remarks)])
    if not remarks:
        return met(f"{_well(made)}{_well_deleted(removal)}", *seen, detail=detail)
    worst = next((each for each in remarks if not each.bearable), remarks[0])
    verdict = partial if worst.bearable else not_met
    return verdict(worst.says, *(each.exchange for each in remarks), *seen, detail=detail)


async def _of_create(own: OwnRecords, made: Created) -> list[_Remark]:
    """Remarks on the answer to the create, and on the address that it gives."""
    remarks = []
    if made.exchange.status not in (201, 202):
        says = f"a create is answered with {made.exchange.status} instead of 201"
        remarks.append(_Remark(says, True, made.exchange))
    try:
        there = await own.at_location(made)
    except CouldNotLook as why:
        says = f"the address of the new record (Location) cannot be called: {why.summary}"
        return [*remarks, _Remark(says, False, made.exchange)]
    if there is None and made.address:
        remarks.append(_Remark("a create does not give the address of the new record (Location)", True, made.exchange))
    elif there is None:
        says = "the answer to a create tells neither the address nor the number of the new record"
        remarks.append(_Remark(says, False, made.exchange))
    elif made.exchange.status == _TAKEN_IN and not own.bears_mark(made, there):
        pass  # while it is worked on, that address is the task's
    elif not there.ok:
        says = f"the address of the new record (Location) is answered with {there.status}"
        remarks.append(_Remark(says, False, there))
    elif not own.bears_mark(made, there):
        remarks.append(_Remark("the address of the new record (Location) leads to something else", False, there))
    return remarks


def _of_delete(removal: Removal, created: int, *, described: bool) -> list[_Remark]:
    """Remarks on the deletion; a vendor who describes none, or a credential that may not, is no fault here."""
    answer, after = removal.answer, removal.after
    if removal.outcome == "gone" and removal.before and created != _TAKEN_IN:
        says = f"a record that was just created is answered with {removal.before.status}"
        return [_Remark(says, True, removal.before)]
    if answer is None:
        return []
    if answer.ok and removal.outcome == "kept" and after:
        says = f"a delete is answered with {answer.status}, but the record is still there"
        return [_Remark(says, False, answer)]
    if answer.ok and after and after.ok:
        says = f"a record that was deleted is still answered with {after.status}, though {removal.says}"
        return [_Remark(says, True, after)]
    refused = answer.status in (401, 403, 409) or not described
    if answer.ok or refused or answer.status in _PASSING:
        return []
    return [_Remark(f"a delete that is described is answered with {answer.status}", False, answer)]


def _well(made: Created) -> str:
    tells = "" if made.exchange.status == _TAKEN_IN else " and the address of the new record"
    return f"a create is answered with {made.exchange.status}{tells}"


def _well_deleted(removal: Removal) -> str:
    if removal.outcome != "deleted" or removal.answer is None or removal.after is None:
        return ""
    return f"; after a delete ({removal.answer.status}) the record is answered with {removal.after.status}"


def _story(made: Created, removal: Removal) -> str:
    steps = [("created", made.exchange), ("deleted", removal.answer), ("asked for again", removal.after)]
    return "\n".join(f"{step}: {exchange.status}" for step, exchange in steps if exchange)
