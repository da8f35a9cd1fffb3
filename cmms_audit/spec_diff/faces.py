"""An operation as the comparison looks at it, whatever version of the language it is written in."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Node
from cmms_audit.spec.operations import Operation
from cmms_audit.spec_diff.shape import Shape


class Body(Struct, frozen=True):
    """What is sent or answered: its media types, each with the schema that is given for it, if any."""

    node: Node
    required: bool
    media: Mapping[str, Node | None]
    form: Shape | None = None


class Face:
    """One operation of one description."""

    def __init__(self, spec: Spec, operation: Operation) -> None:
        self.operation = operation
        self.node = operation.node
        self.swagger2 = "swagger" in spec.root.value
        self.path_item = spec.root.child("paths").child(operation.path)
        self._root = spec.root

    def owns(self, node: Node) -> bool:
        """Whether a node is written in this operation or its path, and not kept elsewhere for reuse."""
        return any(
            node.file is holder.file and f"{node.pointer}/".startswith(f"{holder.pointer}/")
            for holder in (self.node, self.path_item)
        )

    @property
    def inherited_media(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The media types that Swagger 2.0 gives for all operations."""
        return self._root.texts("consumes"), self._root.texts("produces")

    def body(self) -> Body | None:
        """What it takes; None where it takes nothing."""
        if not self.swagger2:
            node = self.node.child("requestBody")
            content = _content(node)
            takes = node.flag("required") or not all(map(_is_empty, content.values()))
            return Body(node, node.flag("required"), content) if takes else None
        media = self.node.texts("consumes") or self._root.texts("consumes")
        holders = (self.path_item, self.node)
        parameters = [each for holder in holders for each in holder.child("parameters").members()]
        for node in parameters:
            if node.text("in") == "body":
                return Body(node, node.flag("required"), dict.fromkeys(map(_plain, media), node.at("schema")))
        fields = {node.text("name"): node for node in parameters if node.text("in") == "formData"}
        if not fields:
            return None
        required = any(node.flag("required") for node in fields.values())
        return Body(self.node.at("parameters"), required, dict.fromkeys(map(_plain, media)), Shape(self.node, fields))

    def answers(self) -> dict[str, Body]:
        """What it gives, by status."""
        listed = self.node.child("responses").entries()
        return {status.upper(): self._answer(node) for status, node in listed if not status.startswith("x-")}

    def _answer(self, node: Node) -> Body:
        if not self.swagger2:
            return Body(node, False, _content(node))
        schema = node.at("schema")
        if not isinstance(schema.value, dict):
            return Body(node, False, {})
        media = self.node.texts("produces") or self._root.texts("produces") or ("*/*",)
        return Body(node, False, dict.fromkeys(map(_plain, media), schema))


def _content(node: Node) -> dict[str, Node | None]:
    content = node.child("content")
    found: dict[str, Node | None] = {}
    for name, media in content.entries():
        schema = media.at("schema")
        found.setdefault(_plain(name), schema if isinstance(schema.value, dict) else None)
    return found


def _is_empty(schema: Node | None) -> bool:
    """Whether a schema describes an object without any field."""
    value = schema.value if schema is not None else None
    return isinstance(value, dict) and value.get("type") == "object" and not (
        value.get("properties") or {"$ref", "allOf", "anyOf", "oneOf"} & value.keys()
        or isinstance(value.get("additionalProperties"), dict)
    )  # fmt: skip


def _plain(media_type: str) -> str:
    """A media type in lower case without its character set, which everybody takes to be UTF-8."""
    name, _, options = media_type.lower().partition(";")
    kept = [option.strip() for option in options.split(";") if option.strip() and "charset" not in option]
    return ";".join([name.strip(), *kept])
