"""What the list of a resource offers, as documented: paging, filters, sorting, a choice of fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from cmms_audit.battery import (
    RECORD_KINDS,
    Context,
    CouldNotLook,
    Operation,
    Parameter,
    Resource,
    documented_range,
    pattern,
    squeezed,
)
from cmms_audit.model import Reason

WORK_ORDERS = "work_orders"
_FILTERED_CONCEPTS = ("status", "site", "location", "asset", "priority", "assignee")
_MOMENTS = ("created", "updated", "due")
_MOMENT_NAME = pattern(
    r"since|after|before|from|until|_?g[te]e?$|_?l[te]e?$|\[g[te]e?\]|\[l[te]e?\]|date|time|_at\b|_on\b", re.IGNORECASE
)
_IN_FILTER = pattern(r"filters?\[([^\[\]]{1,100})\]", re.IGNORECASE)
_WORD_SEARCHES = frozenset(("search", "q", "query", "view"))
_CONDITIONS = pattern(
    r"\bfilter|\boperators?\b|\bexpressions?\b|\bsyntax\b|\bconditions?\b|\bquery language\b|\bfield[:=]", re.IGNORECASE
)


class Offer(Struct, frozen=True):
    """The query parameters of a list by what they are for; `by_concept` maps "status" to the one that filters by it."""

    by_concept: dict[str, Parameter]
    by_date: tuple[Parameter, ...]
    language: Parameter | None
    sort: tuple[Parameter, ...]
    select: Parameter | None


def query_parameters(operation: Operation | None) -> list[Parameter]:
    """The query parameters of an operation."""
    return [each for each in operation.parameters if each.where == "query"] if operation else []


def named(parameters: Iterable[Parameter], names: Sequence[str], *, filters: bool = False) -> list[Parameter]:
    """Those parameters that bear one of these names, in the order of the names; of `filters`, also filter[name]."""
    offered: dict[str, Parameter] = {}
    for each in parameters:
        offered.setdefault(squeezed(filtered(each) if filters else each.name), each)
    found = (offered.get(squeezed(name)) for name in names)
    return list(dict.fromkeys(each for each in found if each))


def filtered(parameter: Parameter) -> str:
    """What a filter is named after: "updated_at[gte]" for filter[updated_at][gte], else its own name."""
    found = _IN_FILTER.match(parameter.name[:300])
    return found[1] + parameter.name[found.end() :] if found else parameter.name


def offer(ctx: Context, resource: Resource) -> Offer:
    """What the list of a resource offers beside paging."""
    parameters = query_parameters(resource.list)
    paging = ctx.words.paging
    ranges = paging.range if documented_range(resource, ctx.words) else ()
    taken = named(
        parameters,
        (*paging.size, *paging.page, *paging.offset, *paging.cursor, *ranges, *ctx.words.sort, *ctx.words.select),
    )
    free = [each for each in parameters if each not in taken]
    language = next((each for each in named(free, ctx.words.filter) if _is_language(each)), None)
    return Offer(
        by_concept=dict(_by_concept(ctx, free)),
        by_date=tuple(_by_date(ctx, free)),
        language=language,
        sort=tuple(named(parameters, ctx.words.sort)),
        select=next(iter(named(parameters, ctx.words.select)), None),
    )


def _is_language(parameter: Parameter) -> bool:
    """Whether a parameter takes conditions on fields; a choice among words, or a search for words, does not."""
    if (parameter.schema.items or parameter.schema).enum:
        return False
    looks_for_words = squeezed(parameter.name) in _WORD_SEARCHES
    return not looks_for_words or _CONDITIONS.search(parameter.description[:2_000]) is not None


def _by_concept(ctx: Context, parameters: Sequence[Parameter]) -> Iterator[tuple[str, Parameter]]:
    for concept in _FILTERED_CONCEPTS:
        found = named(parameters, ctx.words.fields.get(concept, ()), filters=True)
        if found:
            yield concept, found[0]


def _by_date(ctx: Context, parameters: Sequence[Parameter]) -> Iterator[Parameter]:
    """Filters by a moment: described as one, or named after a moment of the record."""
    stems = [squeezed(name) for concept in _MOMENTS for name in ctx.words.fields.get(concept, ())]
    since = {squeezed(name) for name in ctx.words.changed_since}
    for each in parameters:
        plain = squeezed(filtered(each))
        item = each.schema.items or each.schema
        about = any(plain.startswith(stem) for stem in stems) and _MOMENT_NAME.search(each.name)
        if plain in since or item.format in ("date", "date-time") or about:
            yield each


def described_kind(ctx: Context) -> str:
    """The kind whose list is looked at in the document: the work orders, or else the first records that are listed."""
    return _kind_with(ctx, lambda resource: resource.list is not None)


def described_list(ctx: Context) -> Resource:
    """The resource of described_kind. Raises CouldNotLook (resource-not-found) where no list of it is described."""
    resource = ctx.resource(described_kind(ctx))
    if resource.list is None:
        raise CouldNotLook(Reason.RESOURCE_NOT_FOUND, f"no list of the records of {resource.path} is described")
    return resource


def readable_kind(ctx: Context) -> str:
    """The kind whose list is read: as described_kind, but its address must not ask for the number of something else."""
    return _kind_with(ctx, lambda resource: resource.list is not None and "{" not in resource.path)


def changeable_kind(ctx: Context) -> str:
    """The kind whose changes are looked at: the work orders, or else the first records that can be changed."""
    return WORK_ORDERS if ctx.has(WORK_ORDERS) else _kind_with(ctx, lambda resource: resource.update is not None)


def creatable_kind(ctx: Context) -> str:
    """The kind whose creates are looked at: the work orders, or else the first records that can be created."""
    return WORK_ORDERS if ctx.has(WORK_ORDERS) else _kind_with(ctx, lambda resource: resource.create is not None)


def _kind_with(ctx: Context, able: Callable[[Resource], bool]) -> str:
    found = [kind for kind in RECORD_KINDS if ctx.has(kind) and able(ctx.resource(kind))]
    there = [kind for kind in RECORD_KINDS if ctx.has(kind)]
    return next(iter((*found, *there)), WORK_ORDERS)
