"""What a specification says of limits: numbers and their places, page sizes, bulk writes, and the refusal."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.model import Verdict
from tests.checks.small import RECORD, Json, described, flags, operation, query, read
from tests.support import battery, subject_of

PLANS = (
    "| Plan | Requests per minute | per hour | per day |\n|--|--|--|--|\n"
    "| Free | 60 | 600 | 9000 |\n| Pro | 600 | 6000 | 90000 |"
)


def test_of_several_plans_the_lowest_number_is_the_sure_one() -> None:
    finding = read("limits.numbers-published", described(text=PLANS))

    assert finding.verdict is Verdict.MET
    assert finding.facts == {"limit_per_minute": 60, "limit_per_hour": 600, "limit_per_day": 9000}
    assert "Free" in finding.detail


def test_a_limit_for_deleting_does_not_stand_for_all_calls() -> None:
    text = "GET requests: 4000 requests per hour. All requests: 1000 requests per hour. DELETE: 10 requests per hour."

    assert read("limits.numbers-published", described(text=text)).facts == {"limit_per_hour": 1000}


def test_limits_of_reading_and_of_writing_are_kept_apart_where_there_is_no_other() -> None:
    text = "GET: 4000 requests per hour. POST, PUT: 1000 requests per hour. DELETE: 100 requests per hour."
    finding = read("limits.numbers-published", described(text=text))

    assert finding.facts == {"read_limit_per_hour": 4000, "write_limit_per_hour": 1000}
    assert "published are 4,000 calls an hour for reading; for writing 1,000 calls an hour; nothing" in finding.summary


@pytest.mark.parametrize(
    "text",
    [
        "Batch: 20 requests per hour. DELETE: 100 requests per hour.",
        "Rate limits are set by your administrator, for example 500 requests per hour for a role.",
        "Rate limits depend on your role (e.g. 500 requests per hour).",
        "The rate limit depends on your plan, such as up to 500 requests per hour.",
    ],
)
def test_a_limit_of_other_work_or_an_example_is_none_of_all_calls_and_no_silence(text: str) -> None:
    finding = read("limits.numbers-published", described(text=text))

    assert (finding.verdict, finding.facts, flags(finding)) == (Verdict.PARTIAL, {}, {})
    assert "not for the API as a whole" in finding.summary


def test_a_limit_on_computing_time_is_no_number_of_calls_and_no_silence() -> None:
    text = "Each site may use 600 seconds of computing time in an hour."
    finding = read("limits.numbers-published", described(text=text))

    assert (finding.verdict, finding.facts, flags(finding)) == (Verdict.PARTIAL, {}, {})
    assert text in finding.detail


def test_the_words_of_the_document_are_quoted_and_calls_at_once_told_besides() -> None:
    text = "You may make 60 requests per minute. At most 10 requests at the same time."

    finding = read("limits.numbers-published", described(text=text))

    assert finding.verdict is Verdict.PARTIAL
    assert "“You may make 60 requests per minute.”" in finding.detail
    assert "at most 10 calls at the same time" in finding.detail


def test_an_extension_publishes_a_limit() -> None:
    finding = read("limits.numbers-published", described() | {"x-rate-limit": {"limit": 100, "period": "minute"}})

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {"no-published-rate-limits": False})


def test_a_limit_of_one_operation_is_quoted_but_is_none_of_the_api() -> None:
    reports = {"/reports": {"get": operation(RECORD, description="5 requests/sec")}}

    finding = read("limits.numbers-published", described(paths=reports))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert "“5 requests/sec”" in finding.detail


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("There are currently no rate limits.", Verdict.PARTIAL),
        ("The API is not rate limited.", Verdict.PARTIAL),
        ("Check a token without exceeding the normal rate limits.", Verdict.NOT_MET),
        ("Webhooks are limited to 100 requests per minute.", Verdict.NOT_MET),
    ],
)
def test_no_limit_is_told_from_no_word_on_limits(text: str, verdict: Verdict) -> None:
    assert read("limits.numbers-published", described(text=text)).verdict is verdict


# -- pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "maximum"),
    [
        (query("per_page", "default: 50, maximum: 1000"), 1000),
        (query("pageSize", "Number of records (max 200)."), 200),
        (query("$top", "Cannot exceed 500."), 500),
        (query("maxResults", "≤ 100"), 100),
        (query("oslc.pageSize", "Must be less than or equal to 750."), 750),
        (query("limit", "1-250"), 250),
        (query("page[size]", enum=[10, 50, 100]), 100),
        (query("limit", "A number.", maximum=300), 300),
        (query("itemsPerPage", "no more than 1,000"), 1000),
    ],
)
def test_the_greatest_page_is_read_from_names_and_words(parameter: Json, maximum: int) -> None:
    finding = read("limits.page-size-documented", described(list_parameters=[parameter]))

    assert finding.facts == {"page_size_documented": maximum}


def test_a_parameter_that_counts_is_no_page_size() -> None:
    count = {"name": "count", "in": "query", "schema": {"type": "boolean"}}

    assert read("limits.page-size-documented", described(list_parameters=[count])).verdict is Verdict.UNKNOWN


def test_the_general_text_states_the_greatest_page_for_all_lists() -> None:
    document = described(
        list_parameters=[query("limit")], text="Lists come in pages: the page size is 500 at most 1000."
    )

    finding = read("limits.page-size-documented", document)

    assert finding.verdict is Verdict.MET
    assert "/info/description" in {each.pointer for each in finding.evidence}


def test_the_other_lists_are_told_besides() -> None:
    finding = read("limits.page-size-documented", described(list_parameters=[query("limit", maximum=200)]))

    assert finding.detail == "Other lists: assets up to 200."


# -- bulk -----------------------------------------------------------------------------------------------------

MANY = {"type": "object", "properties": {"records": {"type": "array", "maxItems": 150, "items": RECORD}}}


@pytest.mark.parametrize(
    ("path", "body", "verdict"),
    [
        ("/work-orders/bulk", MANY, Verdict.MET),
        ("/work-orders/batchCreate", MANY, Verdict.MET),
        ("/work-orders:batchUpdate", MANY, Verdict.MET),
        ("/bulk/assets", MANY, Verdict.MET),
        ("/work-orders/import", MANY, Verdict.MET),
        ("/many", {"type": "array", "items": RECORD}, Verdict.MET),
        ("/attestations/bulk-list", MANY, Verdict.NOT_MET),
        ("/generate/batch-code", RECORD, Verdict.NOT_MET),
        ("/repositories/import", MANY, Verdict.NOT_MET),
    ],
)
def test_operations_that_write_many_are_told_from_those_that_sound_like_it(
    path: str, body: Json, verdict: Verdict
) -> None:
    paths = {path: {"post": operation(RECORD, body=body)}}

    assert read("limits.bulk-writes-documented", described(paths=paths)).verdict is verdict


@pytest.mark.parametrize("said", ["Up to 100 work orders per call.", "A maximum of 100 records is taken."])
def test_how_many_records_a_call_writes_is_read_from_words_too(said: str) -> None:
    body = {"type": "array", "items": RECORD}
    paths = {"/work-orders/bulk": {"post": operation(RECORD, body=body, description=said)}}

    assert read("limits.bulk-writes-documented", described(paths=paths)).facts == {"bulk_write_size": 100}


def test_changing_the_one_user_that_calls_is_no_bulk_write() -> None:
    paths = {"/user": {"get": operation(RECORD), "patch": operation(RECORD, body=RECORD)}}

    assert read("limits.bulk-writes-documented", described(paths=paths)).verdict is Verdict.NOT_MET


# -- at the limit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Above the limit the answer is 429 with a Retry-After header.", Verdict.MET),
        ("Above the limit the answer is 429.", Verdict.PARTIAL),
        ("Requests above the rate limit are queued.", Verdict.PARTIAL),
        ("If the limit is exceeded, 503 is returned with Retry-After.", Verdict.PARTIAL),
        ("403 is returned when the rate limit is exceeded.", Verdict.NOT_MET),
        ("Exceeding the quota leads to 500.", Verdict.NOT_MET),
        ("Jobs are queued at night.", Verdict.UNKNOWN),
    ],
)
def test_the_refusal_is_judged_by_what_the_documents_say(text: str, verdict: Verdict) -> None:
    assert read("limits.refusal-documented", described(text=text)).verdict is verdict


def refusing(status: str, **response: object) -> Json:
    document = described()
    for item in document["paths"].values():
        for each in item.values():
            each["responses"][status] = {"description": "Too many requests.", **response}
    return document


def test_a_general_error_that_speaks_of_too_many_requests_is_a_refusal() -> None:
    waiting = {"headers": {"Retry-After": {"schema": {"type": "integer"}}}}

    assert read("limits.refusal-documented", refusing("default", **waiting)).verdict is Verdict.MET
    assert read("limits.refusal-documented", refusing("4XX")).verdict is Verdict.PARTIAL


def test_whether_the_body_of_the_refusal_is_described_is_told() -> None:
    body = {"content": {"application/json": {"schema": RECORD}}}

    assert "is described." in read("limits.refusal-documented", refusing("429", **body)).detail
    assert "0 of 6" in read("limits.refusal-documented", refusing("429")).detail


@pytest.mark.parametrize(
    ("text", "per_minute"),
    [
        ("The limit was increased from 100 requests per minute to 200 requests per minute.", 200),
        ("The limit was increased from 100 to 200 requests per minute.", 200),
        ("We no longer accept more than 100 requests per minute.", 100),
        ("Max 5 requests per second for POST /work-orders. Otherwise 100 per minute.", 100),
        ("Max 5 requests per second for POST /work-orders, otherwise 100 requests per minute.", 100),
        ("No more than 100 requests per minute to `/api/v1/`.", 100),
        ("Deleting: 10 requests per minute. 600 requests per minute.", 600),
    ],
)
def test_the_number_that_holds_now_and_for_all_is_the_one_that_is_named(text: str, per_minute: int) -> None:
    finding = read("limits.numbers-published", described(text=text))

    assert finding.facts == {"limit_per_minute": per_minute}
    assert finding.summary.startswith(f"published are {per_minute} calls a minute; nothing")


@pytest.mark.parametrize(
    "text",
    [
        "There is no longer a limit of 100 requests per minute.",
        "The rate limit was 100 requests per minute until 2024; now ask sales.",
        "The limit of 100 requests per minute has been removed.",
    ],
)
def test_a_limit_of_former_times_is_none(text: str) -> None:
    finding = read("limits.numbers-published", described(text=text))

    assert (finding.facts, flags(finding).get("no-published-rate-limits")) in (({}, None), ({}, True))


def test_a_limit_of_named_endpoints_is_none_of_the_whole_api() -> None:
    finding = read(
        "limits.numbers-published", described(text="Report endpoints have a limit of 5 requests per minute.")
    )

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert "single operations only" in finding.summary


def test_where_the_number_depends_on_the_plan_both_ends_are_told() -> None:
    finding = read("limits.numbers-published", described(text="Rate limits: Trial 10/min. Enterprise 1000/min."))

    assert finding.facts == {"limit_per_minute": 10}
    assert "10 calls a minute, depending on the plan up to 1,000 calls a minute" in finding.summary


def test_headers_that_count_calls_without_a_number_are_partial_and_no_flag() -> None:
    document = described()
    answer = document["paths"]["/work-orders"]["get"]["responses"]["200"]
    answer["headers"] = {"X-RateLimit-Limit": {"schema": {"type": "integer"}}}

    finding = read("limits.numbers-published", document)

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert flags(read("limits.numbers-published", described())) == {"no-published-rate-limits": True}


def test_one_call_is_written_in_the_singular() -> None:
    finding = read("limits.numbers-published", described(text="One request every two seconds is allowed."))

    assert finding.summary.startswith("published are 1 call in 2 seconds")


def test_a_stand_in_for_work_orders_is_called_the_nearest() -> None:
    text = json.dumps(described()).replace("/work-orders", "/build")
    page = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    document = json.loads(text.replace('"parameters": []', f'"parameters": [{json.dumps(page)}]'))
    subject = subject_of(document)
    resources = dict(subject.resources)
    resources["work_orders"] = replace(resources["assets"], kind="work_orders", path="/build", nearest=True)
    declared = battery()["limits.page-size-documented"]

    (finding,) = asyncio.run(judge(declared, Context(replace(subject, resources=resources), declared)))

    assert finding.summary.startswith("/build (the nearest to work orders): the page size can be set with limit")
