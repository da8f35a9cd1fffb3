"""Compares what two schemas say of a single value: its types, notation, allowed values, default and limits."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from msgspec import Struct

from cmms_audit.spec.library import Node
from cmms_audit.spec_diff.ledger import BOTH, IN, Ledger, Place, below, listed, named, shown
from cmms_audit.spec_diff.shape import Member, Part, Shape

_SCALARS = frozenset(("string", "integer", "number", "boolean"))
_WIDER = {("int32", "int64"), ("float", "double")}
_UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "minLength", "minItems", "minProperties")
_WORDS = ("pattern", "multipleOf", "uniqueItems", "propertyNames", "contains")


class Value(Struct, frozen=True):
    """Two schemas of the same value, and where it stands.

    `inherited` are the named schemas that both build on: what those say is compared where they stand. `text` marks a
    parameter, which travels as text; `page_size` one that asks for so many records. `null_told` says that null was
    compared already.
    """

    place: Place
    path: str
    old: Shape
    new: Shape
    sides: int = BOTH
    text: bool = False
    page_size: bool = False
    null_told: bool = False

    @property
    def inherited(self) -> frozenset[str]:
        """The named schemas that both build on."""
        return frozenset(self.old.bases.keys() & self.new.bases.keys())

    def elsewhere(self, *parts: Part | Member | None) -> bool:
        """Whether what these parts say is compared where the named schema stands that says it."""
        return all(part is None or part.owner in self.inherited for part in parts)


def compare_value(value: Value, ledger: Ledger) -> bool:
    """Note what changed about a value; false where old and new have so little in common that no more is to be said."""
    if not value.null_told:
        _nullable(value, ledger)
    if not _types(value, ledger):
        return False
    _format(value, ledger)
    _enum(value, ledger)
    _default(value, ledger)
    for keyword in _UPPER:
        _bound(value, ledger, keyword, upper=True)
    for keyword in _LOWER:
        _bound(value, ledger, keyword, upper=False)
    for keyword in _WORDS:
        _word(value, ledger, keyword)
    _word(value, ledger, "not", "exclusion")
    _dependent(value, ledger)
    return True


def _nullable(value: Value, ledger: Ledger) -> None:
    was, now = value.old.nullable, value.new.nullable
    own = [shape.null_without(value.inherited) for shape in (value.old, value.new)]
    if was != now and own[0] != own[1]:
        note_null(value, ledger, now=now)


def note_null(value: Value, ledger: Ledger, *, now: bool) -> None:
    """Note that null came or went, where both languages have a word for it."""
    if one_language(value.old.node, value.new.node) or (value.old.tells_of_null and value.new.tells_of_null):
        _note(value, ledger, "became-nullable" if now else "no-longer-nullable", what=_name(value))


def one_language(old: Node, new: Node) -> bool:
    """Whether both documents are written in Swagger 2.0, or neither: what one has no word for, it cannot say."""
    return ("swagger" in _root(old)) == ("swagger" in _root(new))


def _root(node: Node) -> Any:
    return node.file.document.value or ()


def _name(value: Value) -> str:
    return value.path.rpartition(".")[2] or "the value"


def _note(
    value: Value,
    ledger: Ledger,
    kind: str,
    *,
    aspect: str = "",
    old: Any = None,
    new: Any = None,
    what: str = "",
    sides: int = BOTH,
) -> None:
    ledger.note(
        kind,
        value.place,
        value.old.node,
        value.new.node,
        path=value.path,
        aspect=aspect,
        what=what or aspect,
        was=shown(old),
        now=shown(new),
        sides=value.sides & sides,
    )


def _types(value: Value, ledger: Ledger) -> bool:
    old, new = value.old.types, value.new.types
    if old == new or (value.inherited and value.elsewhere(value.old.first("type")[1], value.new.first("type")[1])):
        return True
    if not old or not new:
        return True  # values or forms stand in for a type
    wider, narrower = _covers(new, old, value.text), _covers(old, new, value.text)
    if wider and narrower:
        return True
    kind = "type-widened" if wider else "type-narrowed" if narrower else "type-changed"
    _note(value, ledger, kind, old=_kinds(old), new=_kinds(new))
    return wider or narrower


def _kinds(types: Set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _covers(wide: Set[str], narrow: Set[str], text: bool) -> bool:
    """Whether every value of the narrow types is one of the wide types; what travels as text always is a string."""
    return all(
        kind in wide or (kind == "integer" and "number" in wide) or (text and kind in _SCALARS and "string" in wide)
        for kind in narrow
    )


def _pair(value: Value, *keys: str) -> tuple[Any, Any] | None:
    """What both say for a keyword; None where it is the same, or compared elsewhere."""
    old, old_part = value.old.first(*keys)
    new, new_part = value.new.first(*keys)
    if (old is None and new is None) or value.elsewhere(old_part, new_part):
        return None
    return old, new


def _format(value: Value, ledger: Ledger) -> None:
    pair = _pair(value, "format")
    if pair is None:
        return
    old, new = (each if isinstance(each, str) and each else None for each in pair)
    if any(shape.is_file for shape in (value.old, value.new)) and {old, new} <= {None, "binary"}:
        return
    if old == new:
        return
    if old is None or new is None:
        _note(value, ledger, "format-added" if new else "format-removed", old=old or "", new=new or "")
        return
    kind = "format-widened" if (old, new) in _WIDER else "format-narrowed" if (new, old) in _WIDER else "format-changed"
    _note(value, ledger, kind, old=old, new=new)


def _enum(value: Value, ledger: Ledger) -> None:
    pair = _pair(value, "enum", "const")
    if pair is None:
        return
    old, new = _choices(value.old), _choices(value.new)
    if old is None and new is None:
        return
    if old is None or new is None:
        words = listed([shown(each) for each in (old or new or {}).values()])
        _note(value, ledger, "enum-introduced" if old is None else "enum-lifted", old=words, new=words)
        return
    gone = [shown(each) for key, each in old.items() if key not in new]
    more = [shown(each) for key, each in new.items() if key not in old]
    if gone:
        ledger.note("enum-value-removed", value.place, value.old.node, value.new.node, path=value.path,
                    was=listed(gone), now=listed(more), sides=value.sides)  # fmt: skip
    if more:
        ledger.note("enum-value-added", value.place, value.old.node, value.new.node, path=value.path,
                    was=listed(gone), now=listed(more), sides=value.sides)  # fmt: skip


def _choices(shape: Shape) -> dict[str, Any] | None:
    """The allowed values, null left out, by how they are written; None where values are free."""
    listed_values, _ = shape.first("enum")
    if not isinstance(listed_values, list):
        constant, part = shape.first("const")
        if part is None:
            return None
        listed_values = [constant]
    return {_written(each): each for each in listed_values if each is not None}


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _default(value: Value, ledger: Ledger) -> None:
    pair = _pair(value, "default")
    if pair is None or _written(pair[0]) == _written(pair[1]):
        return
    old, new = pair
    kind = "default-added" if old is None else "default-removed" if new is None else "default-changed"
    if kind == "default-changed" and value.page_size:
        kind = "page-size-default-changed"
    _note(value, ledger, kind, old=old, new=new, sides=IN)


def _bound(value: Value, ledger: Ledger, keyword: str, *, upper: bool) -> None:
    exclusive = "exclusive" + keyword[:1].upper() + keyword[1:]
    if _pair(value, keyword, exclusive) is None:
        return
    old, new = _limit(value.old, keyword, exclusive, upper), _limit(value.new, keyword, exclusive, upper)
    if old == new:
        return
    if old is None or new is None:
        kind = "constraint-added" if old is None else "constraint-removed"
    else:
        tighter = new < old if upper else new > old
        kind = "constraint-tightened" if tighter else "constraint-loosened"
        if value.page_size and keyword == "maximum":
            kind = "page-size-lowered" if tighter else "page-size-raised"
    _note(value, ledger, kind, aspect=keyword, old=_number(old), new=_number(new))


def _limit(shape: Shape, keyword: str, exclusive: str, upper: bool) -> tuple[float, int] | None:
    """The tightest limit, with 1 or -1 where the number itself is left out; None where there is none."""
    step = -1 if upper else 1
    found = []
    bound, part = shape.first(keyword)
    if _is_number(bound) and part is not None:
        left_out = part.node.value.get(exclusive) is True
        found.append((bound, step if left_out else 0))
    bound, _ = shape.first(exclusive)
    if _is_number(bound):
        found.append((bound, step))
    if not upper and keyword != "minimum":
        found = [each for each in found if each[0] > 0]  # a length of 0 or more says nothing
    return (min(found) if upper else max(found)) if found else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(limit: tuple[float, int] | None) -> str:
    if limit is None:
        return ""
    return f"{limit[0]:.10g}" if isinstance(limit[0], float) else str(limit[0])[:40]


def _word(value: Value, ledger: Ledger, keyword: str, family: str = "constraint") -> None:
    pair = _pair(value, keyword)
    if pair is None:
        return
    old, new = (None if each is False else each for each in pair)
    if _written(old) == _written(new):
        return
    done = "added" if old is None else "removed" if new is None else "changed"
    _note(value, ledger, f"{family}-{done}", aspect=keyword, old=old, new=new)


def _dependent(value: Value, ledger: Ledger) -> None:
    """Note fields that must go along with another one; those that must always be there are compared as such."""
    sides = value.old, value.new
    if _pair(value, "dependentRequired") is None:
        return
    always = value.old.required | value.new.required
    pairs = [{pair for pair in shape.dependent if pair[1] not in always} for shape in sides]
    for holder, name in sorted(pairs[0] ^ pairs[1]):
        kind = "dependence-removed" if (holder, name) in pairs[0] else "dependence-added"
        words = f"{shown(name)} along with {shown(holder)}"
        ledger.note(kind, value.place, value.old.node, value.new.node, path=below(value.path, holder),
                    aspect=f"needs {named(name)}", what=words, sides=value.sides)  # fmt: skip


def compare_discriminator(value: Value, ledger: Ledger) -> None:
    """Note that another field tells the forms of a value apart."""
    if _pair(value, "discriminator") is None:
        return
    was, now = (shape.discriminator for shape in (value.old, value.new))
    if was and now and was != now:
        _note(value, ledger, "discriminator-changed", old=was, new=now)


def followed_flag(node: Node, key: str) -> bool:
    """Whether a field, or the schema that it refers to, says true for a keyword."""
    return node.flag(key) or (isinstance(node.value, dict) and "$ref" in node.value and node.followed().flag(key))
