"""JSON text to plain values, within budgets; `json_lines` finds the line of each part when somebody asks."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from msgspec import Struct

from cmms_audit.documents.limits import OVER_A_LIMIT, Limits
from cmms_audit.documents.measuring import measure, too_deep
from cmms_audit.errors import InputError, Problem

_LONGEST_NUMBER = 100
# A string (an unclosed one ends with the text), a comma, or a bracket that does not close at once.
_COUNTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|,|[{\[](?!\s*+[}\]])', re.DOTALL)
_HALF_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL
)


class LoadedJson(Struct, frozen=True):
    """The value of a JSON text, how many values it holds, and whether some mapping gives a key twice."""

    value: Any
    nodes: int
    repeats: bool


def load_json(text: str, source: str, limits: Limits) -> LoadedJson:
    """Read a JSON text.

    Numbers that no other reader could hold (NaN, 1e999, thousands of digits) stay text.
    Raises InputError where it is over a limit, and json.JSONDecodeError where it is no JSON.
    """
    if _holds_more_values(text, limits.nodes):
        raise InputError(Problem(source, f"more than {limits.nodes:,} values", OVER_A_LIMIT))
    repeats = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) != len(pairs)
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=mapping, parse_int=_integer, parse_float=_fraction, parse_constant=str, strict=False
    )
    try:
        value = decoder.decode(text)
    except RecursionError:
        raise too_deep(source, limits) from None
    nodes = measure(value, source, limits)
    return LoadedJson(_without_lone_surrogates(text, value), nodes, repeats)


def _holds_more_values(text: str, most: int) -> bool:
    """Whether a JSON text holds more values than that, counted before any of them takes memory."""
    if text.count(",") + text.count("{") + text.count("[") <= most:
        return False
    found = 0
    for match in _COUNTED.finditer(text):
        found += text[match.start()] != '"'
        if found > most:
            return True
    return False


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _fraction(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _without_lone_surrogates(text: str, value: Any) -> Any:
    """Half characters (half of an emoji) are legal JSON, but nothing could print or hash them."""
    if not _HALF_CHARACTER.search(text):
        return value
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        return json.loads(written.encode("utf-8", "replace"))
    return value
