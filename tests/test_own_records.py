"""Only what is ours is changed and deleted, and all that is ours is deleted or named, whatever the vendor does."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from cmms_audit.battery.context import Context
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.own_records import Created, Extra
from cmms_audit.own_search import bears
from tests.checks.toy import document
from tests.checks.writing import (
    ORDERS,
    Plant,
    is_create,
    with_headers,
    without_headers,
    written,
)
from tests.wire.servers import Answer, Seen

MARKER = "cmms-audit 1a2b3c4d-1545984a-1"
BEFORE = len(Plant().orders)


def left(plant: Plant) -> int:
    """How many records there are that were not there before."""
    return len(plant.orders) - BEFORE


async def create(ctx: Context) -> Created:
    return await ctx.own.create("work_orders")


# -- what is created --------------------------------------------------------------------------------------


def test_a_record_of_our_own_bears_its_marker_and_is_deleted_at_the_end() -> None:
    plant = Plant()

    story = written(create, plant)

    assert story.result.sent["title"].startswith(f"{MARKER} ")
    assert story.result.record_id == "N-1"
    assert left(plant) == 0
    assert [each.state for each in story.records] == ["deleted"]
    assert story.cleaned.left == ()
    assert MARKER in story.cleaned.deleted[0]


def test_the_same_check_of_the_same_run_asks_the_same_again() -> None:
    first, second, other = (written(create, Plant(), run_id=run_id) for run_id in ("aaaa", "aaaa", "bbbb"))
    assert first.result.sent == second.result.sent != other.result.sent


def test_a_create_that_is_sent_again_has_a_number_of_its_own_and_the_same_content() -> None:
    async def twice(ctx: Context) -> tuple[Created, Created]:
        first = await create(ctx)
        return first, await ctx.own.create_again(first)

    plant = Plant()
    story = written(twice, plant)
    first, again = story.result
    assert first.sent == again.sent
    assert first.number != again.number
    assert left(plant) == 0


def create_schema(described: Any) -> dict[str, Any]:
    schema: dict[str, Any] = described["paths"]["/work-orders"]["post"]["requestBody"]["content"]["application/json"]
    return schema["schema"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "string", "enum": ["low", "high"]}, "low"),
        ({"type": "string", "enum": ["low", "high"], "example": "high"}, "high"),
        ({"type": "integer", "default": 4}, 4),
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "number"}, 1),
        ({"type": "boolean"}, False),
        ({"type": "string", "format": "date"}, "2031-01-15"),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}, "b": {}}}, {"a": False}),
        ({"type": "string", "pattern": "^X[0-9]$", "example": "X1"}, "X1"),
    ],
)
def test_required_fields_are_filled_from_the_document(field: dict[str, Any], value: Any) -> None:
    described = document()
    create_schema(described)["required"] = ["title", "needed"]
    create_schema(described)["properties"]["needed"] = field
    assert written(create, Plant(), described).result.sent["needed"] == value


@pytest.mark.parametrize(
    ("name", "value"), [("asset_id", "A-2"), ("site_id", "S-2"), ("location_id", "L-1"), ("equipment_id", "A-1")]
)
def test_the_ids_of_other_records_are_live_ones(name: str, value: str) -> None:
    described = document()
    create_schema(described)["required"] = [name]
    create_schema(described)["properties"][name] = {"type": "string", "example": "X-99"}
    assert written(create, Plant(), described).result.sent[name] == value


def test_a_sample_of_the_vendor_file_is_sent_with_the_marker_in_its_title() -> None:
    story = written(create, Plant(), samples={"work_orders": {"title": "Audit probe", "priority": 2}})
    assert story.result.sent == {"title": f"{MARKER} Audit probe", "priority": 2}


@pytest.mark.parametrize(
    "title", [{"type": "string", "maxLength": 12}, {"type": "string", "enum": ["a"]}, {"type": "integer"}]
)
def test_what_cannot_carry_the_marker_is_not_created(title: dict[str, Any]) -> None:
    described = document()
    create_schema(described)["properties"]["title"] = title
    plant = Plant()
    story = written(create, plant, described)
    assert story.result.reason is Reason.VENDOR_SILENT
    assert "sample" in story.result.summary
    assert not story.writes


def test_a_short_title_holds_the_marker_and_no_more() -> None:
    described = document()
    create_schema(described)["properties"]["title"] = {"type": "string", "maxLength": len(MARKER)}
    assert written(create, Plant(), described).result.sent["title"] == MARKER


def test_a_refused_create_says_so_and_leaves_nothing_open() -> None:
    plant = Plant(wrong=lambda seen: Answer(422) if is_create(seen) else None)
    story = written(create, plant)
    assert story.result.reason is Reason.VENDOR_SILENT
    assert [each.state for each in story.records] == ["not_created"]


# -- what is deleted --------------------------------------------------------------------------------------


def test_a_longer_number_is_another_marker() -> None:
    assert bears({"title": "x cmms-audit 1-1 y"}, "cmms-audit 1-1")
    assert bears({"title": "CMMS-AUDIT 1-1"}, "cmms-audit 1-1")
    assert not bears({"title": "cmms-audit 1-12"}, "cmms-audit 1-1")
    assert not bears({"title": ["cmms-audit 1-1"], "id": 5}, "cmms-audit 1-1")


def test_the_address_of_a_real_record_is_not_deleted() -> None:
    """201 with the Location of somebody else's work order, which is there and does not bear our marker."""

    def twist(seen: Seen, answer: Answer) -> Answer:
        return with_headers(answer, Location=f"{ORDERS}/W-1") if is_create(seen) else answer

    plant = Plant(twist=twist)
    story = written(create, plant)

    assert ("DELETE", f"{ORDERS}/W-1") not in story.writes
    assert left(plant) == 0  # found by its marker, under its true number
    assert not [each for each in story.records if each.may_be_there]


