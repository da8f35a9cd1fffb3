"""What documents tell of their errors, of monitoring and of announcements, beyond the single answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cmms_audit.model import Reason, Verdict
from tests.checks.toy import Toy, document, judged_live
from tests.support import judged
from tests.wire.servers import Answer, Seen

Json = dict[str, Any]

DOCS = "<html><body><h1>Changes to the API</h1>" + "<p>We keep the interface stable for you.</p>" * 20


def errors_of(described: Json) -> Iterator[tuple[str, Json]]:
    for path in described["paths"].values():
        for operation in path.values():
            yield from (
                (s, answer) for s, answer in operation["responses"].items() if s[0] == "4" and "content" in answer
            )


def saying(text: str) -> Json:
    described = document()
    described["info"]["description"] = text
    return described


# forms of errors


def test_one_form_of_errors_is_met_and_counted() -> None:
    (finding,) = judged("errors.documented", document())
    assert finding.verdict is Verdict.MET
    assert "there are 1 in all" in finding.detail
    assert "404 at" in finding.detail


def test_errors_of_different_forms_are_partial() -> None:
    described = document()
    other = {"type": "object", "properties": {"fault": {"type": "string"}, "explanation": {"type": "string"}}}
    for status, answer in errors_of(described):
        if status == "404":
            answer["content"]["application/json"]["schema"] = other
    (finding,) = judged("errors.documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "errors have 2 different forms" in finding.summary


def test_a_form_of_which_most_members_are_the_same_is_the_same() -> None:
    described = document()
    for status, answer in errors_of(described):
        if status == "400":
            schema = answer["content"]["application/json"]["schema"]
            kept = {name: member for name, member in schema["properties"].items() if name != "request_id"}
            schema["properties"] = {**kept, "hint": {"type": "string"}}
    assert judged("errors.documented", described)[0].verdict is Verdict.MET


WORD = {"type": "string", "enum": ["NOT_FOUND", "INVALID_ARGUMENT"]}
TEXT = {"type": "string"}


def holding(**members: Json) -> Json:
    return {"type": "object", "properties": members}


def listing(record: Json) -> Json:
    return {"type": "array", "items": record}


@pytest.mark.parametrize(
    ("form", "lacks"),
    [
        (
            holding(
                **{"o:errorDetails": listing(holding(**{"o:errorCode": WORD, "o:errorPath": TEXT, "detail": TEXT}))}
            ),
            "",
        ),
        (
            holding(
                error=holding(
                    status=WORD, message=TEXT, details=listing(holding(fieldViolations=listing(holding(field=TEXT))))
                )
            ),
            "",
        ),
        (holding(fault=holding(faultstring=TEXT, detail=holding(errorcode=WORD, attribute=TEXT))), ""),
        (holding(errorCode=WORD, errorMessage=TEXT, errorField=TEXT), ""),
        (holding(status={"type": "string", "enum": ["error", "success"]}, message=TEXT, field=TEXT), "no code"),
        (holding(code=WORD, message=TEXT), "nothing names the field"),
    ],
    ids=["Oracle", "Google", "a gateway", "errorMessage", "an outcome", "no field"],
)
def test_what_an_error_holds_is_found_in_the_document_of_any_family(form: Json, lacks: str) -> None:
    described = document()
    for _, answer in errors_of(described):
        answer["content"]["application/json"]["schema"] = form
    (finding,) = judged("errors.documented", described)

    assert finding.verdict is (Verdict.PARTIAL if lacks else Verdict.MET), finding.summary
    assert lacks in finding.summary


def test_problem_details_are_counted() -> None:
    described = document()
    for _, answer in errors_of(described):
        answer["content"]["application/problem+json"] = answer["content"].pop("application/json")
    (finding,) = judged("errors.documented", described)
    assert finding.verdict is Verdict.MET
    bodies = finding.detail.splitlines()[-1].split(" ")
    assert bodies[0] == bodies[2] != "0"


# errors inside a success


def test_errors_with_statuses_of_their_own_hint_at_nothing() -> None:
    assert judged("errors.success-means-success", document())[0].verdict is Verdict.MET


@pytest.mark.parametrize(
    "says",
    [
        "The API always answers 200; look into the body for an error.",
        "A validation error is returned with HTTP status 200.",
    ],
)
def test_a_sentence_that_promises_errors_with_200_is_told(says: str) -> None:
    (finding,) = judged("errors.success-means-success", saying(says))
    assert finding.verdict is Verdict.PARTIAL
    assert says in finding.detail


@pytest.mark.parametrize(
    "says",
    [
        "An error is never returned with status 200.",
        "Errors are returned in less than 200 ms.",
        "If validation fails, 422 is returned, otherwise 200.",
        "A failed call is answered with 404, a success with 200.",
    ],
)
def test_a_sentence_that_speaks_of_200_and_of_errors_need_not_promise_both(says: str) -> None:
    assert judged("errors.success-means-success", saying(says))[0].verdict is Verdict.MET


def test_answers_with_a_mark_of_success_and_a_place_for_an_error_are_a_hint() -> None:
    described = document()
    envelope = {
        "type": "object",
        "properties": {"success": {"type": "boolean"}, "error": {"type": "string"}, "data": {}},
    }
    for path in described["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status[0] == "2" and "content" in answer:
                    answer["content"] = {"application/json": {"schema": envelope}}
    given = {"work_orders": "/work-orders"}
    assert judged("errors.success-means-success", described, given=given)[0].verdict is Verdict.PARTIAL


def test_without_described_errors_nothing_can_be_told() -> None:
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"] = {k: v for k, v in operation["responses"].items() if k[0] == "2"}
    assert judged("errors.success-means-success", described)[0].verdict is Verdict.UNKNOWN


# monitoring


def without_usage(text: str = "", path: str = "") -> Json:
    described = saying(text)
    usage = described["paths"].pop("/usage")
    if path:
        described["paths"][path] = usage
    return described


@pytest.mark.parametrize(
    "path", ["/integrations/errors", "/failed-transactions", "/imports/{id}/errors", "/sync-logs", "/dead-letters"]
)
def test_a_list_of_what_failed_is_partial(path: str) -> None:
    (finding,) = judged("errors.usage-offered", without_usage(path=path))
    assert finding.verdict is Verdict.PARTIAL
    assert path in finding.summary


@pytest.mark.parametrize("path", ["/work-orders/{id}/labor-logs", "/apis/errors-of-measurement", "/blogs"])
def test_a_list_that_only_sounds_like_failures_is_none(path: str) -> None:
    assert judged("errors.usage-offered", without_usage(path=path))[0].verdict is Verdict.UNKNOWN


def test_figures_on_a_page_for_people_are_partial() -> None:
    (finding,) = judged("errors.usage-offered", without_usage("API usage is shown on a dashboard."))
    assert finding.verdict is Verdict.PARTIAL


def test_a_dashboard_for_something_else_says_nothing_of_usage() -> None:
    (finding,) = judged("errors.usage-offered", without_usage("The API fills your maintenance dashboard."))
    assert finding.verdict is Verdict.UNKNOWN


def test_a_status_page_is_named_but_does_not_answer() -> None:
    (finding,) = judged("errors.usage-offered", without_usage("See https://status.vendor.example for outages."))
    assert finding.verdict is Verdict.UNKNOWN
    assert "status page" in finding.summary


# versions and announcements


def test_notice_that_is_counted_in_releases_stays_open() -> None:
    (finding,) = judged("errors.notice-stated", saying("Deprecated endpoints are removed after two major releases."))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.VENDOR_SILENT)
    assert "counted in releases" in finding.summary


def test_a_parameter_called_version_counts_where_most_operations_take_it() -> None:
    described = document()
    described["servers"] = [{"url": "https://vendor.example/api"}]
    parameter = {"name": "version", "in": "query", "schema": {"type": "string"}}
    described["paths"]["/sites"]["get"]["parameters"].append(parameter)
    bare = "https://vendor.example/api"
    assert judged("errors.version-in-address", described, base_url=bare)[0].verdict is Verdict.NOT_MET
    for path in described["paths"].values():
        for operation in path.values():
            operation.setdefault("parameters", []).append(parameter)
    assert judged("errors.version-in-address", described, base_url=bare)[0].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ("Breaking changes are announced in the [changelog](https://vendor.example/c).", "met"),
        ("Deprecations are announced by e-mail to every contact.", "met"),
        ("Changes can be found in the release notes.", "partial"),
        ("The change log of a work order lists who changed it.", "unknown"),
        ("Every user has an email and a name.", "unknown"),
        ("The field email is deprecated; use contact_email.", "unknown"),
        ("For questions about deprecated endpoints, contact us by e-mail.", "unknown"),
        ("We e-mail all customers before breaking changes.", "met"),
        ("The API is stable.", "unknown"),
    ],
)
def test_the_way_of_announcing_is_read_from_the_document(says: str, verdict: str) -> None:
    assert judged("errors.channel-stated", saying(says))[0].verdict == verdict


def test_a_change_log_that_an_operation_serves_announces_nothing() -> None:
    described = saying("")
    described["paths"]["/sites"]["get"]["summary"] = "Fetch the changelog."
    assert judged("errors.channel-stated", described)[0].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (DOCS + "<p>Breaking changes are announced by email.</p>", Verdict.MET),
        (DOCS + "<p>Read the release notes.</p>", Verdict.PARTIAL),
        (DOCS, Verdict.NOT_APPLICABLE),
        ("<html><script></script></html>", Verdict.NOT_APPLICABLE),
    ],
)
def test_the_way_of_announcing_is_read_from_public_pages(page: str, verdict: Verdict) -> None:
    def docs(seen: Seen) -> Answer | None:
        return Answer(200, page, {"Content-Type": "text/html"}) if seen.path == "/docs" else None

    assert judged_live("errors.channel-published", Toy(wrong=docs), docs="/docs").verdict is verdict


def test_without_public_documentation_there_is_no_page_to_read() -> None:
    assert judged_live("errors.channel-published", Toy()).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("when", ["in Q3 2027", "on 31/12/2027", "on 2027-12-31", "in December 2027"])
def test_a_withdrawal_with_a_date_in_any_spelling_is_dated(when: str) -> None:
    described = document()
    described["paths"]["/sites"]["get"] |= {"deprecated": True, "description": f"Will be gone {when}."}
    assert judged("errors.deprecations-dated", described)[0].verdict is Verdict.MET
    described["paths"]["/sites"]["get"]["description"] = "Will be gone."
    assert judged("errors.deprecations-dated", described)[0].verdict is Verdict.PARTIAL
