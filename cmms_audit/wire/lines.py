"""What each line of evidence must hold, beside the exchanges, for the rest of the program to rely on it.

A folder of evidence may come from anybody. What the lines mean is up to who asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from cmms_audit.model import Reason
from cmms_audit.webhooks.received import Signature

Moment = Annotated[datetime, Meta(tz=True)]


class _Asked(Struct):
    vendor: dict[str, Any]
    permissions: dict[str, bool]
    only: list[str]
    skip: list[str]


class _Run(Struct):
    version: str
    run_id: str
    started_at: Moment
    vendor_file: str
    vendor_file_sha256: str
    battery_sha256: str
    rubric_sha256: str
    order: _Asked


class _Documents(Struct):
    dialect: dict[str, Any]


class _Document(Struct):
    key: str
    name: str
    zlib_base64: str


class _Refusal(Struct):
    reason: Reason
    summary: str
    exchanges: list[int]


class _Came(Struct):
    number: int
    signature: Signature


class _Delivery(Struct):
    number: int
    address: str
    received: Moment
    method: str
    headers: list[tuple[str, str]]


class _Address(Struct):
    name: str
    script: str
    refused: str
    narrowed: list[str]
    deliveries: list[int]
    flooded: str = ""


class _Cause(Struct):
    number: int
    what: Literal["created", "status changed", "changed", "asset created", "asset changed", "created after the end"]
    record_id: str
    at: Moment
    exchange: int
    differs: str
    mark: str = ""


class _Trial(Struct):
    seconds: Annotated[float, Meta(ge=0, le=1e6)]
    watched: bool
    addresses: list[_Address]
    causes: list[_Cause]
    resting: bool = False


class _Outcome(Struct):
    owner: str
    asked: str
    time: int
    refused: _Refusal | None = None
    failure: _Refusal | None = None
    exchange: int = 0
    exchanges: list[int] = []
    now: Moment | None = None
    address: str = ""
    deliveries: list[_Came] = []


class _Captured(Struct):
    deliveries: list[_Came]


class _Check(Struct):
    id: str
    gave_up: bool


class _Creating(Struct):
    number: str
    owner: str
    resource: str
    url: str
    marker: str


class _Created(Struct):
    number: str
    address: str | None = None


class _Resumed(Struct):
    anew: list[str] = []


class _Other(Struct):
    kind: str


class _Finished(Struct):
    at: Moment
    complete: bool


_SHAPES: Mapping[str, type[Struct]] = {
    "run": _Run,
    "documents": _Documents,
    "document": _Document,
    "outcome": _Outcome,
    "delivery": _Delivery,
    "trial": _Trial,
    "captured": _Captured,
    "check": _Check,
    "creating": _Creating,
    "created": _Created,
    "not_created": _Created,
    "deleted": _Created,
    "resumed": _Resumed,
    "finished": _Finished,
}


def is_usable(line: Mapping[str, Any]) -> bool:
    """Whether a line holds what lines of its kind must; one of a kind that is not known may hold anything."""
    try:
        msgspec.convert(line, _SHAPES.get(line["kind"], _Other))
    except (ValueError, OverflowError, RecursionError):
        return False
    return True
