"""What may stand where in an API description, so that one pass knows what it looks at: a schema, a parameter, a path.

One grammar for Swagger 2.0 and all of OpenAPI 3: a member that a version does not have is the meta-schema's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cmms_audit.spec.operations import METHODS


class Kind:
    """A sort of mapping or list: its `members` by key, or what `each` member is where the keys are chosen names."""

    __slots__ = ("each", "members", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, Member] = {}
        self.each: Member | None = None


class Member:
    """What a member may be: its `types`, the kind to look `into`, and whether something else leaves it `unread`."""

    __slots__ = ("into", "types", "unread")

    def __init__(self, types: Iterable[type], into: Kind | None = None, unread: bool = False) -> None:
        self.types = frozenset(types)
        self.into = into
        self.unread = unread


def _many(name: str, into: Kind, types: Iterable[type] = (dict,), holder: type = dict) -> Member:
    """A mapping of chosen names, or a list, whose members are of one kind."""
    kind = Kind(name)
    kind.each = Member(types, into, unread=dict in tuple(types))
    return Member((holder,), kind, unread=True)


def _texts(name: str) -> Member:
    """A list of texts."""
    kind = Kind(name)
    kind.each = Member((str,))
    return Member((list,), kind)


def _part(kind: Kind, *more: type) -> Member:
    return Member((dict, *more), kind, unread=True)


_TEXT, _FLAG, _LIST = Member((str,)), Member((bool,)), Member((list,))
_DESCRIBED: Mapping[str, Member] = {"summary": _TEXT, "description": _TEXT}

ROOT, PATHS, PATH_ITEM, OPERATION = Kind("root"), Kind("paths"), Kind("path-item"), Kind("operation")
PARAMETER, BODY, RESPONSE, MEDIA = Kind("parameter"), Kind("request-body"), Kind("response"), Kind("media-type")
HEADER, SCHEMA, EXAMPLE, LINK = Kind("header"), Kind("schema"), Kind("example"), Kind("link")
CALLBACK, SCHEME, FLOW, SERVER = Kind("callback"), Kind("security-scheme"), Kind("flow"), Kind("server")
VARIABLE, ENCODING, DISCRIMINATOR = Kind("variable"), Kind("encoding"), Kind("discriminator")
COMPONENTS, INFO = Kind("components"), Kind("info")

_SCHEMAS = _many("properties", SCHEMA, (dict, bool))
_ALTERNATIVES = _many("alternatives", SCHEMA, (dict, bool), list)
_PARAMETERS = _many("parameters", PARAMETER, holder=list)
_CONTENT = _many("content", MEDIA)
_HEADERS = _many("headers", HEADER)
_EXAMPLES = Member((dict,), _many("examples", EXAMPLE).into)
_RESPONSES = _many("responses", RESPONSE)
_CALLBACKS = _many("callbacks", CALLBACK)
_PATH_ITEMS = _many("path-items", PATH_ITEM)
_SCHEMES = _many("security-schemes", SCHEME)
_SERVERS = _many("servers", SERVER, holder=list)
_MEDIA_TYPES = _texts("media-types")
_SECURITY = Member((list,), unread=True)
_SECURITY.into = Kind("security")
_SECURITY.into.each = Member((dict,), None, unread=True)

_SCHEMA_WORDS: dict[str, Member] = {
    **dict.fromkeys(("description", "format", "pattern", "title"), _TEXT),
    **dict.fromkeys(("items", "not"), _part(SCHEMA, bool)),
    "type": Member((str, list)),
    "enum": _LIST,
    "const": Member(()),
    "example": Member(()),
    "default": Member(()),
    **dict.fromkeys(("maximum", "maxLength", "maxItems"), Member(())),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), Member(())),
    "deprecated": _FLAG,
}
SCHEMA.members = {
    **_SCHEMA_WORDS,
    **dict.fromkeys(("properties", "patternProperties", "definitions", "$defs", "dependentSchemas"), _SCHEMAS),
    **dict.fromkeys(("allOf", "oneOf", "anyOf", "prefixItems"), _ALTERNATIVES),
    **dict.fromkeys(("additionalProperties", "if", "then", "else", "contains", "propertyNames"), _part(SCHEMA, bool)),
    "required": Member((list, bool)),
    "discriminator": Member((dict, str), DISCRIMINATOR),
    **dict.fromkeys(("nullable", "readOnly", "writeOnly", "examples"), Member(())),
}
PARAMETER.members = {
    **_SCHEMA_WORDS,
    **dict.fromkeys(("name", "in"), _TEXT),
    "required": _FLAG,
    "schema": _part(SCHEMA, bool),
    "content": _CONTENT,
    "examples": _EXAMPLES,
}
HEADER.members = {name: member for name, member in PARAMETER.members.items() if name not in ("name", "in")}
MEDIA.members = {
    **dict.fromkeys(("schema", "itemSchema"), _part(SCHEMA, bool)),
    "example": Member(()),
    "examples": _EXAMPLES,
    "encoding": _many("encodings", ENCODING),
}
ENCODING.members = {"headers": _HEADERS}
BODY.members = {"description": _TEXT, "content": _CONTENT, "required": _FLAG}
RESPONSE.members = {
    "description": _TEXT,
    "schema": _part(SCHEMA, bool),
    "content": _CONTENT,
    "headers": _HEADERS,
    "links": _many("links", LINK),
}
EXAMPLE.members = dict(_DESCRIBED)
OPERATION.members = {
    **_DESCRIBED,
    "operationId": _TEXT,
    "tags": _LIST,
    "deprecated": _FLAG,
    "parameters": _PARAMETERS,
    "requestBody": _part(BODY),
    "responses": _RESPONSES,
    "callbacks": _CALLBACKS,
    "security": _SECURITY,
    "servers": _SERVERS,
    **dict.fromkeys(("consumes", "produces"), _MEDIA_TYPES),
    "schemes": _texts("schemes"),
}
PATH_ITEM.members = {
    **_DESCRIBED,
    **dict.fromkeys((*METHODS, "query"), _part(OPERATION)),
    "additionalOperations": _many("operations", OPERATION),
    "parameters": _PARAMETERS,
    "servers": _SERVERS,
}
PATHS.each = _part(PATH_ITEM)
CALLBACK.each = _part(PATH_ITEM)
SERVER.members = {"url": _TEXT, "description": _TEXT, "variables": _many("variables", VARIABLE)}
VARIABLE.members = {"enum": _LIST, "description": _TEXT}
FLOW.members = {"scopes": Member((dict,), unread=True)}
SCHEME.members = {
    **dict.fromkeys(("description", "in"), _TEXT),
    "type": _TEXT,
    "flows": _many("flows", FLOW),
    "scopes": Member((dict,), unread=True),
}
DISCRIMINATOR.members = {"propertyName": _TEXT, "mapping": Member((dict,))}
INFO.members = dict(_DESCRIBED)
COMPONENTS.members = {
    "schemas": _SCHEMAS,
    "responses": _RESPONSES,
    "parameters": _many("named-parameters", PARAMETER),
    "examples": _EXAMPLES,
    "requestBodies": _many("request-bodies", BODY),
    "headers": _HEADERS,
    "securitySchemes": _SCHEMES,
    "links": _many("links", LINK),
    "callbacks": _CALLBACKS,
    "pathItems": _PATH_ITEMS,
    "mediaTypes": _CONTENT,
}
ROOT.members = {
    "info": _part(INFO),
    "paths": _part(PATHS),
    **dict.fromkeys(("webhooks", "x-webhooks"), _PATH_ITEMS),
    "components": _part(COMPONENTS),
    "servers": _SERVERS,
    "security": _SECURITY,
    "tags": _LIST,
    "definitions": _SCHEMAS,
    "parameters": _many("named-parameters", PARAMETER),
    "responses": _RESPONSES,
    "securityDefinitions": _SCHEMES,
    **dict.fromkeys(("consumes", "produces"), _MEDIA_TYPES),
    "schemes": _texts("schemes"),
}
