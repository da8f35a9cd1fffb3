"""operations.query and operations.delta-sync: filters that filter, and filters that only look like it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cmms_audit.model import Reason, Verdict
from tests.checks.test_data_documented import record_of
from tests.checks.test_operations_pagination import parameters_of, without
from tests.checks.toy import PREFIX, Toy, as_json, document, helper, judged_live
from tests.support import judged
from tests.wire.servers import Answer, Seen

ALL_FILTERS = ("status", "priority", "site_id", "asset_id", "updated_since", "sort", "fields")


def test_a_list_that_cannot_be_narrowed_is_absence() -> None:
    (finding,) = judged("operations.filters-documented", without(document(), *ALL_FILTERS))
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


@pytest.mark.parametrize(
    ("missing", "named"),
    [("status", "status"), ("updated_since", "date"), ("sort", "sorting"), ("fields", "a choice of fields")],
)
def test_what_a_client_cannot_ask_is_named(missing: str, named: str) -> None:
    (finding,) = judged("operations.filters-documented", without(document(), missing))
    assert finding.verdict is Verdict.PARTIAL
    assert named in finding.summary


def test_a_filter_language_stands_for_filters_by_field() -> None:
    described = without(document(), "status", "priority", "site_id", "asset_id", "updated_since")
    parameters_of(described).append({"name": "$filter", "in": "query", "schema": {"type": "string"}})
    assert judged("operations.filters-documented", described)[0].verdict is Verdict.MET


def test_filters_that_only_prose_describes_count() -> None:
    described = without(document(), "status", "priority", "site_id", "asset_id", "updated_since")
    described["info"]["description"] = "Any field can be used as a filter: GET /work-orders?status=open."
    assert judged("operations.filters-documented", described)[0].verdict is Verdict.MET


def ignoring(*names: str) -> Toy:
    """A vendor who answers as if these parameters had not been given; with "*", as if nothing that he refuses had."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        if right.answer(seen).status == 400 and "*" in names:
            return right.answer(Seen("GET", seen.path, seen.headers, b""))
        kept = "&".join(f"{key}={value.replace('+', '%2B')}" for key, value in seen.query if key not in names)
        return right.answer(Seen("GET", f"{seen.path}?{kept}", seen.headers, b""))

    return Toy(wrong=wrong)


@pytest.mark.parametrize("name", ["status", "priority", "sort", "fields"])
def test_a_filter_sort_or_selection_without_effect_is_not_met(name: str) -> None:
    toy = ignoring(name)
    described = (
        without(document(), *({"status", "priority"} - {name})) if name in ("status", "priority") else document()
    )
    described = without(described, "site_id", "asset_id") if name in ("status", "priority") else described
    finding = judged_live("operations.filter-works", toy, described)
    assert finding.verdict is Verdict.NOT_MET
    assert name in finding.summary


def test_working_filters_do_not_make_up_for_missing_ones() -> None:
    finding = judged_live("operations.filter-works", Toy(), without(document(), "sort"))
    assert finding.verdict is Verdict.PARTIAL
    assert "lacks sorting" in finding.summary


def test_a_filter_that_is_refused_or_cannot_be_tried_is_no_failure() -> None:
    toy = Toy(wrong=lambda seen: Answer(400) if dict(seen.query) else None)
    assert judged_live("operations.filter-works", toy).verdict is Verdict.NOT_APPLICABLE


def test_wrong_filters_that_are_all_ignored_are_not_met_and_some_are_partial() -> None:
    assert judged_live("operations.wrong-query-refused", ignoring("*")).verdict is Verdict.NOT_MET
    assert (
        judged_live("operations.wrong-query-refused", ignoring("cmms_audit_no_such_field")).verdict is Verdict.PARTIAL
    )


def test_a_wrong_value_that_matches_nothing_is_as_good_as_refused() -> None:
    right = Toy()
    nothing = as_json({"items": [], "total": 0, "next": None})
    toy = Toy(wrong=lambda seen: nothing if right.answer(seen).status == 400 else None)
    assert judged_live("operations.wrong-query-refused", toy).verdict is Verdict.MET


def test_a_server_that_fails_over_a_wrong_filter_is_not_met() -> None:
    right = Toy()
    toy = Toy(wrong=lambda seen: Answer(500) if right.answer(seen).status == 400 else None)
    assert judged_live("operations.wrong-query-refused", toy).verdict is Verdict.NOT_MET


