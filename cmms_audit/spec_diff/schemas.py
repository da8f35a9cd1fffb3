"""Compares schemas: each pair once, named ones where they stand, with what they hold and what they refer to."""

from __future__ import annotations

from collections.abc import Collection
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.dialect import squeezed
from cmms_audit.spec.library import Node
from cmms_audit.spec_diff.forms import Form, match_forms
from cmms_audit.spec_diff.leaves import (
    Value,
    compare_discriminator,
    compare_value,
    followed_flag,
    note_null,
    one_language,
)
from cmms_audit.spec_diff.ledger import BOTH, IN, OUT, Ledger, Place, below, named, shown
from cmms_audit.spec_diff.shape import Member, Part, Shape, component, is_reference

_MOST_PAIRS = 60_000
_MOST_LOOKED_AT = 800_000  # nodes, counted again for each pair that they are part of
_NOT_SCHEMAS = frozenset(("example", "examples", "default", "enum", "const", "description"))


class _Task(Struct, frozen=True):
    """Two nodes that stand for the same thing; `sides` are those whom it concerns there.

    `null_told` says that null was compared already, for all forms of a value together.
    """

    place: Place
    path: str
    old: Node
    new: Node
    sides: int
    text: bool = False
    page_size: bool = False
    null_told: bool = False


