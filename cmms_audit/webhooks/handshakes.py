"""How senders make sure that an address belongs to whoever subscribed it: they ask it something, and it answers.

Nothing else of what a sender says is ever sent back. What is sent back is short, of harmless letters, and plain text
or JSON that no browser takes for a page.

Sources: WebSub section 5.3 (hub.challenge), Microsoft Graph (validationToken), Slack Events (url_verification),
Asana and others (X-Hook-Secret), CloudEvents HTTP Webhook section 4 (WebHook-Request-Origin).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from cmms_audit.patterns import pattern

_HARMLESS = pattern(r"[A-Za-z0-9_.~+/=:-]{1,256}")
_QUERY_NAMES = ("hub.challenge", "validationtoken", "challenge", "verification_token", "verify_challenge")
_ORIGIN = pattern(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?")


class Reply(Struct, frozen=True):
    """What a handshake is answered with, always under status 200; `secret` is what the sender will sign with."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    secret: str = ""


def handshake(method: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
    """The answer that an address owes its sender; None where this is no handshake. Header names are in lower case."""
    if method == "OPTIONS":
        return _cloud_events(headers)
    asked = _in_query(query)
    if asked:
        return Reply((("content-type", "text/plain"),), asked.encode())
    if method == "POST":
        return _hook_secret(headers) or _in_body(body)
    return None


def _in_query(query: str) -> str | None:
    try:
        given = {name.lower(): value for name, value in parse_qsl(query, max_num_fields=20)}
    except ValueError:
        return None
    return next((given[name] for name in _QUERY_NAMES if name in given and _HARMLESS.fullmatch(given[name])), None)


def _hook_secret(headers: Mapping[str, str]) -> Reply | None:
    secret = headers.get("x-hook-secret", "")
    return Reply((("x-hook-secret", secret),), secret=secret) if _HARMLESS.fullmatch(secret) else None


def _in_body(body: bytes) -> Reply | None:
    """A body that holds a challenge and little else; an event that happens to have such a member is no handshake."""
    if b"challenge" not in body or len(body) > 4096:
        return None
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    challenge = value.get("challenge") if isinstance(value, dict) and len(value) <= 4 else None
    if not isinstance(challenge, str) or not _HARMLESS.fullmatch(challenge):
        return None
    return Reply((("content-type", "application/json"),), json.dumps({"challenge": challenge}).encode())


def _cloud_events(headers: Mapping[str, str]) -> Reply | None:
    origin = headers.get("webhook-request-origin", "")
    allowed = (("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*"))
    return Reply(allowed) if _ORIGIN.fullmatch(origin) else None
