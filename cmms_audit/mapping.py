"""The fields that an integration must find, looked up in documented records and in live ones. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.dialect import squeezed
from cmms_audit.model import Evidence
from cmms_audit.spec.json_api import plain_path
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Schema
from cmms_audit.vendor import MappingNeed

Record = Mapping[str, Any]

_DEEPEST = 8
_MOMENTS = ("date", "date-time")
_SERVES_AS = {"integer": ("number",), "date": ("string",), "date-time": ("string", "date")}
_TYPE_WORDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class MappingResult(Struct, frozen=True):
    """What was found for one need.

    `found` is "work_orders.cost_center", None where neither document nor records have it; `type` what the document
    says, or else what records show; `wanted_type` what the integration asked for; `documented` where the document
    describes it; `seen_live` whether live records carry it, None where no record was read.
    """

    need: str
    found: str | None
    type: str | None
    seen_live: bool | None
    wanted_type: str | None = None
    documented: Evidence | None = None

    @property
    def type_fits(self) -> bool:
        """Whether the type serves where the wanted one is asked for, as far as both are known."""
        if self.type is None or self.wanted_type is None or self.type == self.wanted_type:
            return True
        return self.wanted_type in _SERVES_AS.get(self.type, ())


def resolve(
    needs: Sequence[MappingNeed], resources: Mapping[str, Resource], records: Mapping[str, Sequence[Record]]
) -> tuple[MappingResult, ...]:
    """Look up every need.

    Args:
        needs: what the vendor file asks for; a field may be a dotted path ("account.code"), through lists too.
        resources: what was found in the specification, by kind.
        records: live records by kind; a kind that was not read is left out.
    """
    return tuple(_resolved(need, resources.get(need.on), records.get(need.on)) for need in needs)


def _resolved(need: MappingNeed, resource: Resource | None, records: Sequence[Record] | None) -> MappingResult:
    ways = _ways(need.field.split(".")[:_DEEPEST], resource)
    record = resource.record if resource else None
    documented = next((found for way in ways if (found := _documented(record, way))), None)
    values = [value for each in records or () for value in _values_by_any(each, ways)]
    told = _documented_type(documented) if documented else None
    shown = next((_TYPE_WORDS[type(value)] for value in values if type(value) in _TYPE_WORDS), None)
    return MappingResult(
        need=need.need,
        found=f"{need.on}.{need.field}" if documented or values else None,
        type=told or shown,
        seen_live=bool(values) if records else None,
        wanted_type=need.type,
        documented=documented.evidence if documented else None,
    )


def _ways(path: Sequence[str], resource: Resource | None) -> Sequence[Sequence[str]]:
    """A path as it is given and, unless the document shows that records are plain, as one into a record of JSON:API."""
    is_plain = resource is not None and resource.served is not None and resource.record is resource.served
    return [path] if is_plain else [path, plain_path(path)]


def _documented(schema: Schema | None, path: Sequence[str]) -> Schema | None:
    for name in path:
        members = (schema.items or schema).properties if schema else {}
        own = _spelled(members, name)
        if own is None:
            return None
        schema = members[own]
    return schema


def _documented_type(schema: Schema) -> str | None:
    if schema.format in _MOMENTS:
        return schema.format
    return schema.types[0] if schema.types else None


def _values_by_any(record: Record, ways: Iterable[Sequence[str]]) -> list[Any]:
    return next((found for way in ways if (found := list(_values(record, way)))), [])


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """Every value that a record has under a path, through lists; a member that is there and null counts."""
    if isinstance(value, list):
        for each in value[:100]:
            yield from _values(each, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        own = _spelled(value, path[0])
        if own is not None:
            yield from _values(value[own], path[1:])


def _spelled(names: Iterable[str], wanted: str) -> str | None:
    """How the vendor spells a name: siteId for site_id; None where it has no such name."""
    return next((name for name in names if squeezed(name) == squeezed(wanted)), None)
