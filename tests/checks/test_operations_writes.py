"""What documents promise of writes: locking, safe repeats, bulk, status changes, files; and what statuses mean."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Reason, Verdict
from tests.checks.toy import Toy, as_json, document, judged_live
from tests.support import judged
from tests.wire.servers import Answer, Seen


def operation(described: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = described["paths"][path][method]
    return found


def absent(check_id: str, described: dict[str, Any]) -> bool:
    (finding,) = judged(check_id, described)
    return finding.verdict is Verdict.NOT_MET and finding.absence


# locking


def unlocked() -> dict[str, Any]:
    described = document()
    update = operation(described, "/work-orders/{id}", "patch")
    update["parameters"] = update["parameters"][:1]
    del update["responses"]["412"]
    return described


def test_updates_without_any_condition_are_absence() -> None:
    assert absent("operations.locking-documented", unlocked())


def test_a_condition_whose_refusal_is_not_described_is_partial() -> None:
    described = document()
    del operation(described, "/work-orders/{id}", "patch")["responses"]["412"]
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.PARTIAL


def test_a_version_field_that_travels_with_the_update_is_as_good_as_a_header() -> None:
    described = unlocked()
    update = operation(described, "/work-orders/{id}", "patch")
    update["requestBody"]["content"]["application/json"]["schema"]["properties"]["version"] = {"type": "integer"}
    page = operation(described, "/work-orders", "get")["responses"]["200"]["content"]["application/json"]["schema"]
    page["properties"]["items"]["items"]["properties"]["version"] = {"type": "integer"}
    update["responses"]["409"]["description"] = "The record was changed by another user."
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.MET


def test_an_etag_that_serves_caching_only_is_a_hint() -> None:
    described = unlocked()
    answer = operation(described, "/work-orders/{id}", "get")["responses"]["200"]
    answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.PARTIAL


def test_records_that_cannot_be_changed_need_no_lock() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}"]["patch"]
    assert judged("operations.locking-documented", described)[0].verdict is Verdict.NOT_APPLICABLE


# safe repeats


def without_key() -> dict[str, Any]:
    described = document()
    create = operation(described, "/work-orders", "post")
    create["parameters"] = []
    return described


def test_a_create_without_a_key_is_absence() -> None:
    assert absent("operations.idempotency-documented", without_key())


def test_a_plain_request_id_is_no_idempotency_key_unless_the_document_says_so() -> None:
    described = without_key()
    header = {"name": "X-Request-Id", "in": "header", "description": "For tracing.", "schema": {"type": "string"}}
    operation(described, "/work-orders", "post")["parameters"] = [header]
    assert absent("operations.idempotency-documented", described)
    header["description"] = "A retry with the same id makes no duplicate."
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.MET


def test_an_outside_number_that_must_be_unique_makes_repeats_safe() -> None:
    described = without_key()
    create = operation(described, "/work-orders", "post")
    create["requestBody"]["content"]["application/json"]["schema"]["properties"]["external_id"] = {"type": "string"}
    create["responses"]["409"]["description"] = "A record with this external_id already exists."
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.MET


def test_idempotency_in_prose_alone_is_partial() -> None:
    described = without_key()
    described["info"]["description"] = "Creates are idempotent."
    assert judged("operations.idempotency-documented", described)[0].verdict is Verdict.PARTIAL


# bulk


def test_no_bulk_operation_is_absence() -> None:
    described = document()
    del described["paths"]["/work-orders/bulk"]
    assert absent("operations.bulk-documented", described)


@pytest.mark.parametrize("missing", ["limit", "outcome"])
def test_bulk_without_limit_or_outcome_is_partial(missing: str) -> None:
    described = document()
    bulk = operation(described, "/work-orders/bulk", "post")
    if missing == "limit":
        del bulk["requestBody"]["content"]["application/json"]["schema"]["maxItems"]
    else:
        bulk["responses"]["200"] = {"description": "Done."}
        del bulk["responses"]["207"]
    (finding,) = judged("operations.bulk-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert missing.replace("limit", "how many") in finding.summary


def test_a_list_that_takes_a_list_of_records_writes_in_bulk() -> None:
    described = document()
    described["paths"]["/work-orders"]["put"] = described["paths"].pop("/work-orders/bulk")["post"]
    assert judged("operations.bulk-documented", described)[0].verdict is Verdict.MET


def test_a_bulk_operation_on_something_else_does_not_count() -> None:
    described = document()
    described["paths"]["/users/bulk"] = described["paths"].pop("/work-orders/bulk")
    assert absent("operations.bulk-documented", described)


# status changes


def test_a_status_that_is_a_field_like_any_other_is_partial() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}/transitions"]
    (finding,) = judged("operations.actions-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "nothing says whether rules apply" in finding.summary


def test_an_action_without_a_described_refusal_is_partial() -> None:
    described = document()
    action = operation(described, "/work-orders/{id}/transitions", "post")
    action["responses"] = {"200": {"description": "Done."}}
    assert judged("operations.actions-documented", described)[0].verdict is Verdict.PARTIAL


def test_an_operation_that_only_sounds_like_an_action_is_none() -> None:
    described = document()
    paths = described["paths"]
    paths["/work-orders/{id}/reactions"] = paths.pop("/work-orders/{id}/transitions")
    assert judged("operations.actions-documented", described)[0].verdict is Verdict.PARTIAL


def test_no_way_to_change_the_status_is_absence() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}/transitions"], described["paths"]["/work-orders/{id}"]["patch"]
    assert absent("operations.actions-documented", described)


# files


def test_no_files_are_absence_and_files_that_cannot_be_fetched_back_partial() -> None:
    described = document()
    del described["paths"]["/work-orders/{id}/attachments/{file_id}/content"]
    (finding,) = judged("operations.attachments-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "fetching back" in finding.summary
    del described["paths"]["/work-orders/{id}/attachments"]
    assert absent("operations.attachments-documented", described)


# statuses


def test_every_success_as_200_is_partial_and_named() -> None:
    described = document()
    for path in described["paths"].values():
        for each in path.values():
            each["responses"] = {("200" if key[0] == "2" else key): value for key, value in each["responses"].items()}
    (finding,) = judged("operations.status-codes-documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "creates that answer 201: 0 of" in finding.summary


def test_statuses_that_say_nothing_at_all_are_not_met() -> None:
    described = document()
    for path in described["paths"].values():
        for each in path.values():
            each["responses"] = {"200": {"description": "Done."}}
    assert judged("operations.status-codes-documented", described)[0].verdict is Verdict.NOT_MET


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "not_met"), (500, "not_met"), (400, "partial"), (410, "met"), (429, "unknown"), (503, "unknown")],
)
def test_a_record_that_does_not_exist_must_be_answered_404(status: int, verdict: str) -> None:
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        missing = right.answer(seen).status == 404 and "/api/v1/" in seen.path and seen.path.count("/") == 4
        return as_json({"message": "there is none"}, status) if missing else None

    assert judged_live("operations.unknown-is-404", Toy(wrong=wrong)).verdict == verdict


def test_without_work_orders_silence_is_no_verdict() -> None:
    described = document()
    described["paths"] = {key: value for key, value in described["paths"].items() if not key.startswith("/work-orders")}
    (finding,) = judged("operations.bulk-documented", described)
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.RESOURCE_NOT_FOUND)
