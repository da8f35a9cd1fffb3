"""The rate limits that a description publishes, from wherever it states them, and where.

Reads only; what a number is worth is for the checks, and how fast to go for the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.model import Evidence, HasEvidence
from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Node, as_shown
from cmms_audit.spec.limit_members import header_limit, limits_in_members, limits_in_policy
from cmms_audit.spec.limit_sentences import limits_in_sentences
from cmms_audit.spec.limit_sides import side_limits
from cmms_audit.spec.limit_tables import limits_in_tables
from cmms_audit.spec.limit_values import Scope, SideLimit, StatedLimit
from cmms_audit.spec.operations import Operation, ResponseDoc

__all__ = [
    "PublishedLimit",
    "PublishedSideLimit",
    "StatedLimit",
    "binding_limits",
    "published_limits",
    "published_side_limits",
    "stated_limits",
    "sure_limits",
]

_SHARE_OF_ALL = 0.5
_MOST_STATED = 200
_FASTEST = 100_000  # calls a second; whoever states more states no limit
_QUICK = 1.0  # calls a second
_LIMIT_HEADER = pattern(r"rate-?limit", re.IGNORECASE)
_COUNTER_HEADER = pattern(r"remain|reset|used|retry|after|rule|scope|resource", re.IGNORECASE)
_MOST_TEXTS = 20


class PublishedLimit(Struct, frozen=True):
    """A stated limit and the place in the specification that states it.

    `general` says that it holds for the API as a whole, as against a single operation or path.
    """

    limit: StatedLimit
    place: HasEvidence
    general: bool = True

    @property
    def evidence(self) -> Evidence:
        """Where it stands, on the line of the words that state it."""
        return self.place.quoted(self.limit.quotation) if isinstance(self.place, Node) else self.place.evidence


class PublishedSideLimit(Struct, frozen=True):
    """A limit on concurrent calls or on a burst, and the place in the specification that states it."""

    limit: SideLimit
    place: HasEvidence

    @property
    def evidence(self) -> Evidence:
        """Where it stands."""
        return self.place.evidence


@lru_cache(maxsize=1024)
def stated_limits(text: str) -> tuple[StatedLimit, ...]:
    """The limits that a text states as a number and a window: those of its sentences, then those of its tables.

    Each is there once; a text that goes on and on is left after so many that nobody could keep to them.
    """
    text = as_shown(text)
    stated = chain(limits_in_sentences(text), limits_in_tables(text))
    meant = (limit for limit in stated if limit.per_second <= _FASTEST)
    return tuple(dict.fromkeys(islice(meant, _MOST_STATED)))


def sure_limits(limits: Iterable[StatedLimit], *, writing: bool = False) -> dict[int, StatedLimit]:
    """The lowest limit for each window in seconds: of several plans or users, the one that everybody can count on.

    Those on all calls, and those on calls that read, or, where `writing` is asked for, on calls that write. What is
    stated for others, such as deleting or sending in bulk, holds nobody back who does not do that.
    """
    calls = (Scope.ALL, Scope.WRITES if writing else Scope.READS)
    found: dict[int, StatedLimit] = {}
    for each in sorted(limits, key=lambda limit: (limit.count, limit.scope)):
        if each.scope in calls:
            found.setdefault(each.window, each)
    return found


@lru_cache(maxsize=4)
def binding_limits(spec: Spec) -> tuple[StatedLimit, ...]:
    """The limits that a client keeps to from the start: those of the whole API, and quick ones of single operations.

    A slow limit of one operation ("twice a day") binds whoever calls it, and would stop everybody else for nothing.
    """
    published = published_limits(spec)
    quick = (each.limit for each in published if not each.general and each.limit.per_second >= _QUICK)
    return (*sure_limits(each.limit for each in published if each.general).values(), *quick)


@lru_cache(maxsize=4)
def published_limits(spec: Spec) -> tuple[PublishedLimit, ...]:
    """The limits that a specification states in prose, extensions, refusals (429) and limit headers, each once.

    What only single operations state counts for the whole API where at least half of them state it.
    """
    found: dict[tuple[int, int, Scope], PublishedLimit] = {}
    tally: dict[tuple[int, int, Scope], set[int]] = {}
    for each, operation in _all(spec):
        key = (each.limit.count, each.limit.window, each.limit.scope)
        if operation is not None:
            tally.setdefault(key, set()).add(id(operation))
        if key not in found or (each.general and not found[key].general):
            found[key] = each
    enough = max(2, _SHARE_OF_ALL * len(spec.operations))
    return tuple(_of_all(each) if len(tally.get(key, ())) >= enough else each for key, each in found.items())


def _of_all(published: PublishedLimit) -> PublishedLimit:
    """What so many single operations state ("this operation may be called ...") that it is one limit of all."""
    return replace(published, limit=replace(published.limit, scope=Scope.ALL), general=True)


@lru_cache(maxsize=4)
def published_side_limits(spec: Spec) -> tuple[PublishedSideLimit, ...]:
    """The limits on concurrent calls and on bursts that the texts of a specification state for the whole API."""
    found: dict[tuple[str, int], PublishedSideLimit] = {}
    for prose in spec.prose():
        if not prose.of_operation:
            for limit in side_limits(prose.text):
                found.setdefault((limit.kind, limit.count), PublishedSideLimit(limit, prose.place))
    return tuple(found.values())


def _all(spec: Spec) -> Iterator[tuple[PublishedLimit, Operation | None]]:
    """Every limit with the operation that states it, if it is one."""
    for prose in spec.prose():
        if not prose.of_operation:
            for limit in stated_limits(prose.text):
                yield PublishedLimit(limit, prose.place, general=not limit.local), None
    for holder in (spec.root, spec.root.child("info")):
        for limit in limits_in_members(_extensions(holder.value)):
            yield PublishedLimit(limit, _extension_of(limit, holder)), None
    yield from _of_paths(spec)
    for operation in spec.operations:
        for published in _of_operation(operation):
            yield published, operation


def _of_paths(spec: Spec) -> Iterator[tuple[PublishedLimit, None]]:
    for _, item in spec.root.child("paths").entries():
        extensions = _extensions(item.value)
        for limit in limits_in_members(extensions) if extensions else ():
            yield PublishedLimit(limit, _extension_of(limit, item), general=False), None


def _of_operation(operation: Operation) -> Iterator[PublishedLimit]:
    for name in ("summary", "description"):
        text = operation.node.text(name)
        for limit in stated_limits(text) if text else ():
            yield PublishedLimit(limit, operation.node.at(name), general=False)
    for limit in limits_in_members(operation.extensions):
        yield PublishedLimit(limit, _extension_of(limit, operation.node), general=False)
    for response in operation.responses:
        if response.status == "429" or response.headers:
            for limit, place in _of_response(response):
                yield PublishedLimit(limit, place, general=not _is_inside(response.node, operation.node))


def _is_inside(node: Node, other: Node) -> bool:
    """Whether a node is written within another one, and not kept elsewhere for many."""
    return node.file is other.file and node.pointer.startswith(other.pointer)


def _of_response(response: ResponseDoc) -> Iterator[tuple[StatedLimit, HasEvidence]]:
    if response.status == "429":
        for text in (f"Rate limit. {response.description}", *_texts(response.example)):
            for limit in stated_limits(text):
                yield limit, response
    for name, header in response.node.child("headers").entries():
        if _LIMIT_HEADER.search(name):
            for limit in _of_header(name, header):
                yield limit, header


def _of_header(name: str, header: Node) -> Iterator[StatedLimit]:
    description = header.text("description")
    if description:
        yield from stated_limits(f"Rate limit: {description}")
    if _COUNTER_HEADER.search(name):
        return
    for value in _values(header):
        if isinstance(value, str) and "w=" in value:
            yield from limits_in_policy(name, value)
        else:
            limit = header_limit(name, description, value)
            if limit:
                yield limit


def _values(header: Node) -> Iterator[Any]:
    """What a header is said to hold: its example, default or fixed value."""
    for holder in (header, header.child("schema")):
        if isinstance(holder.value, dict):
            yield from (holder.value[key] for key in ("example", "default", "const") if key in holder.value)
            for _, example in holder.child("examples").entries():
                yield example.at("value").value


def _texts(example: Any) -> Iterator[str]:
    """The texts in an example, two levels deep."""
    level = [example]
    for _ in range(3):
        yield from (f"Rate limit. {each[:500]}" for each in level[:_MOST_TEXTS] if isinstance(each, str))
        level = [member for each in level[:_MOST_TEXTS] if isinstance(each, dict) for member in each.values()]


def _extension_of(limit: StatedLimit, holder: Node) -> Node:
    """The extension that a limit was read from, by its quotation, which begins with the name."""
    names = (name for name in _extensions(holder.value) if limit.quotation.startswith(name))
    name = next(names, None)
    return holder if name is None else holder.at(name)


def _extensions(value: Any) -> dict[str, Any]:
    return {key: member for key, member in value.items() if key.startswith("x-")} if isinstance(value, dict) else {}
