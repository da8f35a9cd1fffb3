"""What a specification promises of its errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice

from cmms_audit.battery import Context, Operation, ResponseDoc, Schema, Spec, squeezed

from ._shapes import FIELD_NAMES_IN_DETAILS

_CODES = frozenset(
    {"code", "errorcode", "reasoncode", "oerrorcode", "spireasoncode", "exctype", "type", "slug", "errcode"}
)
_MESSAGES = frozenset(
    {"message", "detail", "details", "title", "msg", "description", "errordescription", "error", "oslcmessage"}
)
_FIELDS = frozenset(
    {*map(squeezed, FIELD_NAMES_IN_DETAILS), "loc", "errors", "violations", "invalidparams", "fielderrors"}
)
_DEEPEST = 4
_MOST_MEMBERS = 2_000
_ABOUT_CODES = re.compile(r"error[ _-]?codes?\b|codes? of errors?\b", re.IGNORECASE)
_LISTED_CODE = re.compile(r"`[A-Za-z][A-Za-z0-9_.:-]{2,60}`|\b[A-Z][A-Z0-9]{2,30}(?:_[A-Z0-9]{1,30}){1,6}\b")
_LEAST_LISTED = 4
_FEW = 0.1


@dataclass(frozen=True)
class ErrorMembers:
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


def error_responses(operation: Operation) -> list[ResponseDoc]:
    """The answers of an operation that are documented as errors."""
    return [each for each in operation.responses if each.status[:1] in ("4", "5") or each.status == "default"]


def described_errors(operation: Operation) -> list[ResponseDoc]:
    """Those errors of an operation whose body is described."""
    return [each for each in error_responses(operation) if each.schema]


def judged_operations(ctx: Context) -> tuple[Operation, ...]:
    """The operations of the resources that were found; all of the document's where none was found."""
    found: dict[str, Operation] = {}
    for resource in ctx.resources.values():
        named = (resource.list, resource.read, resource.create, resource.update, resource.delete)
        for operation in (*named, *resource.others):
            if operation is not None:
                found.setdefault(operation.pointer, operation)
    return tuple(found.values()) or ctx.spec.operations


def undescribed(ctx: Context) -> list[str]:
    """What the document leaves open about errors, in words."""
    operations = judged_operations(ctx)
    silent = [each for each in operations if not described_errors(each)]
    schemas = {id(each.schema): each.schema for op in operations for each in described_errors(op) if each.schema}
    members = reduce(ErrorMembers.__or__, map(_members, schemas.values()), ErrorMembers())
    there = {
        f"{len(silent)} operations describe no error": len(silent) <= _FEW * len(operations),
        "no code for programs is described": members.code,
        "no message for people is described": members.message,
        "nothing names the field at fault": members.field,
        "the codes are not listed": not members.code or members.listed or lists_codes(ctx.spec),
    }
    return [lack for lack, is_there in there.items() if not is_there]


def _members(schema: Schema) -> ErrorMembers:
    """What a documented error body holds, however deep it stands."""
    members = ErrorMembers()
    for name, inner in islice(_names(schema, 0), _MOST_MEMBERS):
        members |= ErrorMembers(name in _CODES, name in _MESSAGES, name in _FIELDS, name in _CODES and bool(inner.enum))
    return members


def lists_codes(spec: Spec) -> bool:
    """Whether the document's prose lists the codes of errors."""
    for prose in spec.prose():
        about = _ABOUT_CODES.search(prose.text)
        told = prose.text[about.start() : about.start() + 20_000] if about else ""
        if len(set(_LISTED_CODE.findall(told))) >= _LEAST_LISTED:
            return True
    return False


def _names(schema: Schema, depth: int) -> Iterator[tuple[str, Schema]]:
    if depth >= _DEEPEST:
        return
    if schema.items:
        yield from _names(schema.items, depth + 1)
    for field in schema.fields():
        yield squeezed(field.name), field.schema
        yield from _names(field.schema, depth + 1)
