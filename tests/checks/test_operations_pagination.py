"""operations.pagination: walks through lists that lose, repeat, loop or lead astray, and impossible pages."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cmms_audit.battery import Page
from cmms_audit.model import Reason, Verdict
from tests.checks.toy import PREFIX, Toy, as_json, cleared, document, judged_live, raised
from tests.support import judged
from tests.wire.servers import Answer, Seen

FLAG = "records-lost-in-pagination"


def parameters_of(described: dict[str, Any], name: str = "work-orders") -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = described["paths"][f"/{name}"]["get"]["parameters"]
    return parameters


def without(described: dict[str, Any], *names: str) -> dict[str, Any]:
    parameters = parameters_of(described)
    parameters[:] = [each for each in parameters if each["name"] not in names]
    return described


def test_a_list_without_a_way_to_the_next_page_is_absence() -> None:
    described = without(document(), "offset", "limit")
    page = described["paths"]["/work-orders"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    del page["properties"]["next"]
    (finding,) = judged("operations.pages-documented", described)
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


def test_pages_whose_size_or_order_is_open_are_partial() -> None:
    assert judged("operations.pages-documented", without(document(), "limit"))[0].verdict is Verdict.PARTIAL
    assert judged("operations.pages-documented", without(document(), "sort"))[0].verdict is Verdict.PARTIAL


Change = Callable[[dict[str, Any], dict[str, str]], None]


def paging(change: Change, toy: Toy | None = None) -> Toy:
    """A vendor whose pages of work orders are changed on their way out; `change` is given the page and the query."""
    right = toy or Toy()

    def wrong(seen: Seen) -> Answer | None:
        answer = right.answer(seen)
        if answer.status != 200 or seen.path != f"{PREFIX}/work-orders":
            return None
        page = json.loads(answer.body)
        change(page, dict(seen.query))
        return as_json(page)

    return Toy(wrong=wrong)


def lose_a_record(page: dict[str, Any], query: dict[str, str]) -> None:
    page["items"] = page["items"][1:] if "offset" in query else page["items"]


def repeat_a_record(page: dict[str, Any], query: dict[str, str]) -> None:
    if "offset" in query:
        page["items"][0]["id"] = "W-1"


def name_itself_as_next(page: dict[str, Any], query: dict[str, str]) -> None:
    if "offset" in query:
        page["next"] = f"{PREFIX}/work-orders?" + "&".join(f"{key}={value}" for key, value in query.items())


@pytest.mark.parametrize("change", [lose_a_record, repeat_a_record, name_itself_as_next])
def test_records_that_are_lost_repeated_or_never_end_raise_the_flag(change: Change) -> None:
    finding = judged_live("operations.every-record-once", paging(change))
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {FLAG}


def test_an_offset_that_is_ignored_brings_the_same_page_for_ever_and_is_noticed_at_once() -> None:
    asked: list[str] = []

    def same_page(seen: Seen) -> Answer | None:
        asked.append(seen.target)
        if seen.path != f"{PREFIX}/work-orders":
            return None
        limit = int(dict(seen.query).get("limit", 50))
        return as_json({"items": Toy().records["work-orders"][:limit], "total": 42})

    finding = judged_live("operations.every-record-once", Toy(wrong=same_page))
    assert raised(finding) == {FLAG}
    assert len(asked) < 20


def test_a_discrepancy_that_a_second_walk_does_not_show_is_no_flag() -> None:
    walks = 0

    def lose_once(page: dict[str, Any], query: dict[str, str]) -> None:
        nonlocal walks
        walks += "limit" in query and "offset" not in query
        if "offset" in query and walks == 1:
            lose_a_record(page, query)

    finding = judged_live("operations.every-record-once", paging(lose_once))
    assert finding.verdict is Verdict.PARTIAL
    assert not finding.flags


@pytest.mark.parametrize("following", ["https://elsewhere.example/work-orders?offset=9", "http://[no-address"])
def test_a_next_page_on_another_host_is_told_and_not_followed(following: str) -> None:
    def lead_astray(page: dict[str, Any], query: dict[str, str]) -> None:
        page["next"] = following

    finding = judged_live("operations.every-record-once", paging(lead_astray))
    assert finding.verdict is Verdict.NOT_MET
    assert "another system" in finding.summary
    assert not finding.flags


def test_without_a_total_two_page_sizes_must_bring_the_same_records() -> None:
    def no_total(page: dict[str, Any], query: dict[str, str]) -> None:
        del page["total"]

    def no_total_and_lost(page: dict[str, Any], query: dict[str, str]) -> None:
        del page["total"]
        lose_a_record(page, query)

    assert judged_live("operations.every-record-once", paging(no_total)).verdict is Verdict.MET
    assert raised(judged_live("operations.every-record-once", paging(no_total_and_lost))) == {FLAG}


def with_work_orders(amount: int) -> Toy:
    toy = Toy()
    first = toy.records["work-orders"][0]
    toy.records["work-orders"] = [{**first, "id": f"W-{number}"} for number in range(1, amount + 1)]
    return toy


def test_a_long_list_is_walked_to_its_end_where_the_budget_allows_and_its_pages_are_let_go() -> None:
    most_at_once = 0

    def count(page: dict[str, Any], query: dict[str, str]) -> None:
        nonlocal most_at_once
        most_at_once = max(most_at_once, sum(isinstance(each, Page) for each in gc.get_objects()))

    finding = judged_live("operations.every-record-once", paging(count, with_work_orders(1200)))
    assert finding.verdict is Verdict.MET
    assert "1200 work orders on 24 pages came once each, and the list ended" in finding.summary
    assert most_at_once <= 6  # those of the first looks at each list, and the one before
    assert len(finding.evidence) <= 20


def test_a_list_longer_than_the_budget_is_judged_as_far_as_it_was_looked() -> None:
    toy = with_work_orders(6000)
    finding = judged_live("operations.every-record-once", toy)
    assert finding.verdict is Verdict.MET
    assert "were walked to their end" in finding.summary
    assert cleared(finding) == {FLAG}


def test_a_page_size_that_is_not_served_is_partial() -> None:
    smaller = Toy()

    def halve(seen: Seen) -> Answer | None:
        query = dict(seen.query)
        if seen.path != f"{PREFIX}/work-orders" or int(query.get("limit", 0)) < 9:
            return None
        asked = "&".join(f"{key}={4 if key == 'limit' else value}" for key, value in query.items())
        return smaller.answer(Seen("GET", f"{seen.path}?{asked}", seen.headers, b""))

    finding = judged_live("operations.every-record-once", Toy(wrong=halve))
    assert finding.verdict is Verdict.PARTIAL
    assert "4 a page were served" in finding.summary


def by_range(document: dict[str, Any], place: str) -> dict[str, Any]:
    """The document of a vendor whose lists are cut by a range of records in a header or in the query."""
    described = without(document, "limit", "offset")
    page = described["paths"]["/work-orders"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    del page["properties"]["next"]
    ranges = {"name": "range", "in": place, "description": "First and last record: 0-9.", "schema": {"type": "string"}}
    parameters_of(described).append(ranges)
    return described


def serving_ranges(total: bool = True, losing: int = 0) -> Toy:
    """A vendor who tells in Content-Range which records an answer holds, and leaves some out of the second one."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        if seen.path != f"{PREFIX}/work-orders":
            return None
        first, _, last = dict(seen.query).get("range", "0-9").partition("-")
        if not (first + last).isdigit() or int(last) < int(first):
            return as_json({"code": "wrong-range"}, 400)
        every = right.records["work-orders"]
        number = str(len(every)) if total else "*"
        if int(first) >= len(every):
            return replace(as_json({"code": "beyond"}, 416), headers={"Content-Range": f"*/{len(every)}"})
        served = every[int(first) : int(last) + 1]
        if first != "0":
            served = served[losing:]
        said = f"items {first}-{min(int(last), len(every) - 1)}/{number}"
        answer = as_json({"items": served}, 206 if len(served) < len(every) else 200)
        return replace(answer, headers={**dict(answer.headers), "Content-Range": said})

    return Toy(records=right.records, wrong=wrong)


