"""JSON text to plain values, within budgets; `json_lines` finds the line of each part when somebody asks."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec
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

_HALF = re.compile("[\ud800-\udfff]")
_ODD_COLON = re.compile(rb'"(?:\s\s+|[\t\r\n]):')
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")


class LoadedJson(Struct, frozen=True):
    """The value of a JSON text, how many values it holds, and whether some mapping gives a key twice."""

    value: Any
    nodes: int
    repeats: bool


def load_json(text: str, source: str, limits: Limits, *, strict: bool = True) -> LoadedJson:
    """Read a JSON text; one that is not `strict` may hold control characters in its texts.

    Numbers that no other reader could hold (NaN, 1e999, thousands of digits) stay text.
    Raises InputError where it is over a limit, and json.JSONDecodeError where it is no JSON.
    """
    if _holds_more_values(text, limits.nodes):
        raise InputError(Problem(source, f"more than {limits.nodes:,} values", OVER_A_LIMIT))
    data = text.encode("utf-8", "replace")
    quick = _decoded_quickly(data)
    value, repeats = _decoded(text, source, limits, strict) if quick is None else (quick, False)
    size = measure(value, source, limits, text_length=len(text))
    if quick is not None and size.pairs != _pairs_written(data):
        value, repeats = _decoded(text, source, limits, strict)
    return LoadedJson(_without_lone_surrogates(text, value), size.nodes, repeats)


def _decoded_quickly(data: bytes) -> Any:
    """The value, by a decoder that says nothing of keys given twice; None where only the slow one reads it right."""
    if b"0" * (_LONGEST_NUMBER + 1) in data.translate(_DIGITS_ALIKE):
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None


def _pairs_written(data: bytes) -> int | None:
    """How many pairs of key and value the text spells out; None where a look at marks alone cannot tell."""
    if b'\\\\":' in data or b'\\\\" :' in data or _ODD_COLON.search(data):
        return None
    return data.count(b'":') + data.count(b'" :') - data.count(b'\\":') - data.count(b'\\" :')


def _decoded(text: str, source: str, limits: Limits, strict: bool) -> tuple[Any, bool]:
    """The value, and whether some mapping gives a key twice."""
    repeats = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) != len(pairs)
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=mapping, parse_int=_integer, parse_float=_fraction, parse_constant=str, strict=strict
    )
    try:
        return decoder.decode(text), repeats
    except RecursionError:
        raise too_deep(source, limits) from None


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
    """Half characters (half of an emoji) are legal JSON, but nothing could print or hash them: each becomes a "?"."""
    if not ("\\ud" in text or "\\uD" in text) or not _HALF_CHARACTER.search(text):
        return value
    around = [value]
    waiting: list[Any] = [around]
    while waiting:
        holder = waiting.pop()
        if type(holder) is dict and any(map(_HALF.search, holder)):
            members = {_mended(key): member for key, member in holder.items()}
            holder.clear()
            holder.update(members)
        for key, member in list(holder.items() if type(holder) is dict else enumerate(holder)):
            if type(member) is str:
                holder[key] = _mended(member)
            elif type(member) is dict or type(member) is list:
                waiting.append(member)
    return around[0]


def _mended(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if _HALF.search(text) else text
