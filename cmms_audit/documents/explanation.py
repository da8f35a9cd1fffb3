"""Why one of our own files breaks its schema: every error at once, in plain words, with the right word.

Needed only where something is wrong, and slow to import: `validation.py` asks here when a file does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry

from cmms_audit.documents.document import Document
from cmms_audit.documents.places import pointer_join
from cmms_audit.documents.words import nearest, printable
from cmms_audit.errors import Problem

_PLAIN_TYPES = {
    "object": "a mapping (name: value)",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_MOST_CHOICES_SHOWN = 12
_LONGEST_VALUE_SHOWN = 60


def explain(document: Document, schema: dict[str, Any]) -> list[Problem]:
    """What in a document breaks a JSON Schema (draft 2020-12); empty where this validator finds nothing wrong."""
    validator = Draft202012Validator(schema, registry=Registry(), format_checker=FormatChecker())
    try:
        errors = list(validator.iter_errors(document.value))
    except RecursionError:
        return [Problem(document.source, "is nested too deeply", "keep to the documented form")]
    return [problem for error in errors for problem in _plain(document, error)]


def _plain(document: Document, error: ValidationError) -> Iterator[Problem]:
    """A validator's error as problems that name the line."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        for inner in _likeliest_branch(error):
            yield from _plain(document, inner)
        return
    pointer = pointer_join("", *error.absolute_path)
    advice = error.schema.get("x-advice", "") if isinstance(error.schema, dict) else ""
    explain = _EXPLAINERS.get(str(error.validator), _explain_other)
    for key, what, own_advice in explain(error):
        place = pointer if key is None else pointer_join(pointer, key)
        yield Problem(document.where(place), printable(what), printable(own_advice or advice))


def _likeliest_branch(error: ValidationError) -> list[ValidationError]:
    """Of several allowed forms, the errors of the one that the file most probably meant.

    That is the form whose fixed words (its `type: api-key`) fit, then the one of the right kind, then the one with
    the fewest errors.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)

    def misfit(errors: list[ValidationError]) -> tuple[int, int, int]:
        wrong_word = sum(e.validator in ("const", "enum") for e in errors)
        wrong_kind = sum(e.validator == "type" and not e.path for e in errors)
        return wrong_kind, wrong_word, len(errors)

    return min(branches.values(), key=misfit)


Explanation = Iterator[tuple[str | None, str, str]]  # the key at fault below the error's place, what, advice


def _explain_unknown_keys(error: ValidationError) -> Explanation:
    schema: Any = error.schema
    instance: Any = error.instance
    known = list(schema.get("properties", {}))
    patterns = list(schema.get("patternProperties", {}))
    for key in instance:
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        yield key, f"'{key}' is not a key that belongs here", _did_you_mean(key, known)


def _explain_missing(error: ValidationError) -> Explanation:
    required: Any = error.validator_value
    missing = next(key for key in required if repr(key) == error.message.split(" is a required")[0])
    yield None, f"'{missing}' is missing", ""


def _explain_type(error: ValidationError) -> Explanation:
    types: Any = error.validator_value
    wanted = [types] if isinstance(types, str) else types
    words = " or ".join(_PLAIN_TYPES.get(kind, kind) for kind in wanted)
    yield None, f"{_name(error)} should be {words}, not {_shown_of(error)}", ""


def _explain_choice(error: ValidationError) -> Explanation:
    values: Any = error.validator_value
    choices = [str(choice) for choice in values if isinstance(choice, str | int | float)]
    if "propertyNames" in error.absolute_schema_path:
        yield (
            str(error.instance),
            f"'{error.instance}' is not a name that belongs here",
            _did_you_mean(error.instance, choices),
        )
        return
    advice = _did_you_mean(str(error.instance), choices)
    yield None, f"{_name(error)} cannot be {_shown_of(error)}", advice


def _explain_const(error: ValidationError) -> Explanation:
    yield None, f"{_name(error)} should be {_shown(error.validator_value)}, not {_shown_of(error)}", ""


def _explain_pattern(error: ValidationError) -> Explanation:
    if "propertyNames" in error.absolute_schema_path:
        yield str(error.instance), f"'{error.instance}' is not a name that can stand here", ""
        return
    yield None, f"{_name(error)} is not written as it should be: {_shown_of(error)}", ""


def _explain_bound(error: ValidationError) -> Explanation:
    words = {
        "minimum": "is too small; the least is",
        "exclusiveMinimum": "is too small; it must be more than",
        "maximum": "is too large; the most is",
        "exclusiveMaximum": "is too large; it must be less than",
    }
    yield None, f"{_name(error)} {words[str(error.validator)]} {error.validator_value}", ""


def _explain_empty(error: ValidationError) -> Explanation:
    what = "is empty" if not error.instance else f"is too short: {_shown_of(error)}"
    yield None, f"{_name(error)} {what}", ""


def _explain_format(error: ValidationError) -> Explanation:
    yield None, f"{_name(error)} is not a valid {error.validator_value}: {_shown_of(error)}", ""


def _explain_repeated(error: ValidationError) -> Explanation:
    yield None, f"{_name(error)} names the same thing twice", ""


def _explain_other(error: ValidationError) -> Explanation:
    yield None, f"{_name(error)} is not as it should be: {_shown_of(error)}", ""


_EXPLAINERS: dict[str, Callable[[ValidationError], Explanation]] = {
    "additionalProperties": _explain_unknown_keys,
    "required": _explain_missing,
    "type": _explain_type,
    "enum": _explain_choice,
    "const": _explain_const,
    "pattern": _explain_pattern,
    "minimum": _explain_bound,
    "exclusiveMinimum": _explain_bound,
    "maximum": _explain_bound,
    "exclusiveMaximum": _explain_bound,
    "minLength": _explain_empty,
    "minItems": _explain_empty,
    "minProperties": _explain_empty,
    "format": _explain_format,
    "uniqueItems": _explain_repeated,
}


def _name(error: ValidationError) -> str:
    steps = list(error.absolute_path)
    if not steps:
        return "the file"
    if isinstance(steps[-1], int):
        return f"entry {steps[-1] + 1} of '{steps[-2]}'" if len(steps) > 1 else f"entry {steps[-1] + 1}"
    return f"'{steps[-1]}'"


def _shown_of(error: ValidationError) -> str:
    """The value at fault, for a message; a secret (`writeOnly` in its schema) is never shown."""
    if isinstance(error.schema, dict) and error.schema.get("writeOnly"):
        return "what stands there"
    return _shown(error.instance)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping (name: value)"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text[:_LONGEST_VALUE_SHOWN]}…'" if len(text) > _LONGEST_VALUE_SHOWN else f"'{text}'"


def _did_you_mean(word: Any, choices: list[str]) -> str:
    near = nearest(str(word), choices)
    if near is not None:
        return f"did you mean '{near}'?"
    if not choices or len(choices) > _MOST_CHOICES_SHOWN:
        return ""
    return "possible here: " + ", ".join(choices)
