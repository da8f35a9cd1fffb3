"""OData metadata in JSON (CSDL JSON 4.0 and 4.01) as the elements that the XML form would have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmms_audit.documents import Document, pointer_join
from cmms_audit.documents.xml_text import XmlElement

_KINDS = frozenset({"EntityType", "ComplexType", "EnumType", "TypeDefinition", "EntityContainer"})
_FACETS = ("MaxLength", "Precision", "Scale", "DefaultValue", "BaseType", "HasStream", "OpenType", "UnderlyingType")


def is_metadata(value: Any) -> bool:
    """Whether a parsed document is OData metadata in JSON."""
    return isinstance(value, dict) and "$Version" in value and "$EntityContainer" in value


def from_json(document: Document) -> XmlElement:
    """The metadata as elements, each with the line of the JSON that it comes from."""
    return _Builder(document).build()


class _Builder:
    def __init__(self, document: Document) -> None:
        self._document = document

    def build(self) -> XmlElement:
        value = self._document.value
        root = self._element("Edmx", "", Version=str(value.get("$Version")))
        services = self._element("DataServices", "")
        root.children.append(services)
        for namespace, schema in value.items():
            if not namespace.startswith("$") and isinstance(schema, dict):
                services.children.append(self._schema(namespace, schema))
        return root

    def _element(self, name: str, pointer: str, **attributes: str) -> XmlElement:
        return XmlElement(name, self._document.line(pointer) or 1, attributes)

    def _schema(self, namespace: str, schema: dict[str, Any]) -> XmlElement:
        pointer = pointer_join("", namespace)
        element = self._element("Schema", pointer, Namespace=namespace, Alias=_text(schema.get("$Alias")))
        for name, part in schema.items():
            place = pointer_join(pointer, name)
            if name == "$Annotations" and isinstance(part, dict):
                for target, notes in part.items():
                    group = self._element("Annotations", pointer_join(place, target), Target=target)
                    group.children += self._notes(notes, pointer_join(place, target))
                    element.children.append(group)
            for each in part if isinstance(part, list) else [part]:
                if isinstance(each, dict) and not name.startswith("$"):
                    element.children.append(self._part(name, each, place))
        return element

    def _part(self, name: str, part: dict[str, Any], pointer: str) -> XmlElement:
        kind = _text(part.get("$Kind"))
        if kind in ("Action", "Function"):
            return self._function(kind, name, part, pointer)
        element = self._element(kind if kind in _KINDS else "Unknown", pointer, Name=name, **_facets(part))
        element.children += self._notes(part, pointer)
        if kind == "EnumType":
            members = [each for each in part if not each.startswith(("$", "@")) and "@" not in each]
            element.children += [self._element("Member", pointer_join(pointer, each), Name=each) for each in members]
            element.attributes = {**element.attributes, "IsFlags": _text(part.get("$IsFlags"))}
            return element
        if isinstance(part.get("$Key"), list):
            key = self._element("Key", pointer_join(pointer, "$Key"))
            key.children += [self._element("PropertyRef", key_of, Name=each) for each, key_of in _keys(part, pointer)]
            element.children.append(key)
        for each, member in part.items():
            if not each.startswith(("$", "@")) and isinstance(member, dict):
                make = self._served if kind == "EntityContainer" else self._member
                element.children.append(make(each, member, pointer_join(pointer, each)))
        return element

    def _member(self, name: str, member: dict[str, Any], pointer: str) -> XmlElement:
        """A property of either kind. What XML takes as nullable by default, JSON takes as not."""
        is_way = member.get("$Kind") == "NavigationProperty"
        element = self._element("NavigationProperty" if is_way else "Property", pointer, Name=name, **_typed(member))
        element.attributes = {**element.attributes, "ContainsTarget": _text(member.get("$ContainsTarget"))}
        element.children += self._notes(member, pointer)
        return element

    def _served(self, name: str, member: dict[str, Any], pointer: str) -> XmlElement:
        kinds = (("$Action", "ActionImport"), ("$Function", "FunctionImport"))
        for key, kind in kinds:
            if key in member:
                return self._element(kind, pointer, Name=name, **{key[1:]: _text(member[key])})
        kind = "EntitySet" if member.get("$Collection") is True else "Singleton"
        element = self._element(kind, pointer, Name=name, Type=_text(member.get("$Type")))
        element.children += self._notes(member, pointer)
        return element

    def _function(self, kind: str, name: str, part: dict[str, Any], pointer: str) -> XmlElement:
        element = self._element(kind, pointer, Name=name, IsBound=_text(part.get("$IsBound")))
        element.children += self._notes(part, pointer)
        listed = part.get("$Parameter")
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                element.children.append(
                    self._element("Parameter", pointer, Name=_text(each.get("$Name")), **_typed(each))
                )
        if isinstance(part.get("$ReturnType"), dict):
            element.children.append(self._element("ReturnType", pointer, **_typed(part["$ReturnType"])))
        return element

    def _notes(self, holder: Any, pointer: str) -> Iterator[XmlElement]:
        for name, value in holder.items() if isinstance(holder, dict) else ():
            if name.startswith("@"):
                note = self._element("Annotation", pointer_join(pointer, name), Term=name[1:])
                _carry(note, value)
                yield note


def _carry(element: XmlElement, value: Any) -> None:
    """Give an element the value of an annotation."""
    if isinstance(value, bool):
        element.attributes = {**element.attributes, "Bool": _text(value)}
    elif isinstance(value, str | int | float):
        element.attributes = {**element.attributes, "String": str(value)}
    elif isinstance(value, dict):
        record = XmlElement("Record", element.line)
        for name, inner in value.items():
            member = XmlElement("PropertyValue", element.line, {"Property": name})
            _carry(member, inner)
            record.children.append(member)
        element.children.append(record)
    elif isinstance(value, list):
        texts = [XmlElement("String", element.line, text=each) for each in value if isinstance(each, str)]
        element.children.append(XmlElement("Collection", element.line, children=texts))


def _keys(part: dict[str, Any], pointer: str) -> list[tuple[str, str]]:
    return [(each, pointer_join(pointer, "$Key")) for each in part["$Key"] if isinstance(each, str)]


def _facets(part: dict[str, Any]) -> dict[str, str]:
    return {name: _text(part[f"${name}"]) for name in _FACETS if f"${name}" in part}


def _typed(part: dict[str, Any]) -> dict[str, str]:
    kind = _text(part.get("$Type")) or "Edm.String"
    written = f"Collection({kind})" if part.get("$Collection") is True else kind
    return {"Type": written, "Nullable": _text(part.get("$Nullable") is True), **_facets(part)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