@pytest.mark.parametrize("total", [True, False])
def test_a_list_is_walked_by_its_ranges(total: bool) -> None:
    finding = judged_live("operations.every-record-once", serving_ranges(total), by_range(document(), "query"))
    assert finding.verdict is Verdict.MET
    assert cleared(finding) == {FLAG}


def test_records_that_are_lost_between_ranges_raise_the_flag() -> None:
    vendor = serving_ranges(losing=1)
    finding = judged_live("operations.every-record-once", vendor, by_range(document(), "query"))
    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, {FLAG})


@pytest.mark.parametrize("total", [True, False])
def test_a_part_of_a_list_without_a_known_way_to_the_rest_is_no_whole_and_no_loss(total: bool) -> None:
    finding = judged_live("operations.every-record-once", serving_ranges(total), by_range(document(), "header"))
    assert (finding.verdict, finding.reason, finding.flags) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT, ())
    assert "10 work orders came of more" in finding.summary


@pytest.mark.parametrize(("lenient", "verdict"), [(False, Verdict.MET), (True, Verdict.NOT_MET)])
def test_impossible_ranges_are_refused_or_taken_for_the_usual_one(lenient: bool, verdict: Verdict) -> None:
    vendor = serving_ranges()
    strict = vendor.wrong

    def first_ten(seen: Seen) -> Answer | None:
        answer = strict(seen)
        return strict(replace(seen, target=seen.path)) if answer and answer.status == 400 else answer

    toy = Toy(records=vendor.records, wrong=first_ten) if lenient else vendor
    assert judged_live("operations.bad-page-refused", toy, by_range(document(), "query")).verdict is verdict


