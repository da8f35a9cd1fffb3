"""What a record of our own is made of: the vendor file's sample, or what the specification asks for.

Ids of other records come from the vendor's own lists, so that they exist. Nothing is sent but reads of first pages.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from cmms_audit.dialect import Dialect, squeezed
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.paging import Page
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Schema

_ABOUT = "test record of an API audit, may be deleted"
_DEEPEST = 4
_MOST_VALUES = 300
_LARGEST = 200_000  # characters of JSON
_KIND_OF_CONCEPT = {"site": "sites", "building": "locations", "location": "locations", "asset": "assets"}
_KEY_ENDINGS = ("identifier", "number", "uuid", "code", "key", "num", "ref", "id", "no")
_OF_FORMAT = {
    "date-time": "2031-01-15T08:00:00Z",
    "date": "2031-01-15",
    "time": "08:00:00",
    "email": "cmms-audit@example.com",
    "uri": "https://example.com/cmms-audit",
    "url": "https://example.com/cmms-audit",
    "uuid": "00000000-0000-4000-8000-00000c0ffee0",
}


class Sources(Struct, frozen=True):
    """Where values come from: resources as described, the dialect's words, samples of the vendor file, live pages."""

    resources: Mapping[str, Resource]
    dialect: Dialect
    samples: Mapping[str, Mapping[str, Any]]
    first_page: Callable[[str], Awaitable[Page]]


class Text(Struct, frozen=True):
    """A field that can carry our marker, and the most characters that it takes (None: not said)."""

    name: str
    most: int | None

    def holding(self, marker: str, words: str) -> str:
        """The marker and some words, cut to what fits; the marker itself is never cut."""
        whole = f"{marker} {words}".strip()
        return whole if self.most is None else whole[: self.most]


async def new_body(kind: str, marker: str, sources: Sources) -> dict[str, Any]:
    """The body of a create of this kind, with the marker in its title and description, as far as it has them.

    Raises CouldNotLook where the body cannot be made up, or has no text that could carry the marker.
    """
    resource = sources.resources[kind]
    request = resource.create.request if resource.create else None
    sample = sources.samples.get(kind)
    if not sample and request is None:
        raise _cannot(resource, "what is sent to create a record is not described", Reason.RESOURCE_NOT_FOUND)
    body = copy.deepcopy(dict(sample)) if sample else await _Author(resource, marker, sources).required(request)
    places = texts(request, sample or {}, marker, sources.dialect)
    if not places:
        raise _cannot(resource, "a record has no text in which it could be marked as ours", Reason.VENDOR_SILENT)
    for place in places:
        body[place.name] = place.holding(marker, str(body.get(place.name) or _ABOUT) if sample else _ABOUT)
    if len(json.dumps(body)) > _LARGEST:
        raise _cannot(resource, "it would be too large", Reason.VENDOR_SILENT)
    return body


async def required_members(kind: str, request: Schema | None, marker: str, sources: Sources) -> dict[str, Any]:
    """The members that a call at a record of this kind must have. Raises CouldNotLook where one cannot be made up."""
    return await _Author(sources.resources[kind], marker, sources).required(request)


def texts(request: Schema | None, sample: Mapping[str, Any], marker: str, dialect: Dialect) -> list[Text]:
    """The fields of a body that can carry the marker: free texts called title or description, with room for it."""
    properties = request.properties if request else {}
    named = {squeezed(name): name for name in (*sample, *properties)}
    words = dict.fromkeys(squeezed(word) for concept in ("title", "description") for word in dialect.fields[concept])
    found = (named[word] for word in words if word in named)
    return [
        Text(name, properties[name].max_length if name in properties else None)
        for name in found
        if _takes_text(properties.get(name), sample.get(name), len(marker))
    ]


def _takes_text(schema: Schema | None, given: Any, room: int) -> bool:
    if schema is None:
        return isinstance(given, str)
    free = not (schema.enum or schema.pattern or schema.format or schema.read_only)
    texts_only = "string" in schema.types or not schema.types
    return free and texts_only and (schema.max_length is None or schema.max_length >= room)


