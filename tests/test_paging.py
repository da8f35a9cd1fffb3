"""Pages of lists as vendors serve them: every family of paging, and answers that nobody foresaw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.api import Api
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose, Request, Response
from cmms_audit.paging import Next, Page, Params, read_page, size_params
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import parse_spec
from cmms_audit.spec.resources import Resource, find_resources
from tests.support import rest
from tests.wire.servers import Answer, Seen, answering
from tests.wire.sessions import Workbench

ADDRESS = "https://vendor.example/api/work-orders?status=open"
RECORDS = [{"id": "W-1"}, {"id": "W-2"}]
ASKED = (("status", "open"),)


@cache
def work_orders(*parameters: str, page_from: int | None = None, explained: str = "") -> Resource:
    """The work orders of a document whose list takes these query parameters, each `explained` in the same words."""
    schema = {"type": "integer"} | ({} if page_from is None else {"minimum": page_from})
    described = [{"name": name, "in": "query", "schema": schema, "description": explained} for name in parameters]
    record = {"type": "object", "properties": {"id": {"type": "string"}, "status": {"type": "string"}}}
    content = {"application/json": {"schema": {"type": "array", "items": record}}}
    operation = {"parameters": described, "responses": {"200": {"description": "Well.", "content": content}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Pages", "version": "1"},
        "paths": {"/work-orders": {"get": operation}},
    }
    spec = parse_spec(json.dumps(document), "vendor.json")
    assert isinstance(spec, Spec)
    return find_resources(spec, rest())["work_orders"]


def page_of(body: Any, resource: Resource, asked: Params = ASKED, **headers: str) -> Page:
    """An answer read as a page; underscores in header names stand for dashes."""
    return read_page(answered(json.dumps(body), headers), asked, resource, rest())


def answered(body: str, headers: Mapping[str, str], status: int = 200) -> Exchange:
    sent = (("Content-Type", "application/json"), *((name.replace("_", "-"), text) for name, text in headers.items()))
    response = Response(status, sent, body, len(body))
    return Exchange(1, "test", Purpose.API, "main", Request("GET", ADDRESS), response, "2026-01-01T00:00:00Z", 0.1)


# -- families -------------------------------------------------------------------------------------------------


def test_a_link_header_names_the_next_page() -> None:
    links = '<https://vendor.example/w?page=1>; rel="prev", <https://vendor.example/w?page=3>; rel="next"'
    assert page_of(RECORDS, work_orders(), Link=links).next == Next(url="https://vendor.example/w?page=3")


@pytest.mark.parametrize(
    "body",
    [{"next": "/w?page=2"}, {"links": {"next": {"href": "/w?page=2"}}}, {"@odata.nextLink": "/w?page=2"}],
    ids=["plain", "nested", "with a dot in its name"],
)
def test_an_address_in_the_body_names_the_next_page(body: dict[str, Any]) -> None:
    assert page_of({"items": RECORDS, **body}, work_orders()).next == Next(url="https://vendor.example/w?page=2")


def test_records_of_json_api_are_told_plain_and_kept_as_they_were_served() -> None:
    site = {"data": {"type": "sites", "id": "S-1"}}
    served = {"type": "work-orders", "id": "W-1", "attributes": {"status": "open"}, "relationships": {"site": site}}
    links = {"next": "https://vendor.example/w?page[number]=2"}

    page = page_of({"data": [served, {"id": "W-2"}], "links": links, "meta": {"total": 4}}, work_orders())

    assert page.records[0] == {"id": "W-1", "status": "open", "site": site["data"], "site_id": "S-1"}
    assert page.records[1] is page.served[1]
    assert page.served == (served, {"id": "W-2"})
    assert (page.total, page.next) == (4, Next(url=links["next"]))


@pytest.mark.parametrize("cursor", ["opaque==", 42])
def test_a_cursor_is_sent_back_beside_what_was_asked(cursor: Any) -> None:
    page = page_of({"data": RECORDS, "next_cursor": cursor}, work_orders("cursor"), (*ASKED, ("cursor", "old")))
    assert page.next == Next(params=[*ASKED, ("cursor", str(cursor))])


def test_pages_are_counted_until_the_announced_total_is_reached() -> None:
    resource = work_orders("page")
    assert page_of({"items": RECORDS, "total": 4}, resource).next == Next(params=[*ASKED, ("page", "2")])
    assert page_of({"items": RECORDS, "total": 4}, resource, (("page", "2"),)).next is None


def test_pages_that_are_counted_from_zero_go_on_with_one() -> None:
    resource = work_orders("page", page_from=0)
    assert page_of({"items": RECORDS, "total": 4}, resource).next == Next(params=[*ASKED, ("page", "1")])
    assert page_of({"items": RECORDS, "total": 4}, resource, (("page", "1"),)).next is None


def test_an_offset_grows_by_the_records_that_came() -> None:
    resource = work_orders("offset")
    assert page_of({"items": RECORDS, "total": 7}, resource, (("offset", "4"),)).next == Next(params=[("offset", "6")])
    assert page_of({"items": RECORDS, "total": 6}, resource, (("offset", "4"),)).next is None


def test_a_vendor_that_says_there_is_more_is_believed_over_a_count_of_this_page() -> None:
    resource = work_orders("offset")
    more = page_of({"items": RECORDS, "count": 2, "has_more": True}, resource)
    last = page_of({"items": RECORDS, "count": 200, "has_more": False}, resource)
    assert (more.next, last.next) == (Next(params=[*ASKED, ("offset", "2")]), None)


@pytest.mark.parametrize("empty", [None, "", False])
def test_an_empty_next_is_the_end(empty: Any) -> None:
    assert page_of({"items": RECORDS, "next": empty}, work_orders("offset")).next is None


def test_a_page_without_records_is_the_end_of_a_counted_list() -> None:
    assert page_of({"items": []}, work_orders("offset")).next is None
    assert page_of({"items": []}, work_orders("page")).next is None


# -- HAL ------------------------------------------------------------------------------------------------------


def test_records_are_found_in_what_is_embedded_under_whatever_name() -> None:
    links = {"self": {"href": "/w"}, "next": {"href": "/w?page=1"}}
    for name in ("workOrders", "ea:orders", "https://vendor.example/rels/orders"):
        page = page_of({"_embedded": {name: RECORDS}, "_links": links, "page": {"totalElements": 4}}, work_orders())
        assert list(page.records) == RECORDS
        assert (page.total, page.next) == (4, Next(url="https://vendor.example/w?page=1"))


@pytest.mark.parametrize(
    "body",
    [
        {"_links": {"self": {"href": "/w"}}, "page": {"size": 20, "totalElements": 0}},
        {"_links": {"self": {"href": "/w"}}},
        {"_embedded": {}, "_links": {}},
    ],
)
def test_an_answer_that_embeds_nothing_is_an_empty_page(body: dict[str, Any]) -> None:
    assert page_of(body, work_orders()).records == ()


@pytest.mark.parametrize(
    "body",
    [
        {"_embedded": {"orders": RECORDS, "sites": RECORDS}},
        {"_links": {}, "message": "Not so."},
        {"_links": {}, "id": 7},
        {"page": {"totalElements": 0}},
        {"_embedded": {"order": {"id": "W-1"}}, "_links": {}},
    ],
    ids=["two lists", "an error", "one record", "no links", "one embedded record"],
)
def test_what_might_be_something_else_is_no_page_of_embedded_records(body: dict[str, Any]) -> None:
    with pytest.raises(CouldNotLook):
        page_of(body, work_orders())


# -- ranges ---------------------------------------------------------------------------------------------------


def part_of(said: str, resource: Resource, asked: Params = (), status: int = 206, records: Any = RECORDS) -> Page:
    return read_page(answered(json.dumps(records), {"Content-Range": said}, status), asked, resource, rest())


@pytest.mark.parametrize("said", ["0-1/5", "items 0-1/5", "work-orders 0-1/5", "items=0-1/5"])
def test_a_range_tells_the_number_of_all_and_leads_to_the_next_records(said: str) -> None:
    page = part_of(said, work_orders("range"), (("range", "0-1"), *ASKED))
    assert (page.total, page.is_part, page.next) == (5, True, Next(params=[*ASKED, ("range", "2-3")]))


def test_the_next_range_begins_after_the_records_that_came_whether_or_not_the_last_number_is_counted_in() -> None:
    assert part_of("2-4/9", work_orders("range")).next == Next(params=[("range", "4-5")])


@pytest.mark.parametrize("said", ["3-4/5", "3-5/5"])
def test_the_last_range_is_the_end(said: str) -> None:
    page = part_of(said, work_orders("range"), (("range", "3-9"),))
    assert (page.next, page.is_part) == (None, False)


def test_a_range_without_a_number_of_all_goes_on_until_it_is_beyond_the_end() -> None:
    page = part_of("0-1/*", work_orders("range"))
    assert (page.total, page.is_part, page.next) == (None, True, Next(params=[("range", "2-3")]))
    beyond = part_of("*/2", work_orders("range"), (("range", "2-3"),), status=416, records={"error": "range"})
    assert (beyond.records, beyond.total, beyond.next) == ((), 2, None)


def test_a_range_that_is_refused_although_records_are_there_is_no_end() -> None:
    with pytest.raises(CouldNotLook):
        part_of("*/42", work_orders("range"), (("range", "0-999"),), status=416, records={"error": "range"})


def test_more_records_than_can_be_asked_for_are_known_to_be_there() -> None:
    page = part_of("0-1/5", work_orders())
    assert (page.next, page.is_part) == (None, True)


def test_a_range_beside_an_offset_counts_the_records_and_the_offset_leads_on() -> None:
    assert part_of("0-1/5", work_orders("offset", "limit")).next == Next(params=[("offset", "2")])
    assert part_of("3-4/5", work_orders("offset", "limit"), (("offset", "3"),)).next is None


@pytest.mark.parametrize("said", ["bytes 0-1/5", "0-9/5", "a-b/c", "0-1", "-", "9" * 5000 + "-1/5", "id 5f..7a/9"])
def test_what_counts_no_records_is_no_range(said: str) -> None:
    page = part_of(said, work_orders("range"))
    assert (page.total, page.next, page.is_part) == (None, None, False)


@pytest.mark.parametrize(
    ("explained", "asked"),
    [
        ("Pagination, default 0-49. Ex: 150-199.", (("range", "0-99"),)),
        ("A range of days, such as 2026-01-01 - 2026-01-31, for the records of a month.", ()),
        ("Hours of work, such as 8-16.", ()),
        ("The records of a page, last to first: 9-0.", ()),
        ("", ()),
    ],
)
def test_a_page_size_is_asked_for_by_range_only_where_the_document_explains_it_with_records(
    explained: str, asked: Params
) -> None:
    assert size_params(work_orders("range", explained=explained), rest(), 100) == asked


def test_a_parameter_for_the_size_comes_before_a_range() -> None:
    both = work_orders("limit", "range", explained="Records 0-49.")
    assert size_params(both, rest(), 100) == (("limit", "100"),)


# -- totals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "total"), [(55, 55), (0, 0), (10**15 - 1, 10**15 - 1), (10**15, None), (10**400, None), (-5, None)]
)
def test_a_number_that_cannot_be_a_count_of_records_is_no_total(said: int, total: int | None) -> None:
    assert page_of({"items": RECORDS, "total": said}, work_orders()).total == total


@pytest.mark.parametrize(
    ("said", "total"), [("55", 55), ("9" * 15, 10**15 - 1), ("9" * 16, None), ("9" * 5000, None), ("²", None)]
)
def test_a_header_announces_a_total_that_can_be(said: str, total: int | None) -> None:
    assert page_of(RECORDS, work_orders(), X_Total_Count=said).total == total


# -- anything at all ------------------------------------------------------------------------------------------

NAMES_OF_MEMBERS = (
    "items data next links href next_cursor has_more total count meta @odata.nextLink _embedded _links page"
)
WORDS = st.sampled_from(NAMES_OF_MEMBERS.split())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
NAMES = st.sampled_from(["page", "offset", "cursor", "limit", "status"])
ANY_ASKED = st.lists(st.tuples(NAMES | st.text(max_size=5), st.integers().map(str) | st.text(max_size=30)), max_size=4)
RESOURCES = st.sampled_from(
    [(), ("page",), ("offset",), ("cursor",), ("range",), ("page", "offset", "cursor", "limit")]
)
RANGES = st.from_regex(r"(items )?[0-9]{1,3}-[0-9]{1,3}/([0-9]{1,3}|\*)", fullmatch=True) | st.text(max_size=20)
HEADERS = st.fixed_dictionaries(
    {}, optional={"Link": st.text(max_size=80), "X_Total_Count": st.text(max_size=20), "Content-Range": RANGES}
)


@given(
    body=JSON,
    asked=ANY_ASKED,
    names=RESOURCES,
    headers=HEADERS,
    status=st.sampled_from([0, 200, 204, 206, 404, 416, 500]),
)
def test_any_answer_is_a_page_or_could_not_be_looked_at(
    body: Any, asked: Params, names: tuple[str, ...], headers: dict[str, str], status: int
) -> None:
    exchange = answered(json.dumps(body), headers, status)
    try:
        page = read_page(exchange, asked, work_orders(*names), rest())
    except CouldNotLook:
        return
    assert all(isinstance(record, dict) for record in page.records)
    assert page.total is None or 0 <= page.total < 10**15


@given(text=st.text(max_size=200))
def test_any_text_is_a_page_or_could_not_be_looked_at(text: str) -> None:
    with suppress(CouldNotLook):
        assert read_page(answered(text, {}), ASKED, work_orders("offset"), rest()).total is None


@given(body=JSON, asked=ANY_ASKED, names=RESOURCES)
def test_the_next_page_is_never_asked_for_with_less_than_this_one(
    body: Any, asked: Params, names: tuple[str, ...]
) -> None:
    """A step by parameters changes one of paging alone: what narrowed the list goes on narrowing it."""
    wrapped = {"items": RECORDS, **body} if isinstance(body, dict) else {"items": RECORDS, "next_cursor": body}
    try:
        step = page_of(wrapped, work_orders(*names), asked).next
    except CouldNotLook:
        return
    if step is None or step.url is not None:
        return
    changed = step.params[-1][0]
    assert changed in (*rest().paging.page, *rest().paging.offset, *rest().paging.cursor)
    assert list(step.params[:-1]) == [pair for pair in asked if pair[0] != changed]


@pytest.mark.parametrize(
    "path", ["http://evil.example/w", "//evil.example/w", "mailto:x", "http://[evil/", "http:\\\\evil"]
)
def test_a_next_page_elsewhere_is_never_asked_for(path: str, tmp_path: Path) -> None:
    def vendor(seen: Seen) -> Answer:
        return Answer(200, json.dumps({"items": RECORDS, "next": path}), {"Content-Type": "application/json"})

    with answering(vendor) as served:
        bench = Workbench(tmp_path, served.url)

        async def walk(session: Any) -> list[Page]:
            api = Api(
                bench.dialogue(session), base_url=served.url, resources={"work_orders": work_orders()}, dialect=rest()
            )
            return [page async for page in api.pages("work_orders")]

        with pytest.raises(CouldNotLook):
            bench.run(walk)
    assert [seen.path for seen in served.seen] == ["/work-orders"]


def test_a_page_of_a_thousand_rich_records_is_read() -> None:
    rich = page_of([{f"field_{number}": number for number in range(200)}] * 1_000, work_orders())

    assert len(rich.records) == 1_000