def test_pages_by_range_are_described_with_their_size() -> None:
    detail = judged("operations.pages-documented", by_range(document(), "query"))[0].detail
    assert "next page: by a range" in detail
    assert "page size: range" in detail


def test_a_list_of_one_page_proves_nothing() -> None:
    toy = Toy(records={name: records[:1] for name, records in Toy().records.items()})
    assert judged_live("operations.every-record-once", toy).verdict is Verdict.NOT_APPLICABLE


def lenient(*names: str) -> Toy:
    """A vendor who takes impossible values of these parameters for the default."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        if right.answer(seen).status != 400:
            return None
        kept = "&".join(f"{key}={value}" for key, value in seen.query if key not in names)
        return right.answer(Seen("GET", f"{seen.path}?{kept}", seen.headers, b""))

    return Toy(wrong=wrong)


@pytest.mark.parametrize(("names", "verdict"), [(("limit", "offset"), Verdict.NOT_MET), (("offset",), Verdict.PARTIAL)])
def test_impossible_pages_that_are_answered_are_not_met_or_partial(names: tuple[str, ...], verdict: Verdict) -> None:
    toy = lenient(*names)
    for record in list(toy.records["work-orders"]):
        toy.records["work-orders"].append({**record, "id": record["id"] + "b"})
    assert judged_live("operations.bad-page-refused", toy).verdict is verdict


def test_a_size_cut_as_the_document_announces_is_fine_and_cut_without_a_word_is_not() -> None:
    toy = Toy()
    first = toy.records["work-orders"][0]
    toy.records["work-orders"] = [{**first, "id": f"W-{number}"} for number in range(1, 3001)]

    def clamp(seen: Seen) -> Answer | None:
        limit = dict(seen.query).get("limit", "")
        if not limit.isdigit() or int(limit) <= 50:
            return None
        return toy.answer(Seen("GET", f"{seen.path}?limit=50", seen.headers, b""))

    clamping = Toy(records=toy.records, wrong=clamp)
    announced, undocumented, refusing = document(), document(), document()
    for each in parameters_of(announced):
        each["description"] = "A greater size is capped at the maximum."
    for each in parameters_of(undocumented):
        each["schema"].pop("maximum", None)
    for each in parameters_of(refusing):
        each["description"] = "More is refused with 400."
    assert judged_live("operations.bad-page-refused", clamping, announced).verdict is Verdict.MET
    for silent in (document(), undocumented, refusing):
        assert judged_live("operations.bad-page-refused", clamping, silent).verdict is Verdict.PARTIAL


def test_a_server_that_fails_over_an_impossible_page_is_not_met() -> None:
    right = Toy()
    toy = Toy(wrong=lambda seen: Answer(500) if right.answer(seen).status == 400 else None)
    assert judged_live("operations.bad-page-refused", toy).verdict is Verdict.NOT_MET
