"""A call: one request as the session means it, before and after credentials are put in place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.model import Purpose

BODY_CAP = 8 * 1024 * 1024
DOCUMENT_CAP = 32 * 1024 * 1024


class Call(Struct, frozen=True):
    """What is to be sent, on whose behalf (`owner`), what for, and with which credential's role (None: none).

    `notes` are recorded with the exchange.
    """

    method: str
    url: str
    owner: str
    purpose: Purpose
    role: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    body_cap: int = BODY_CAP

    def __repr__(self) -> str:
        """What may be shown: neither address nor headers, which may hold a credential."""
        return f"Call({self.method}, owner={self.owner!r}, purpose={self.purpose}, role={self.role!r})"


def with_params(url: str, params: Sequence[tuple[str, str]]) -> str:
    """The address with these parameters after those that it has, and without its fragment."""
    url = url.partition("#")[0]
    if not params:
        return url
    added = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in params)
    return url + ("" if url.endswith(("?", "&")) else "&" if "?" in url else "?") + added


def with_json(call: Call, value: Any) -> Call:
    """The call with a JSON body, and the header that says so unless there is one."""
    named = any(name.lower() == "content-type" for name, _ in call.headers)
    headers = call.headers if named else (*call.headers, ("Content-Type", "application/json"))
    return replace(call, headers=headers, body=json.dumps(value).encode("ascii"))


def with_headers(
    headers: Sequence[tuple[str, str]], replaced: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """The headers with these in the place of those of the same name, in any case."""
    names = {name.lower() for name, _ in replaced}
    return (*((name, value) for name, value in headers if name.lower() not in names), *replaced)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")  # half a surrogate pair, out of an answer's JSON, becomes a "?"
