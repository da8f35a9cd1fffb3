"""How fast and how much the vendor's own documents let an audit ask."""

from __future__ import annotations

import json

import pytest

from cmms_audit.intake import Intake
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
