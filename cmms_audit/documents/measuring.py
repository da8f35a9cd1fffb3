"""How big a value is that was read: how many values it holds, how deep, and how long its pointers are."""

from __future__ import annotations

from typing import Any

from cmms_audit.documents.limits import OVER_A_LIMIT, Limits
from cmms_audit.errors import InputError, Problem

_INDEX = 4  # characters of a slash and an index, about


def measure(value: Any, source: str, limits: Limits) -> int:
    """Count the values in a value, each repetition too.

    Raises InputError where they are nested too deeply, where one text is too long to be looked through, or where keys
    are so long that the pointers to all values would not fit into memory.
    """
    level, lengths = [value], [0]
    nodes = depth = characters = 0
    while level:
        inner: list[Any] = []
        inner_lengths: list[int] = []
        for node, length in zip(level, lengths, strict=True):
            if type(node) is dict:
                nodes += len(node)
                characters += (length + 1) * len(node) + len("".join(node))
                for key, child in node.items():
                    kind = type(child)
                    if kind is dict or kind is list:
                        inner.append(child)
                        inner_lengths.append(length + 1 + len(key))
                    elif kind is str and len(child) > limits.text:
                        raise _text_too_long(source, limits)
            elif type(node) is list:
                nodes += len(node)
                characters += (length + _INDEX) * len(node)
                for child in node:
                    kind = type(child)
                    if kind is dict or kind is list:
                        inner.append(child)
                        inner_lengths.append(length + _INDEX)
                    elif kind is str and len(child) > limits.text:
                        raise _text_too_long(source, limits)
        level, lengths = inner, inner_lengths
        depth += bool(inner)
        if depth >= limits.depth:
            raise too_deep(source, limits)
        if characters > limits.pointers:
            raise InputError(Problem(source, "the names in it are far too long", OVER_A_LIMIT))
    return nodes


def _text_too_long(source: str, limits: Limits) -> InputError:
    return InputError(Problem(source, f"holds a text of more than {limits.text:,} characters", OVER_A_LIMIT))


def too_deep(source: str, limits: Limits) -> InputError:
    """The error for a document that is nested too deeply."""
    return InputError(Problem(source, f"nested more than {limits.depth} levels deep", OVER_A_LIMIT))
