"""Schemas worked out from examples: what several examples have in common, and what only some of them show.

An example shows what may be, never what must be; whoever judges by such a schema is told so by its mark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.documents import Limits
from cmms_audit.documents.json_text import load_json
from cmms_audit.errors import InputError
from cmms_audit.patterns import pattern

MARK = "x-inferred"  # on every schema that was worked out from examples

_MOST_VALUES = 200_000  # looked at for one schema
_MOST_EXAMPLES_OF_A_MEMBER = 50
_LIMITS = Limits(nodes=_MOST_VALUES, depth=60)
_VARIABLE = pattern(r"(?<=[:\[,])(\s{0,20})\{\{[^{}\n]{1,100}\}\}")
_COMMENT = pattern(r"^[ \t]{0,100}//[^\n]*$", re.MULTILINE)
_FORMATS = (
    ("date-time", pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)")),
    ("date", pattern(r"\d{4}-\d\d-\d\d")),
    ("uuid", pattern(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")),
)
_LONGEST_FORMATTED = 40
_SECRET = pattern(
    r"passw|secret|api.?key|access.?key|private.?key|credential|signature|authori[sz]ation|cookie|session|jwt"
    r"|(?:^|[^a-z])pwd|token$|^(?:pin|otp|key|sig|auth)$",
    re.IGNORECASE,
)
_LEFT_OUT = "(left out)"


def is_secret(name: str) -> bool:
    """Whether what is called so may well be a secret that somebody left behind."""
    return bool(_SECRET.search(name[:100]))


def without_secrets(value: Any) -> Any:
    """A copy of an example in which what is named like a secret is left out."""
    if isinstance(value, dict):
        return {
            name: _LEFT_OUT if is_secret(name) and not isinstance(inner, dict | list) else without_secrets(inner)
            for name, inner in value.items()
        }
    return [without_secrets(inner) for inner in value] if isinstance(value, list) else value


def read_example(text: str) -> Any:
    """The value of a JSON example that may hold template variables and comments; None where it is no JSON."""
    for spelling in (text, _VARIABLE.sub(r"\1null", _COMMENT.sub("", text))):
        try:
            return load_json(spelling, "example", _LIMITS).value
        except (json.JSONDecodeError, InputError):
            continue
    return None


def schema_of(examples: Sequence[Any], *, required: bool) -> dict[str, Any]:
    """One schema that fits all of the examples; with `required`, members that all of them have are required."""
    return {**_Inference(required).of(list(examples)), MARK: True}


def schema_of_text(value: Any) -> dict[str, Any]:
    """The schema of a value that travels as text, such as a query parameter."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return {"type": "integer", MARK: True}
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return {"type": "boolean", MARK: True}
    return {"type": "string", MARK: True}


class _Inference(Struct):
    """One schema in the making."""

    required: bool
    left: int = _MOST_VALUES

    def of(self, values: list[Any]) -> dict[str, Any]:
        self.left -= len(values)
        if self.left < 0:
            return {}
        present = [value for value in values if value is not None]
        kinds = list(dict.fromkeys(map(_kind, present)))
        if not kinds:
            return {}
        if "number" in kinds:
            kinds = [kind for kind in kinds if kind != "integer"]
        if len(present) < len(values):
            kinds.append("null")
        schema: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
        if "object" in kinds:
            schema |= self._members([value for value in present if isinstance(value, dict)])
        if "array" in kinds:
            lists = [value for value in present if isinstance(value, list)]
            schema["items"] = self.of([inner for value in lists for inner in value[:_MOST_EXAMPLES_OF_A_MEMBER]])
        if kinds == ["string"] and (name := _format(present)):
            schema["format"] = name
        return schema

    def _members(self, objects: list[dict[str, Any]]) -> dict[str, Any]:
        seen: dict[str, list[Any]] = {}
        for each in objects:
            for name, value in each.items():
                seen.setdefault(name, []).append(value)
        in_all = [name for name, values in seen.items() if len(values) == len(objects)]
        found = {name: self.of(values) for name, values in seen.items()}
        return {"properties": found, **({"required": in_all} if self.required and in_all else {})}


def _kind(value: Any) -> str:
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "array")


def _format(texts: Iterable[str]) -> str:
    texts = list(texts)
    if any(len(text) > _LONGEST_FORMATTED for text in texts):
        return ""
    return next((name for name, words in _FORMATS if all(map(words.fullmatch, texts))), "")
