"""Which numbers in a text are rate limits, and which only look like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.spec.limit_sentences import limits_in_sentences
from cmms_audit.spec.limit_sides import side_limits
from cmms_audit.spec.limit_tables import limits_in_tables
from cmms_audit.spec.limits import stated_limits

MINUTE, HOUR, DAY, MONTH = 60, 3600, 86_400, 2_592_000

# Each sentence with its limits: calls, and seconds.
STATED: list[tuple[str, set[tuple[int, int]]]] = [
    ("5 requests/sec", {(5, 1)}),
    ("Rate limit: 5 requests/sec ([learn more](https://vendor.example/limits)).", {(5, 1)}),
    ("1,000 calls per hour per user", {(1000, HOUR)}),
    ("One request every two seconds is allowed.", {(1, 2)}),
    ("100 req / 10s", {(100, 10)}),
    ("Rate limit: up to 60/min", {(60, MINUTE)}),
    ("1000 requests per 24 hours", {(1000, DAY)}),
    ("You may make 60 requests per minute, 1,000 per hour and 20000 per day.",
     {(60, MINUTE), (1000, HOUR), (20000, DAY)}),
    ("**Limit:** 100 requests per minute per API key", {(100, MINUTE)}),
    ("This operation is limited to 1,000 requests\nper hour for each user.", {(1000, HOUR)}),
    ("There is a rate limit of only\ntwice per user in a 24 hour time frame.", {(2, DAY)}),
    ("Max 10 rps", {(10, 1)}),
    ("The API rate limit is 600 RPM.", {(600, MINUTE)}),
    ("RPS limit: 10", {(10, 1)}),
    ("Requests per minute: 60", {(60, MINUTE)}),
    ("Each minute you may send 60 requests.", {(60, MINUTE)}),
    ("Hourly limit: 1000 requests", {(1000, HOUR)}),
    ("A daily quota of 5,000 calls applies.", {(5000, DAY)}),
    ("10,000 requests monthly", {(10_000, MONTH)}),
    ("10,000 calls a month", {(10_000, MONTH)}),
    ("50 million requests per month quota", {(50_000_000, MONTH)}),
    ("At most 120 calls in any 60-second period.", {(120, MINUTE)}),
    ("6,000 requests within a 5 minute window", {(6000, 300)}),
    ("Clients are rate limited at 5k requests/day.", {(5000, DAY)}),
    ("10–20 requests per second", {(10, 1)}),
    ("one hundred requests per minute", {(100, MINUTE)}),
    ("The API may be called sixty times per minute.", {(60, MINUTE)}),
    ("It can be called once every 30 seconds.", {(1, 30)}),
    ("GET 360 requests/min & 4000/h; POST 1000 requests/h", {(360, MINUTE), (4000, HOUR), (1000, HOUR)}),
    ("Throttling: 200/minute", {(200, MINUTE)}),
    ("Quota: 1 000 requests/day", {(1000, DAY)}),
    ("Requests are limited to 100 per user per minute.", {(100, MINUTE)}),
    ("No more than 30 API calls every 10 seconds.", {(30, 10)}),
    ("Send not more than two requests per second.", {(2, 1)}),
    ("100 requests for each API key per minute", {(100, MINUTE)}),
    ("300 requests per rolling 5-minute window", {(300, 300)}),
    ("Requests are limited: 50 per second, 1500 per minute.", {(50, 1), (1500, MINUTE)}),
    ("Rate limit of 250 per minute", {(250, MINUTE)}),
    ("Limits: 5 req./s", {(5, 1)}),
    ("600 requests a minute", {(600, MINUTE)}),
    ("It allows 15 requests per 15-minute window.", {(15, 900)}),
    ("per-minute limit: 60 requests", {(60, MINUTE)}),
    ("20 search requests per minute", {(20, MINUTE)}),
    ("API calls: 10000/day", {(10_000, DAY)}),
    ("Up to 25 API requests per second per tenant are allowed.", {(25, 1)}),
    ("We throttle at 1,500 calls per five minutes.", {(1500, 300)}),
    ("100 requests per minute (6,000 per hour)", {(100, MINUTE), (6000, HOUR)}),
    ("## Rate limits\n\n- up to 60/min\n- 1000/hour", {(60, MINUTE), (1000, HOUR)}),
    ("## Rate limits\nStandard: 10 requests per second; burst of 20", {(10, 1)}),
    ("Clients are allowed 2 requests/second on average.", {(2, 1)}),
    ("Each user may send 6000 requests within the 5 minute sliding window.", {(6000, 300)}),
    ("Limits: 6,000 requests and 1,200 seconds of combined execution time within 5 minutes.", {(6000, 300)}),
    ("6,000 requests, 20 minutes of processing time in any five-minute window", {(6000, 300)}),
    ("limits: GET 360/minute and 4000/hour, PATCH 2000/hour", {(360, MINUTE), (4000, HOUR), (2000, HOUR)}),
    ("## Limits\n- GET: 360 per minute\n- PATCH: 2000/h", {(360, MINUTE), (2000, HOUR)}),
    ("1.000 requests per hour and 20.000 per day", {(1000, HOUR), (20_000, DAY)}),
    ("1.500.000 requests per second", {(1_500_000, 1)}),
    ("Rate limits | Manual of the vendor\nStandard: 60 per minute", {(60, MINUTE)}),
]  # fmt: skip

NO_LIMIT = [
    "Returns up to 100 items per page.",
    "99.9 % uptime per month is promised.",
    "99.9% per month",
    "The retention is 30 days.",
    "limit (max 200, default 50)",
    "A failed webhook is sent again, 5 retries per hour.",
    "Webhooks are limited to 100 requests per minute per endpoint.",
    "It costs $5 per 1,000 requests per month.",
    "Pro plan: $49/month",
    "2024-05-01 12:00/day",
    "50 service requests per day can be created.",
    "100 work requests per hour were closed.",
    "Technicians take 3 service calls per day.",
    "The motor runs at 1500 rpm at most.",
    "Meter readings: 60 per minute.",
    "A request returns in 5 seconds.",
    "Our platform handles 10,000 requests per second.",
    "Emails are limited to 100 per day.",
    "Rate limits: emails are limited to 100 per day.",
    "10 failed requests per minute lock the account.",
    "Requests per day are shown in the report.",
    "Every second request is dropped.",
    "60 unauthenticated requests per hour",
    "20 requests per minute for anonymous callers",
    "Tokens expire after 1 hour.",
    "Polling every 5 minutes is discouraged.",
    "Wait 10 seconds between requests.",
    "The last 24 hours of API requests are kept.",
    "In the last 7 days there were 500 requests.",
    "Up to 10 concurrent requests are served.",
    "Requests that take longer than 30 seconds time out.",
    "A maximum of 500 records per request.",
    "1 request per 1000 records",
    "Maintenance is due every 500 hours or 30 days.",
    "10 work orders per day",
    "HTTP 429 Too Many Requests per minute",
    "Invoices: 5 per month",
    "Calls last 5 minutes each.",
    "You can export 5 reports per hour.",
    "Call me in 5 minutes.",
    "The file size limit is 25 MB per day.",
    "Each request may hold 100 operations.",
    "1.5 requests per hour",
    "1.5k requests per hour",
    "0.500 requests per hour",
    "1.500 requests per second",
    "1.234 requests per hour",
    "Not 1,000 but 1.000 requests per hour.",
    "1,200 seconds of combined execution time within 5 minutes",
    "GET /meters 24/day",
    "GET 360/minute",
    "limits: GET 5 items/minute",
    "The limit of 5 bar is read with GET every 10 seconds.",
]


@pytest.mark.parametrize(("text", "expected"), STATED, ids=[text[:40] for text, _ in STATED])
def test_a_sentence_states_its_limits(text: str, expected: set[tuple[int, int]]) -> None:
    assert {(each.count, each.window) for each in limits_in_sentences(text)} == expected


@pytest.mark.parametrize("text", NO_LIMIT)
def test_other_numbers_are_no_rate_limits(text: str) -> None:
    assert [(each.count, each.window) for each in limits_in_sentences(text)] == []


def test_a_limit_keeps_the_words_that_it_was_read_from() -> None:
    (limit,) = limits_in_sentences("First things first. You may make\n60 requests per minute. Enjoy.")

    assert limit.quotation == "You may make 60 requests per minute."


def test_a_limit_of_some_calls_is_told_apart_from_one_of_all() -> None:
    limits = list(limits_in_sentences("DELETE: 100 requests per hour. All together: 4000 requests per hour."))

    assert [(each.count, each.narrow) for each in limits] == [(100, True), (4000, False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET: 3600 requests per minute and 40000 per hour.", [(3600, "READS"), (40_000, "READS")]),
        ("Read requests: 100 per minute, write requests: 20 per minute.", [(100, "READS"), (20, "WRITES")]),
        ("POST, PUT and DELETE: 1000 requests per hour", [(1000, "WRITES")]),
        ("GET 360 requests/min, DELETE 100 requests/h, batch 20 requests/h",
         [(360, "READS"), (100, "SOME"), (20, "SOME")]),
        ("Read and write requests are limited to 60 per minute.", [(60, "ALL")]),
        ("GET, POST, PUT and DELETE: 60 requests per minute", [(60, "ALL")]),
        ("An administrator sets limits, for example 500 requests per hour for a role.", [(500, "SOME")]),
        ("Limits differ, e.g. 500 requests per hour and 9 requests per minute.", [(500, "SOME"), (9, "SOME")]),
        ("Integrations, such as ours, may send 60 requests per minute.", [(60, "ALL")]),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)  # fmt: skip
def test_reading_writing_other_work_and_examples_are_told_apart(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(each.count, each.scope.name) for each in limits_in_sentences(text)] == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| Method | Limit |\n|--|--|\n| GET | 3600 per minute, 40000 per hour |\n| DELETE | 100 per hour |",
         {(3600, MINUTE, "READS"), (40_000, HOUR, "READS"), (100, HOUR, "SOME")}),
        ("| Method | Calls | Window |\n|--|--|--|\n| GET | 60 | minute |\n| POST, PUT | 10 | minute |",
         {(60, MINUTE, "READS"), (10, MINUTE, "WRITES")}),
        ("| Call type | Limit |\n|--|--|\n| Read | 60 per minute |\n| Bulk | 5 per minute |\n| All | 90 per minute |",
         {(60, MINUTE, "READS"), (5, MINUTE, "SOME"), (90, MINUTE, "ALL")}),
        ("| Endpoint | Limit |\n|--|--|\n| Work orders | 60 per minute |\n| Others | 90 per minute |",
         {(60, MINUTE, "PLACE"), (90, MINUTE, "ALL")}),
        ("| Plan | Requests |\n|--|--|\n| Free | 60 per minute |\n| Pro | 600 per minute |",
         {(60, MINUTE, "ALL"), (600, MINUTE, "ALL")}),
        ("Rate limits\n\n| Who | Limit |\n|--|--|\n| Unauthenticated | 5 per minute |\n| Users | 60 per minute |",
         {(60, MINUTE, "ALL")}),
        ("| Plan | Limit |\n|--|--|\n| Emails | 60 per day |\n| Inspections | 3 per day |", set()),
        ("| Method | Path | Does |\n|--|--|--|\n| GET | /meters | Returns 24 readings per day. |", set()),
    ],
    ids=["methods", "methods and windows", "sorts of calls", "places", "requests", "strangers", "emails", "paths"],
)  # fmt: skip
def test_a_row_of_a_table_says_for_which_calls_its_limits_are(table: str, expected: set[tuple[int, int, str]]) -> None:
    assert {(each.count, each.window, each.scope.name) for each in stated_limits(table)} == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| Plan | Requests per minute | per hour |\n|--|--:|--:|\n| Free | 60 | 1,000 |\n| Pro | 600 | 9000 |\n",
         {(60, MINUTE), (1000, HOUR), (600, MINUTE), (9000, HOUR)}),
        ("Rate limits\n\n| Endpoint | Limit | Window |\n|--|--|--|\n"
         "| /reports | 10 | 1 minute |\n| others | 100 | 60 s |\n",
         {(10, MINUTE), (100, MINUTE)}),
        ("| Measure | Description | Limit per web server |\n|--|--|--|\n"
         "| Number of requests | All that a user makes | 6000 within the 5 minute sliding window |\n"
         "| Execution time | Of all its requests | 20 minutes (1200 seconds) within the 5 minute sliding window |\n",
         {(6000, 300)}),
        ("| Measure | Value |\n|--|--|\n| Number of requests | 6000 within the 5 minute sliding window |\n", set()),
        ("| Plan | Requests per hour |\n|--|--|\n| A | 1.000 |\n| B | 10.000 |\n", {(1000, HOUR), (10_000, HOUR)}),
        ("| Plan | Requests per second |\n|--|--|\n| A | 1.500 |\n", set()),
        ("| Plan | Price/month |\n|--|--|\n| A | 49 |\n", set()),
        ("| Interval | per day | per month |\n|--|--|--|\n| Inspections | 3 | 90 |\n", set()),
    ],
    ids=[
        *("a column for each window", "a column of windows", "a row of calls", "no limit named", "dots", "a fraction"),
        *("prices", "inspections"),
    ],
)  # fmt: skip
def test_tables_state_limits_in_rows_and_in_columns(table: str, expected: set[tuple[int, int]]) -> None:
    assert {(each.count, each.window) for each in limits_in_tables(table)} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Up to 10 concurrent requests are served.", [("concurrent", 10)]),
        ("At most 5 requests at the same time.", [("concurrent", 5)]),
        ("Concurrent requests are limited to 4 per account.", [("concurrent", 4)]),
        ("No more than three API calls in parallel.", [("concurrent", 3)]),
        ("Rate limit 100/min with a burst size of 50 requests.", [("burst", 50)]),
        ("The concurrency is 50%.", []),
        ("A burst pipe was reported on 20 May.", []),
    ],
)
def test_concurrent_calls_and_bursts_are_kept_apart(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(each.kind, each.count) for each in side_limits(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "rate limit " + "1 request per " * 20_000,
        "rate limit " + "9" * 200_000,
        "requests " * 20_000 + "per minute",
        "a " * 100_000 + "call per hour",
        "limit: " + "1/" * 100_000 + "min",
        "throttle | per minute |" + "| 1 |" * 40_000,
        "one two three four requests " * 10_000 + " per second",
    ],
    ids=lambda text: text[:20],
)
def test_hostile_texts_are_passed_over_in_no_time(text: str) -> None:
    began = time.process_time()

    list(stated_limits(text))
    list(side_limits(text))

    assert time.process_time() - began < 2


NUMBERS = st.sampled_from(["1", "5", "60", "1,000", "24", "10s", "one", "a", "twice"])
TIMES = st.sampled_from(["per", "every", "each", "/", "minute", "hour", "second", "day", "daily", "rps"])
OTHERS = st.sampled_from(["requests", "calls", "rate limit", ":", ";", "|", "\n", "of", "to", "may", "("])
WORDS = NUMBERS | TIMES | OTHERS


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=300))
def test_no_text_breaks_the_reader_and_every_limit_is_a_sane_number(text: str) -> None:
    for limit in stated_limits(text):
        assert limit.count > 0
        assert 0 < limit.window <= 366 * DAY
        assert limit.quotation
