"""One POST to a subscriber: over plain HTTP, to this machine only, with one answer or none."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import SplitResult, quote, urlsplit

import h11

ANSWER_SECONDS = 2.0
_LONGEST_WAIT = 72 * 3600.0  # seconds that a subscriber can put the next try off
_MOST_READ = 64 * 1024
_IN_A_TARGET = "/?%:@!$&'()*+,;=~"


@dataclass(frozen=True)
class Outcome:
    """How a try ended: with an answer (`status`, `retry_after` in seconds), in silence, or with a broken line."""

    ended: Literal["answered", "silent", "broken"]
    status: int | None = None
    retry_after: float = 0.0


async def post(url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Send it and wait for the answer, not for long. Never raises for what the other side does."""
    try:
        parts = urlsplit(url)
        host, port, target = parts.hostname or "", parts.port or 80, _target(parts)
    except ValueError:  # no address at all
        return Outcome("broken")
    if parts.scheme != "http" or not _is_this_machine(host):
        return Outcome("broken")
    sent = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", **headers}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _exchange((host, port), target, sent, body)
    except TimeoutError:
        return Outcome("silent")
    except (OSError, h11.RemoteProtocolError):
        return Outcome("broken")


async def _exchange(address: tuple[str, int], target: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    reader, writer = await asyncio.open_connection(*address)
    try:
        line = h11.Connection(h11.CLIENT)
        sent = {**headers, "Content-Length": str(len(body)), "Connection": "close"}
        head = h11.Request(method="POST", target=target, headers=list(sent.items()))
        for part in (head, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(line.send(part) or b"")
        while True:
            event = line.next_event()
            if isinstance(event, h11.Response):
                return Outcome("answered", event.status_code, _seconds(event))
            if event is h11.NEED_DATA:
                line.receive_data(await reader.read(_MOST_READ))
            elif not isinstance(event, h11.InformationalResponse):
                return Outcome("broken")
    finally:
        writer.close()


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return quote(f"{path}?{parts.query}" if parts.query else path, safe=_IN_A_TARGET)


def _seconds(response: h11.Response) -> float:
    """Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); 0 where there is none that can be read."""
    value = dict(response.headers).get(b"retry-after", b"").decode("latin-1")
    try:
        wait = float(value) if value.isdecimal() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(wait, 0.0), _LONGEST_WAIT)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
