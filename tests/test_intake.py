"""How fast and how much the vendor's own documents let an audit ask."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cmms_audit.intake import Intake, proven_claims
from cmms_audit.model import Claim, Exchange, Purpose, Request, Response
from cmms_audit.spec.load import NotASpec, parse_spec
from tests.support import rest


def intake(description: str) -> Intake:
    document = {"openapi": "3.0.3", "info": {"title": "x", "version": "1", "description": description}, "paths": {}}
    return Intake(parse_spec(json.dumps(document), "x.json"), rest(), {})


@pytest.mark.parametrize(
    ("description", "rate", "stock"),
    [
        ("Nothing on limits.", None, None),
        ("Rate limit: 5 requests per second.", 5.0, None),
        ("Rate limit: 60 requests per minute.", 1.0, None),
        ("Rate limit: 6000 requests per minute.", None, None),
        ("Rate limit: 100 requests per hour.", None, 80),
        ("Rate limit: 1 request per day.", None, 0),
        ("GET: 60 requests per minute and 4000 per hour. Batch: 20 requests per hour.", 1.0, 3200),
        ("Rate limits: batch 20 requests per hour, DELETE 5 requests per minute.", None, None),
        ("Rate limits: 10 requests per second, 1,000 requests per hour, 5,000 requests per day.", 10.0, 800),
    ],
)
def test_short_limits_are_a_speed_and_long_ones_a_stock(
    description: str, rate: float | None, stock: int | None
) -> None:
    read = intake(description)

    assert (read.documented_rate(requests=400), read.documented_stock()) == (rate, stock)


def test_without_a_description_nothing_binds() -> None:
    read = Intake(NotASpec("none", "the vendor publishes none"), rest(), {})

    assert (read.documented_rate(requests=400), read.documented_stock()) == (None, None)


class OnePage:
    """Stands for a session that has one public page."""

    def __init__(self, status: int, body: str) -> None:
        response = Response(status, (), body, len(body))
        request = Request("GET", "https://vendor.example/proof")
        self._page = Exchange(1, "intake", Purpose.DOCUMENT, None, request, response, "2026-11-22", 0.1)

    async def fetch_document(self, *_: Any, **__: Any) -> Exchange:
        return self._page


LOGIN = "<html><body><form><input name=user><input type='password' name=p></form></body></html>"
LEAD = (
    "<html><body><h1>Book a demo to see our API</h1><form><input name='first_name'><input type='email' name='email'>"
    "<input name='company'><button>Request access</button></form></body></html>"
)


@pytest.mark.parametrize(
    ("status", "body", "proven"),
    [
        (200, "<html><body><h1>Rotation</h1><p>Old keys live for 30 days.</p></body></html>", True),
        (200, LOGIN, False),
        (200, LEAD, False),
        (403, "no", False),
        (404, "no", False),
    ],
    ids=["a page", "a login", "a lead form", "forbidden", "not there"],
)
def test_a_claim_is_proven_only_by_a_page_that_anyone_can_read(status: int, body: str, proven: bool) -> None:
    claim = Claim("auth.rotation", "yes", evidence_url="https://vendor.example/proof")

    judged = asyncio.run(proven_claims({"auth.rotation": claim}, OnePage(status, body)))  # type: ignore[arg-type]

    assert judged["auth.rotation"].proven is proven
