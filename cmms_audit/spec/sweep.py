"""One pass over every node of an API description: what has the wrong kind, and which references lead nowhere.

The rest of the package reads such places as empty; this is where they are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cmms_audit.documents import pointer_join
from cmms_audit.model import Evidence
from cmms_audit.spec.library import Library, Node, SpecFile

_MOST_PROBLEMS = 200
_LONGEST_REFERENCE_SHOWN = 200

_MAPPINGS = (
    *("info", "paths", "components", "responses", "requestBody", "content", "properties", "definitions", "schemas"),
    *("securitySchemes", "securityDefinitions", "callbacks", "flows", "variables", "webhooks"),
    *("get", "put", "post", "delete", "options", "head", "patch", "trace"),
)
_LISTS_OF_PARTS = ("security", "allOf", "oneOf", "anyOf")
_LISTS = (*_LISTS_OF_PARTS, "tags", "servers", "enum", "consumes", "produces", "schemes")
_TEXTS = ("description", "summary", "operationId", "in", "format", "pattern", "$ref")
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_MAPPINGS, (dict,)),
    **dict.fromkeys(_LISTS, (list,)),
    **dict.fromkeys(_TEXTS, (str,)),
    **dict.fromkeys(("items", "schema", "additionalProperties"), (dict, bool)),
    "parameters": (list, dict),
    "required": (list, bool),
    "type": (str, list),
    "deprecated": (bool,),
}
_KIND_WORDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false"}
# The keys of these are names that the vendor chose, whatever they look like; what kind each member has.
_HOLD_NAMES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("paths", "responses", "headers", "content", "requestBodies", "links"), (dict,)),
    **dict.fromkeys(("securitySchemes", "securityDefinitions", "callbacks", "webhooks", "pathItems"), (dict,)),
    **dict.fromkeys(("variables", "flows", "encoding"), (dict,)),
    **dict.fromkeys(("properties", "patternProperties", "schemas", "definitions", "$defs"), (dict, bool)),
    **dict.fromkeys(("scopes", "mapping"), (str,)),
    "parameters": (),
}
_LIST_MEMBERS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("parameters", "servers"), (dict,)),
    **dict.fromkeys(("allOf", "oneOf", "anyOf"), (dict, bool)),
    **dict.fromkeys(("required", "consumes", "produces", "schemes"), (str,)),
}
# In these anything may stand, so nothing in them is wrong or a reference.
_HOLD_ANYTHING = frozenset(("example", "examples", "default", "enum", "const", "value", "security"))


@dataclass(frozen=True)
class SpecProblem:
    """Something in the document that is not as it should be; `unread` where a part of the API stays unknown for it."""

    what: str
    evidence: Evidence
    unread: bool = False


@dataclass(frozen=True, slots=True)
class _Visit:
    """A list or mapping to look into, linked to the one around it so that its pointer can be told when needed."""

    value: Any
    around: _Visit | None
    step: str | int
    holds_names: bool

    def pointer(self, *further: str | int) -> str:
        """The JSON pointer of this, or of something in it."""
        steps = list(further[::-1])
        visit = self
        while visit.around is not None:
            steps.append(visit.step)
            visit = visit.around
        return pointer_join("", *reversed(steps))


@dataclass(frozen=True, slots=True)
class _Fault:
    what: str
    pointer: str
    unread: bool = False


def sweep(root: Node) -> Iterator[SpecProblem]:
    """The problems of a description and of the files that it refers to; of each sort at most the first two hundred."""
    left = {True: _MOST_PROBLEMS, False: _MOST_PROBLEMS}
    for file in _files(root):
        for fault in _faults(root.library, file):
            if left[fault.unread]:
                left[fault.unread] -= 1
                evidence = Node(root.library, file, None, fault.pointer).evidence
                yield SpecProblem(fault.what, evidence, fault.unread)


def _files(root: Node) -> Iterator[SpecFile]:
    """The main file, and those that turn up while the ones before are swept."""
    done: set[SpecFile] = set()
    waiting = [root.file]
    while waiting:
        for file in waiting:
            done.add(file)
            yield file
        waiting = [file for file in root.library.files.values() if file not in done]


def _faults(library: Library, file: SpecFile) -> Iterator[_Fault]:
    document = file.document
    if document.repaired_line is not None:
        yield _Fault("holds control characters, which were read as spaces", "")
    for double in document.duplicates:
        yield _Fault("a key is given twice; only the last one counts", double.pointer)
    told: set[str] = set()
    stack = [_Visit(document.value, None, "", False)] if isinstance(document.value, dict | list) else []
    while stack:
        visit = stack.pop()
        if visit.around is not None or not file.name:  # at the root of a file of parts, keys may be chosen names
            yield from _wrong_kinds(visit)
        reference = visit.value.get("$ref") if isinstance(visit.value, dict) else None
        if isinstance(reference, str) and reference not in told:
            told.add(reference)
            yield from _lost(library, file, visit, reference)
        stack += _inside(visit)


def _inside(visit: _Visit) -> Iterator[_Visit]:
    """The lists and mappings in a list or mapping that are worth a look."""
    everything = visit.holds_names or isinstance(visit.value, list)
    for key, value in _members(visit.value):
        if isinstance(value, dict | list) and (everything or _worth_a_look(key)):
            yield _Visit(value, visit, key, not everything and key in _HOLD_NAMES and isinstance(value, dict))


def _worth_a_look(key: str | int) -> bool:
    return key not in _HOLD_ANYTHING and not (isinstance(key, str) and key.startswith("x-"))


def _members(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _wrong_kinds(visit: _Visit) -> Iterator[_Fault]:
    """Members of the wrong kind. Nothing in place of something is no fault."""
    if visit.around is not None and visit.around.around is None and visit.step == "paths":
        yield from _odd_paths(visit)
    chosen_name = visit.around is not None and visit.around.holds_names
    every = None
    if visit.holds_names:
        every = _HOLD_NAMES[str(visit.step)]
    elif isinstance(visit.value, list):
        every = None if chosen_name else _LIST_MEMBERS.get(str(visit.step), ())
    for key, value in _members(visit.value):
        kinds = _KINDS.get(str(key)) if every is None else every
        elsewhere = visit.holds_names and (key == "$ref" or not _worth_a_look(key))
        if not kinds or value is None or isinstance(value, kinds) or elsewhere:
            continue
        words = " or ".join(_KIND_WORDS[kind] for kind in kinds)
        what = f"'{key}'" if isinstance(key, str) else f"entry {key + 1} of '{visit.step}'"
        yield _Fault(f"{what} should be {words}", visit.pointer(key), dict in kinds or key in _LISTS_OF_PARTS)


def _odd_paths(visit: _Visit) -> Iterator[_Fault]:
    for path, _ in _members(visit.value):
        if not str(path).startswith(("/", "x-")):
            yield _Fault("a path that does not start with a slash is not read", visit.pointer(path), True)


def _lost(library: Library, file: SpecFile, visit: _Visit, reference: str) -> Iterator[_Fault]:
    """A reference that leads nowhere."""
    library.follow(Node(library, file, visit.value, ""))
    reason = library.failures.get((file, reference))
    if reason is not None:
        shown = reference[:_LONGEST_REFERENCE_SHOWN]
        yield _Fault(f"the reference '{shown}' {reason}", visit.pointer("$ref"), True)
