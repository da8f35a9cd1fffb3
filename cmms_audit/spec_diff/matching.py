"""Finds for each operation of the old description the one of the new description that it has become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from msgspec import Struct, field

from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Spec
from cmms_audit.spec.operations import Operation

_PLACEHOLDER = pattern(r"\{[^{}/]{0,200}\}")
_VERSION = pattern(r"/v\d{1,4}(?:[._-]\d{1,4}){0,2}(?=/|$)", re.IGNORECASE)
_NUMBERED = pattern(r"(?:_|\.)\d{1,4}$")


class Matches(Struct):
    """Operations of both descriptions side by side, and those that stand alone.

    `same_addresses` says that a part of every path has moved into or out of the server's address, whole addresses
    staying as they were.
    """

    pairs: list[tuple[Operation, Operation]] = field(default_factory=list)
    removed: list[Operation] = field(default_factory=list)
    added: list[Operation] = field(default_factory=list)
    same_addresses: bool = False


def shape(path: str) -> str:
    """A path without the names of its placeholders and without a slash at its end."""
    return _PLACEHOLDER.sub("{}", path).rstrip("/") or "/"


def has_slash(path: str) -> bool:
    """Whether a path ends in a slash, which many servers take for another path."""
    return len(path) > 1 and path.endswith("/")


def match_operations(old: Spec, new: Spec) -> Matches:
    """Match by address; then, where the old address is gone, by the same address under another version, and by an
    operationId that both documents use once.

    An operationId that ends in a number is made by a machine from the order of operations, and proves nothing.
    """
    matches = Matches(removed=_ordered(old.operations), added=_ordered(new.operations))
    whole = _addresses(old), _addresses(new)
    if old.prefix != new.prefix and len(whole[0] & whole[1]) > len(_paths(old) & _paths(new)):
        matches.same_addresses = True
        prefixes = {id(each): old.prefix for each in old.operations} | {id(each): new.prefix for each in new.operations}
        _pair_up(matches, lambda each: (each.method, shape(prefixes[id(each)] + each.path)))
    _pair_up(matches, lambda each: (each.method, each.path))
    _pair_up(matches, lambda each: (each.method, shape(each.path)))
    _pair_up(matches, _address_of_any_version)
    _pair_up(matches, lambda each: (each.method, _lasting_id(each)) if _lasting_id(each) else None)
    matches.pairs.sort(key=lambda pair: (pair[0].path, pair[0].method))
    return matches


def _ordered(operations: Sequence[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda each: (each.path, each.method))


def _addresses(spec: Spec) -> set[tuple[str, str]]:
    return {(each.method, shape(spec.prefix + each.path)) for each in spec.operations}


def _paths(spec: Spec) -> set[tuple[str, str]]:
    return {(each.method, shape(each.path)) for each in spec.operations}


def _address_of_any_version(operation: Operation) -> tuple[str, str] | None:
    """Method and path without the version in it; None where there is none."""
    without = _VERSION.sub("", operation.path)
    return (operation.method, shape(without)) if without != operation.path else None


def _lasting_id(operation: Operation) -> str:
    name = operation.operation_id
    return "" if _NUMBERED.search(name[-10:]) else name


def _pair_up(matches: Matches, key: Callable[[Operation], Hashable | None]) -> None:
    """Match what is left by a key that each of both descriptions has once among what is left."""
    keys = [{id(each): key(each) for each in side} for side in (matches.removed, matches.added)]
    counts = [Counter(side.values()) for side in keys]
    targets = {keys[1][id(each)]: each for each in matches.added}
    pairs = [
        (each, targets[found])
        for each in matches.removed
        if (found := keys[0][id(each)]) is not None and counts[0][found] == 1 == counts[1][found]
    ]
    matches.pairs += pairs
    gone = {id(each) for pair in pairs for each in pair}
    matches.removed = [each for each in matches.removed if id(each) not in gone]
    matches.added = [each for each in matches.added if id(each) not in gone]