def test_the_id_of_a_real_record_in_the_answer_is_not_deleted() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return Answer(201, '{"id": "W-1"}') if is_create(seen) else answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert [path for method, path in story.writes if method == "DELETE"] == [f"{ORDERS}/N-1"]
    assert left(plant) == 0


def test_a_location_on_another_host_gets_no_request() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return with_headers(answer, Location="http://127.0.0.2:9/work-orders/5") if is_create(seen) else answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert left(plant) == 0
    assert story.records[0].state == "deleted"


@pytest.mark.parametrize("after", ["lost", "500"])
def test_a_record_whose_answer_was_lost_is_found_by_its_marker(after: str) -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        if is_create(seen) and after == "lost":
            raise ConnectionResetError
        return Answer(500) if is_create(seen) else answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert story.result.reason is Reason.CONNECTIVITY
    assert story.before_cleaning[0].state == "open"
    assert left(plant) == 0
    assert [each.state for each in story.records] == ["deleted"]


def test_an_answer_that_was_lost_before_anything_was_created_leaves_nothing_open() -> None:
    def wrong(seen: Seen) -> Answer | None:
        if is_create(seen):
            raise ConnectionResetError
        return None

    story = written(create, Plant(wrong=wrong))
    assert [each.state for each in story.records] == ["not_created"]
    assert story.cleaned.left == ()


def test_a_part_of_a_list_does_not_show_that_nothing_was_created() -> None:
    described = document()
    described["paths"]["/work-orders"]["get"]["parameters"] = []

    def wrong(seen: Seen) -> Answer | None:
        if is_create(seen):
            raise ConnectionResetError
        return None

    def first_two(seen: Seen, answer: Answer) -> Answer:
        if seen.method != "GET" or seen.path != ORDERS:
            return answer
        part = {"items": json.loads(answer.body)["items"][:2]}
        return Answer(206, json.dumps(part), {"Content-Type": "application/json", "Content-Range": "items 0-1/99"})

    story = written(create, Plant(wrong=wrong, twist=first_two), described)
    assert [each.state for each in story.records] == ["open"]


def test_what_cannot_be_deleted_is_named_with_the_reason() -> None:
    plant = Plant(wrong=lambda seen: Answer(403) if seen.method == "DELETE" else None)
    story = written(create, plant)
    assert left(plant) == 1
    assert [each.state for each in story.records] == ["created"]
    assert "N-1" in story.cleaned.left[0]
    assert "403" in story.cleaned.left[0]


