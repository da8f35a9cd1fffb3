"""Rules about references: where they lead, and what stands beside them."""

from __future__ import annotations

from typing import Any

_BESIDE_ANY_REFERENCE = frozenset(("summary", "description"))


def lost_reference(reason: str) -> str:
    """The rule that a reference breaks which leads nowhere, by the reason that was given for it."""
    for word, rule in (("network", "network"), ("absolute", "absolute"), ("circle", "circle"), ("outside", "outside")):
        if word in reason:
            return f"reference-{rule}"
    return "reference-lost"


def sibling_names(value: dict[str, Any], kind: str, modern: bool) -> list[str]:
    """What stands beside a `$ref` and is ignored there (OpenAPI 3.0, Reference Object; 3.1 allows some of it)."""
    if kind == "path-item" or (modern and kind == "schema"):
        return []
    allowed = _BESIDE_ANY_REFERENCE if modern else frozenset()
    return [key for key in value if key != "$ref" and key not in allowed and not key.startswith("x-")]
