"""Matches the forms that a value may take: by name or title, then by how they are built, whatever they are called."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property

from cmms_audit.spec.library import Node
from cmms_audit.spec_diff.shape import Shape, component, is_reference

_MOST_COMPARED = 400  # pairs of forms
_MOST_VALUES = 500
_ENOUGH_IN_COMMON = 0.5

Pair = tuple["Form | None", "Form | None"]


class Form:
    """One of the forms that a value may take."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.is_reference = is_reference(node)

    @cached_property
    def name(self) -> str:
        """What its document calls it: the name of a schema, or a title; empty where it has neither."""
        if self.is_reference:
            return component(self.node.followed())
        title = self.node.text("title")
        return next(iter(self._shape.bases)) if len(self._shape.bases) == 1 and not title else title

    @property
    def words(self) -> str:
        """What it is told apart by in a sentence: its name, else its types."""
        return self.name or self.types or "form"

    @property
    def types(self) -> str:
        """Its types in words."""
        return " or ".join(sorted(self._shape.types))

    @cached_property
    def fields(self) -> frozenset[tuple[str, str]]:
        """Its members, each with its value where only one is allowed."""
        fields = self._shape.fields
        values = len(fields) <= _MOST_VALUES
        return frozenset((name, _only_value(each.node.value) if values else "") for name, each in fields.items())

    @cached_property
    def structure(self) -> Hashable:
        """How it is built: two forms with the same structure look the same in the data."""
        items = self._shape.member("items")
        members = Shape(items.node).types if items else None
        choices, _ = self._shape.first("enum", "const")
        return self._shape.types, self.fields, json.dumps(choices, sort_keys=True, default=str), members

    @property
    def size(self) -> int:
        """How much there was to look at, so far."""
        return self._shape.size if "_shape" in self.__dict__ else 1

    @cached_property
    def _shape(self) -> Shape:
        return Shape(self.node)


def match_forms(
    old: Sequence[Node], new: Sequence[Node], may_be_same: Callable[[Form, Form], bool]
) -> Iterator[tuple[Form | None, Form | None]]:
    """The forms side by side, None beside one that came or went.

    `may_be_same` says of two forms with other names whether these can be names of one thing.
    """
    left = [Form(node) for node in old], [Form(node) for node in new]
    yield from _alike(left, lambda form: form.name or None, lambda *_: True)
    if left[0] and left[1]:
        yield from _alike(left, lambda form: form.structure, may_be_same)
        yield from _overlapping(left, may_be_same)
        yield from _alike(left, lambda form: None if form.name else form.types, lambda *_: True)
    if len(left[0]) == len(left[1]) == 1 and _could_be_one(left[0][0], left[1][0], may_be_same):
        yield left[0][0], left[1][0]
        return
    yield from ((form, None) for form in left[0])
    yield from ((None, form) for form in left[1])


def _could_be_one(old: Form, new: Form, may_be_same: Callable[[Form, Form], bool]) -> bool:
    """Whether the two forms that are left can be one: neither is named, or one name gave way to another."""
    return old.is_reference == new.is_reference and may_be_same(old, new)


def _alike(
    left: tuple[list[Form], list[Form]], key: Callable[[Form], Hashable | None], allowed: Callable[[Form, Form], bool]
) -> Iterator[tuple[Form, Form]]:
    """Take out of what is left the forms with the same key, in the order of the documents."""
    waiting: dict[Hashable, list[Form]] = defaultdict(list)
    for form in left[1]:
        waiting[key(form)].append(form)
    for form in list(left[0]):
        own = key(form)
        others = waiting.get(own, []) if own is not None else []
        other = next((each for each in others if allowed(form, each)), None)
        if other is not None:
            others.remove(other)
            left[0].remove(form)
            left[1].remove(other)
            yield form, other


def _overlapping(
    left: tuple[list[Form], list[Form]], allowed: Callable[[Form, Form], bool]
) -> Iterator[tuple[Form, Form]]:
    """Take out objects that have most of their members in common, each the other's best match by far."""
    if len(left[0]) * len(left[1]) > _MOST_COMPARED:
        return
    shares = {
        (one, other): share
        for one, form in enumerate(left[0])
        for other, candidate in enumerate(left[1])
        if (share := _in_common(form, candidate)) >= _ENOUGH_IN_COMMON and allowed(form, candidate)
    }
    best = [
        pair
        for pair, share in shares.items()
        if all(other == pair or rival < share for other, rival in shares.items() if _meet(other, pair))
    ]
    taken = [(left[0][one], left[1][other]) for one, other in best]
    for form, other_form in taken:
        left[0].remove(form)
        left[1].remove(other_form)
    yield from taken


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] == other[0] or one[1] == other[1]


def _in_common(one: Form, other: Form) -> float:
    every = one.fields | other.fields
    return len(one.fields & other.fields) / len(every) if every else 0.0


def _only_value(value: object) -> str:
    """The only value that a member can have, as it is written; empty where there are others."""
    if not isinstance(value, dict):
        return ""
    choices = [value["const"]] if "const" in value else value.get("enum")
    return json.dumps(choices, default=str) if isinstance(choices, list) and len(choices) == 1 else ""