class _Author:
    """Makes up one body. Every value is the same for the same document and first pages."""

    def __init__(self, resource: Resource, marker: str, sources: Sources) -> None:
        self._resource = resource
        self._marker = marker
        self._sources = sources
        self._values = 0

    async def required(self, request: Schema | None, depth: int = 0) -> dict[str, Any]:
        """The members that a create must have; those of the example where the document requires none."""
        if request is None:
            return {}
        example = request.example if isinstance(request.example, dict) else {}
        names = [name for name in request.properties if name in request.required]
        names = names or [name for name in request.properties if name in example]
        body = {}
        for name in names:
            schema = request.properties[name]
            if not schema.read_only:
                body[name] = await self._value(name, schema, example.get(name), depth)
        return body

    async def _value(self, name: str, schema: Schema, example: Any, depth: int) -> Any:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _cannot(self._resource, "too many fields are required", Reason.VENDOR_SILENT)
        referred = self._referred(name)
        if referred:
            found = await self._id_of(name, referred, schema)
            if found is not None:
                return found
        for value in self._documented(name, schema, example):
            return value
        if "object" in schema.types and depth < _DEEPEST:
            return await self.required(schema, depth + 1)
        raise _cannot(self._resource, f"no value could be made up for the field {name}", Reason.VENDOR_SILENT)

    def _documented(self, name: str, schema: Schema, example: Any) -> Iterator[Any]:
        """Values that the document itself gives or allows, best first."""
        given = [value for value in (schema.default, schema.example, example) if value is not None]
        if schema.enum:
            yield from (value for value in given if value in schema.enum)
            yield schema.enum[0]
        if self._is_number_of_its_own(name, schema):
            yield self._marker.replace(" ", "-")[: schema.max_length or 40]
        yield from given
        yield from self._of_type(schema)

    def _of_type(self, schema: Schema) -> Iterator[Any]:
        if schema.format in _OF_FORMAT:
            yield _OF_FORMAT[schema.format]
        if "string" in schema.types and not schema.pattern and not schema.format:
            yield _ABOUT[: schema.max_length or len(_ABOUT)]
        if "integer" in schema.types or "number" in schema.types:
            yield _whole(schema.minimum if schema.minimum is not None else min(1, schema.maximum or 1))
        if "boolean" in schema.types:
            yield False
        if "array" in schema.types:
            yield []

    def _is_number_of_its_own(self, name: str, schema: Schema) -> bool:
        """Whether a text is the record's own number, of which no two may be the same."""
        is_number = self._sources.dialect.field_in("number", [name]) is not None
        return is_number and "string" in schema.types and not (schema.pattern or schema.format)

    def _referred(self, name: str) -> str | None:
        """The kind of record that a field names, by its own name; None where it names none."""
        dialect = self._sources.dialect
        for concept, kind in _KIND_OF_CONCEPT.items():
            if dialect.field_in(concept, [name]):
                return kind
        stem = squeezed(name)
        stem = next((stem.removesuffix(end) for end in _KEY_ENDINGS if stem.endswith(end) and stem != end), "")
        return next((kind for kind, words in dialect.resources.items() if stem in map(squeezed, words.names)), None)

    async def _id_of(self, name: str, kind: str, schema: Schema) -> Any:
        """The id that a record of the same kind has in this field, else that of the first record of the other kind."""
        beside = await self._first_page(self._resource.kind)
        found = [record[name] for record in beside if isinstance(record.get(name), str | int)]
        if not found:
            dialect = self._sources.dialect
            records = await self._first_page(kind)
            fields = [(dialect.field_in("id", record), record) for record in records]
            found = [record[field] for field, record in fields if field is not None]
        return next((_as_type(value, schema) for value in found if isinstance(value, str | int)), None)

    async def _first_page(self, kind: str) -> tuple[dict[str, Any], ...]:
        """The first records of a kind; none where they cannot be read."""
        resource = self._sources.resources.get(kind)
        if resource is None or "{" in resource.path:
            return ()
        try:
            return (await self._sources.first_page(kind)).records
        except CouldNotLook:
            return ()


def _as_type(value: str | int, schema: Schema) -> str | int:
    if schema.types == ("integer",) and isinstance(value, str) and value.isdecimal() and len(value) < 18:
        return int(value)
    return str(value) if schema.types == ("string",) else value


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number


def _cannot(resource: Resource, why: str, reason: Reason) -> CouldNotLook:
    advice = f"give one in the vendor file under resources: {resource.kind}: {{path: …, sample: {{title: …}}}}"
    return CouldNotLook(reason, f"no record could be made up for {resource.path}: {why}; {advice}", resource)
