"""Follows the steps of the plant's hierarchy: which field of a record names which other record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Context, Field, Page, squeezed

# A step: from records of a kind, by the field of this concept, to records of the first of these kinds that exists.
STEPS = (
    ("work_orders", "asset", ("assets",)),
    ("work_orders", "location", ("locations",)),
    ("work_orders", "site", ("sites", "locations")),
    ("assets", "parent", ("assets",)),
    ("assets", "location", ("locations",)),
    ("assets", "site", ("sites", "locations")),
    ("locations", "parent", ("locations",)),
    ("locations", "site", ("sites",)),
)
_ID_MEMBERS = ("id", "pk", "uuid", "value", "key")


class Step(Struct, frozen=True):
    """A described step of the hierarchy: the field, and the kind of record that it names."""

    kind: str
    field: Field
    leads_to: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.field.name} names {self.leads_to.replace('_', ' ')}"


class Reference(Struct, frozen=True):
    """A live record's reference to another record."""

    kind: str
    name: str
    leads_to: str
    id: str
    page: Page


def described_steps(ctx: Context) -> Iterator[Step]:
    """The steps that the document describes."""
    for kind, concept, targets in STEPS:
        resource = ctx.resources.get(kind)
        field = ctx.field(resource.record, concept) if resource else None
        if field:
            leads_to = next((target for target in targets if ctx.has(target)), targets[0])
            yield Step(kind, field, leads_to)


def missing_steps(steps: Iterable[tuple[str, str]]) -> list[str]:
    """What lacks of the chain from component to site, in words; `steps` lead from one kind of record to another."""
    there = set(steps)
    wanted = {
        "assets do not nest (a component names no asset)": ("assets", "assets") in there,
        "assets name no place": bool({("assets", "locations"), ("assets", "sites")} & there),
        "places do not lead to their building or site": bool(
            {("locations", "locations"), ("locations", "sites")} & there
        ),
    }
    return [lack for lack, is_there in wanted.items() if not is_there]


def levels(ctx: Context, steps: Iterable[Step]) -> Iterator[str]:
    """Where the document has each level from site to component, in words."""
    there = {(step.kind, step.leads_to) for step in steps}
    records = {kind: ctx.resources[kind].record for kind in ("assets", "work_orders", "locations") if ctx.has(kind)}
    places_nest, assets_nest = ("locations", "locations") in there, ("assets", "assets") in there
    stand_ins = {
        "site": ("places that nest", places_nest),
        "building": ("places that lead to others or to a site", places_nest or ("locations", "sites") in there),
        "system": ("assets that nest", assets_nest),
        "component": ("assets that nest", assets_nest),
    }
    homes = {"site": "sites", "asset": "assets"}
    for level in ("site", "building", "system", "asset", "component"):
        named = (f"{kind}.{field.name}" for kind, record in records.items() if (field := ctx.field(record, level)))
        home = ctx.resources.get(homes.get(level, ""))
        words, stands_in = stand_ins.get(level, ("", False))
        found = next(named, None) if home is None else home.path
        yield f"{level}: {found or (f'{words} can stand for it' if stands_in else 'not described')}"


def live_references(ctx: Context, pages: Mapping[str, Page]) -> Iterator[Reference]:
    """The references of live records to records of other pages or of their own, step by step."""
    for kind, concept, targets in STEPS:
        leads_to = targets[0]
        for record in pages[kind].records if kind in pages and ctx.has(leads_to) else ():
            name = ctx.words.field_in(concept, record)
            record_id = reference_id(record[name]) if name else None
            if name and record_id and _surely_names(ctx, name, leads_to):
                yield Reference(kind, name, leads_to, record_id, pages[kind])


def _surely_names(ctx: Context, name: str, kind: str) -> bool:
    """Whether a field's name says which kind it refers to; a "resource" may be an asset or a room."""
    words = ctx.words.resources[kind].names if kind in ctx.words.resources else ()
    return "parent" in name.lower() or any(squeezed(word) in squeezed(name) for word in words)


def reference_id(value: Any) -> str | None:
    """The id in a reference: the value itself, or the id of an object that stands for the record."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in _ID_MEMBERS if value.get(name) not in (None, "")), None)
    if isinstance(value, bool) or not isinstance(value, str | int) or value in ("", 0):
        return None
    return str(value)