class Schemas:
    """The comparison of schemas; `old_names` and `new_names` are those that the documents keep for reuse."""

    def __init__(self, ledger: Ledger, old_names: Collection[str], new_names: Collection[str]) -> None:
        self._ledger = ledger
        self._old_names = frozenset(old_names)
        self._new_names = frozenset(new_names)
        self._waiting: list[_Task] = []
        self._seen: set[Any] = set()
        self._shared: dict[Any, Place] = {}
        self._pairs = 0
        self._looked_at = 0

    def compare(
        self,
        place: Place,
        old: Node,
        new: Node,
        *,
        path: str = "",
        sides: int = BOTH,
        text: bool = False,
        page_size: bool = False,
    ) -> None:
        """Compare two schemas and all below them; what they share with other places is compared there."""
        self._waiting.append(_Task(place, path, old, new, sides, text, page_size))
        self._run()

    def _run(self) -> None:
        """Compare what waits, and what comes to wait meanwhile."""
        while self._waiting and self._pairs < _MOST_PAIRS and self._looked_at < _MOST_LOOKED_AT:
            self._pairs += 1
            self._compare(self._waiting.pop())
        self._ledger.unseen += len(self._waiting)
        self._waiting.clear()

    def compare_shapes(self, place: Place, old: Shape, new: Shape) -> None:
        """Compare two bodies of which one, or both, are put together from form parameters."""
        self._shapes(_Task(place, "", old.node, new.node, BOTH), old, new)
        self._run()

    def link(self, place: Place, old: Node, new: Node, found: Collection[tuple[str, int]]) -> None:
        """Link a place to the schemas that these references, written alike in both nodes, lead to; compare those."""
        self._link_all(place, old, new, found)
        self._run()

    def _link_all(self, place: Place, old: Node, new: Node, found: Collection[tuple[str, int]]) -> None:
        for reference, side in sorted(found):
            targets = old.library.target(old.file, reference), new.library.target(new.file, reference)
            if targets[0] is not None and targets[1] is not None:
                self._link(place, "", targets[0].followed(), targets[1].followed(), side)

    def _compare(self, task: _Task) -> None:
        old, new = task.old, task.new
        if is_reference(old) and is_reference(new):
            self._link(task.place, task.path, old.followed(), new.followed(), task.sides)
        elif old.value == new.value:
            found, count = references(old.value, task.sides)
            self._looked_at += count
            self._link_all(task.place, old, new, found)
        elif isinstance(old.value, dict) and isinstance(new.value, dict):
            key = (old.key, new.key)
            if key not in self._seen:
                self._seen.add(key)
                self._shapes(task, Shape(old), Shape(new))

    def _link(self, place: Place, path: str, old: Node, new: Node, sides: int) -> None:
        """Note that a place uses a pair of named schemas, which is compared when it is first met."""
        key = (old.key, new.key)
        target = self._shared.get(key)
        if target is None:
            target = self._shared[key] = self._open(place, path, old, new)
            self._waiting.append(_Task(target, "", old, new, BOTH))
        if target is not place:
            place.links[target] = place.links.get(target, 0) | sides

    def _open(self, place: Place, path: str, old: Node, new: Node) -> Place:
        """The place of a pair of named schemas: under its name, or where a differently named pair is first met."""
        was, now = component(old), component(new)
        renamed = was not in self._new_names and now not in self._old_names
        if was == now or renamed:
            name = f"schema {named(min(was, now))}"
            return self._ledger.place(name, name, joint=".", shared=True)
        joint = "." if path else place.joint
        return self._ledger.place(place.subject(path, ""), place.group, joint=joint, shared=True)

    def _shapes(self, task: _Task, old: Shape, new: Shape) -> None:
        self._looked_at += old.size + new.size
        if (old.folded and new.alternatives) or (new.folded and old.alternatives):
            old, new = old.unfolded(), new.unfolded()
        elif bool(old.alternatives) != bool(new.alternatives):
            old, new = (each.folded_through() if each.alternatives else each for each in (old, new))
        value = Value(task.place, task.path, old, new, task.sides, task.text, task.page_size, task.null_told)
        for name in sorted(value.inherited):
            self._link(task.place, task.path, old.bases[name], new.bases[name], task.sides)
        compare_discriminator(value, self._ledger)
        if old.is_blank != new.is_blank:
            self._described(task, value)
        elif old.is_union or new.is_union:
            self._alternatives(task, value, old.forms, new.forms)
        elif compare_value(value, self._ledger):
            self._members(task, value)

    def _described(self, task: _Task, value: Value) -> None:
        """Only one of both documents says what fits: that may be better documentation, and no change at all."""
        kind, shape = ("shape-described", value.new) if value.old.is_blank else ("shape-undescribed", value.old)
        words = " or ".join(sorted(shape.types)) or "one of several forms"
        nodes = value.old.node, value.new.node
        self._ledger.note(kind, task.place, *nodes, path=task.path, was=words, now=words, sides=task.sides)

    def _members(self, task: _Task, value: Value) -> None:
        old, new = value.old, value.new
        self._fields(task, value)
        self._items(task, value)
        self._additional(task, value)
        if old.alternatives and new.alternatives:
            self._alternatives(task, value, old.alternatives, new.alternatives)
        elif old.alternatives or new.alternatives:
            kind = "alternatives-introduced" if new.alternatives else "alternatives-lifted"
            self._ledger.note(kind, task.place, old.node, new.node, path=task.path, sides=task.sides)

    def _fields(self, task: _Task, value: Value) -> None:
        old, new = value.old.fields, value.new.fields
        gone, more = _by_squeezed(old.keys() - new.keys()), _by_squeezed(new.keys() - old.keys())
        for name in sorted(old.keys() | new.keys()):
            before, after = old.get(name), new.get(name)
            if value.elsewhere(before, after):
                self._required(task, value, name, before, after)
            elif before and after:
                self._required(task, value, name, before, after)
                self._field(task, name, before.node, after.node)
            elif before:
                hint = more.get(squeezed(name), "")
                self._one_sided(task, value.old, name, "removed", before.node, hint)
            elif after:
                hint = gone.get(squeezed(name), "")
                self._one_sided(task, value.new, name, "added", after.node, hint)

    def _one_sided(self, task: _Task, shape: Shape, name: str, done: str, node: Node, hint: str) -> None:
        must = "required-" if name in shape.required else ""
        likely = f" (perhaps the same as {shown(hint)})" if hint else ""
        self._ledger.note(
            f"{must}field-{done}",
            task.place,
            node if done == "removed" else None,
            node if done == "added" else None,
            path=below(task.path, name),
            what=shown(name) + likely,
            sides=task.sides & _concerned(node),
            announced=done == "removed" and followed_flag(node, "deprecated"),
        )

    def _required(
        self, task: _Task, value: Value, name: str, before: Part | Member | None, after: Part | Member | None
    ) -> None:
        if before is None or after is None:
            return
        was, now = name in value.old.required, name in value.new.required
        own = [name in _own_required(shape, value.inherited) for shape in (value.old, value.new)]
        if was != now and own[0] != own[1]:
            self._ledger.note(
                "became-required" if now else "became-optional",
                task.place,
                before.node,
                after.node,
                path=below(task.path, name),
                what=shown(name),
                sides=task.sides & _concerned(before.node) & _concerned(after.node),
            )

    def _field(self, task: _Task, name: str, old: Node, new: Node) -> None:
        path = below(task.path, name)
        for key, kinds in (
            ("readOnly", ("became-read-only", "no-longer-read-only")),
            ("writeOnly", ("became-write-only", "no-longer-write-only")),
            ("deprecated", ("deprecation-marked", "deprecation-withdrawn")),
        ):
            was, now = followed_flag(old, key), followed_flag(new, key)
            if was != now and (key != "writeOnly" or one_language(old, new)):
                kind = kinds[0] if now else kinds[1]
                self._ledger.note(kind, task.place, old, new, path=path, what=shown(name), sides=task.sides)
        sides = task.sides & (_concerned(old) | _concerned(new))
        self._waiting.append(_Task(task.place, path, old, new, sides))

    def _items(self, task: _Task, value: Value) -> None:
        old, new = value.old.member("items"), value.new.member("items")
        self._inner(task, value, old, new, f"{task.path}[]", "array")
        befores, afters = value.old.positions, value.new.positions
        for index, (before, after) in enumerate(zip_longest(befores, afters)):
            self._inner(task, value, before or (old if afters else None), after or (new if befores else None),
                        f"{task.path}[{index}]", "array")  # fmt: skip

    def _additional(self, task: _Task, value: Value) -> None:
        (before, old_part), (after, new_part) = (
            shape.first("additionalProperties") for shape in (value.old, value.new)
        )
        if value.elsewhere(old_part, new_part) or value.old.is_form or value.new.is_form:
            return
        if (before is False) != (after is False) and value.old.types == value.new.types:
            kind = "additional-fields-refused" if after is False else "additional-fields-allowed"
            nodes = value.old.node, value.new.node
            self._ledger.note(kind, task.place, *nodes, path=task.path, sides=task.sides)
        elif isinstance(before, dict) and isinstance(after, dict):
            old, new = value.old.member("additionalProperties"), value.new.member("additionalProperties")
            self._inner(task, value, old, new, f"{task.path}.*" if task.path else "*", "object")

    def _inner(self, task: _Task, value: Value, old: Part | None, new: Part | None, path: str, kind: str) -> None:
        """Compare what lists or maps hold; say so where only one of both documents describes it."""
        if (old is None and new is None) or value.elsewhere(old, new):
            return
        if old and new:
            self._waiting.append(_Task(task.place, path, old.node, new.node, task.sides, task.text))
        elif kind in value.old.types & value.new.types:
            self._ledger.note(
                "shape-described" if new else "shape-undescribed",
                task.place,
                old.node if old else value.old.node,
                new.node if new else value.new.node,
                path=path,
                was="given",
                now="given",
                sides=task.sides,
            )

    def _alternatives(self, task: _Task, value: Value, old: list[Node], new: list[Node]) -> None:
        """Compare the forms that match, and note the others."""
        if (value.old.is_union or value.new.is_union) and not task.null_told:
            self._nullable_union(value)
        for before, after in match_forms(old, new, self._may_be_same):
            self._looked_at += sum(form.size for form in (before, after) if form is not None)
            if before is not None and after is not None:
                inner = replace(task, old=before.node, new=after.node, null_told=True)
                self._waiting.append(inner)
            elif before is not None:
                self._alternative(task, "alternative-removed", before.node, None, before.words)
            elif after is not None:
                self._alternative(task, "alternative-added", None, after.node, after.words)

    def _alternative(self, task: _Task, kind: str, old: Node | None, new: Node | None, form: str) -> None:
        aspect = f"as {named(form)}"
        self._ledger.note(kind, task.place, old, new, path=task.path, aspect=aspect, what=shown(form), sides=task.sides)

    def _nullable_union(self, value: Value) -> None:
        was, now = (
            shape.nullable or any(Shape(each).nullable for each in shape.alternatives)
            for shape in (value.old, value.new)
        )
        if was != now:
            note_null(value, self._ledger, now=now)

    def _may_be_same(self, old: Form, new: Form) -> bool:
        """Whether two forms can be one under two names: not where both documents keep a schema of either name."""
        both = old.is_reference and new.is_reference
        return not both or (old.name not in self._new_names and new.name not in self._old_names)


