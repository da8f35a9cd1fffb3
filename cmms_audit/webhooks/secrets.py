"""The secrets that an API tells with a new subscription, or at an address of their own, found in the raw answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from cmms_audit.patterns import pattern

SUBSCRIPTIONS = "webhooks"  # the kind of record that a subscription is
TOLD = "webhooks.told"  # a secret that came with a subscription, by its label in the record
SHORTEST, LONGEST = 8, 512  # characters
_MARK = f"«{TOLD}»"
MOST = 4
_SHORTEST_KEY = 16  # characters of what is called a key only: records may be called so, too
_DEEPEST = 4
_MOST_LISTED = 20
_MOST_TEXTS = 2_000

_SECRET = pattern(
    r"^\w{0,24}secrets?(?:[_-]?(?:key|token|value|old|new|current|previous|primary|secondary))?$"
    r"|^(?:signing|signature|verification|hmac|shared|webhook|primary|secondary)[_-]?(?:keys?|tokens?)$"
)
_INSIDE = pattern(r"^(?:value|data|result|key|token|secret|text|current|previous|primary|secondary|active|old|new)$")
_KEY = pattern(r"^(?:client[_-]?)?key$")
_VEILED = pattern(r"\*{3}|•|…|\.{3}|[xX]{6}")
_BLANK = pattern(r"[\s<>{}]")


def secrets_in(body: bytes, *, alone: bool = False) -> tuple[str, ...]:
    """The first texts of an answer that are called a secret, or a key to sign with; several while one is changed.

    `alone`: the answer is of an address that tells the secret and nothing else, however it calls it.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return _plain(body) if alone else ()
    try:
        found = islice(dict.fromkeys(_found(content, _DEEPEST, inside=alone)), MOST)
        return tuple(found) or tuple(islice(_keys(content), MOST))
    except RecursionError:
        return ()


def without_told(body: bytes, told: Collection[str], *, alone: bool = False) -> str | None:
    """An answer with marks in the place of these texts, wherever it calls them a secret; None where it does not."""
    try:
        content = json.loads(body) if told else None
        left = _without(content, told, _DEEPEST, inside=alone)
        return None if left == content else json.dumps(left)
    except RecursionError:
        return _MARK
    except ValueError:
        return _MARK if alone and body.decode("utf-8", "replace").strip() in told else None


def _without(value: Any, told: Collection[str], depth: int, *, inside: bool) -> Any:
    if isinstance(value, str):
        return _MARK if inside and value in told else value
    if isinstance(value, list) and depth:
        return [_without(each, told, depth - 1, inside=inside) for each in value]
    if isinstance(value, dict) and depth:
        return {
            name: _without(each, told, depth - 1, inside=_says_secret(name, inside=inside) or _is_key(name))
            for name, each in value.items()
        }
    return value


def _plain(body: bytes) -> tuple[str, ...]:
    text = body[: LONGEST + 2].decode("utf-8", "replace").strip()
    return (text,) if _fits(text) and not _BLANK.search(text) else ()


def _found(value: Any, depth: int, *, inside: bool) -> Iterator[str]:
    """Secrets by their names; `inside` what is called a secret as a whole other names say enough."""
    if isinstance(value, str) and inside and _fits(value):
        yield value
    elif isinstance(value, list) and depth:
        for each in value[:_MOST_LISTED]:
            yield from _found(each, depth - 1, inside=inside)
    elif isinstance(value, dict) and depth:
        for name, inner in value.items():
            yield from _found(inner, depth - 1, inside=_says_secret(name, inside=inside))


def _says_secret(name: str, *, inside: bool) -> bool:
    return bool(_SECRET.search(name.lower())) or (inside and bool(_INSIDE.search(name.lower())))


def _is_key(name: str) -> bool:
    return bool(_KEY.search(name.lower()))


def _keys(content: Any) -> Iterator[str]:
    """What is called a key only, and is neither the name of the record nor part of its address."""
    texts = list(islice(_texts(content, _DEEPEST - 1), _MOST_TEXTS))
    keys = (text for name, text in texts if _is_key(name) and _fits(text) and len(text) >= _SHORTEST_KEY)
    for key in islice(keys, _MOST_LISTED):
        if sum(key in text for _, text in texts) == 1:
            yield key


def _texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            if isinstance(inner, str):
                yield name, inner
            else:
                yield from _texts(inner, depth - 1)


def _fits(text: str) -> bool:
    return SHORTEST <= len(text) <= LONGEST and not _VEILED.search(text)
