"""Rules about media types: those that no program recognises."""

from __future__ import annotations

from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.problems import shown
from cmms_audit.spec.rules.look import Look, Seen, Visit

# RFC 6838, section 4.2, with the ranges of RFC 9110, section 12.5.1; parameters may follow.
_NAME = r"[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]{0,126}"
_MEDIA_TYPE = pattern(rf"({_NAME})/({_NAME})\s*(?:;|\Z)")
_TOP_LEVELS = frozenset(
    {
        *("application", "audio", "chemical", "example", "font", "haptics", "image", "message", "model"),
        *("multipart", "text", "video", "*"),
    }
)
_ORDINARY = frozenset(("application/json", "application/xml", "text/plain", "multipart/form-data", "*/*"))
_NOT_QUITE_JSON = frozenset(("json", "x-json", "jason", "javascript-json"))


def media_types(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The keys of a `content`."""
    for name in value:
        if name not in _ORDINARY:
            _look(seen, name, visit, key, name)


def listed_media_types(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """The entries of a `consumes` or `produces` of Swagger 2.0."""
    for index, name in enumerate(value):
        if isinstance(name, str) and name not in _ORDINARY:
            _look(seen, name, visit, key, index)


def _look(seen: Seen, name: str, visit: Visit, *steps: str | int) -> None:
    fault = _wrong_with(name)
    if fault and name != "$ref":
        seen.tell("media-type-odd", f"the media type '{shown(name)}' {fault}", visit, *steps)


def _wrong_with(name: str) -> str:
    match = _MEDIA_TYPE.match(name)
    if match is None:
        return "is none: it needs the form type/subtype"
    top, sub = match.group(1).lower(), match.group(2).lower()
    if top not in _TOP_LEVELS and not top.startswith("x-"):
        return f"starts with '{shown(top)}', which is no known type"
    misspelt = sub != "json" and len(sub) == 4 and sorted(sub) == sorted("json")
    if misspelt or (sub in _NOT_QUITE_JSON and (top, sub) != ("application", "json")):
        return "is not the name of JSON, which is application/json"
    return ""


LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {"content": (media_types, frozenset())}
LIST_LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {
    "consumes": (listed_media_types, frozenset()),
    "produces": (listed_media_types, frozenset()),
}
