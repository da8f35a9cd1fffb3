"""What OData services are sent and answer with, by the rules of their protocol: bodies, envelopes, query options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cmms_audit.spec.odata_model import Model, Property, TypeName, is_false, is_true
from cmms_audit.spec.odata_notes import Notes
from cmms_audit.spec.odata_schemas import property_schema, reference, value_schema

_TEXT: Mapping[str, Any] = {"type": "string"}
_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_NO_NOTES = Notes({})

Described = dict[str, Any]


def _option(name: str, schema: Mapping[str, Any], description: str) -> Described:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_OPTIONS = {
    each["name"]: each
    for each in (
        _option("$top", _NUMBER, "How many records to return at most"),
        _option("$skip", _NUMBER, "How many records to leave out at the start"),
        _option("$filter", _TEXT, "A condition that the records must meet"),
        _option("$orderby", _TEXT, "The properties to sort by"),
        _option("$select", _TEXT, "The properties to return"),
        _option("$expand", _TEXT, "The related records to return along with each"),
        _option("$count", {"type": "boolean"}, "Whether to tell how many records there are"),
        _option("$inlinecount", {"enum": ["allpages", "none"], **_TEXT}, "Whether to tell how many records there are"),
        _option("$search", _TEXT, "Words that the records must hold"),
        _option("search", _TEXT, "Words that the records must hold"),
        _option("$deltatoken", _TEXT, "Only what changed since the answer that gave this token"),
    )
}


class Answers:
    """Bodies and query options of one service. Those of one type are one and the same value wherever it is served."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._bodies: dict[tuple[str, str], Described] = {}
        self.done: Described = {"204": {"description": "Done"}}
        self.file_body: Described = {"content": {"application/octet-stream": {}}}
        self.file: Described = {"200": {"description": "The file", **self.file_body}}
        self.if_match: Described = {"name": "If-Match", "in": "header", "required": True, "schema": _TEXT}
        self.update_methods = ("patch",) if model.is_v4 else ("put", "merge")

    def list_parameters(self, type_name: str, notes: Notes, attributes: Mapping[str, str]) -> list[Described]:
        """The query options of a list: those that metadata does not rule out, and of the rarer ones those it names."""
        offered = {
            "$top": not is_false(notes.get("TopSupported")) and not is_false(attributes.get("topable")),
            "$skip": not is_false(notes.get("SkipSupported")),
            "$filter": not is_false(notes.member("FilterRestrictions", "Filterable")),
            "$orderby": not is_false(notes.member("SortRestrictions", "Sortable")),
            "$select": True,
            "$expand": self._can_expand(type_name, notes),
            self._counting: not is_false(notes.member("CountRestrictions", "Countable"))
            and not is_false(attributes.get("countable")),
            "$search" if self._model.is_v4 else "search": is_true(notes.member("SearchRestrictions", "Searchable"))
            or is_true(attributes.get("searchable")),
            "$deltatoken": is_true(notes.member("ChangeTracking", "Supported")),
        }
        if is_false(attributes.get("pageable")):
            offered |= {"$top": False, "$skip": False}
        return [_OPTIONS[name] for name, is_offered in offered.items() if is_offered]

    def record_parameters(self, type_name: str) -> list[Described]:
        """The query options of a single record."""
        names = ("$select", "$expand") if self._can_expand(type_name, _NO_NOTES) else ("$select",)
        return [_OPTIONS[name] for name in names]

    @property
    def _counting(self) -> str:
        return "$count" if self._model.is_v4 else "$inlinecount"

    def _can_expand(self, type_name: str, notes: Notes) -> bool:
        leads_somewhere = next(self._model.navigations(type_name), None) is not None
        return leads_somewhere and not is_false(notes.member("ExpandRestrictions", "Expandable"))

    def many(self, type_name: str) -> Described:
        """The answer of a list of records of a type."""
        return {"200": self._answer("Records", TypeName(type_name, many=True))}

    def one(self, type_name: str, has_version: bool = False) -> Described:
        """The answer of one record; with the header that names its version, where it has one."""
        answer = self._answer("The record", TypeName(type_name))
        return {"200": {**answer, "headers": {"ETag": {"schema": _TEXT}}} if has_version else answer}

    def created(self, type_name: str) -> Described:
        """The answer of a create."""
        return {"201": self._answer("Created", TypeName(type_name))}

    def returned(self, type_name: TypeName | None) -> Described:
        """The answer of a function or action."""
        return self.done if type_name is None else {"200": self._answer("The result", type_name)}

    def record_body(self, type_name: str) -> Described:
        """A record as it is sent."""
        return {"required": True, **self._content(reference(self._model, type_name))}

    def body_of(self, sent: Sequence[Property]) -> Described:
        """The parameters of an action as they are sent."""
        properties = {each.name: property_schema(self._model, each) for each in sent}
        required = [each.name for each in sent if not each.nullable]
        more = {"required": required} if required else {}
        return self._content({"type": "object", "properties": properties, **more})

    def _content(self, schema: Described) -> Described:
        return {"content": {"application/json": {"schema": schema}}}

    def _answer(self, description: str, type_name: TypeName) -> Described:
        key = (description, repr(type_name))
        if key not in self._bodies:
            schema = value_schema(self._model, type_name)
            self._bodies[key] = {"description": description, **self._content(self._in_envelope(schema, type_name))}
        return self._bodies[key]

    def _in_envelope(self, schema: Described, type_name: TypeName) -> Described:
        if self._model.version == "2.0":
            inner = {"results": schema, "__count": _TEXT, "__next": _TEXT}
            return _members({"d": _members(inner) if type_name.many else schema})
        prefix = "@odata." if self._model.is_v4 else "odata."
        if type_name.many:
            links = {f"{prefix}context": _TEXT, f"{prefix}count": {"type": "integer"}, f"{prefix}nextLink": _TEXT}
            return _members({**links, "value": schema})
        if self._model.resolved(type_name).primitive:
            return _members({f"{prefix}context": _TEXT, "value": schema})
        return schema


def _members(properties: Mapping[str, Any]) -> Described:
    return {"type": "object", "properties": dict(properties)}
