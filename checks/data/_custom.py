"""Tells custom fields with names that mean something from numbered ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cmms_audit.battery import pattern

_NUMBERED = pattern(
    r"(?:(?:custom|user|cust|usr|udf|uda|udfchar|udfnum|udfdate|udfchkbox|cf|attr|attribute|field|fld|ext|extra|flex|free"
    r"|spare|misc|text|string|number|num|date|bool|value|defined|char|col|column|line|single|multi|label|property|prop"
    r"|singleline|multiline|picklist|option)[ _-]{0,2}){1,4}\d{1,6}(?:[_-]?c)?"
    r"|\d{1,20}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_CUSTOM_PREFIX = pattern(
    r"(?:custom|udf|uda|udfchar|udfnum|cf|x|u)_[a-z0-9]\w{0,80}|.{1,80}__c|yy1_\w{1,80}|zz_?\w{1,80}", re.IGNORECASE
)
_OWN_NAMES = ("key", "name", "label", "fieldname", "title", "slug")


def is_numbered(name: str) -> bool:
    """Whether a name says nothing but a number or an id: custom_field_1, udf3, attr_07, 4711."""
    return _NUMBERED.fullmatch(name[:120].strip()) is not None


def custom_names(names: Iterable[str]) -> list[str]:
    """Those names of a record's own fields that look like custom ones: numbered words, or a usual prefix or suffix."""
    return [
        name for name in names if (is_numbered(name) and not name.isdigit()) or _CUSTOM_PREFIX.fullmatch(name[:100])
    ]


def names_in(value: Any) -> list[str]:
    """The names under which a record carries custom fields: the keys of an object, or what list entries call theirs.

    An entry that gives only a number or an id is named by that.
    """
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    entries = [each for each in value[:200] if isinstance(each, Mapping)] if isinstance(value, list) else []
    return [_name_of(entry) for entry in entries]


def _name_of(entry: Mapping[str, Any]) -> str:
    """What a list entry calls its custom field; a definition may stand inside it."""
    for holder in (entry, *(inner for inner in entry.values() if isinstance(inner, Mapping))):
        named = {key.lower().replace("_", ""): text for key, text in holder.items() if isinstance(text, str) and text}
        found = next((named[name] for name in _OWN_NAMES if name in named), None)
        if found:
            return found
    return next((str(entry[key]) for key in entry if "id" in key.lower()), "0")
