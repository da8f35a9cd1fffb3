"""What documents tell of everyday operation, in words of many spellings: pages, filters, changes, writes, files."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Claim, Reason, Verdict
from tests.checks.toy import document
from tests.support import judged

Json = dict[str, Any]
TEXT: Json = {"type": "string"}


def operation(described: Json, method: str, path: str = "/work-orders") -> Json:
    found: Json = described["paths"][path][method]
    return found


def listing(described: Json) -> Json:
    return operation(described, "get")


def answer_of(described: Json) -> Json:
    schema: Json = listing(described)["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


def body_of(described: Json, method: str = "post", path: str = "/work-orders") -> Json:
    schema: Json = operation(described, method, path)["requestBody"]["content"]["application/json"]["schema"]
    return schema


def with_parameters(*names: str, without: tuple[str, ...] = ()) -> Json:
    """The document with these query parameters added to its list, and others taken out."""
    described = document()
    kept = [each for each in listing(described)["parameters"] if each["name"] not in without]
    added = [{"name": name, "in": "query", "schema": TEXT} for name in names]
    listing(described)["parameters"] = [*kept, *added]
    return described


# pages


def test_pages_are_told_with_maximum_order_and_total() -> None:
    (finding,) = judged("operations.pages-documented", document())
    assert finding.verdict is Verdict.MET
    assert "largest page: 50" in finding.detail
    assert "order: set by sort" in finding.detail
    assert "number of all records: total" in finding.detail


def test_a_total_inside_the_records_announces_nothing() -> None:
    described = document()
    members = answer_of(described)["properties"]
    members.pop("total")
    members["items"]["items"]["properties"]["total"] = {"type": "number", "description": "Its cost."}
    assert "number of all records: not announced" in judged("operations.pages-documented", described)[0].detail


def test_an_order_that_only_words_state_is_stated() -> None:
    described = with_parameters(without=("sort",))
    assert judged("operations.pages-documented", described)[0].verdict is Verdict.PARTIAL
    listing(described)["description"] = "The newest first."
    assert judged("operations.pages-documented", described)[0].verdict is Verdict.MET


@pytest.mark.parametrize(("claimed", "contradicted"), [(50.0, False), (1000.0, True)])
def test_a_claimed_page_size_is_held_against_the_document(claimed: float, contradicted: bool) -> None:
    claim = Claim("operations.pagination", "yes", numbers={"max_page_size": claimed})
    (finding,) = judged("operations.pages-documented", document(), claims={claim.question: claim})
    assert [test.contradicted for test in finding.claims] == [contradicted]


@pytest.mark.parametrize(
    "check_id", ["operations.pages-documented", "operations.filters-documented", "operations.delta-documented"]
)
def test_a_resource_without_a_described_list_is_no_proof_of_absence(check_id: str) -> None:
    described = document()
    del described["paths"]["/work-orders"]["get"]
    (finding,) = judged(check_id, described, given={"work_orders": "/work-orders"})
    assert finding.verdict is not Verdict.NOT_MET


# filters


def test_filters_are_told_with_their_operators_and_directions() -> None:
    (finding,) = judged("operations.filters-documented", with_parameters("priority__gte", "status[in]"))
    assert "by status: status (also status[in])" in finding.detail
    assert "by priority: priority (also priority__gte)" in finding.detail
    assert "sorting: sort, in both directions" in finding.detail


def test_a_search_for_words_stands_for_no_filter_and_a_filter_language_does() -> None:
    filters = ("status", "priority", "site_id", "asset_id", "updated_since")
    (finding,) = judged("operations.filters-documented", with_parameters("search", without=filters))
    assert "a filter by status" in finding.summary
    described = with_parameters("query", without=filters)
    listing(described)["parameters"][-1]["description"] = "Conditions on fields, with operators."
    assert judged("operations.filters-documented", described)[0].verdict is Verdict.MET


# changes


def test_a_token_of_the_last_run_needs_no_border_and_no_time_zone() -> None:
    described = with_parameters("sync_token", without=("updated_since",))
    described["paths"] = {k: v for k, v in described["paths"].items() if not k.startswith(("/assets",))}
    (finding,) = judged("operations.delta-documented", described)
    assert finding.verdict is Verdict.MET
    assert "by its marker" in finding.summary


@pytest.mark.parametrize(("path", "verdict"), [("changes", Verdict.PARTIAL), ("exchanges", Verdict.NOT_MET)])
def test_an_address_of_its_own_for_changes_is_partial(path: str, verdict: Verdict) -> None:
    described = with_parameters(without=("updated_since", "sort"))
    described["paths"][f"/work-orders/{path}"] = {"get": {"responses": {"200": {"description": "Well."}}}}
    assert judged("operations.delta-documented", described)[0].verdict is verdict


def test_a_list_of_deleted_records_shows_them() -> None:
    described = document()
    described["info"]["description"] = ""
    assert "were deleted" in judged("operations.delta-documented", described)[0].summary
    described["paths"]["/work-orders/deleted"] = {"get": {"responses": {"200": {"description": "Well."}}}}
    assert "were deleted" not in judged("operations.delta-documented", described)[0].summary


# locking


def test_a_condition_that_only_put_takes_is_found() -> None:
    described = document()
    described["paths"]["/work-orders/{id}"]["put"] = json_copy(operation(described, "patch", "/work-orders/{id}"))
    update = operation(described, "patch", "/work-orders/{id}")
    update["parameters"] = update["parameters"][:1]
    del update["responses"]["412"]
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.MET


def test_a_member_that_is_said_to_keep_changes_apart_is_a_hint() -> None:
    described = document()
    update = operation(described, "patch", "/work-orders/{id}")
    update["parameters"] = update["parameters"][:1]
    del update["responses"]["412"]
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.NOT_MET
    meta = {"type": "object", "properties": {"mark": {"type": "string", "description": "For optimistic concurrency."}}}
    body_of(described, "patch", "/work-orders/{id}")["properties"]["meta"] = meta
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.PARTIAL


def json_copy(value: Json) -> Json:
    return {**value, "responses": dict(value["responses"]), "parameters": list(value["parameters"])}


# safe repeats


def without_key() -> Json:
    described = document()
    operation(described, "post")["parameters"] = []
    return described


@pytest.mark.parametrize("name", ["idempotency_key", "idempotencyKey", "IdempotencyToken"])
def test_a_key_in_the_body_is_as_good_as_a_header(name: str) -> None:
    described = without_key()
    body_of(described)["properties"][name] = TEXT
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.MET


def test_a_key_in_the_query_is_as_good_as_a_header() -> None:
    described = without_key()
    operation(described, "post")["parameters"] = [{"name": "idempotency_key", "in": "query", "schema": TEXT}]
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("path", "says", "verdict"),
    [
        ("/work-orders/by-external-id/{external_id}", "Write.", Verdict.MET),
        ("/work-orders/upsert", "Write.", Verdict.MET),
        ("/work-orders/numbered/{number}", "Creates or updates a work order.", Verdict.MET),
        ("/work-orders/numbered/{number}", "Updates a work order.", Verdict.NOT_MET),
    ],
)
def test_a_write_under_a_number_of_the_clients_own_can_be_repeated(path: str, says: str, verdict: Verdict) -> None:
    described = without_key()
    described["paths"][path] = {"put": {"description": says, "responses": {"200": {"description": "Well."}}}}
    assert judged("operations.idempotency-documented", described)[0].verdict is verdict


def test_an_outside_number_of_which_no_second_is_refused_is_partial() -> None:
    described = without_key()
    body_of(described)["properties"]["external_id"] = TEXT
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.PARTIAL


# many records, and old ones


def test_an_outcome_that_words_promise_is_promised() -> None:
    described = document()
    bulk = operation(described, "post", "/work-orders/bulk")
    bulk["responses"] = {"200": {"description": "Done."}}
    assert judged("operations.bulk-documented", described)[0].verdict is Verdict.PARTIAL
    bulk["responses"]["200"]["description"] = "The result for each record, in order."
    assert judged("operations.bulk-documented", described)[0].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("path", "method", "name", "verdict"),
    [
        ("/work-orders", "patch", "", Verdict.PARTIAL),
        ("/work-orders", "post", "bulkCreateWorkOrders", Verdict.PARTIAL),
        ("/work-orders", "post", "createWorkOrder", Verdict.NOT_MET),
        ("/work-orders:batch", "post", "", Verdict.PARTIAL),
        ("/bulk/work-orders", "post", "", Verdict.PARTIAL),
        ("/bulk-work-orders", "post", "", Verdict.PARTIAL),
        ("/api/v2/$batch", "post", "", Verdict.PARTIAL),
        ("/bulk/work-order-types", "post", "", Verdict.NOT_MET),
        ("/work-orders/bulk", "delete", "", Verdict.NOT_MET),
        ("/work-orders/{id}/tasks/bulk", "post", "", Verdict.NOT_MET),
    ],
)
def test_bulk_writing_is_known_by_its_address_or_its_name(path: str, method: str, name: str, verdict: Verdict) -> None:
    described = document()
    del described["paths"]["/work-orders/bulk"]
    write = {"operationId": name, "responses": {"200": {"description": "Done."}}}
    described["paths"].setdefault(path, {})[method] = write
    assert judged("operations.bulk-documented", described)[0].verdict is verdict


def test_a_header_of_the_dialect_can_turn_a_write_into_many() -> None:
    described = document()
    del described["paths"]["/work-orders/bulk"]
    header = {"name": "X-Bulk", "in": "header", "description": "Takes a list.", "schema": TEXT}
    operation(described, "post")["parameters"].append(header)
    assert judged("operations.bulk-documented", described)[0].verdict is Verdict.NOT_MET
    header |= {"name": "Batch", "description": "BULK takes a list."}
    assert judged("operations.bulk-documented", described)[0].verdict is Verdict.PARTIAL


@pytest.mark.parametrize(("claimed", "contradicted"), [(100.0, False), (500.0, True)])
def test_a_claimed_size_of_bulk_calls_is_held_against_the_document(claimed: float, contradicted: bool) -> None:
    claim = Claim("operations.bulk-writes", "yes", numbers={"max_records": claimed})
    (finding,) = judged("operations.bulk-documented", document(), claims={claim.question: claim})
    assert [test.contradicted for test in finding.claims] == [contradicted]


def test_old_dates_and_a_status_can_be_moved_in() -> None:
    described = document()
    assert judged("operations.migration-documented", described)[0].verdict is Verdict.MET
    body_of(described)["properties"]["completed_at"] = {"type": "string", "readOnly": True}
    assert judged("operations.migration-documented", described)[0].verdict is Verdict.PARTIAL


def test_a_create_that_takes_no_status_makes_old_records_new() -> None:
    described = document()
    del body_of(described)["properties"]["status"]
    (finding,) = judged("operations.migration-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "takes no status" in finding.summary


def test_a_create_without_a_described_body_tells_nothing_of_old_records() -> None:
    described = document()
    del operation(described, "post")["requestBody"]
    assert judged("operations.migration-documented", described)[0].verdict is Verdict.UNKNOWN


# status changes, files, statuses


def test_a_remark_with_a_status_change_and_the_list_of_allowed_ones_are_told() -> None:
    described = document()
    transitions = described["paths"]["/work-orders/{id}/transitions"]
    transitions["get"] = {"responses": {"200": {"description": "Well."}}}
    body = {"type": "object", "properties": {"to": TEXT, "memo": TEXT}}
    transitions["post"]["requestBody"] = {"content": {"application/json": {"schema": body}}}
    (finding,) = judged("operations.actions-documented", described)
    assert "1 of 1 take a remark" in finding.detail
    assert "the allowed changes can be read at /work-orders/{id}/transitions" in finding.detail


@pytest.mark.parametrize(
    ("values", "verdict"), [(["changeStatus", "archive"], Verdict.MET), (["print", "export"], Verdict.PARTIAL)]
)
def test_an_action_that_a_parameter_names_is_one(values: list[str], verdict: Verdict) -> None:
    described = document()
    del described["paths"]["/work-orders/{id}/transitions"]
    parameter = {"name": "action", "in": "query", "schema": {"type": "string", "enum": values}}
    operation(described, "patch", "/work-orders/{id}")["parameters"].append(parameter)
    assert judged("operations.actions-documented", described)[0].verdict is verdict


def test_rules_that_a_client_can_leave_out_are_quoted() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}/transitions"]
    described["info"]["description"] = "Send X-Quiet to skip the workflow rules."
    (finding,) = judged("operations.actions-documented", described)
    assert "rules can be left out: “Send X-Quiet to skip the workflow rules.”" in finding.detail


@pytest.mark.parametrize(
    ("says", "size"),
    [("Files up to 25 MB.", "“up to 25 MB”"), ("The maximum file size is 10MB.", "10MB"), ("A file.", "not stated")],
)
def test_the_greatest_size_of_a_file_is_quoted(says: str, size: str) -> None:
    described = document()
    operation(described, "post", "/work-orders/{id}/attachments")["description"] = says
    (finding,) = judged("operations.attachments-documented", described)
    assert "multipart/form-data" in finding.detail
    assert size in finding.detail


def test_a_profile_is_no_file() -> None:
    described = document()
    paths = described["paths"]
    for path in [each for each in paths if "attachments" in each]:
        paths[path.replace("attachments", "profile")] = paths.pop(path)
    assert judged("operations.attachments-documented", described)[0].verdict is Verdict.NOT_MET


def test_rarer_statuses_are_counted_and_not_demanded() -> None:
    described = document()
    described["paths"]["/sites"]["get"]["responses"]["406"] = {"description": "No such format."}
    (finding,) = judged("operations.status-codes-documented", described)
    assert finding.verdict is Verdict.MET
    assert "a format that nobody has (406): at 1 of" in finding.detail


def test_without_work_orders_poor_statuses_are_no_verdict() -> None:
    described = document()
    described["paths"] = {key: value for key, value in described["paths"].items() if not key.startswith("/work-orders")}
    for path in described["paths"].values():
        for each in path.values():
            each["responses"] = {"200": {"description": "Done."}}
    (finding,) = judged("operations.status-codes-documented", described)
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.RESOURCE_NOT_FOUND)


# what documents of other houses taught


def with_version(says: str, *, shown: bool = False) -> Json:
    """The toy without its own lock; a version travels with the update, and with the records only where `shown`."""
    described = document()
    update = operation(described, "patch", "/work-orders/{id}")
    update["parameters"] = update["parameters"][:1]
    del update["responses"]["412"]
    version = {"type": "integer", "description": says}
    body_of(described, "patch", "/work-orders/{id}")["properties"]["version"] = version
    if shown:
        answer_of(described)["properties"]["items"]["items"]["properties"]["version"] = {"type": "integer"}
    return described


@pytest.mark.parametrize(
    ("says", "shown", "answer"),
    [
        ("Must be the current version; otherwise the update is refused with 409", True, "version is stale"),
        ("Must match the current version, else 409", False, "conflict: version is stale"),
        ("Must match the current version, else 409", False, "Conflict."),
        ("Of the record.", True, "The version is not the latest."),
    ],
)
def test_a_version_that_must_be_current_is_a_lock(says: str, shown: bool, answer: str) -> None:
    described = with_version(says, shown=shown)
    operation(described, "patch", "/work-orders/{id}")["responses"]["409"]["description"] = answer

    assert judged("operations.locking-documented", described)[0].verdict is Verdict.MET


def test_the_version_of_something_else_is_no_lock() -> None:
    (finding,) = judged("operations.locking-documented", with_version("The current version of the firmware."))

    assert finding.verdict is Verdict.NOT_MET


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("We do not support idempotency keys.", Verdict.NOT_MET),
        ("Idempotency keys are not supported yet. POST requests are not idempotent.", Verdict.NOT_MET),
        ("If no Idempotency-Key is given, creates are idempotent by title.", Verdict.PARTIAL),
    ],
)
def test_a_denial_of_idempotency_is_no_mention_of_it(text: str, verdict: Verdict) -> None:
    described = without_key()
    described["info"]["description"] = text

    assert judged("operations.idempotency-documented", described)[0].verdict is verdict


def test_a_choice_among_words_is_no_filter_language_and_a_direction_is_one() -> None:
    described = with_parameters("filter", "direction")
    by_name = {each["name"]: each for each in listing(described)["parameters"]}
    by_name["filter"]["schema"] = {"type": "string", "enum": ["assigned", "created", "all"]}
    by_name["sort"] |= {"description": "", "schema": {"type": "string", "enum": ["created", "updated"]}}

    assert "direction not described" in judged("operations.filters-documented", described)[0].detail
    by_name["direction"]["schema"] = {"type": "string", "enum": ["asc", "desc"]}
    detail = judged("operations.filters-documented", described)[0].detail
    assert "in both directions" in detail
    assert "filter language" not in detail


def test_a_filter_by_time_of_change_says_what_is_only_inferred() -> None:
    (finding,) = judged("operations.delta-documented", document())
    assert "the border is described" in finding.summary
    assert "known only from the name" not in finding.summary

    described = document()
    (parameter,) = [each for each in listing(described)["parameters"] if "updated" in each["name"]]
    parameter |= {"name": "updated_after", "description": "", "schema": {"type": "string", "format": "date-time"}}
    (finding,) = judged("operations.delta-documented", described)

    assert "the border is known only from the name updated_after" in finding.summary
    assert "known only from the format (date-time)" in finding.summary