def test_a_deletion_that_is_only_said_to_be_done_is_not_believed() -> None:
    plant = Plant(wrong=lambda seen: Answer(204) if seen.method == "DELETE" else None)
    story = written(create, plant)
    assert [each.state for each in story.records] == ["created"]
    assert "still there" in story.cleaned.left[0]


def test_a_record_that_is_kept_out_of_sight_counts_as_deleted() -> None:
    """A soft delete: the record is still read by its address, but gone from the list."""
    hidden: dict[str, dict[str, Any]] = {}

    def wrong(seen: Seen) -> Answer | None:
        name = seen.path.rpartition("/")[2]
        if seen.method == "DELETE":
            hidden[name] = next(each for each in plant.orders if each["id"] == name)
            plant.orders.remove(hidden[name])
            return Answer(204)
        if seen.method == "GET" and name in hidden:
            return Answer(200, json.dumps(hidden[name] | {"deleted": True}))
        return None

    plant = Plant(wrong=wrong)
    assert [each.state for each in written(create, plant).records] == ["deleted"]


def test_a_marker_that_the_vendor_cut_off_keeps_the_record_from_being_touched() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        if is_create(seen):
            plant.orders[-1]["title"] = plant.orders[-1]["title"][:20]
        return answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert not [method for method, _ in story.writes if method == "DELETE"]
    assert "N-1" in story.cleaned.left[0]


def test_a_read_that_is_redirected_to_our_record_does_not_lead_to_a_deletion() -> None:
    """The vendor gives a real record's address, and lets reading it end at ours."""

    def twist(seen: Seen, answer: Answer) -> Answer:
        if is_create(seen):
            return with_headers(answer, Location=f"{ORDERS}/W-1")
        if seen.path == f"{ORDERS}/W-1" and seen.method == "GET":
            return Answer(302, "", {"Location": f"{ORDERS}/N-1"})
        return answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert ("DELETE", f"{ORDERS}/W-1") not in story.writes
    assert len([each for each in plant.orders if each["id"] == "W-1"]) == 1
    assert story.cleaned.left


def test_a_vendor_without_reading_by_number_is_cleaned_up_by_the_list() -> None:
    def wrong(seen: Seen) -> Answer | None:
        return Answer(405) if seen.method == "GET" and seen.path.startswith(f"{ORDERS}/") else None

    plant = Plant(wrong=wrong)
    assert [each.state for each in written(create, plant).records] == ["deleted"]
    assert left(plant) == 0


def test_a_vendor_who_asks_for_the_version_is_given_it() -> None:
    def wrong(seen: Seen) -> Answer | None:
        return Answer(428) if seen.method == "DELETE" and seen.headers.get("if-match") != '"1"' else None

    plant = Plant(wrong=wrong)
    written(create, plant)
    assert left(plant) == 0


def test_a_search_that_puts_our_text_into_every_record_deletes_none_of_them() -> None:
    """The list shows what was looked for beside each record, and the answer to the create was lost."""
    described = document()
    search = {"name": "q", "in": "query", "schema": {"type": "string"}}
    described["paths"]["/work-orders"]["get"]["parameters"].append(search)

    def wrong(seen: Seen) -> Answer | None:
        query = dict(seen.query)
        if is_create(seen):
            raise ConnectionResetError
        if "q" not in query:
            return None
        return Answer(200, json.dumps({"items": [{**each, "match": query["q"]} for each in plant.orders[:8]]}))

    plant = Plant(wrong=wrong)
    story = written(create, plant, described)
    assert not [method for method, _ in story.writes if method == "DELETE"]
    assert len(story.cleaned.left) == 1


def test_a_record_that_appears_late_is_still_found() -> None:
    """The answer was lost while the vendor was still at work: the record is there a moment after the first look."""
    late: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        if is_create(seen):
            late.append(seen)
            raise ConnectionResetError
        if seen.path == ORDERS and seen.method == "GET" and late:
            answer = Plant(records=json.loads(json.dumps(plant.records))).answer(seen)
            plant.create(json.loads(late.pop().body))
            return answer
        return None

    plant = Plant(wrong=wrong)
    story = written(create, plant)
    assert left(plant) == 0
    assert [each.state for each in story.records] == ["deleted"]


