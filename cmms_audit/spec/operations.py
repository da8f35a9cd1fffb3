"""Operations of an API description as typed values: parameters, bodies, responses, in OpenAPI 3 and Swagger 2.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import Struct

from cmms_audit.model import Evidence
from cmms_audit.spec.library import Node
from cmms_audit.spec.schema import Schema, schema_at
from cmms_audit.spec.security import SecurityNeed, security_needs

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_MOST_PARAMETERS = 500
_READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})


class Parameter(Struct, frozen=True, eq=False):
    """A documented parameter; `where` is "query", "path", "header" or "cookie"."""

    name: str
    where: str
    required: bool
    description: str
    schema: Schema
    node: Node

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence


class Header(Struct, frozen=True, eq=False):
    """A documented response header."""

    description: str
    schema: Schema | None


class ResponseDoc(Struct, frozen=True, eq=False):
    """A documented answer; `status` as written ("200", "4XX"), `schema` and first `example` of its JSON body."""

    status: str
    description: str
    media_types: tuple[str, ...]
    schema: Schema | None
    example: Any
    headers: Mapping[str, Header]
    node: Node

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence

    @property
    def item_schema(self) -> Schema | None:
        """The schema of each of the values that a stream of them holds one after another (OpenAPI 3.2)."""
        for _, media in self.node.child("content").entries():
            if isinstance(media.at("itemSchema").value, dict):
                return schema_at(media.at("itemSchema"))
        return None

    @property
    def is_success(self) -> bool:
        """Whether it is an answer of the 2xx class."""
        return self.status[:1] == "2"


class Operation:
    """One method on one path. What it holds is read when it is asked for."""

    def __init__(self, node: Node, path_item: Node, root: Node, path: str, method: str) -> None:
        self.node = node
        self._path_item = path_item
        self._root = root
        self._swagger2 = isinstance(root.value, dict) and "swagger" in root.value
        self.path = path
        self.method = method

    def __repr__(self) -> str:
        return f"<Operation {self.method} {self.path}>"

    @property
    def pointer(self) -> str:
        """Its JSON pointer in its file."""
        return self.node.pointer

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence

    @property
    def operation_id(self) -> str:
        """Its name for programs; empty where it has none."""
        return self.node.text("operationId")

    @property
    def tags(self) -> tuple[str, ...]:
        """The headings that it is listed under."""
        return self.node.texts("tags")

    @property
    def summary(self) -> str:
        """Its short description."""
        return self.node.prose("summary")

    @property
    def description(self) -> str:
        """Its long description."""
        return self.node.prose("description")

    @property
    def deprecated(self) -> bool:
        """Whether it is marked as going away."""
        return self.node.flag("deprecated")

    @property
    def writes(self) -> bool:
        """Whether its method is for changing things. A POST that only searches counts as writing here."""
        return self.method not in _READS

    @property
    def extensions(self) -> dict[str, Any]:
        """The vendor's own additions (x-...)."""
        return {key: value for key, value in self.node.value.items() if key.startswith("x-")}

    @property
    def callbacks(self) -> bool:
        """Whether it says that the vendor calls the client back."""
        return any(True for _ in self.callback_nodes())

    def callback_nodes(self) -> Iterator[tuple[str, Node]]:
        """The callbacks, by name: mappings of address to path item."""
        return self.node.child("callbacks").entries()

    @cached_property
    def security(self) -> tuple[SecurityNeed, ...]:
        """The alternative ways in, its own or the document's. None at all, or an empty one, lets anybody in."""
        own = security_needs(self.node.at("security").value)
        return own if own is not None else security_needs(self._root.at("security").value) or ()

    @property
    def is_open(self) -> bool:
        """Whether, as documented, anybody may call it."""
        return not self.security or any(not need for need in self.security)

    @cached_property
    def _parameter_nodes(self) -> list[Node]:
        """Parameters of the path and of the operation, which come last and win."""
        named: dict[tuple[str, str], Node] = {}
        for holder in (self._path_item, self.node):
            for node in islice(holder.child("parameters").members(), _MOST_PARAMETERS):
                if node.text("name"):
                    named[node.text("name"), node.text("in")] = node
        return list(named.values())

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """What the caller may or must send beside the body."""
        return tuple(
            parameter
            for node in self._parameter_nodes
            if node.text("in") not in ("body", "formData")
            for parameter in _parameters(node)
        )

    def parameter(self, name: str, where: str = "query") -> Parameter | None:
        """The parameter of that name, in any case."""
        wanted = name.lower()
        return next((p for p in self.parameters if p.name.lower() == wanted and p.where == where), None)

    @cached_property
    def request_media_types(self) -> tuple[str, ...]:
        """The media types that it takes."""
        if not self._swagger2:
            return _media_types(self.node.child("requestBody").child("content"))
        places = {node.text("in") for node in self._parameter_nodes} & {"body", "formData"}
        return (self.node.texts("consumes") or self._root.texts("consumes")) if places else ()

    @cached_property
    def request(self) -> Schema | None:
        """The schema of the JSON body that it takes; in Swagger 2.0 of the body parameter."""
        if not self._swagger2:
            return _json_schema(self.node.child("requestBody").child("content"))
        for node in self._parameter_nodes:
            if node.text("in") == "body" and isinstance(node.at("schema").value, dict):
                return schema_at(node.at("schema"))
        return None

    @cached_property
    def form(self) -> tuple[Parameter, ...]:
        """The fields of the form that it takes, where it takes one."""
        if self._swagger2:
            return tuple(_parameter(node) for node in self._parameter_nodes if node.text("in") == "formData")
        content = self.node.child("requestBody").child("content")
        for name, media in content.entries():
            if "form" in name and isinstance(media.at("schema").value, dict):
                fields = schema_at(media.at("schema")).fields()
                return tuple(
                    Parameter(f.name, "formData", f.required, f.schema.description, f.schema, f.schema.node)
                    for f in fields
                )
        return ()

    @cached_property
    def responses(self) -> tuple[ResponseDoc, ...]:
        """The documented answers."""
        produces = self.node.texts("produces") or self._root.texts("produces")
        listed = self.node.child("responses").entries()
        return tuple(
            _response(status, node, produces if self._swagger2 else None)
            for status, node in listed
            if not status.startswith("x-")
        )

    @cached_property
    def success(self) -> ResponseDoc | None:
        """The answer where all goes well: the first of the 2xx class that has a body, else the first."""
        successes = [response for response in self.responses if response.is_success]
        return next((response for response in successes if response.schema), successes[0] if successes else None)


