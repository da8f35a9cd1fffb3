"""data.custom-fields: whether fields that the plant added itself appear, under names that say what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    Field,
    Finding,
    Operation,
    Resource,
    Schema,
    check,
    members,
    met,
    not_applicable,
    partial,
    pattern,
    sentences,
    squeezed,
)
from cmms_audit.model import Evidence

from ._custom import custom_names, is_numbered, names_in

QUESTION = "data.custom-fields"

_CARRIERS = ("work_orders", "assets")
_ABOUT = pattern(r"\b(?:custom|user[- ]defined) (?:fields?|attributes?|properties)\b|\bUDFs?\b", re.IGNORECASE)
_DEFINITION_STEPS = frozenset((
    "metadata", "customfields", "customattributes", "fields", "fielddefinitions", "userdefinedfields", "schema",
    "describe", "jsonschema",
))  # fmt: skip
_LABEL = pattern(r"label|display|title|caption|^name$", re.IGNORECASE)
_TYPE = pattern(r"type|format|kind", re.IGNORECASE)


class Place(Struct, frozen=True):
    """Where the document speaks of custom fields: in words, the names that it gives for them, and the evidence.

    `on_records` says whether it shows them on work orders or assets, and does not only speak of them.
    """

    says: str
    names: tuple[str, ...]
    evidence: Evidence
    on_records: bool = True


@check(question=QUESTION, id="data.custom-fields-documented", aspect="names", sends="nothing")
def custom_fields_documented(ctx: Context) -> Finding:
    """Looks in the description of work orders and assets for custom fields, and at how they are named."""
    places = list(_places(ctx))
    if not places:
        return ctx.absent("neither work orders nor assets are described with custom fields")
    numbered = [name for place in places for name in place.names if is_numbered(name)]
    detail = "\n".join(place.says for place in places)
    if numbered:
        says = (
            f"custom fields are only numbered ({', '.join(numbered[:3])}): somebody must keep a table of their meanings"
        )
        return partial(says, *places, detail=detail)
    if not any(place.on_records for place in places):
        says = f"custom fields are spoken of ({places[0].says}), but work orders and assets are not described with them"
        return partial(says, *places, detail=detail)
    return met(f"custom fields are described: {places[0].says}", *places, detail=detail)


def _places(ctx: Context) -> Iterator[Place]:
    for kind in _CARRIERS:
        resource = ctx.resources.get(kind)
        if resource and resource.record:
            yield from _places_in(ctx, resource, resource.record)
    definitions = ctx.resources.get("custom_fields")
    if definitions:
        yield Place(f"their definitions can be read at {definitions.path}", (), definitions.evidence, on_records=False)
    general = (each for each in ctx.spec.prose() if not each.of_operation)
    for prose in islice(sentences(general, _ABOUT), 1):
        yield Place(f"“{prose.text[:200]}”", (), prose.evidence, on_records=False)


def _places_in(ctx: Context, resource: Resource, record: Schema) -> Iterator[Place]:
    container = _container(ctx, record)
    if container:
        names = tuple(container.schema.properties or ())
        yield Place(f"{resource.kind} carry them under {container.name}", names, container.evidence)
    own = custom_names(name for name in record.properties if container is None or name != container.name)
    if own:
        yield Place(f"{resource.kind} have {', '.join(own[:3])}", tuple(own), record.evidence)
    if isinstance(record.additional, Schema) and _ABOUT.search(record.additional.description[:2_000]):
        yield Place(f"{resource.kind} carry them beside their other fields", (), record.additional.evidence)


def _container(ctx: Context, record: Schema) -> Field | None:
    """The field that holds custom fields; a list of them is one only if it is called so outright."""
    field = ctx.field(record, "custom_fields")
    holds = field and ({"object", "array"} & set(field.schema.types) or field.schema.additional)
    return field if holds else None


@check(question=QUESTION, id="data.custom-field-definitions", aspect="names", sends="nothing", decisive=False)
def custom_field_definitions(ctx: Context) -> Finding:
    """Looks for an address that lists the definitions of fields, with the label and the type of each."""
    listing = _definitions(ctx)
    if listing is None:
        return ctx.absent("no address is described that lists the definitions of custom fields")
    names = {name for name, _ in members(listing.success.schema if listing.success else None)}
    wanted = {"a label": _LABEL, "a type": _TYPE}
    missing = [what for what, words in wanted.items() if not any(words.search(name) for name in names)]
    says = f"the definitions of fields can be read at {listing.path}"
    if missing:
        return partial(f"{says}, but {' and '.join(missing)} is not described for them", listing)
    return met(f"{says}, each with a label and a type", listing)


def _definitions(ctx: Context) -> Operation | None:
    """The operation that lists definitions of custom fields: their own resource, or one below a kind of record."""
    own = ctx.resources.get("custom_fields")
    if own and (own.list or own.read):
        return own.list or own.read
    homes = [ctx.resource(kind).path.rstrip("/") for kind in _CARRIERS if ctx.has(kind)]
    for operation in ctx.spec.operations:
        home, _, last = operation.path.rstrip("/").rpartition("/")
        if operation.method == "GET" and squeezed(last) in _DEFINITION_STEPS and (not home or home in homes):
            return operation
    return None


@check(question=QUESTION, id="data.custom-fields-seen", aspect="names", sends="reads")
async def custom_fields_seen(ctx: Context) -> Finding:
    """Looks through live work orders and assets for custom fields, and at how they are named."""
    pages = await ctx.first_pages(_CARRIERS)
    names: dict[str, None] = {}
    for page in pages.values():
        for record in page.records:
            container = ctx.words.field_in("custom_fields", record)
            names.update(dict.fromkeys(names_in(record[container]) if container else ()))
            names.update(dict.fromkeys(custom_names(name for name in record if name != container)))
    looked_at = sum(len(page.records) for page in pages.values())
    places = tuple(pages.values())
    if not names:
        return not_applicable(f"none of {looked_at} live records that were read carries a custom field", *places)
    numbered = [name for name in names if is_numbered(name)]
    if numbered:
        says = f"custom fields of live records are only numbered ({', '.join(numbered[:3])})"
        return partial(says, *places, detail=", ".join(names))
    says = f"live records carry custom fields under names that mean something ({', '.join(list(names)[:3])})"
    return met(says, *places, detail=", ".join(list(names)[:50]))
