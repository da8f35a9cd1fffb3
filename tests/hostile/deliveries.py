"""Misbehaviours of whoever sends events: floods, hostile headers and bodies, and what a subscription says of itself."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import socket
import threading
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from tests.hostile.desk import Asked, Reply
from tests.hostile.plant import Answer, Hook, Plant
from tests.hostile.switches import Misbehaviour

_SENDERS = 6  # at once
_REPLAY = re.compile(r"/api/webhooks/\d+/deliveries/(?!\.+/)[^/?#]+/replay")
_PIECES = b"1\r\nx\r\n" * 5_000


def _head(url: str, length: int, headers: bytes = b"") -> bytes:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return f"POST {target} HTTP/1.1\r\nHost: plant\r\nContent-Length: {length}\r\n".encode() + headers + b"\r\n"


def _call(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5)


def _post(url: str, body: bytes, headers: bytes = b"") -> None:
    with contextlib.suppress(OSError), _call(url) as connection:
        connection.sendall(_head(url, len(body), headers) + body)
        connection.recv(65536)


def told(plant: Plant, url: str, event: dict[str, Any]) -> None:
    """An event as it should be sent."""
    _post(url, json.dumps(event).encode(), b"webhook-id: " + event["id"].encode() + b"\r\n")


def _while_it_lasts(plant: Plant, once: Any, url: str) -> None:
    """Do the same over and over, several at once, until the audit is over."""

    def over_and_over() -> None:
        while not plant.over.is_set():
            try:
                once(url)
            except OSError:
                plant.over.wait(0.02)

    for _ in range(_SENDERS):
        threading.Thread(target=over_and_over, daemon=True).start()


def flood_of_headers(plant: Plant, url: str, event: dict[str, Any]) -> None:
    """Messages without end, each with one long header that takes long to read."""

    def once(url: str) -> None:
        with _call(url) as connection:
            while not plant.over.is_set():
                connection.sendall(_head(url, 2, b"webhook-id: " + b"\x85" * 31_000 + b"\r\n") + b"{}")
                if not connection.recv(65536):
                    return

    told(plant, url, event)
    if plant.first_time("flood"):
        _while_it_lasts(plant, once, url)


def flood_of_pieces(plant: Plant, url: str, event: dict[str, Any]) -> None:
    """A message in pieces of a byte, without end, to an address that nobody was given."""

    def once(url: str) -> None:
        parts = urlsplit(url)
        with _call(url) as connection:
            connection.sendall(f"POST /nobody HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode())
            connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
            while not plant.over.is_set():
                connection.sendall(_PIECES)

    told(plant, url, event)
    if plant.first_time("flood"):
        _while_it_lasts(plant, once, url)


def secrets_everywhere(plant: Plant, url: str, event: dict[str, Any]) -> None:
    """Every secret that the vendor knows, in names and values of headers, the query, and bodies that are no text."""
    for secret in plant.secrets:
        value = secret.encode("utf-8", "replace")
        headers = b"X-Note: " + value + b"\r\n"
        if secret.isalnum():
            headers += b"X-" + value + b"-Signature: sha256=" + b"ab" * 32 + b"\r\n"
        _post(f"{url}?key={quote(secret)}", json.dumps(event | {"note": secret}).encode(), headers)
        _post(url, b"\xff\xfe" + value, headers)


def telling(secret: str) -> Hook:
    """A subscription that is said to be signed with a secret, which is a common word."""

    def hook(plant: Plant, asked: Asked) -> Answer:
        reply = plant.answer(asked)
        if asked.method == "POST" and asked.path == "/api/webhooks" and isinstance(reply.body, dict):
            return Reply(reply.status, {**reply.body, "secret": secret}, reply.headers)
        return reply

    return hook


def telling_a_new_one(plant: Plant, asked: Asked) -> Answer:
    """Each subscription is said to be signed with a secret of its own."""
    if asked.method == "POST" and asked.path == "/api/webhooks":
        plant.cookies.append(secrets.token_hex(20))
        return telling(plant.cookies[-1])(plant, asked)
    return None


def hostile_log(plant: Plant, asked: Asked) -> Answer:
    """A log of deliveries full of ids that lead elsewhere."""
    if asked.path.endswith("/deliveries") and asked.method == "GET":
        ids = ["../../assets/1", "%2e%2e", "1?x=1", f"{plant.far.url}/1", "\x1b[2J", "\ud800", {}, 10**40, ".."]
        return Reply(200, {"data": [{"id": each, "event_id": each, "status": "failed"} for each in ids] * 50})
    if asked.path.endswith("/replay") and not _REPLAY.fullmatch(unquote(asked.path)):
        plant.astray.append(asked.path)
    return None


DELIVERIES = (
    Misbehaviour("flood-headers", "long headers without end", lambda plant, asked: None, sends=flood_of_headers),
    Misbehaviour("flood-pieces", "tiny pieces for nobody", lambda plant, asked: None, sends=flood_of_pieces),
    Misbehaviour("sends-secrets", "all secrets that it knows", telling_a_new_one, sends=secrets_everywhere),
    Misbehaviour("tells-our-mark", "a secret that is our mark", telling("cmms-audit"), sends=told),
    Misbehaviour("tells-our-word", "a secret that is a word of ours", telling("retry-after"), sends=told),
    Misbehaviour("hostile-log", "a log that leads elsewhere", hostile_log, sends=told),
)
