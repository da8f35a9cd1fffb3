"""The names that a document gives itself and its parts.

`$self` (OpenAPI 3.2), and from JSON Schema 2020-12 (OpenAPI 3.1) `$anchor`, `$dynamicAnchor` and `$id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct

from cmms_audit.documents import pointer_join

_LONGEST_ADDRESS = 2_000
_ANCHORS = ("$anchor", "$dynamicAnchor")


class Names(Struct, frozen=True):
    """The pointers of the parts that have a name: `anchors` by plain name, `addresses` by the whole address.

    `base` is the address that relative ones are meant from.
    """

    base: str
    anchors: Mapping[str, str]
    addresses: Mapping[str, str]

    def pointer_of(self, address: str) -> str | None:
        """The pointer of the part that gives itself that address."""
        return self.addresses.get(_joined(self.base, address)) if self.addresses else None


def names_itself(document: Any, address: str) -> bool:
    """Whether an address, absolute or relative to what the document calls itself, is that very document."""
    own = document.get("$self") if isinstance(document, dict) else None
    if not isinstance(own, str) or not own:
        return False
    own = own.partition("#")[0]
    return _joined(own, address) == own


def names_in(document: Any) -> Names:
    """Every name in a document; where several parts have the same, one of them counts."""
    base = _text(document, "$self") or _text(document, "$id")
    anchors: dict[str, str] = {}
    addresses: dict[str, str] = {}
    waiting: list[tuple[Any, str]] = [(document, "")] if isinstance(document, dict | list) else []
    while waiting:
        part, pointer = waiting.pop()
        for key in _ANCHORS:
            if name := _text(part, key):
                anchors.setdefault(name, pointer)
        if address := _text(part, "$id"):
            addresses.setdefault(_joined(base, address.partition("#")[0]), pointer)
        inside = part.items() if isinstance(part, dict) else enumerate(part)
        waiting += [(each, pointer_join(pointer, key)) for key, each in inside if isinstance(each, dict | list)]
    return Names(base, anchors, addresses)


def _text(part: Any, key: str) -> str:
    value = part.get(key) if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def _joined(base: str, address: str) -> str:
    """An address as it is meant from another; itself where that cannot be told."""
    if max(len(base), len(address)) > _LONGEST_ADDRESS:
        return address
    try:
        return urljoin(base, address)
    except ValueError:
        return address
