"""Compares the parameters of two operations: which there are, what must be sent, where they travel, how they page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.library import Node
from cmms_audit.spec.operations import Parameter
from cmms_audit.spec_diff.faces import Face
from cmms_audit.spec_diff.ledger import IN, Ledger, Place, named
from cmms_audit.spec_diff.limits import largest_page
from cmms_audit.spec_diff.schemas import Schemas
from cmms_audit.spec_diff.shape import component

_PLACEHOLDER = pattern(r"\{([^{}/]{0,200})\}")
_PAGE_SIZES = frozenset(
    ("limit", "perpage", "pagesize", "size", "pagelimit", "maxresults", "top", "count", "resultsperpage", "maxpagesize")
)
_PAGING = _PAGE_SIZES | {
    *("page", "offset", "cursor", "after", "before", "startingafter", "endingbefore", "skip", "skiptoken"),
    *("pagetoken", "pagenumber", "pageindex", "nexttoken"),
}
_SWAGGER2_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited", "tsv": "tabDelimited"}

Slot = tuple[str, str]
"""Where a parameter travels, and its name; of a placeholder in the path, its position."""


class Parameters:
    """The comparison of parameters. Those that operations share are compared once."""

    def __init__(self, ledger: Ledger, schemas: Schemas) -> None:
        self._ledger = ledger
        self._schemas = schemas
        self._shared: dict[Any, Place] = {}

    def compare(self, place: Place, old: Face, new: Face) -> None:
        """Note every change of the parameters of one operation."""
        before, after = _slots(old), _slots(new)
        gone, more = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
        for slot in sorted(before.keys() & after.keys()):
            self._parameter(place, old, new, before[slot], after[slot])
        for slot in list(gone):
            others = [other for other in more if other[1] == slot[1]]
            if slot[0] != "path" and len(others) == 1 == sum(each[1] == slot[1] for each in gone):
                self._moved(place, before[slot], after[others[0]])
                gone.remove(slot)
                more.remove(others[0])
        for slot in gone:
            self._one_sided(place, before[slot], "removed")
        for slot in more:
            self._one_sided(place, after[slot], "added")

    def _one_sided(self, place: Place, parameter: Parameter, done: str) -> None:
        if parameter.where == "path":
            return  # comes and goes with the address, which is compared by itself
        kind = "required-parameter" if parameter.required else "parameter"
        if kind == "parameter" and parameter.where == "query" and _letters(parameter.name) in _PAGING:
            kind = "paging-parameter"
        node = parameter.node
        self._ledger.note(
            f"{kind}-{done}",
            place,
            node if done == "removed" else None,
            node if done == "added" else None,
            aspect=_label(parameter),
            what=parameter.name,
            announced=done == "removed" and node.flag("deprecated"),
        )

    def _moved(self, place: Place, old: Parameter, new: Parameter) -> None:
        aspect = f"parameter {named(min(old.name, new.name))}"
        self._ledger.note(
            "parameter-moved", place, old.node, new.node, aspect=aspect, what=old.name, was=old.where, now=new.where
        )

    def _parameter(self, place: Place, old_face: Face, new_face: Face, old: Parameter, new: Parameter) -> None:
        in_place = f"{place.label} {min(_label(old), _label(new))}"
        if not old_face.owns(old.node) and not new_face.owns(new.node):
            key = (old.node.key, new.node.key)
            if key in self._shared:
                place.links[self._shared[key]] = IN
                return
            one = component(old.node) == component(new.node)
            label = f"parameter {named(component(old.node))}" if one else in_place
            own = self._ledger.place(label, label if one else place.group, joint=".", shared=True)
            self._shared[key] = own
            place.links[own] = IN
        else:
            own = self._ledger.place(in_place, place.group, joint=".", senders=place.senders)
        self._details(own, old, new)

    def _details(self, place: Place, old: Parameter, new: Parameter) -> None:
        note = self._ledger.note
        if old.required != new.required:
            note("became-required" if new.required else "became-optional", place, old.node, new.node, what=old.name)
        going = old.node.flag("deprecated"), new.node.flag("deprecated")
        if going[0] != going[1]:
            note(
                "deprecation-marked" if going[1] else "deprecation-withdrawn", place, old.node, new.node, what=old.name
            )
        one_language = _is_swagger2(old) == _is_swagger2(new)
        styles = _style(old, one_language), _style(new, one_language)
        if all(styles) and styles[0] != styles[1] and {"array", "object"} & {*old.schema.types} & {*new.schema.types}:
            note("serialization-changed", place, old.node, new.node, was=styles[0], now=styles[1])
        page_size = old.where == "query" and _letters(old.name) in _PAGE_SIZES
        if page_size:
            self._page_size(place, old, new)
        self._schemas.compare(place, _schema(old), _schema(new), sides=IN, text=True, page_size=page_size)

    def _page_size(self, place: Place, old: Parameter, new: Parameter) -> None:
        """Note another largest page where a document states it in words; two schemas are compared as schemas."""
        was, now = largest_page(old), largest_page(new)
        in_schemas = old.schema.maximum is not None and new.schema.maximum is not None
        if was is not None and now is not None and was != now and not in_schemas:
            kind = "page-size-lowered" if now < was else "page-size-raised"
            self._ledger.note(kind, place, old.node, new.node, aspect="maximum", was=f"{was:,}", now=f"{now:,}")


def _slots(face: Face) -> dict[Slot, Parameter]:
    """The parameters by where they are; headers that the language itself regulates are left out."""
    positions = {name: str(index) for index, name in enumerate(_PLACEHOLDER.findall(face.operation.path))}
    found: dict[Slot, Parameter] = {}
    for each in face.operation.parameters:
        name = each.name.lower() if each.where == "header" else each.name
        if each.where == "path":
            name = positions.get(name, name)
        if (each.where, name) not in (("header", "accept"), ("header", "content-type"), ("header", "authorization")):
            found[each.where, name] = each
    return found


def _label(parameter: Parameter) -> str:
    return f"{parameter.where or 'parameter'} {named(parameter.name)}"


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _schema(parameter: Parameter) -> Node:
    """The node that holds a parameter's schema: in Swagger 2.0 the parameter itself."""
    return parameter.schema.node if parameter.node.value.get("schema") is None else parameter.node.at("schema")


def _is_swagger2(parameter: Parameter) -> bool:
    return "schema" not in parameter.node.value and "content" not in parameter.node.value


def _style(parameter: Parameter, one_language: bool) -> str:
    """How several values are written, in the words of OpenAPI 3.

    Empty where Swagger 2.0 leaves it to its default: documents that move to OpenAPI 3 only then say what was meant.
    """
    value: Mapping[str, Any] = parameter.node.value
    usual = "form" if parameter.where in ("query", "cookie") else "simple"
    if not _is_swagger2(parameter):
        style = str(value.get("style", usual))
        explode = value.get("explode", style == "form") is True
    elif "collectionFormat" in value or one_language:
        written = str(value.get("collectionFormat", "csv"))
        style, explode = _SWAGGER2_STYLES.get(written, usual), written == "multi"
    else:
        return ""
    return f"{style}, each value by itself" if explode else f"{style}, all values in one"
