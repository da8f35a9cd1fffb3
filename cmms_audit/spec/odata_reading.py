"""From the XML elements of OData metadata to its entity data model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from cmms_audit.documents.xml_text import XmlElement
from cmms_audit.spec.odata_model import (
    EntitySet,
    EnumType,
    Function,
    Import,
    Model,
    Navigation,
    Property,
    StructuredType,
    TypeName,
    is_false,
    is_true,
    type_name,
)
from cmms_audit.spec.odata_notes import Notes, notes_of

_MANY = "*"
_MOST_PARAMETERS = 100


def read_model(root: XmlElement) -> Model:
    """The model of a service from the root of its metadata: an Edmx element, or a single Schema."""
    schemas = list(_schemas(root))
    reader = _Reader(schemas)
    model = Model(_version(root))
    for schema in schemas:
        reader.read(schema, model)
    return model


def _schemas(root: XmlElement) -> Iterator[XmlElement]:
    if root.name == "Schema":
        yield root
    for services in root.all("DataServices"):
        yield from services.all("Schema")


def _version(root: XmlElement) -> str:
    """The version of the protocol: that of the Edmx element from 4 on, else that of the service."""
    written = root.get("Version")
    if written.startswith("4"):
        return "4.01" if written == "4.01" else "4.0"
    if root.name == "Schema":
        return "4.0" if root.get("xmlns").startswith("http://docs.oasis-open.org") else "2.0"
    services = root.first("DataServices")
    named = (services.get("DataServiceVersion"), services.get("MaxDataServiceVersion")) if services else ()
    return "3.0" if any(each.startswith("3") for each in named) else "2.0"


class _Reader:
    """What is needed to read any schema of the document: aliases, annotations and associations of all of them."""

    def __init__(self, schemas: Iterable[XmlElement]) -> None:
        schemas = list(schemas)
        self._full = {each.get("Alias"): each.get("Namespace") for each in schemas if each.get("Alias")}
        self._elsewhere: dict[str, list[XmlElement]] = {}
        self._ends: dict[str, dict[str, XmlElement]] = {}
        for schema in schemas:
            for group in schema.all("Annotations"):
                self._elsewhere.setdefault(self._target(group.get("Target")), []).extend(group.all("Annotation"))
            for each in schema.all("Association"):
                ends = {end.get("Role"): end for end in each.all("End")}
                self._ends[f"{schema.get('Namespace')}.{each.get('Name')}"] = ends

    def _target(self, written: str) -> str:
        """The target of annotations, with its namespace spelled out."""
        owner, slash, rest = written.partition("/")
        return self._type(owner).name + slash + rest

    def _type(self, written: str) -> TypeName:
        return type_name(written, self._full)

    def _notes(self, element: XmlElement, *target: str) -> Notes:
        return notes_of(element, self._elsewhere.get("/".join(target), ()))

    def read(self, schema: XmlElement, model: Model) -> None:
        """Add all parts of a schema to the model."""
        namespace = schema.get("Namespace")
        for element in schema.children:
            name = f"{namespace}.{element.get('Name')}"
            if element.name in ("EntityType", "ComplexType"):
                model.types[name] = self._structured(element, name)
            elif element.name == "EnumType":
                model.enums[name] = self._enum(element, name)
            elif element.name == "TypeDefinition":
                model.aliases_of_types[name] = self._type(element.get("UnderlyingType"))
            elif element.name in ("Action", "Function"):
                model.functions.setdefault(name, []).append(self._function(element, name))
            elif element.name == "EntityContainer":
                model.namespace = model.namespace or namespace
                self._container(element, name, model)

    def _structured(self, element: XmlElement, name: str) -> StructuredType:
        key = element.first("Key")
        return StructuredType(
            name=name,
            base=self._type(element.get("BaseType")).name,
            is_entity=element.name == "EntityType",
            keys=tuple(each.get("Name") for each in key.all("PropertyRef") if each.get("Name")) if key else (),
            properties=tuple(self._property(each, name) for each in element.all("Property") if each.get("Name")),
            navigations=tuple(self._navigations(element, name)),
            has_stream=is_true(element.get("HasStream")),
            is_open=is_true(element.get("OpenType")),
            element=element,
            notes=self._notes(element, name),
        )

    def _property(self, element: XmlElement, owner: str) -> Property:
        return Property(
            element.get("Name"),
            self._type(element.get("Type") or "Edm.String"),
            not is_false(element.get("Nullable")),
            element,
            self._notes(element, owner, element.get("Name")),
        )

    def _navigations(self, element: XmlElement, owner: str) -> Iterator[Navigation]:
        for each in element.all("NavigationProperty"):
            name = each.get("Name")
            found = self._type(each.get("Type")) if each.get("Type") else self._other_end(each)
            if name and found.name:
                contained, nullable = is_true(each.get("ContainsTarget")), not is_false(each.get("Nullable"))
                yield Navigation(name, found, nullable, contained, each, self._notes(each, owner, name))

    def _other_end(self, element: XmlElement) -> TypeName:
        """Where a navigation of version 2 leads: the end of its association that it names."""
        ends = self._ends.get(self._type(element.get("Relationship")).name, {})
        end = ends.get(element.get("ToRole"))
        if end is None:
            return TypeName("")
        return TypeName(self._type(end.get("Type")).name, end.get("Multiplicity") == _MANY)

    def _enum(self, element: XmlElement, name: str) -> EnumType:
        members = tuple(each.get("Name") for each in element.all("Member") if each.get("Name"))
        return EnumType(name, members, is_true(element.get("IsFlags")), element, self._notes(element, name))

    def _function(self, element: XmlElement, name: str) -> Function:
        returned = element.first("ReturnType")
        written = returned.get("Type") if returned else element.get("ReturnType")
        is_action = element.name == "Action" or element.get("HttpMethod").upper() not in ("", "GET")
        return Function(
            name=name,
            is_action=is_action or is_true(element.get("IsSideEffecting")),
            bound=is_true(element.get("IsBound")) or is_true(element.get("IsBindable")),
            parameters=tuple(self._property(each, name) for each in _parameters(element)),
            returns=self._type(written) if written else None,
            method=element.get("HttpMethod").upper(),
            element=element,
            notes=self._notes(element, name),
        )

    def _container(self, container: XmlElement, full_name: str, model: Model) -> None:
        model.description = self._notes(container, full_name).text("Description", "LongDescription")
        for element in container.children:
            name = element.get("Name")
            if not name:
                continue
            if element.name in ("EntitySet", "Singleton"):
                written = element.get("EntityType") or element.get("Type")
                notes = self._notes(element, full_name, name)
                singleton = element.name == "Singleton"
                model.sets.append(EntitySet(name, self._type(written).name, singleton, element, notes))
            elif element.name in ("ActionImport", "FunctionImport") and not _is_old(element):
                function = self._type(element.get("Action") or element.get("Function")).name
                model.imports.append(Import(name, function, element))
            elif element.name == "FunctionImport":
                model.old_imports.append(self._function(element, f"{full_name}/{name}"))


def _parameters(element: XmlElement) -> Iterator[XmlElement]:
    return islice((each for each in element.all("Parameter") if each.get("Name")), _MOST_PARAMETERS)


def _is_old(element: XmlElement) -> bool:
    """Whether a function import is one of versions 2 and 3, which describes the function itself."""
    attributes: Mapping[str, str] = element.attributes
    return element.name == "FunctionImport" and "Function" not in attributes
