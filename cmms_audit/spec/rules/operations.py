"""Rules about operations: their names, paths, parameters, bodies and answers. They need the references followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import TypeAlias

from cmms_audit.documents import pointer_join
from cmms_audit.patterns import pattern
from cmms_audit.spec.library import Node
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.problems import Fault, FaultBook, shown

_PLACEHOLDER = pattern(r"\{([^{}]{1,200})\}")
_WITHOUT_BODY = frozenset(("GET", "HEAD", "DELETE", "TRACE"))
_STATUS = pattern(r"[1-5](?:[0-9]{2}|XX)")
_KNOWN_STATUSES = frozenset(str(status.value) for status in HTTPStatus)


Tell: TypeAlias = Callable[..., None]
"""Takes down a fault: rule, what is wrong (in words that are made only if it is kept), node, and steps below it."""


def look_at_operations(operations: Sequence[Operation], book: FaultBook, *, swagger2: bool) -> None:
    """Take down every fault of the operations of a document."""

    def tell(rule: str, says: Callable[[], str], node: Node, *steps: str | int) -> None:
        if book.room_for(rule):
            book.keep(Fault(rule, says(), node.file, pointer_join(node.pointer, *steps)))

    _ids_twice(operations, tell)
    _paths_twice(operations, tell)
    for operation in operations:
        _placeholders(operation, tell)
        _parameters_twice(operation, tell)
        _bodies(operation, tell, swagger2=swagger2)
        _answers(operation, tell)


def _named(operation: Operation) -> str:
    return f"{operation.method} {shown(operation.path)}"


def _ids_twice(operations: Sequence[Operation], tell: Tell) -> None:
    """An operationId must be unique among all operations (OpenAPI 3, Operation Object)."""
    first: dict[str, Operation] = {}
    for operation in operations:
        name = operation.operation_id
        other = first.setdefault(name, operation) if name else operation
        if other is not operation:
            says = partial("'{}' names {} as well as {}".format, shown(name), _named(operation), _named(other))
            tell("operation-id-twice", says, operation.node, "operationId")


def _paths_twice(operations: Sequence[Operation], tell: Tell) -> None:
    """Two paths that differ in the names of their placeholders only are the same (OpenAPI 3, Paths Object)."""
    first: dict[tuple[str, str], Operation] = {}
    for operation in operations:
        shape = _PLACEHOLDER.sub("{}", operation.path)
        other = first.setdefault((operation.method, shape), operation)
        if other is not operation:
            tell("path-twice", partial("{} and {}".format, _named(operation), _named(other)), operation.node)


def _placeholders(operation: Operation, tell: Tell) -> None:
    """Every placeholder of a path needs a parameter, and every path parameter a placeholder."""
    needed = dict.fromkeys(_PLACEHOLDER.findall(operation.path.partition("?")[0]))
    given = {parameter.name: parameter for parameter in operation.parameters if parameter.where == "path"}
    for name in needed:
        if name not in given:
            tell("placeholder-undeclared", partial("'{}' in {}".format, shown(name), _named(operation)), operation.node)
    for name, parameter in given.items():
        if name not in needed and f"{{{name}}}" not in operation.path:
            says = partial("'{}' of {}".format, shown(name), _named(operation))
            tell("path-parameter-unused", says, parameter.node)


def _parameters_twice(operation: Operation, tell: Tell) -> None:
    """A list of parameters must not give the same name in the same place twice (OpenAPI 3, Operation Object)."""
    listed = operation.node.child("parameters").members()
    seen: set[tuple[str, str]] = set()
    for node in listed:
        key = (node.text("name"), node.text("in"))
        if key in seen and key[0]:
            tell("parameter-twice", partial("'{}' of {}".format, shown(key[0]), _named(operation)), node)
        seen.add(key)


def _bodies(operation: Operation, tell: Tell, *, swagger2: bool) -> None:
    """At most one body, and none where HTTP gives it no meaning (RFC 9110, section 9.3)."""
    places: list[str] = []
    says = partial(_named, operation)
    if swagger2:
        nodes = operation.node.child("parameters").members()
        places = [node.text("in") for node in nodes if node.text("in") in ("body", "formData")]
        if places.count("body") > 1:
            tell("bodies-several", says, operation.node, "parameters")
        elif len(set(places)) > 1:
            tell("body-and-form", says, operation.node, "parameters")
    elif "requestBody" in operation.node.value:
        places = ["body"]
    if places and operation.method in _WITHOUT_BODY:
        tell("body-without-meaning", says, operation.node, "parameters" if swagger2 else "requestBody")


def _answers(operation: Operation, tell: Tell) -> None:
    """The answers of an operation: at least one, one of them for success, each under a status that exists."""
    says = partial(_named, operation)
    statuses = operation.node.child("responses").value
    if not isinstance(statuses, dict) or not any(not status.startswith("x-") for status in statuses):
        tell("responses-missing", says, operation.node)
        return
    for status in statuses:
        if status in _KNOWN_STATUSES or status == "default" or status.startswith("x-"):
            continue
        told = partial("'{}' of {}".format, shown(status), _named(operation))
        if not _STATUS.fullmatch(status):
            tell("status-unknown", told, operation.node, "responses", status)
        elif status.isdigit():
            tell("status-unregistered", told, operation.node, "responses", status)
    if not any(status == "default" or status[:1] in ("1", "2", "3") for status in statuses):
        tell("success-missing", says, operation.node, "responses")