def _own_required(shape: Shape, inherited: frozenset[str]) -> frozenset[str]:
    if not inherited:
        return shape.required
    return frozenset(name for part in shape.without(inherited) for name in part.node.texts("required"))


def _concerned(node: Node) -> int:
    """Who can meet a field: nobody sends what is read only, and nobody reads what is written only."""
    if followed_flag(node, "readOnly"):
        return OUT
    return IN if followed_flag(node, "writeOnly") else BOTH


def _by_squeezed(names: Collection[str]) -> dict[str, str]:
    return {squeezed(name): name for name in sorted(names)}


def references(value: Any, sides: int) -> tuple[set[tuple[str, int]], int]:
    """The references in a node, with whom they concern there, and how many nodes were looked at."""
    found: set[tuple[str, int]] = set()
    waiting: list[tuple[Any, int, bool]] = [(value, sides, False)]
    count = 0
    while waiting:
        count += 1
        node, side, names = waiting.pop()
        if type(node) is list:
            waiting += [(each, side, False) for each in node if type(each) is dict or type(each) is list]
        elif type(node) is dict:
            if not names:
                reference = node.get("$ref")
                if type(reference) is str:
                    found.add((reference, side))
                if node.get("readOnly") is True:
                    side &= OUT
                elif node.get("writeOnly") is True:
                    side &= IN
            for key, each in node.items():
                if (type(each) is dict or type(each) is list) and (names or key not in _NOT_SCHEMAS):
                    waiting.append((each, side, key == "properties" and not names))
    return found, count
