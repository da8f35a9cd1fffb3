"""The entity data model of an OData service as typed values, read from its metadata (EDMX 1.0 to 4.01).

Names are read leniently, and what is missing is empty: a vendor's metadata is as dirty as any other document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from cmms_audit.documents.xml_text import XmlElement
from cmms_audit.spec.odata_notes import Notes

_MOST_BASES = 50
_MOST_KEYS = 30
_COLLECTION = "Collection("


class TypeName(Struct, frozen=True):
    """The type of a property or parameter: its full name, and whether there may be many."""

    name: str
    many: bool = False

    @property
    def primitive(self) -> str:
        """The name of a built-in type without its namespace ("DateTimeOffset"); empty for the service's own."""
        return self.name[4:] if self.name.startswith("Edm.") else ""

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]


class Property(Struct, frozen=True, eq=False):
    """A structural property of a record."""

    name: str
    type: TypeName
    nullable: bool
    element: XmlElement
    notes: Notes


class Navigation(Struct, frozen=True, eq=False):
    """A way from one record to others. `contained`: those exist only below it."""

    name: str
    type: TypeName
    nullable: bool
    contained: bool
    element: XmlElement
    notes: Notes


class StructuredType(Struct, frozen=True, eq=False, dict=True):
    """An entity type or a complex type with what it has of its own; what it inherits is told by the model."""

    name: str
    base: str
    is_entity: bool
    keys: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...]
    has_stream: bool
    is_open: bool
    element: XmlElement
    notes: Notes

    @cached_property
    def by_name(self) -> Mapping[str, Property]:
        """Its properties by name."""
        return {each.name: each for each in self.properties}

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The names of its properties that are files of their own."""
        return tuple(each.name for each in self.properties if each.type.primitive == "Stream")

    @cached_property
    def has_version(self) -> bool:
        """Whether one of its properties tells the versions of a record apart (ConcurrencyMode, before version 4)."""
        return any(each.element.get("ConcurrencyMode") == "Fixed" for each in self.properties)


class EnumType(Struct, frozen=True, eq=False):
    """A closed list of values; `flags` where several may be given at once."""

    name: str
    members: tuple[str, ...]
    flags: bool
    element: XmlElement
    notes: Notes


class Function(Struct, frozen=True, eq=False):
    """A function, an action, or (versions 2 and 3) a function import. `parameters` include the bound record."""

    name: str
    is_action: bool
    bound: bool
    parameters: tuple[Property, ...]
    returns: TypeName | None
    method: str
    element: XmlElement
    notes: Notes


class EntitySet(Struct, frozen=True, eq=False):
    """A list of records, or a singleton, that the service serves."""

    name: str
    type: str
    singleton: bool
    element: XmlElement
    notes: Notes


class Import(Struct, frozen=True, eq=False):
    """A function or action of version 4 that is called at the root of the service."""

    name: str
    function: str
    element: XmlElement


class Model(Struct, dict=True):
    """One service. `version` is "2.0", "3.0", "4.0" or "4.01"."""

    version: str
    types: dict[str, StructuredType] = field(default_factory=dict)
    enums: dict[str, EnumType] = field(default_factory=dict)
    aliases_of_types: dict[str, TypeName] = field(default_factory=dict)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    sets: list[EntitySet] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    old_imports: list[Function] = field(default_factory=list)
    namespace: str = ""
    description: str = ""

    @property
    def is_v4(self) -> bool:
        """Whether it speaks version 4, whose addresses and answers differ from those before."""
        return self.version.startswith("4")

    def lineage(self, name: str) -> Iterator[StructuredType]:
        """A type and the types that it inherits from."""
        seen: set[str] = set()
        while name in self.types and name not in seen and len(seen) < _MOST_BASES:
            seen.add(name)
            yield self.types[name]
            name = self.types[name].base

    def keys(self, name: str) -> tuple[Property, ...]:
        """The key of an entity type, its own or inherited; of a property that is nowhere described, as text."""
        owner = next((each for each in self.lineage(name) if each.keys), None)
        if owner is None or len(owner.keys) > _MOST_KEYS:
            return ()
        unknown = XmlElement("Property", owner.element.line)
        return tuple(
            next((each.by_name[key] for each in self.lineage(name) if key in each.by_name), None)
            or Property(key, TypeName("Edm.String"), False, unknown, Notes({}))
            for key in owner.keys
        )

    def navigations(self, name: str) -> Iterator[Navigation]:
        """The ways from a record of a type to others, inherited ones included."""
        for each in self.lineage(name):
            yield from each.navigations

    def has_stream(self, name: str) -> bool:
        """Whether a record of a type is a file with data about it."""
        return any(each.has_stream for each in self.lineage(name))

    @cached_property
    def schema_names(self) -> Mapping[str, str]:
        """What each type is called among the schemas: without its namespace, unless two would be called the same."""
        taken: set[str] = set()
        names: dict[str, str] = {}
        for full in (*self.types, *self.enums):
            local = full.rpartition(".")[2]
            names[full] = full if local in taken else local
            taken.add(names[full])
        return names

    def resolved(self, type_name: TypeName) -> TypeName:
        """A type with the names that the service gives to other types (TypeDefinition) looked up."""
        known = self.aliases_of_types.get(type_name.name)
        return TypeName(known.name, type_name.many) if known else type_name


def type_name(written: str, full: Mapping[str, str]) -> TypeName:
    """A type as written ("Collection(self.Task)"), with its namespace spelled out. `full` maps aliases to those."""
    many = written.startswith(_COLLECTION) and written.endswith(")")
    bare = written[len(_COLLECTION) : -1] if many else written
    namespace, dot, local = bare.rpartition(".")
    return TypeName(f"{full.get(namespace, namespace)}{dot}{local}", many)


def is_false(value: Any) -> bool:
    """Whether a value of an annotation or attribute says no."""
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def is_true(value: Any) -> bool:
    """Whether a value of an annotation or attribute says yes."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")
