"""Event trials as they might have gone, for tests of what is made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cmms_audit.events.causes import Cause, What
from cmms_audit.events.facts import Corner, EventTrial
from cmms_audit.model import Exchange, Purpose, Request, Response
from cmms_audit.own_records import Created
from cmms_audit.webhooks.behaviour import read_script
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Received, Signature

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCRIPTS = {
    "steady": "200",
    "failing": "503",
    "later": "503:retry-after=2, 200",
    "silent": "silent:4, 200",
    "broken": "reset, away:1, 200",
    "gone": "410",
    "narrow": "200",
}


def exchange(number: int, status: int = 201, body: object = None) -> Exchange:
    request = Request("POST", "https://vendor.example/api/v1/x", (), None)
    text = json.dumps(body or {})
    response = Response(status, (("content-type", "application/json"),), text, len(text), False, "1.1")
    return Exchange(number, "observation:events", Purpose.API, "main", request, response, START.isoformat(), 0.1)


def made(number: int) -> Created:
    return Created(exchange(number), "webhooks", f"n-{number}", "cmms-audit-x", {}, "https://vendor.example", "/x", "1")


def cause(number: int, *, at: float = 0.0, what: What = "created", differs: str = "") -> Cause:
    """A cause so many seconds after the start; its record is called WO-<number>."""
    return Cause(number, what, f"WO-{number}", START + timedelta(seconds=at), exchange(number), differs)


def delivery(
    address: str,
    of: int,
    at: float,
    *,
    event: str | None = None,
    treated: str = "200",
    kind: str = "work_order.created",
) -> Received:
    """A delivery about a record, so many seconds after the start; `event` is its id ("" for none)."""
    body = json.dumps({"type": kind, "data": {"work_order_id": f"WO-{of}"}}).encode()
    name = f"evt-{of}" if event is None else event
    headers = (("webhook-id", name),) if name else ()
    moment = (START + timedelta(seconds=at)).isoformat()
    digest = hashlib.sha256(body).hexdigest()
    kept = Delivery(1000 + int(at * 1000), address, moment, "POST", "", headers, body, len(body), digest, treated)
    return Received(kept, Signature())


def tries(address: str, of: int, gaps: Sequence[float], *, first: float = 0.1, treated: str = "503") -> list[Received]:
    """The tries of one event, with these gaps between them."""
    moments = [first]
    for gap in gaps:
        moments.append(moments[-1] + gap)
    return [delivery(address, of, moment, treated=treated) for moment in moments]


def trial(
    came: dict[str, Sequence[Received]],
    *,
    watched: float = 120.0,
    causes: Sequence[Cause] = (),
    by_tunnel: bool = False,
) -> EventTrial:
    """A trial of two matching work orders, unless other causes are given."""
    corners = {
        name: Corner(name, read_script(script), made(number), came=tuple(came.get(name, ())))
        for number, (name, script) in enumerate(SCRIPTS.items(), start=50)
    }
    return EventTrial(corners, tuple(causes) or (cause(1), cause(2, at=0.05)), watched, 2, by_tunnel)