def answering_wrong_questions(answer: Answer) -> Toy:
    """A vendor who gives this answer where he should refuse."""
    right = Toy()
    return Toy(wrong=lambda seen: answer if right.answer(seen).status == 400 else None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.CREDENTIAL),
        (402, Reason.CONNECTIVITY),
        (408, Reason.CONNECTIVITY),
        (420, Reason.CONNECTIVITY),
        (403, Reason.CREDENTIAL),
        (429, Reason.CONNECTIVITY),
        (502, Reason.CONNECTIVITY),
        (503, Reason.CONNECTIVITY),
    ],
)
@pytest.mark.parametrize("check", ["operations.wrong-query-refused", "operations.bad-page-refused"])
def test_a_vendor_who_is_busy_or_forbids_has_not_refused_the_question(check: str, status: int, reason: Reason) -> None:
    finding = judged_live(check, answering_wrong_questions(Answer(status)))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, reason)


@pytest.mark.parametrize("status", [400, 404, 405, 406, 409, 414, 416, 417, 418, 422])
@pytest.mark.parametrize("check", ["operations.wrong-query-refused", "operations.bad-page-refused"])
def test_the_statuses_that_blame_the_question_are_refusals(check: str, status: int) -> None:
    assert judged_live(check, answering_wrong_questions(Answer(status))).verdict is Verdict.MET


@pytest.mark.parametrize(
    "check", ["operations.wrong-query-refused", "operations.bad-page-refused", "operations.unknown-is-404"]
)
def test_a_server_that_fails_over_everything_from_now_on_has_not_failed_over_the_question(check: str) -> None:
    right = Toy()
    down: list[Seen] = []

    def wrong(seen: Seen) -> Answer | None:
        is_wrong = right.answer(seen).status in (400, 404)
        down.extend([seen] if is_wrong else [])
        return Answer(500) if down else None

    assert judged_live(check, Toy(wrong=wrong)).verdict is Verdict.UNKNOWN


def test_an_empty_answer_to_a_wrong_filter_says_nothing_where_the_list_is_empty_anyway() -> None:
    toy = ignoring("*")
    toy.wrong = lambda seen: as_json({"items": [], "total": 0, "next": None})
    finding = judged_live("operations.wrong-query-refused", toy)
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)


@pytest.mark.parametrize("check", ["operations.wrong-query-refused", "operations.bad-page-refused"])
def test_a_success_without_a_list_refuses_only_where_it_says_so(check: str) -> None:
    hidden = as_json({"success": False, "error": {"message": "no such field"}})
    finding = judged_live(check, answering_wrong_questions(hidden))
    assert finding.verdict is Verdict.PARTIAL
    assert "inside an answer that says success" in finding.summary
    assert judged_live(check, answering_wrong_questions(as_json({}))).verdict is Verdict.UNKNOWN


def test_some_refusals_inside_a_success_are_told_with_their_number() -> None:
    right = Toy()
    hidden = as_json({"status": "error", "messages": {"limit": ["must be a number"]}})
    toy = Toy(wrong=lambda seen: hidden if "limit=-1" in seen.target and right.answer(seen).status == 400 else None)
    finding = judged_live("operations.bad-page-refused", toy)
    assert finding.verdict is Verdict.PARTIAL
    assert "but 1 of them inside" in finding.summary


def test_a_busy_answer_to_one_wrong_filter_does_not_hide_that_the_others_are_ignored() -> None:
    toy = ignoring("*")
    ignore = toy.wrong
    toy.wrong = lambda seen: Answer(429) if dict(seen.query).get("status", "").startswith("cmms") else ignore(seen)
    assert judged_live("operations.wrong-query-refused", toy).verdict is Verdict.NOT_MET


# delta sync


def test_no_filter_by_time_of_change_is_absence_and_sorting_by_it_is_partial() -> None:
    assert judged("operations.delta-documented", without(document(), "updated_since"))[0].verdict is Verdict.PARTIAL
    (finding,) = judged("operations.delta-documented", without(document(), "updated_since", "sort"))
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


