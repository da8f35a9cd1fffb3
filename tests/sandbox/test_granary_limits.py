from __future__ import annotations

import re

from cmms_audit.sandbox.granary import READ_ONLY_KEY
from cmms_audit.sandbox.granary.limits import PUBLISHED, Limiter, scaled
from tests.sandbox.conftest import Clock, Open

LIST = "/api/v1/sites?limit=1"


def test_the_published_numbers_hold() -> None:
    clock = Clock()
    for limit in (*PUBLISHED[:3], scaled(0.01)[3]):
        limiter = Limiter((limit,), clock)
        assert all(limiter.take("one").refused_by is None for _ in range(limit.calls))
        refused = limiter.take("one").refused_by
        assert refused
        assert refused.resets_in == limit.seconds


def test_the_call_after_the_limit_of_a_second_is_refused(granary: Open) -> None:
    client = granary(scale=1.0)
    statuses = [client.get(LIST).status_code for _ in range(51)]
    assert statuses == [200] * 50 + [429]


def test_a_refusal_says_truly_when_to_come_back(granary: Open) -> None:
    client = granary(scale=0.04)
    client.get(LIST), client.get(LIST)
    client.clock.time += 0.7
    refused = client.get(LIST)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    wait = int(refused.headers["Retry-After"])
    client.clock.time += wait - 0.05
    assert client.get(LIST).status_code == 429
    client.clock.time += 0.06
    assert client.get(LIST).status_code == 200


def test_refused_calls_do_not_prolong_the_wait(granary: Open) -> None:
    client = granary(scale=0.04)
    for _ in range(10):  # the third, at 0.2 s, is refused until 1.2 s
        client.get(LIST)
        client.clock.time += 0.1
    client.clock.time += 0.21
    assert client.get(LIST).status_code == 200


def test_other_credentials_are_not_affected(granary: Open) -> None:
    client = granary(scale=0.04)
    assert [client.get(LIST).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get(LIST, headers={"X-Api-Key": READ_ONLY_KEY.value}).status_code == 200


def test_the_headers_count_truly(granary: Open) -> None:
    client = granary(scale=1.0)
    first, second = client.get(LIST).headers, client.get(LIST).headers
    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("3000", "2999")
    assert second["X-RateLimit-Remaining"] == "2998"
    assert first["RateLimit-Policy"].startswith('"second";q=50;w=1, "minute";q=3000;w=60')
    assert '"hour";r=59998;t=3600' in second["RateLimit"]
    client.clock.time += 59.5
    assert client.get(LIST).headers["X-RateLimit-Reset"] == "1"
    client.clock.time += 0.6
    assert client.get(LIST).headers["X-RateLimit-Remaining"] == "2999"


def test_a_refusal_reports_the_limit_that_refused(granary: Open) -> None:
    client = granary(scale=0.04)
    answers = [client.get(LIST) for _ in range(3)]
    assert answers[2].headers["X-RateLimit-Limit"] == "2"
    assert answers[2].headers["X-RateLimit-Remaining"] == "0"
    assert answers[2].headers["X-RateLimit-Reset"] == answers[2].headers["Retry-After"]


def test_document_page_and_headers_name_the_same_numbers(granary: Open) -> None:
    client = granary(scale=0.5)
    document = client.get("/api/v1/openapi.json").json()
    words = "25 calls per second, 1,500 calls per minute, 30,000 calls per hour, 500,000 calls per day"
    assert words in document["info"]["description"]
    assert words in client.get("/docs/limits").text
    numbers = [str(each["calls"]) for each in document["x-rate-limits"]]
    assert re.findall(r"q=(\d+)", client.get(LIST).headers["RateLimit-Policy"]) == numbers
