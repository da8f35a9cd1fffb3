"""The addresses that an OData service has by the rules of its protocol, for what its metadata declares.

Where metadata says that something cannot be done, it is left out; what it cannot say, such as errors, is not invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct

from cmms_audit.errors import InputError, Problem
from cmms_audit.spec.odata_answers import Answers
from cmms_audit.spec.odata_model import EntitySet, Function, Model, Navigation, Property, is_false
from cmms_audit.spec.odata_notes import Notes
from cmms_audit.spec.odata_schemas import property_schema, said_of
from cmms_audit.spec.operations import METHODS
from cmms_audit.spec.origins import Origins

_MOST_OPERATIONS = 20_000
_MOST_WAYS = 10_000
_TEXTS = {"title": "summary", "description": "description"}
_QUOTES_BEFORE_V4 = {"Guid": "guid'{}'", "DateTime": "datetime'{}'", "DateTimeOffset": "datetimeoffset'{}'"}
_ENDINGS_BEFORE_V4 = {"Int64": "L", "Decimal": "M"}
_ORDINARY_METHODS = frozenset(METHODS)

Parameters = list[dict[str, Any]]


class _Place(Struct, frozen=True):
    """Somewhere records are: the path, what must be filled in, the type of the records, and who says so."""

    path: str
    parameters: Parameters
    type: str
    tag: str
    line: int
    notes: Notes
    attributes: dict[str, str]
    has_version: bool


class Paths:
    """The paths of one service in the making."""

    def __init__(self, model: Model, origins: Origins, source: str) -> None:
        self._model = model
        self._origins = origins
        self._source = source
        self._answers = Answers(model)
        self._left = _MOST_OPERATIONS
        self.paths: dict[str, Any] = {}
        self.ways_left_out = 0

    def add_all(self) -> None:
        """Add everything that the service declares; of very big ones not the ways from record to record.

        Raises InputError where even that is more than anybody could read.
        """
        places = [(each, self._place(each)) for each in self._model.sets]
        for each, place in places:
            if each.singleton:
                self._add_single(place)
            else:
                self._add_collection(place)
        by_type: dict[str, list[tuple[EntitySet, _Place]]] = {}
        ways = sum(len(one.navigations) for each, _ in places for one in self._model.lineage(each.type))
        self.ways_left_out = ways if ways > _MOST_WAYS else 0
        for each, place in places:
            for way in () if self.ways_left_out else self._model.navigations(each.type):
                self._add_way(each, place, way)
            for one in self._model.lineage(each.type):
                by_type.setdefault(one.name, []).append((each, place))
        for function in chain(*self._model.functions.values(), self._model.old_imports):
            if function.bound and function.parameters:
                self._add_bound(function, by_type.get(function.parameters[0].type.name, ()))
        self._add_unbound()

    def _place(self, each: EntitySet) -> _Place:
        attributes = dict(each.element.attributes)
        versioned = each.notes.get("OptimisticConcurrency") is not None or any(
            kind.has_version for kind in self._model.lineage(each.type)
        )
        line = each.element.line
        return _Place(f"/{each.name}", [], each.type, each.name, line, each.notes, attributes, versioned)

    def _add_collection(self, place: _Place) -> None:
        """A list of records, and one record by its key."""
        if _may(place, "ReadRestrictions", "Readable", "addressable"):
            listed = [*place.parameters, *self._answers.list_parameters(place.type, place.notes, place.attributes)]
            self._add(place, place.path, "get", listed, self._answers.many(place.type))
        if _may(place, "InsertRestrictions", "Insertable", "creatable"):
            self._add(place, place.path, "post", place.parameters, self._answers.created(place.type), place.type)
        keys = self._model.keys(place.type)
        if keys:
            path, parameters = self._with_key(place, keys)
            self._add_record(place, path, parameters)

    def _add_record(self, place: _Place, path: str, parameters: Parameters) -> None:
        readable = place.notes.member("ReadRestrictions", "ReadByKeyRestrictions")
        by_key = readable.get("Readable") if isinstance(readable, dict) else None
        if not is_false(by_key) and _may(place, "ReadRestrictions", "Readable", ""):
            asked = [*parameters, *self._answers.record_parameters(place.type)]
            self._add(place, path, "get", asked, self._answers.one(place.type, place.has_version))
        guarded = [*parameters, self._answers.if_match] if place.has_version else parameters
        if _may(place, "UpdateRestrictions", "Updatable", "updatable"):
            for method in self._answers.update_methods:
                self._add(place, path, method, guarded, self._answers.done, place.type)
        if _may(place, "DeleteRestrictions", "Deletable", "deletable"):
            self._add(place, path, "delete", guarded, self._answers.done)
        if self._model.has_stream(place.type):
            self._add_file(place, f"{path}/$value", parameters)
        for kind in self._model.lineage(place.type):
            for name in kind.files:
                self._add_file(place, f"{path}/{name}", parameters)

    def _add_file(self, place: _Place, path: str, parameters: Parameters) -> None:
        self._add(place, path, "get", parameters, self._answers.file)
        self._add(place, path, "put", parameters, self._answers.done, body=self._answers.file_body)

    def _add_single(self, place: _Place) -> None:
        if _may(place, "ReadRestrictions", "Readable", ""):
            asked = self._answers.record_parameters(place.type)
            self._add(place, place.path, "get", asked, self._answers.one(place.type, place.has_version))
        if _may(place, "UpdateRestrictions", "Updatable", "updatable"):
            self._add(place, place.path, "patch", [], self._answers.done, place.type)

    def _add_way(self, each: EntitySet, place: _Place, way: Navigation) -> None:
        """What is reached from one record: a list, or another record."""
        keys = self._model.keys(place.type)
        if not keys and not each.singleton:
            return
        path, parameters = (place.path, place.parameters) if each.singleton else self._with_key(place, keys)
        target = _Place(
            f"{path}/{way.name}", parameters, way.type.name, place.tag, way.element.line, way.notes, {}, False
        )
        if not way.type.many:
            asked = [*parameters, *self._answers.record_parameters(target.type)]
            self._add(target, target.path, "get", asked, self._answers.one(target.type, False))
        elif way.contained:
            self._add_collection(target)
        else:
            asked = [*parameters, *self._answers.list_parameters(target.type, target.notes, {})]
            self._add(target, target.path, "get", asked, self._answers.many(target.type))

    def _add_bound(self, function: Function, owners: Iterable[tuple[EntitySet, _Place]]) -> None:
        """A function or action of the records, or of the list, that its first parameter names."""
        for each, place in owners:
            keys = self._model.keys(place.type)
            path, parameters = place.path, place.parameters
            if not function.parameters[0].type.many and not each.singleton:
                path, parameters = self._with_key(place, keys)
            name = function.name if self._model.is_v4 else function.name.rpartition("/")[2]
            self._add_call(f"{path}/{name}", function, function.parameters[1:], parameters, place.tag)

    def _add_unbound(self) -> None:
        for each in self._model.imports:
            for function in self._model.functions.get(each.function, ()):
                if not function.bound:
                    self._add_call(f"/{each.name}", function, function.parameters, [], each.name)
        for function in self._model.old_imports:
            if not function.bound:
                name = function.name.rpartition("/")[2]
                self._add_call(f"/{name}", function, function.parameters, [], name)

    def _add_call(
        self, path: str, function: Function, sent: Sequence[Property], parameters: Parameters, tag: str
    ) -> None:
        """The call of a function or action; what it is sent travels in the address, the query or the body."""
        element = function.element
        place = _Place(path, parameters, "", tag, element.line, function.notes, dict(element.attributes), False)
        method = (function.method or ("POST" if function.is_action else "GET")).lower()
        in_body = function.is_action and not function.method
        if self._model.is_v4 and not function.is_action and sent:
            used = {each["name"] for each in parameters}
            named = [(each, f"{each.name}2" if each.name in used else each.name) for each in sent]
            path += "(" + ",".join(f"{each.name}={self._literal(each, name)}" for each, name in named) + ")"
            parameters = [*parameters, *(self._parameter(each, "path", name) for each, name in named)]
        elif not in_body:
            parameters = [*parameters, *(self._parameter(each, "query", each.name) for each in sent)]
        body = self._answers.body_of(sent) if in_body and sent else None
        self._add(place, path, method, parameters, self._answers.returned(function.returns), body=body)

    def _with_key(self, place: _Place, keys: Sequence[Property]) -> tuple[str, Parameters]:
        """The path of one record, and the parameters that it has; of the list, where records have no key."""
        if not keys:
            return place.path, place.parameters
        taken = {each["name"] for each in place.parameters}
        names = {each.name: f"{each.name}2" if each.name in taken else each.name for each in keys}
        parts = [self._literal(each, names[each.name]) for each in keys]
        if len(keys) > 1:
            parts = [f"{each.name}={part}" for each, part in zip(keys, parts, strict=True)]
        parameters = [self._parameter(each, "path", names[each.name]) for each in keys]
        return f"{place.path}({','.join(parts)})", [*place.parameters, *parameters]

    def _literal(self, each: Property, name: str) -> str:
        """How a value of a type is written in an address."""
        actual = self._model.resolved(each.type)
        placeholder = f"{{{name}}}"
        if actual.primitive == "String":
            return f"'{placeholder}'"
        if self._model.is_v4:
            return f"{actual.name}'{placeholder}'" if actual.name in self._model.enums else placeholder
        quoted = _QUOTES_BEFORE_V4.get(actual.primitive, "{}").replace("{}", placeholder)
        return quoted + _ENDINGS_BEFORE_V4.get(actual.primitive, "")

    def _parameter(self, each: Property, where: str, name: str) -> dict[str, Any]:
        required = where == "path" or not each.nullable
        parameter = {"name": name, "in": where, "required": required}
        schema = property_schema(self._model, each, nullable=False)
        if text := schema.pop("description", ""):
            parameter["description"] = text
        return self._origins.mark({**parameter, "schema": schema}, each.element.line)

    def _add(
        self,
        place: _Place,
        path: str,
        method: str,
        parameters: Parameters,
        responses: dict[str, Any],
        sent: str = "",
        *,
        body: dict[str, Any] | None = None,
    ) -> None:
        self._left -= 1
        if self._left < 0:
            what = f"describes more than {_MOST_OPERATIONS:,} operations"
            raise InputError(Problem(self._source, what, "such a document is not read"))
        operation: dict[str, Any] = {"tags": [place.tag], "parameters": parameters, "responses": responses}
        said = said_of(place.notes, place.attributes)
        operation |= {_TEXTS[name]: text for name, text in said.items()}
        if sent:
            operation["requestBody"] = self._answers.record_body(sent)
        elif body:
            operation["requestBody"] = body
        self._origins.mark(operation, place.line)
        item = self.paths.setdefault(path, self._origins.mark({}, place.line))
        if method in _ORDINARY_METHODS:
            item.setdefault(method, operation)
        else:
            item.setdefault("additionalOperations", {}).setdefault(method.upper(), operation)


def _may(place: _Place, term: str, member: str, attribute: str) -> bool:
    """Whether something is not forbidden: by an annotation of version 4, or by SAP's attribute of version 2."""
    return not is_false(place.notes.member(term, member)) and not is_false(place.attributes.get(attribute, ""))
