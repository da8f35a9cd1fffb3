"""Rules about single parameters, and about the names of reusable parts."""

from __future__ import annotations

from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.problems import shown
from cmms_audit.spec.rules.look import Look, Seen, Visit

_ODD = pattern(r"[<>\[\]$\s{}\"'&=#?%+;,]")
_COMPONENT_NAME = pattern(r"[a-zA-Z0-9._-]{1,1000}")
_PLACES = frozenset(("query", "header", "path", "cookie"))
_PLACES_OF_SWAGGER2 = frozenset(("query", "header", "path", "formData", "body"))
_IGNORED_HEADERS = frozenset(("accept", "content-type", "authorization"))
_COMPONENT_FOLDERS = (
    *("schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links"),
    *("callbacks", "pathItems", "mediaTypes"),
)


def name(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """Characters that have a meaning of their own in an address, or that programs may not use in a name."""
    if value.isidentifier():
        return
    if not value.strip():
        seen.tell("parameter-odd-name", "a parameter without a name", visit, key)
    elif _ODD.search(value):
        seen.tell("parameter-odd-name", f"the parameter '{shown(value)}'", visit, key)


def place(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A parameter of a path must be required; one in an unknown place cannot be sent; some headers are ignored."""
    places = _PLACES_OF_SWAGGER2 if seen.swagger2 else _PLACES | {"querystring"} if seen.modern else _PLACES
    called = shown(visit.value.get("name", ""))
    if value == "path" and visit.value.get("required") is not True:
        seen.tell("path-parameter-optional", f"the parameter '{called}' of the path", visit)
    elif value == "header" and not seen.swagger2 and called.lower() in _IGNORED_HEADERS:
        seen.tell("header-parameter-ignored", f"the header '{called}'", visit)
    elif value not in places:
        seen.tell("parameter-place-unknown", f"the parameter '{called}' goes into '{shown(value)}'", visit, key)


def component_names(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """Names of reusable parts may hold letters, digits, dot, dash and underscore (OpenAPI 3, Components Object)."""
    for each in value:
        if not _COMPONENT_NAME.fullmatch(each):
            seen.tell("component-odd-name", f"'{shown(each)}' under {key}", visit, key, each)


LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {"name": (name, frozenset()), "in": (place, frozenset(("query",)))}
COMPONENT_LOOKS: dict[str, tuple[Look, frozenset[Any]]] = dict.fromkeys(
    _COMPONENT_FOLDERS, (component_names, frozenset())
)
