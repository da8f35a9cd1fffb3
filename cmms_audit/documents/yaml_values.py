"""What the plain words of YAML mean, and what a YAML text is read as, whoever reads it."""

from __future__ import annotations

import math
import re
from typing import Any

from msgspec import Struct

from cmms_audit.documents.places import Duplicate, Place

_LONGEST_NUMBER = 100
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def plain_value(text: str) -> Any:
    """What an unquoted word of YAML means (1.2 core schema, section 10.3.2).

    "yes", "on", dates and numbers with a leading zero stay words; so do numbers that JSON could not hold (.inf,
    1e999) or that are absurdly long.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


class BuiltYaml(Struct, frozen=True):
    """The value of a YAML text, the lines of all its parts, and the keys that were given twice."""

    value: Any
    lines: Place
    duplicates: tuple[Duplicate, ...]
    nodes: int
