"""How big a value is that was read: how many values it holds, how deep, and how long its pointers are."""

from __future__ import annotations

from typing import Any, NamedTuple

from cmms_audit.documents.limits import OVER_A_LIMIT, Limits
from cmms_audit.errors import InputError, Problem

_INDEX = 4  # characters of a slash and an index, about


class Size(NamedTuple):
    """`nodes` values are held, each repetition counted, of which `pairs` stand in mappings."""

    nodes: int
    pairs: int


def measure(value: Any, source: str, limits: Limits, *, text_length: int) -> Size:
    """Count the values in a value that was read from a text of that many characters.

    Raises InputError where they are nested too deeply, where one text is too long to be looked through, or where keys
    are so long that the pointers to all values would not fit into memory.
    """
    nodes = pairs = depth = 0
    characters = text_length  # each key by itself is part of the text
    level: list[tuple[Any, int]] = [(value, 0)] if isinstance(value, dict | list) else []
    while level:
        depth += 1
        if depth > limits.depth:
            raise too_deep(source, limits)
        inner: list[tuple[Any, int]] = []
        for node, length in level:
            nodes += len(node)
            characters += (length + 1) * len(node)
            if type(node) is dict:
                pairs += len(node)
                inner += [
                    (child, length + len(key) + 1)
                    for key, child in node.items()
                    if type(child) is dict or type(child) is list
                ]
            else:
                inner += [(child, length + _INDEX) for child in node if type(child) is dict or type(child) is list]
        if characters > limits.pointers:
            raise InputError(Problem(source, "the names in it are far too long", OVER_A_LIMIT))
        if text_length > limits.text:
            _check_texts([node for node, _ in level], source, limits)
        level = inner
    return Size(nodes, pairs)


def _check_texts(level: list[Any], source: str, limits: Limits) -> None:
    for node in level:
        for child in node.values() if type(node) is dict else node:
            if type(child) is str and len(child) > limits.text:
                what = f"holds a text of more than {limits.text:,} characters"
                raise InputError(Problem(source, what, OVER_A_LIMIT))


def too_deep(source: str, limits: Limits) -> InputError:
    """The error for a document that is nested too deeply."""
    return InputError(Problem(source, f"nested more than {limits.depth} levels deep", OVER_A_LIMIT))
