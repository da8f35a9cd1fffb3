"""By what a delivery names a record: its id, another name that the vendor gave it, or its address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from cmms_audit.dialect import squeezed
from cmms_audit.model import Exchange
from cmms_audit.patterns import pattern
from cmms_audit.webhooks.delivery import Delivery

_DEEPEST = 6
_MOST_VALUES = 5_000
_LONGEST_NAME = 300  # characters of a text in which a record may be named
_TELLING = 6  # characters from which on a name is hardly anything else by chance
_MOST_NAMES = 8
_MOST_FIELDS = 500  # of a form
_LONGEST_TEXT = 100_000  # bytes of a body that is no JSON

_NAMES_A_RECORD = pattern(r"(?:id|uuid|guid|key|number|num|href|url|uri|link|self|ref)s?$")
_OF_OTHERS = pattern(
    r"site|location|plant|user|person|employee|company|tenant|account|customer|organi[sz]ation|team|vendor|category"
    r"|type|priority|status|parent|subscription|hook|deliver|event|message|attempt|sequence|version"
    r"|assign|author|owner|actor|technician|requester|(?:created|updated|changed)by|department|building|zone"
)
_WRAPS_A_RECORD = pattern(
    r"^(?:|(?:event|message|delivery|notification)\w{0,12}|data|payload|body|content|object|record|resource|entity|model"
    r"|items?|results?|values?|new|current|after|attributes|details?|target|subject|links?)$"
)
_OF_ASSETS = pattern(r"asset|equipment|machine|meter|sensor|device")
_OF_ORDERS = pattern(r"order|^wo|ticket|task|request")
_OWN_NAME = pattern(
    r"^(?:id|uuid|guid|key|href|url|uri|self|number|num|(?:work|service)?order(?:id|number|num|no|key)|wo(?:id|number|num|no|key))$"
)
_NUMBER = pattern(r"[0-9]")
_MIXED = pattern(r"[A-Za-z]{2,4}[-_ ]?[0-9]{1,5}")  # "WO-17"
_XML = pattern(r"<([\w:.-]{1,60})(?:\s[^<>]{0,300})?>([^<>]{1,100})<")
_PARTS = pattern(r"[^/:(),'\"#?&=\s|{}]+")


def names_given(exchange: Exchange) -> Iterator[str]:
    """What else than its id the answer to a create calls the new record: a number, an address. Only what tells."""
    record = exchange.json if isinstance(exchange.json, dict) else {}
    if len(record) == 1 and isinstance(inner := next(iter(record.values())), dict):
        record = inner
    names = [value for name, value in record.items() if isinstance(value, str) and _OWN_NAME.search(squeezed(name))]
    for value in names[:_MOST_NAMES]:
        for each in (value, *_PARTS.findall(value)[-1:]):
            if _NUMBER.search(each) and (len(each) >= _TELLING or _MIXED.fullmatch(each)):
                yield each.casefold()


def names_in(delivery: Delivery, *, of_assets: bool = False) -> frozenset[str]:
    """Everything in a body by which a work order may be named, or an asset, in lower case."""
    return names_within(_content(delivery), of_assets=of_assets)


def names_within(content: Any, *, of_assets: bool = False) -> frozenset[str]:
    """Everything in nested values by which a work order may be named, or an asset, in lower case.

    What is short and a number counts only where such a name is expected: as a priority, or as the id of a site, 5 is no
    work order.
    """
    found: set[str] = set()
    are_names: dict[tuple[str, str], bool] = {}
    waiting: list[tuple[Any, str, str, int]] = [(content, "", "", 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            break
        value, name, above, depth = waiting.pop()
        if isinstance(value, dict) and depth < _DEEPEST:
            waiting += [(inner, str(key), name, depth + 1) for key, inner in reversed(value.items())]
        elif isinstance(value, list) and depth < _DEEPEST:
            waiting += [(inner, name, above, depth + 1) for inner in reversed(value)]
        elif isinstance(value, str) and (inner := _json(value)) is not None:
            waiting.append((inner, name, above, depth + 1))
        elif isinstance(value, str | int) and not isinstance(value, bool):
            called = (name, above)
            if called not in are_names:
                are_names[called] = _is_name(squeezed(name), squeezed(above), of_assets=of_assets)
            found.update(each.casefold() for each in _parts(value) if are_names[called] or _is_telling(each))
    return frozenset(found)


def _is_name(name: str, above: str, *, of_assets: bool) -> bool:
    """Whether a member is called as the name of a work order is, or of an asset, and not as that of something else.

    Where it is only called "id", what it stands in (`above`) says whose it is.
    """
    own, others = (_OF_ASSETS, _OF_ORDERS) if of_assets else (_OF_ORDERS, _OF_ASSETS)
    if not _NAMES_A_RECORD.search(name) or _OF_OTHERS.search(name) or others.search(name):
        return False
    if own.search(name) or _WRAPS_A_RECORD.search(above):
        return True
    return bool(own.search(above)) and not _OF_OTHERS.search(above)


def _content(delivery: Delivery) -> Any:
    """A body as nested values: JSON, a form, or XML as far as names and values go."""
    if delivery.json is not None:
        return delivery.json
    text = delivery.body[:_LONGEST_TEXT].decode("utf-8", "replace")
    if "<" in text:
        return [{name: value} for name, value in _XML.findall(text)]
    with suppress(ValueError):  # too many fields
        return [{name: value} for name, value in parse_qsl(text, max_num_fields=_MOST_FIELDS)]
    return None


def _json(text: str) -> Any:
    """What a text holds that is JSON itself, as in Amazon SNS, or in a form; None for any other text."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        return None


def _parts(value: str | int) -> Iterable[str]:
    """A text, and what it is put together of: an address ends with the id, `WorkOrders(17)` and `WO:17` hold it."""
    text = str(value)
    return (text,) if isinstance(value, int) or len(text) > _LONGEST_NAME else (text, *_PARTS.findall(text))


def _is_telling(text: str) -> bool:
    return len(text) >= _TELLING or not text.isdecimal()