def _parameters(node: Node) -> tuple[Parameter, ...]:
    """A parameter; the members of one that stands for the whole query (OpenAPI 3.2)."""
    whole = _parameter(node)
    if whole.where != "querystring" or not whole.schema.properties:
        return (whole,)
    return tuple(
        Parameter(each.name, "query", each.required, each.schema.description, each.schema, each.schema.node)
        for each in whole.schema.fields()
    )


def _parameter(node: Node) -> Parameter:
    where, written = node.text("in"), node.value if isinstance(node.value, dict) else {}
    schema = node
    if isinstance(written.get("schema"), dict):
        schema = node.at("schema")
    elif isinstance(written.get("content"), dict):
        schema = next((media.at("schema") for _, media in node.child("content").entries()), node)
    return Parameter(
        node.text("name"),
        where,
        node.flag("required") or where == "path",
        node.prose("description"),
        schema_at(schema),
        node,
    )


def _response(status: str, node: Node, swagger2_media_types: tuple[str, ...] | None) -> ResponseDoc:
    """A response; in Swagger 2.0 the media types are the operation's."""
    headers = {name: _header(header) for name, header in node.child("headers").entries()}
    if swagger2_media_types is None:
        content = node.child("content")
        media_types, schema, example = _media_types(content), _json_schema(content), _json_example(content)
    else:
        has_schema = isinstance(node.at("schema").value, dict)
        media_types = swagger2_media_types if has_schema else ()
        schema = schema_at(node.at("schema")) if has_schema else None
        example = next((value.value for name, value in node.child("examples").entries() if "json" in name), None)
    description = node.prose("description") or node.prose("summary")
    return ResponseDoc(status, description, media_types, schema, example, headers, node)


def _header(node: Node) -> Header:
    schema = node.at("schema") if isinstance(node.at("schema").value, dict) else node
    return Header(node.prose("description"), schema_at(schema) if isinstance(node.value, dict) else None)


def _media_types(content: Node) -> tuple[str, ...]:
    return tuple(content.value) if isinstance(content.value, dict) else ()


def _json_media(content: Node) -> list[Node]:
    """The JSON among several media types: plain JSON, then kinds of JSON, then anything at all."""

    def rank(media_type: str) -> int:
        name = media_type.split(";")[0].strip().lower()
        return 0 if name == "application/json" else 1 if "json" in name else 2 if name == "*/*" else 3

    return [content.child(name) for name in sorted(_media_types(content), key=rank) if rank(name) < 3]


def _json_schema(content: Node) -> Schema | None:
    schemas = (media.at("schema") for media in _json_media(content))
    return next((schema_at(schema) for schema in schemas if isinstance(schema.value, dict)), None)


def _json_example(content: Node) -> Any:
    for media in _json_media(content):
        if media.at("example").value is not None:
            return media.at("example").value
        for _, example in media.child("examples").entries():
            return example.at("value").value
    return None
