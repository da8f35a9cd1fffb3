"""What a specification promises of its errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    Operation,
    Prose,
    ResponseDoc,
    Schema,
    Spec,
    members,
    pattern,
    sentences,
    squeezed,
)

from ..data._counted import counted
from ._error_words import FIELD_NAMES_IN_DETAILS

_CODES = frozenset(
    {
        "code", "errorcode", "reasoncode", "oerrorcode", "spireasoncode", "exctype", "type", "slug", "errcode",
        "faultcode", "messagecode", "errorkey", "errortype",
    }
)  # fmt: skip
_MESSAGES = frozenset(
    {
        "message", "detail", "details", "title", "msg", "description", "errordescription", "error", "oslcmessage",
        "errormessage", "errormessages", "errorsummary", "faultstring", "messages",
    }
)  # fmt: skip
_FIELDS = frozenset(
    {name.replace(":", "") for name in map(squeezed, FIELD_NAMES_IN_DETAILS)}
    | {"loc", "errors", "violations", "invalidparams", "fielderrors"}
)
_OUTCOMES = frozenset({"error", "failure", "failed", "fail", "success", "ok"})
_DEEPEST = 6  # Google and OData 2 name the field that deep
_ABOUT_CODES = pattern(r"error[ _-]?codes?\b|codes? of errors?\b", re.IGNORECASE)
_LISTED_CODE = pattern(r"`[A-Za-z][A-Za-z0-9_.:-]{2,60}`|\b[A-Z][A-Z0-9]{2,30}(?:_[A-Z0-9]{1,30}){1,6}\b")
_WORD = pattern(r"[A-Za-z]{2,30}(?:[_.-][A-Za-z]{1,30}){0,6}")
_QUOTED_WORD = pattern(r"[\"'`][a-z]{2,30}(?:[_-][a-z]{2,30}){1,5}\.?[\"'`]")
_LEAST_LISTED = 4
_FEW = 0.1
_HALF = 0.5
_MOST_STATUSES = 20
_PROBLEM = "problem+json"
_FLAG_OF_SUCCESS = frozenset({"success", "ok", "issuccess", "issuccessful", "succeeded", "haserror", "haserrors"})
_ERROR_INSIDE = frozenset(
    {"error", "errors", "errormessage", "errorcode", "errordescription", "fault", "exception", "errorinfo"}
)
_STATUS_200 = r"\b200\b(?!\s?(?:ms\b|milli|sec|records?\b|items?\b|calls?\b|requests?\b|char|bytes\b|%|[,.]\d))"
_NO_OTHER = r"(?:(?!\b[45]\d\d\b|\bsuccess|\botherwise\b|\belse\b)[^.\n])"  # nothing that the 200 belongs to
_SUCCESS_WITH_ERROR = pattern(
    rf"\b(?:always|also|even|still)\b[^.\n]{{0,60}}{_STATUS_200}[^.\n]{{0,100}}(?:\berrors?\b|\bfail)"
    rf"|(?:\berrors?\b|\bfail(?:s|ed|ures?)\b){_NO_OTHER}{{0,60}}\b(?:with|as|return(?:s|ed)?|in)\b{_NO_OTHER}{{0,30}}"
    rf"{_STATUS_200}",
    re.IGNORECASE,
)
_DENIED = pattern(r"\bnever\b|\bnot\b|\bno\b|n't\b|\bunlike\b|\binstead of\b", re.IGNORECASE)


class ErrorMembers(Struct, frozen=True):
    """Which parts of an error a schema describes; `listed` where it names the values of the code."""

    code: bool = False
    message: bool = False
    field: bool = False
    listed: bool = False

    def __or__(self, other: ErrorMembers) -> ErrorMembers:
        return ErrorMembers(
            self.code or other.code,
            self.message or other.message,
            self.field or other.field,
            self.listed or other.listed,
        )


class Habits(Struct, frozen=True):
    """How the errors of some operations are described, in numbers.

    `bodies` are described error answers, of which `alike` have the most frequent form, one of `forms`, and `problems`
    are of the media type of RFC 9457. `by_status` counts operations.
    """

    operations: int
    with_status: int
    with_body: int
    bodies: int
    forms: int
    alike: int
    problems: int
    by_status: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        lines = [
            f"{self.with_status} of {self.operations} operations list error statuses, {self.with_body} describe a body",
            "statuses: " + (", ".join(f"{status} at {count}" for status, count in self.by_status) or "none"),
        ]
        if self.bodies:
            lines.append(f"{self.alike} of {self.bodies} error answers have one form; there are {self.forms} in all")
            lines.append(f"{self.problems} of {self.bodies} error answers are in the form of RFC 9457 ({_PROBLEM})")
        return "\n".join(lines)


def habits(operations: Sequence[Operation]) -> Habits:
    """Count how the errors of these operations are described."""
    described = [each for operation in operations for each in described_errors(operation)]
    forms = _forms(described)
    statuses = Counter(status for op in operations for status in {each.status for each in error_responses(op)})
    return Habits(
        operations=len(operations),
        with_status=sum(bool(error_responses(each)) for each in operations),
        with_body=sum(bool(described_errors(each)) for each in operations),
        bodies=len(described),
        forms=len(forms),
        alike=max(forms.values(), default=0),
        problems=sum(any(_PROBLEM in kind for kind in each.media_types) for each in described),
        by_status=tuple(sorted(statuses.items())[:_MOST_STATUSES]),
    )


def _forms(described: Iterable[ResponseDoc]) -> Counter[frozenset[str]]:
    """How many answers have which form; two that share most of their members count as one."""
    names: dict[int, frozenset[str]] = {}
    counts: Counter[frozenset[str]] = Counter()
    for each in described:
        if each.schema is None:
            continue
        if id(each.schema) not in names:
            names[id(each.schema)] = frozenset(map(squeezed, each.schema.properties)) or frozenset(each.schema.types)
        counts[names[id(each.schema)]] += 1
    merged: Counter[frozenset[str]] = Counter()
    for form, count in counts.most_common():
        merged[next((other for other in merged if _alike(form, other)), form)] += count
    return merged


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) > _HALF * min(len(one), len(other))


def error_responses(operation: Operation) -> list[ResponseDoc]:
    """The answers of an operation that are documented as errors."""
    return [each for each in operation.responses if each.status[:1] in ("4", "5") or each.status == "default"]


def described_errors(operation: Operation) -> list[ResponseDoc]:
    """Those errors of an operation whose body is described."""
    return [each for each in error_responses(operation) if each.schema]


def judged_operations(ctx: Context) -> tuple[Operation, ...]:
    """The operations of the resources that were found; all of the document's where none was found.

    What only says that the service is up takes no question that could be wrong.
    """
    found: dict[str, Operation] = {}
    for resource in (each for kind, each in ctx.resources.items() if kind != "health"):
        named = (resource.list, resource.read, resource.create, resource.update, resource.delete)
        for operation in (*named, *resource.others):
            if operation is not None:
                found.setdefault(operation.pointer, operation)
    return tuple(found.values()) or ctx.spec.operations


def undescribed(ctx: Context) -> list[str]:
    """What the document leaves open about errors, in words."""
    operations = judged_operations(ctx)
    counts = habits(operations)
    silent = [each for each in operations if not described_errors(each)]
    schemas = {id(each.schema): each.schema for op in operations for each in described_errors(op) if each.schema}
    parts = reduce(ErrorMembers.__or__, map(_members, schemas.values()), ErrorMembers())
    there = {
        counted(len(silent), "operation describes no error", "operations describe no error"): len(silent)
        <= _FEW * len(operations),
        "no code for programs is described": parts.code,
        "no message for people is described": parts.message,
        "nothing names the field at fault": parts.field,
        "the codes are not listed": not parts.code or parts.listed or lists_codes(ctx.spec),
        f"errors have {counts.forms} different forms": counts.bodies - counts.alike <= _FEW * counts.bodies,
    }
    return [lack for lack, is_there in there.items() if not is_there]


def _members(schema: Schema) -> ErrorMembers:
    """What a documented error body holds, however deep it stands."""
    parts = ErrorMembers()
    for spelled, inner in members(schema, _DEEPEST):
        name = squeezed(spelled).replace(":", "")  # Oracle and Maximo write "o:errorCode"
        is_code = name in _CODES or (name == "status" and _lists_words(inner))
        parts |= ErrorMembers(is_code, name in _MESSAGES, name in _FIELDS, is_code and bool(inner.enum))
    for holder in (schema, *schema.properties.values()):
        own = holder.properties
        word = own.get("id")
        if word is not None and _is_word(word) and any(squeezed(name) in _MESSAGES for name in own):
            parts |= ErrorMembers(code=True, listed=bool(word.enum))
    return parts


def _lists_words(status: Schema) -> bool:
    """Whether a `status` is a choice of words for sorts of errors, as at Google, and not of success or failure."""
    words = {value for value in status.enum or () if isinstance(value, str) and _WORD.fullmatch(value)}
    return len({word for word in words if word.lower() not in _OUTCOMES}) > 1


def _is_word(schema: Schema) -> bool:
    """Whether an `id` is a word for a sort of error ("not_found"), and no number of this one error."""
    values = (schema.example, *(schema.enum or ()))
    shown = any(isinstance(value, str) and _WORD.fullmatch(value) for value in values)
    return "integer" not in schema.types and (shown or _QUOTED_WORD.search(schema.description[:2_000]) is not None)


def lists_codes(spec: Spec) -> bool:
    """Whether the document's prose lists the codes of errors."""
    for prose in spec.prose():
        about = _ABOUT_CODES.search(prose.text)
        told = prose.text[about.start() : about.start() + 20_000] if about else ""
        if len(set(_LISTED_CODE.findall(told))) >= _LEAST_LISTED:
            return True
    return False


def hides_errors(ctx: Context) -> Operation | Prose | None:
    """Where the document says, or shows, that an error can come inside an answer that says success."""
    telling = (each for each in ctx.spec.prose() if "200" in each.text)
    prose = next((each for each in sentences(telling, _SUCCESS_WITH_ERROR) if not _DENIED.search(each.text)), None)
    if prose:
        return prose
    operations = judged_operations(ctx)
    hiding = [each for each in operations if _answers_both_ways(each)]
    return hiding[0] if len(hiding) >= max(1, _HALF * len(operations)) else None


def _answers_both_ways(operation: Operation) -> bool:
    """Whether the answer of success has a mark for success or not, and a place for the error."""
    answer = operation.success
    if answer is None or answer.schema is None or answer.status == "207":
        return False
    names = set(map(squeezed, answer.schema.properties))
    return bool(names & _FLAG_OF_SUCCESS and names & _ERROR_INSIDE)
