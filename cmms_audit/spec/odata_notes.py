"""What OData metadata says about its parts beside their types, in its annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.documents.xml_text import XmlElement

_CONSTANTS = ("String", "Bool", "Int", "EnumMember", "Decimal", "Date", "DateTimeOffset", "Duration", "Float", "Guid")
_PATHS = ("Path", "PropertyPath", "NavigationPropertyPath", "AnnotationPath")
_MOST_VALUES = 500  # of one list in an annotation


class Notes(Struct, frozen=True):
    """The annotations of one part, by the last word of their term ("InsertRestrictions")."""

    values: Mapping[str, Any]

    def get(self, term: str) -> Any:
        """The value of an annotation; None where it is not given."""
        return self.values.get(term)

    def member(self, term: str, name: str) -> Any:
        """A member of an annotation that is a record; None where it is not given."""
        record = self.values.get(term)
        return record.get(name) if isinstance(record, dict) else None

    def text(self, *terms: str) -> str:
        """The first text among some annotations."""
        found = (self.values.get(term) for term in terms)
        return next((value for value in found if isinstance(value, str) and value), "")


_NONE = Notes({})


def notes_of(element: XmlElement, elsewhere: Sequence[XmlElement] = ()) -> Notes:
    """The annotations of a part, written in it or `elsewhere` with it as their target."""
    if not element.children and not elsewhere:
        return _NONE
    values: dict[str, Any] = {}
    for annotation in (*element.all("Annotation"), *elsewhere):
        if annotation.get("Term") and not annotation.get("Qualifier"):
            values.setdefault(annotation.get("Term").rpartition(".")[2], _value(annotation, True))
    for documentation in element.all("Documentation"):
        for child in documentation.children:
            if child.name in ("Summary", "LongDescription") and child.text:
                values.setdefault("Description" if child.name == "Summary" else child.name, child.text)
    return Notes(values)


def _value(element: XmlElement, missing: Any = None) -> Any:
    """The value that an element carries, in an attribute or as a child; `missing` where it carries none."""
    for name in (*_CONSTANTS, *_PATHS):
        if name in element.attributes:
            value = element.attributes[name]
            return value.strip().lower() == "true" if name == "Bool" else value
    for child in element.children:
        if child.name == "Record":
            return _record(child)
        if child.name == "Collection":
            return [_member(each) for each in child.children[:_MOST_VALUES]]
        if child.name in (*_CONSTANTS, *_PATHS):
            return _member(child)
    return missing


def _member(element: XmlElement) -> Any:
    if element.name == "Record":
        return _record(element)
    return element.text.lower() == "true" if element.name == "Bool" else element.text


def _record(element: XmlElement) -> dict[str, Any]:
    return {each.get("Property"): _value(each, True) for each in element.all("PropertyValue")}