def test_more_records_than_can_be_ours_are_left_alone() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        if is_create(seen):
            plant.orders.extend({**plant.orders[-1], "id": f"M-{number}"} for number in range(20))
            return Answer(500)
        return answer

    plant = Plant(twist=twist)
    story = written(create, plant)
    assert not [method for method, _ in story.writes if method == "DELETE"]
    assert "cannot be ours" in story.cleaned.left[0]


def test_a_document_that_asks_for_endless_fields_is_not_followed() -> None:
    described = document()
    deep: dict[str, Any] = {"type": "boolean"}
    for _ in range(4):
        names = [f"n{number}" for number in range(8)]
        deep = {"type": "object", "required": names, "properties": dict.fromkeys(names, deep)}
    create_schema(described)["required"] = ["title", "deep"]
    create_schema(described)["properties"]["deep"] = deep
    story = written(create, Plant(), described)
    assert "too many fields" in story.result.summary


def test_one_record_that_cannot_be_dealt_with_does_not_keep_the_others() -> None:
    async def three(ctx: Context) -> None:
        for _ in range(3):
            await create(ctx)

    plant = Plant(wrong=lambda seen: Answer(500) if seen.path == f"{ORDERS}/N-2" else None)
    story = written(three, plant)
    assert [each["id"] for each in plant.orders[BEFORE:]] == ["N-2"]
    assert [each.state for each in story.records] == ["deleted", "created", "deleted"]


def test_cleaning_up_has_requests_of_its_own() -> None:
    plant = Plant()
    story = written(create, plant, requests=2)  # one for the create itself
    assert isinstance(story.result, Created)
    assert left(plant) == 0


def test_cleaning_up_is_said_to_be_that() -> None:
    story = written(create, Plant())
    assert Purpose.CLEANUP == "cleanup"
    assert [line["kind"] for line in story.lines] == ["creating", "created", "deleted"]


# -- within a check ---------------------------------------------------------------------------------------


async def tidied(ctx: Context) -> None:
    async with ctx.own.tidied() as own:
        await own.create("work_orders")


def test_a_check_deletes_what_it_made_when_it_is_done() -> None:
    plant = Plant()
    story = written(tidied, plant, cleaning=False)
    assert left(plant) == 0
    assert story.records[0].state == "deleted"


def test_a_check_that_fails_deletes_what_it_made() -> None:
    async def fails(ctx: Context) -> None:
        async with ctx.own.tidied() as own:
            await own.create("work_orders")
            await own.create("assets")

    plant = Plant()
    story = written(fails, plant, cleaning=False)
    assert story.result.reason is Reason.RESOURCE_NOT_FOUND
    assert left(plant) == 0


@pytest.mark.parametrize("redirected", [False, True])
def test_only_a_record_that_was_read_back_and_is_ours_is_changed(redirected: bool) -> None:
    async def change(ctx: Context) -> Any:
        first = await create(ctx)
        with suppress(CouldNotLook):
            await ctx.own.read(first)
        return await ctx.own.change(first, Extra({"title": "taken over"}))

    def twist(seen: Seen, answer: Answer) -> Answer:
        if is_create(seen):
            return with_headers(answer, Location=f"{ORDERS}/W-1")
        if seen.path == f"{ORDERS}/W-1" and seen.method == "GET" and redirected:
            return Answer(302, "", {"Location": f"{ORDERS}/N-1"})
        return answer

    plant = Plant(twist=twist)
    story = written(change, plant)
    assert story.result.reason is Reason.NOT_PERMITTED
    assert "PATCH" not in [method for method, _ in story.writes]


def test_a_record_without_an_address_is_found_at_the_end() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return Answer(204) if is_create(seen) else answer

    plant = Plant(twist=twist)
    story = written(tidied, plant)
    assert story.before_cleaning[0].address is None
    assert left(plant) == 0


def test_an_empty_location_is_none() -> None:
    def twist(seen: Seen, answer: Answer) -> Answer:
        return without_headers(answer, "Location") if is_create(seen) else answer

    async def follow(ctx: Context) -> Any:
        return await ctx.own.at_location(await create(ctx))

    assert written(follow, Plant(twist=twist)).result is None