@pytest.mark.parametrize(
    ("told", "lack"),
    [
        ({"description": "Changed since.", "schema": {"format": "date-time"}}, "whether the given moment is included"),
        ({"description": "Changed after.", "schema": {"type": "string"}}, "time zone"),
    ],
)
def test_what_the_document_leaves_open_about_the_filter_is_named(told: dict[str, Any], lack: str) -> None:
    described = document()
    next(each for each in parameters_of(described) if each["name"] == "updated_since").update(told)
    (finding,) = judged("operations.delta-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert lack in finding.summary


@pytest.mark.parametrize(
    "name", ["filter[updated_since]", "filter[updatedAt][gte]", "filter[modified_at]", "filters[changed_after]"]
)
def test_a_filter_by_time_of_change_is_known_within_its_brackets(name: str) -> None:
    described = document()
    next(each for each in parameters_of(described) if each["name"] == "updated_since")["name"] = name
    (finding,) = judged("operations.delta-documented", described)
    assert finding.verdict is not Verdict.NOT_MET
    assert f"({name})" in finding.summary


def test_a_filter_that_is_called_like_a_word_of_paging_is_none() -> None:
    described = document()
    next(each for each in parameters_of(described) if each["name"] == "updated_since")["name"] = "filter[limit]"
    (finding,) = judged("operations.pages-documented", described)
    assert "filter[limit]" not in finding.detail


def test_deletions_that_nobody_can_learn_of_are_partial() -> None:
    described = document()
    described["info"]["description"] = ""
    assert "deleted" in judged("operations.delta-documented", described)[0].summary


def test_a_resource_that_is_followed_without_the_filter_is_named() -> None:
    described = document()
    parameters = parameters_of(described, "assets")
    parameters[:] = [each for each in parameters if each["name"] != "updated_since"]
    assert "assets cannot" in judged("operations.delta-documented", described)[0].summary


def test_a_filter_by_time_of_change_that_is_ignored_is_not_met() -> None:
    finding = judged_live("operations.delta-works", ignoring("updated_since"))
    assert finding.verdict is Verdict.NOT_MET
    assert "older than asked for" in finding.summary


def changed(change: Callable[[list[dict[str, Any]], str], list[dict[str, Any]]]) -> Toy:
    """A vendor whose answers to the filter are changed on their way out."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        since = dict(seen.query).get("updated_since")
        if since is None or seen.path != f"{PREFIX}/work-orders":
            return None
        page = json.loads(right.answer(seen).body)
        return as_json({**page, "items": change(page["items"], since)})

    return Toy(wrong=wrong)


def test_a_change_that_the_filter_loses_is_not_met() -> None:
    finding = judged_live("operations.delta-works", changed(lambda items, since: items[1:]))
    assert finding.verdict is Verdict.NOT_MET
    assert "did not come" in finding.summary


@pytest.mark.parametrize("busy_for", ["", "+05:30"])
def test_a_busy_answer_to_the_filter_by_time_of_change_settles_nothing(busy_for: str) -> None:
    def busy(seen: Seen) -> Answer | None:
        since = dict(seen.query).get("updated_since")
        return Answer(429) if since is not None and busy_for in since else None

    finding = judged_live("operations.delta-works", Toy(wrong=busy))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)


def test_a_promised_border_that_is_left_out_is_not_met() -> None:
    leave_out = changed(lambda items, since: [each for each in items if each["updated_at"] != since])
    finding = judged_live("operations.delta-works", leave_out)
    assert finding.verdict is Verdict.NOT_MET
    assert "at that very moment" in finding.summary


def test_a_time_zone_that_is_not_honoured_is_partial() -> None:
    right = Toy()

    def cut_offset(seen: Seen) -> Answer | None:
        since = dict(seen.query).get("updated_since", "")
        if "+05:30" not in since:
            return None
        query = seen.target.partition("?")[2].replace("%2B05%3A30", "Z").replace("+05:30", "Z")
        return right.answer(Seen("GET", f"{seen.path}?{query}", seen.headers, b""))

    finding = judged_live("operations.delta-works", Toy(wrong=cut_offset))
    assert finding.verdict is Verdict.PARTIAL
    assert "time zone" in finding.summary


def test_records_without_a_time_of_change_cannot_be_tried() -> None:
    toy = Toy()
    for record in toy.records["work-orders"]:
        del record["updated_at"]
    assert judged_live("operations.delta-works", toy).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    "written",
    ["2026-03-01T08:00:00Z", "2026-03-01T13:30:00+05:30", "2026-03-01T08:00:00", 1772352000, 1772352000000],
)
def test_a_moment_is_read_however_a_vendor_writes_it(written: Any) -> None:
    assert helper("operations", "_changes").moment(written) == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"])
def test_a_moment_is_written_as_finely_as_the_vendor_writes_it(written: Any) -> None:
    changes = helper("operations", "_changes")
    when = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert changes.moment(changes.written(when, written) if isinstance(written, str) else written) == when
    assert changes.written(when, "2026-01-01T00:00:00Z") == "2026-03-01T08:00:00Z"
    assert changes.written(when, "2026-01-01T00:00:00.000Z", elsewhere=True) == "2026-03-01T13:30:00.000+05:30"
    assert changes.written(when, 1) == "1772352000"


@pytest.mark.parametrize(
    "written", [None, True, "yesterday", "", [], 10**20, float("1e300"), "0001-01-01T00:00:00", "9999-12-31T23:59:59Z"]
)
def test_what_is_no_moment_is_none(written: Any) -> None:
    assert helper("operations", "_changes").moment(written) is None


def test_the_time_of_change_must_be_on_the_records() -> None:
    described = document()
    del record_of(described)["properties"]["updated_at"]
    assert "do not carry the time" in judged("operations.delta-documented", described)[0].summary
