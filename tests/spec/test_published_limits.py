"""Where in a description rate limits are found: extensions, headers, refusals and prose, of all calls or of some."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cmms_audit.spec.index import Spec
from cmms_audit.spec.limit_members import limits_in_members
from cmms_audit.spec.limits import binding_limits, published_limits, published_side_limits, sure_limits
from tests.checks.small import RECORD, Json, described, operation
from tests.spec.toy import loaded

EXTENSIONS: list[tuple[str, Any, set[tuple[int, int]]]] = [
    ("x-ratelimit", {"limit": 100, "period": "minute"}, {(100, 60)}),
    ("x-rate-limit", "100/min", {(100, 60)}),
    ("x-rate-limit", {"requests": 5, "window": "10s"}, {(5, 10)}),
    ("x-rate-limit-per-minute", 60, {(60, 60)}),
    ("x-throttling-tier", "10KPerMin", {(10_000, 60)}),
    ("x-throttling", {"rate": "30ps"}, {(30, 1)}),
    ("x-kong-plugin-rate-limiting", {"config": {"minute": 5, "hour": 100, "policy": "local"}}, {(5, 60), (100, 3600)}),
    ("x-google-management", {"quota": {"limits": [{"unit": "1/min/{project}", "values": {"A": 10}}]}}, {(10, 60)}),
    ("x-amazon-apigateway-usage-plan", {"throttle": {"rateLimit": 10, "burstLimit": 20}}, {(10, 1)}),
    ("x-amazon-apigateway-usage-plan", {"quota": {"limit": 5000, "period": "DAY"}}, {(5000, 86_400)}),
    ("x-azure", {"rate-limit": {"calls": 20, "renewal-period": 90}}, {(20, 90)}),
    ("x-quota", {"allow": 100, "interval": 5, "timeUnit": "minute"}, {(100, 300)}),
    ("x-rate-limits", [{"limit": 10, "per": "second"}, {"limit": 900, "per": "PT1H"}], {(10, 1), (900, 3600)}),
    ("x-rate-limit", {"free": {"max": 9, "windowMs": 60_000}, "pro": {"max": 99, "per": "1m"}}, {(9, 60), (99, 60)}),
    ("x-rate-limit", '"default";q=100;w=10', {(100, 10)}),
    ("x-rate-limit", "5 requests per second, 100 per minute", {(5, 1), (100, 60)}),
    ("x-throttle", {"times": 5, "seconds": 10}, {(5, 10)}),
    ("x-rate-limit", {"requestsPerSecond": 5, "concurrent": 3}, {(5, 1)}),
    ("x-rate-limit", {"limit": 60}, set()),
    ("x-rate-limit", True, set()),
    ("x-quota", {"storage": {"limit": 5, "unit": "GB"}}, set()),
    ("x-other", {"limit": 10, "period": "minute"}, set()),
    ("x-throttling-tier", "Unlimited", set()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), EXTENSIONS)
def test_an_extension_states_its_limits_whatever_its_shape(
    name: str, value: Any, expected: set[tuple[int, int]]
) -> None:
    assert {(each.count, each.window) for each in limits_in_members({name: value})} == expected


def test_a_number_and_its_window_may_be_extensions_of_their_own() -> None:
    (limit,) = limits_in_members({"x-ratelimit-limit": 100, "x-ratelimit-interval": "minute"})

    assert (limit.count, limit.window) == (100, 60)


def test_an_extension_of_great_depth_is_given_up() -> None:
    value: Any = {"limit": 1, "period": "minute"}
    for _ in range(500):
        value = {"quota": value}

    assert list(limits_in_members({"x-quota": value})) == []


def spec_of(document: Json) -> Spec:
    return loaded(json.dumps(document))


def found(document: Json) -> set[tuple[int, int, bool]]:
    return {(each.limit.count, each.limit.window, each.general) for each in published_limits(spec_of(document))}


def test_an_extension_of_the_document_is_of_all_calls_and_one_of_an_operation_is_not() -> None:
    document = described(paths={"/reports": {"get": operation(RECORD, **{"x-rate-limit": "5/min"})}})
    document["x-rate-limit"] = {"limit": 100, "period": "minute"}

    assert found(document) == {(100, 60, True), (5, 60, False)}


def test_an_extension_of_a_path_is_of_its_operations_only() -> None:
    document = described()
    document["paths"]["/assets"]["x-rate-limit"] = "5/min"

    assert found(document) == {(5, 60, False)}


def headers(**named: Json) -> Json:
    """A document whose work orders answer with these headers, kept for all among the components."""
    document = described()
    document["components"]["headers"] = {name.replace("_", "-"): value for name, value in named.items()}
    answer = document["paths"]["/work-orders"]["get"]["responses"]["200"]
    answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in document["components"]["headers"]}
    return document


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("RateLimit_Policy", {"schema": {"type": "string"}, "example": '"default";q=100;w=10'}, {(100, 10)}),
        ("RateLimit_Limit", {"schema": {"type": "string", "default": "100, 100;w=60"}}, {(100, 60)}),
        ("X_RateLimit_Limit", {"description": "Requests per hour: 500"}, {(500, 3600)}),
        ("X_RateLimit_Limit", {"description": "Allowed per minute.", "schema": {"example": 60}}, {(60, 60)}),
        ("X_RateLimit_Limit_Hour", {"schema": {"type": "integer", "default": 1000}}, {(1000, 3600)}),
        ("X_RateLimit_Remaining", {"description": "Left in the current minute.", "example": 59}, set()),
        ("X_RateLimit_Limit", {"description": "The limit.", "example": 60}, set()),
    ],
)  # fmt: skip
def test_limit_headers_state_numbers_in_their_words_and_examples(
    name: str, header: Json, expected: set[tuple[int, int]]
) -> None:
    assert {(count, window) for count, window, _ in found(headers(**{name: header}))} == expected


def test_a_refusal_kept_for_all_operations_states_the_limit_of_the_api() -> None:
    document = described()
    document["components"]["responses"] = {"TooMany": {"description": "More than 300 requests per minute."}}
    document["paths"]["/assets"]["get"]["responses"]["429"] = {"$ref": "#/components/responses/TooMany"}

    assert found(document) == {(300, 60, True)}


def test_the_example_of_a_refusal_may_name_the_limit() -> None:
    document = described()
    body = {"example": {"error": {"message": "Limit of 40 requests per second exceeded"}}}
    refusal = {"description": "Too many requests", "content": {"application/json": body}}
    document["paths"]["/assets"]["get"]["responses"]["429"] = refusal

    assert found(document) == {(40, 1, False)}


def test_what_most_operations_say_is_said_of_the_api() -> None:
    document = described()
    for item in document["paths"].values():
        for each in item.values():
            each["description"] = "Rate limit: 50 requests per minute."

    assert found(document) == {(50, 60, True)}


def test_a_limit_points_at_the_text_that_states_it() -> None:
    (limit,) = published_limits(spec_of(described(text="You may make 100 calls per minute.")))

    assert limit.evidence.pointer == "/info/description"
    assert limit.limit.quotation == "You may make 100 calls per minute."


def test_a_limit_in_an_extension_points_at_it() -> None:
    (limit,) = published_limits(spec_of(described() | {"x-rate-limit": {"limit": 5, "period": "minute"}}))

    assert limit.evidence.pointer == "/x-rate-limit"
    assert limit.limit.quotation == "x-rate-limit (limit: 5, period: minute)"


def test_calls_at_the_same_time_are_published_apart_from_rates() -> None:
    spec = spec_of(described(text="Up to 10 concurrent API requests. Rate limit: 5 requests per second."))

    assert [(each.limit.kind, each.limit.count) for each in published_side_limits(spec)] == [("concurrent", 10)]
    assert [(each.limit.count, each.limit.window) for each in published_limits(spec)] == [(5, 1)]


def test_a_rare_operation_does_not_slow_down_everybody_else() -> None:
    document = described(
        text="Rate limits: 6000 requests per hour. DELETE: 10 requests per hour.",
        paths={
            "/exports": {"post": operation(RECORD, description="May be called twice a day.")},
            "/readings": {"get": operation(RECORD, description="Rate limit: 5 requests/sec")},
        },
    )

    assert {(each.count, each.window) for each in binding_limits(spec_of(document))} == {(6000, 3600), (5, 1)}


def test_where_reading_and_writing_have_limits_of_their_own_reading_goes_by_the_one_for_reading() -> None:
    text = "GET: 3600 requests per hour. POST: 1000 requests per hour. Batch: 20 requests per hour."
    limits = [each.limit for each in published_limits(spec_of(described(text=text)))]

    assert {window: each.count for window, each in sure_limits(limits).items()} == {3600: 3600}
    assert {window: each.count for window, each in sure_limits(limits, writing=True).items()} == {3600: 1000}


def test_a_lower_limit_for_reading_holds_beside_one_for_all() -> None:
    limits = [
        each.limit
        for each in published_limits(
            spec_of(described(text="GET: 60 requests per minute. All requests: 90 requests per minute."))
        )
    ]

    assert [each.count for each in sure_limits(limits).values()] == [60]
    assert [each.count for each in sure_limits(limits, writing=True).values()] == [90]


def test_what_most_operations_say_of_themselves_is_said_of_the_api() -> None:
    document = described()
    for item in document["paths"].values():
        for each in item.values():
            each["description"] = "This operation may be called 50 times: its rate limit is 50 requests per minute."
    (limit,) = published_limits(spec_of(document))

    assert (limit.general, limit.limit.narrow) == (True, False)
