"""errors.structure: documented and provoked errors of vendors that do it wrong in different ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason, Severity, Verdict
from tests.checks.test_errors_shapes import answer as answered
from tests.checks.toy import Toy, as_json, cleared, document, helper, judged_live, problem, raised
from tests.support import judged
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY

shapes, flaws, provoking = (helper("errors", name) for name in ("_shapes", "_flaws", "_provoked"))


def errors_of(described: dict[str, Any]) -> list[dict[str, Any]]:
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    return [answer for each in operations for status, answer in each["responses"].items() if status[0] == "4"]


def test_statuses_without_a_body_are_partial() -> None:
    described = document()
    for answer in errors_of(described):
        answer.pop("content", None)
    assert judged("errors.documented", described)[0].verdict is Verdict.PARTIAL


def test_no_word_of_errors_is_absence() -> None:
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"] = {k: v for k, v in operation["responses"].items() if k[0] == "2"}
    (finding,) = judged("errors.documented", described)
    assert (finding.verdict, finding.absence) == (Verdict.NOT_MET, True)


def test_a_described_error_without_a_code_is_partial() -> None:
    described = document()
    for answer in errors_of(described):
        if "content" in answer:
            schema = answer["content"]["application/json"]["schema"]
            schema["properties"] = {"message": {"type": "string"}}
    (finding,) = judged("errors.documented", described)
    assert finding.verdict is Verdict.PARTIAL
    assert "no code" in finding.summary


def test_codes_that_only_prose_lists_are_listed() -> None:
    described = document()
    for answer in errors_of(described):
        if "content" in answer:
            answer["content"]["application/json"]["schema"]["properties"]["code"].pop("enum", None)
    assert "not listed" in judged("errors.documented", described)[0].summary
    table = "## Error codes\n| `NOT_FOUND` | 404 |\n| `CONFLICT` | 409 |\n| `BAD_FIELD` | 400 |\n| `NO_ACCESS` | 403 |"
    described["info"]["description"] = table
    assert judged("errors.documented", described)[0].verdict is Verdict.MET


def failing(make: Callable[[Answer], Answer]) -> Toy:
    """A vendor whose errors are changed on their way out."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        answer = right.answer(seen)
        return make(answer) if answer.status >= 400 else None

    return Toy(wrong=wrong)


def test_errors_that_only_say_that_something_went_wrong_raise_the_flag() -> None:
    finding = judged_live(
        "errors.provoked", failing(lambda old: as_json({"error": "Something went wrong"}, old.status))
    )
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"generic-errors"}


def test_web_pages_in_place_of_errors_raise_the_flag() -> None:
    page = "<html><body>Error</body></html>"
    finding = judged_live(
        "errors.provoked", failing(lambda old: Answer(old.status, page, {"Content-Type": "text/html"}))
    )
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"generic-errors"}


def test_errors_without_codes_that_name_what_was_wrong_are_partial_and_no_flag() -> None:
    def without_code(old: Answer) -> Answer:
        told = "limit: a number is needed" if old.status == 400 else "there is none"
        return as_json({"detail": told}, old.status)

    finding = judged_live("errors.provoked", failing(without_code))
    assert finding.verdict is Verdict.PARTIAL
    assert cleared(finding) == {"generic-errors"}


def test_an_error_that_hides_in_a_success_is_not_met() -> None:
    hidden = as_json({"status": "error", "code": "E1", "messages": "no"})
    finding = judged_live("errors.provoked", failing(lambda old: hidden if old.status == 404 else old))
    assert finding.verdict is Verdict.NOT_MET
    assert "answer that says success" in finding.summary


def test_errors_without_an_id_to_report_them_by_are_partial() -> None:
    finding = judged_live(
        "errors.provoked", failing(lambda old: Answer(old.status, old.body, {"Content-Type": "application/json"}))
    )
    assert finding.verdict is Verdict.PARTIAL
    assert "id under which it could be reported" in finding.summary


def test_two_shapes_are_partial() -> None:
    other = {"fault": {"code": "no-key", "message": "a key is needed"}}
    finding = judged_live("errors.provoked", failing(lambda old: as_json(other, 401) if old.status == 401 else old))
    assert finding.verdict is Verdict.PARTIAL
    assert "2 different shapes" in finding.summary


def test_a_server_that_fails_over_a_wrong_question_is_partial() -> None:
    finding = judged_live(
        "errors.provoked", failing(lambda old: problem(500, "oops", "no") if old.status == 400 else old)
    )
    assert finding.verdict is Verdict.PARTIAL
    assert "blame the server" in finding.summary


def test_wrong_questions_that_are_all_answered_kindly_are_not_met() -> None:
    finding = judged_live("errors.provoked", failing(lambda old: as_json({"items": [], "total": 0, "next": None})))
    assert finding.verdict is Verdict.NOT_MET


def test_errors_of_another_shape_than_documented_are_undocumented_behaviour() -> None:
    page = Answer(404, "<html>none</html>", {"Content-Type": "text/html"})
    finding = judged_live("errors.as-documented", failing(lambda old: page if old.status == 404 else old))
    assert finding.verdict is Verdict.NOT_MET
    assert [mark.severity for mark in finding.flags] == [Severity.SERIOUS]


def test_good_errors_that_nobody_described_are_partial() -> None:
    described = document()
    for answer in errors_of(described):
        answer.pop("content", None)
    finding = judged_live("errors.as-documented", Toy(), described)
    assert finding.verdict is Verdict.PARTIAL
    assert not finding.flags


@pytest.mark.parametrize("leak", ["Traceback (most recent call last):\n", "SQLSTATE[42S22]", "/srv/app/orders.py"])
def test_errors_that_show_the_inside_of_the_program_raise_the_flag(leak: str) -> None:
    finding = judged_live("errors.no-leak", failing(lambda old: as_json({"code": "e", "message": leak}, old.status)))
    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"stack-trace-leak"}


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"code": "slow-down", "message": "too many calls"}, 429),
        Answer(400),
        Answer(200, "<html><form><input type='password'></form></html>", {"Content-Type": "text/html"}),
        as_json({"items": [], "total": 0, "next": None}),
    ],
    ids=["too many calls", "error without a body", "login page", "empty list"],
)
def test_without_an_error_to_read_nothing_can_be_said_of_leaks(answer: Answer) -> None:
    finding = judged_live("errors.no-leak", failing(lambda old: answer))
    assert finding.verdict is Verdict.UNKNOWN
    assert not finding.flags


def test_one_error_that_can_be_read_is_enough_to_look_for_leaks() -> None:
    finding = judged_live("errors.no-leak", failing(lambda old: old if old.status == 400 else Answer(429)))
    assert finding.verdict is Verdict.MET
    assert len(finding.evidence) == 4  # of three lists, and of the first one twice


def test_questions_that_are_all_put_off_provoke_no_error() -> None:
    finding = judged_live("errors.provoked", failing(lambda old: as_json({"error": "slow down"}, 429)))
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)
    assert not finding.flags


def test_a_call_that_is_put_off_is_not_held_against_the_vendors_errors() -> None:
    busy = as_json({"wait": 1}, 429)
    assert (
        judged_live("errors.provoked", failing(lambda old: busy if old.status == 401 else old)).verdict is Verdict.MET
    )


def test_an_id_of_digits_that_are_not_plain_ones_is_no_obstacle() -> None:
    toy = Toy()
    for record in toy.records["work-orders"]:
        record["id"] = "\N{SUPERSCRIPT TWO}0"
    assert judged_live("errors.no-leak", toy).verdict is Verdict.MET


def test_an_empty_406_is_no_fault() -> None:
    toy = Toy(wrong=lambda seen: Answer(406) if "cmms-audit" in seen.headers.get("accept", "") else None)
    assert judged_live("errors.provoked", toy).verdict is Verdict.MET
    assert judged_live("errors.as-documented", toy).verdict is Verdict.MET


@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "application/xml"])
def test_a_406_in_any_form_is_no_fault(media_type: str) -> None:
    body = "<html><body>406 Not Acceptable</body></html>" if media_type == "text/html" else "406 Not Acceptable"
    page = Answer(406, body, {"Content-Type": media_type})
    toy = Toy(wrong=lambda seen: page if "cmms-audit" in seen.headers.get("accept", "") else None)
    assert judged_live("errors.provoked", toy).verdict is Verdict.MET
    assert judged_live("errors.as-documented", toy).verdict is Verdict.MET


def test_another_status_than_406_in_plain_text_is_a_fault() -> None:
    page = Answer(400, "I know no such format", {"Content-Type": "text/plain"})
    toy = Toy(wrong=lambda seen: page if "cmms-audit" in seen.headers.get("accept", "") else None)
    assert judged_live("errors.provoked", toy).verdict is Verdict.PARTIAL


def test_wrong_questions_are_asked_once_for_all_checks() -> None:
    asked: list[str] = []

    def remember(seen: Seen) -> Answer | None:
        asked.append(seen.target)
        return None

    judged_live("errors.provoked", Toy(wrong=remember))
    assert len(asked) <= 15


@pytest.mark.parametrize(
    ("member", "is_code"),
    [
        ({"type": "string", "example": "not_found"}, True),
        ({"type": "string", "description": 'A short identifier, for example "not_found."'}, True),
        ({"type": "string", "enum": ["conflict", "not_found"]}, True),
        ({"type": "string", "example": "4d9d8375-3c56"}, False),
        ({"type": "string", "description": "Of this one error."}, False),
        ({"type": "integer", "example": 7}, False),
    ],
)
def test_an_id_that_is_a_word_beside_a_message_is_a_code(member: dict[str, Any], is_code: bool) -> None:
    described = document()
    for answer in errors_of(described):
        if "content" in answer:
            schema = answer["content"]["application/json"]["schema"]
            schema["properties"] = {"id": member, "message": {"type": "string"}}

    (finding,) = judged("errors.documented", described)

    assert ("no code" not in finding.summary) == is_code


def test_an_address_for_the_health_of_the_system_describes_no_error_and_need_not() -> None:
    described = document()
    well = {"description": "Well.", "content": {"application/json": {"schema": {"type": "object"}}}}
    described["paths"] = {name: described["paths"][name] for name in ("/work-orders", "/work-orders/{id}")}
    described["paths"]["/health"] = {"get": {"summary": "Is it up?", "responses": {"200": well}}}

    assert judged("errors.documented", described)[0].verdict is Verdict.MET


def test_a_single_operation_without_errors_is_told_in_the_singular() -> None:
    described = document()
    for name in list(described["paths"]):
        if name not in ("/work-orders", "/work-orders/{id}"):
            del described["paths"][name]
    answers = described["paths"]["/work-orders"]["get"]["responses"]
    described["paths"]["/work-orders"]["get"]["responses"] = {"200": answers["200"]}

    assert "1 operation describes no error" in judged("errors.documented", described)[0].summary


def hanging_up(seen: Seen) -> Answer | None:
    if "cmms-audit-wrong" in seen.target:
        raise ConnectionResetError
    return None


def test_a_server_that_never_answers_a_wrong_question_is_a_finding() -> None:
    finding = judged_live("errors.provoked", Toy(wrong=hanging_up))

    assert (finding.verdict, finding.reason) == (Verdict.NOT_MET, None)
    assert "never answered" in finding.summary
    assert judged_live("errors.no-leak", Toy(wrong=hanging_up)).verdict is Verdict.MET  # of those that were answered


def test_a_server_that_answers_nothing_any_more_is_not_held_against_the_question() -> None:
    gone = False

    def out_of_order(seen: Seen) -> Answer | None:
        nonlocal gone
        gone = gone or "cmms-audit-wrong" in seen.target
        if gone:
            raise ConnectionResetError
        return None

    finding = judged_live("errors.provoked", Toy(wrong=out_of_order))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)


def test_a_code_that_changes_when_the_mistake_is_repeated_is_partial() -> None:
    numbers = iter(range(100))
    finding = judged_live(
        "errors.provoked",
        failing(lambda old: problem(400, f"e-{next(numbers)}", "limit", field="limit") if old.status == 400 else old),
    )

    assert finding.verdict is Verdict.PARTIAL
    assert "two different codes" in finding.summary


PHRASES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@pytest.mark.parametrize("member", ["path", "details"])
def test_an_address_that_is_repeated_names_nothing(member: str) -> None:
    def wrong(seen: Seen) -> Answer | None:
        status = Toy().answer(seen).status
        prefix = "uri=" if member == "details" else ""
        plain = {"status": status, "error": PHRASES.get(status), member: prefix + seen.path}
        return as_json(plain, status) if status >= 400 else None

    finding = judged_live("errors.provoked", Toy(wrong=wrong))

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, {"generic-errors"})


def test_a_parameter_that_is_called_like_a_member_of_the_error_is_not_named_by_that() -> None:
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                parameter["name"] = {"limit": "status", "status": "state"}.get(parameter["name"], parameter["name"])

    def wrong(seen: Seen) -> Answer | None:
        return as_json({"status": 400, "code": "bad", "message": "no"}, 400) if "audit-wrong" in seen.target else None

    finding = judged_live("errors.provoked", Toy(wrong=wrong), described)

    assert "4 of" in finding.summary
    assert "do not name the field or parameter at fault" in finding.summary


@pytest.mark.parametrize("said", ["the asset id is required", "assetId: required", "asset_id"])
def test_a_name_is_recognised_however_a_message_writes_it(said: str) -> None:
    error = provoking.Provoked("missing", "", "asset_id", None, answered({"code": "bad", "message": said}))
    assert flaws.names_fault(error, shapes.read_error(error.exchange))


def test_a_name_within_another_word_is_not_the_name() -> None:
    error = provoking.Provoked("query", "", "limit", None, answered({"code": "bad", "message": "unlimited trouble"}))
    assert not flaws.names_fault(error, shapes.read_error(error.exchange))


def per_kind(codes: dict[str, str]) -> Toy:
    """A vendor who has another code for unknown records of each kind."""

    def wrong(seen: Seen) -> Answer | None:
        kind, _, missing = seen.path.removeprefix("/api/v1/").partition("/")
        return problem(404, codes[kind], missing) if kind in codes and "audit-none" in missing else None

    return Toy(wrong=wrong)


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ({"work-orders": "e-17", "assets": "e-99", "locations": "e-3"}, Verdict.PARTIAL),
        ({"work-orders": "work-order-not-found", "assets": "asset-not-found"}, Verdict.MET),
        ({"work-orders": "not-found", "assets": "conflict"}, Verdict.MET),  # both are listed
    ],
)
def test_codes_that_differ_by_kind_of_record_need_a_reason(codes: dict[str, str], verdict: Verdict) -> None:
    finding = judged_live("errors.provoked", per_kind(codes))

    assert finding.verdict is verdict
    assert ("on other kinds of records" in finding.summary) == (verdict is Verdict.PARTIAL)


def test_a_mistake_that_is_answered_with_another_status_the_second_time_is_partial() -> None:
    statuses = iter([400, 404, 400, 400])
    told = failing(lambda old: problem(next(statuses), "bad", "limit") if old.status == 400 else old)
    finding = judged_live("errors.provoked", told)

    assert finding.verdict is Verdict.PARTIAL
    assert "two different statuses" in finding.summary


def test_web_pages_of_one_kind_of_records_only_are_partial() -> None:
    page = Answer(404, "<html>none</html>", {"Content-Type": "text/html"})
    toy = Toy(wrong=lambda seen: page if "/locations/" in seen.path and "audit-none" in seen.path else None)
    finding = judged_live("errors.provoked", toy)

    assert finding.verdict is Verdict.PARTIAL
    assert "1 of 11 are web pages" in finding.summary


LOGIN = Answer(200, "<html><form><input type='password'></form></html>", {"Content-Type": "text/html"})


@pytest.mark.parametrize("target", ["/login", "https://login.vendor.example/sso"])
def test_a_login_page_in_place_of_a_refusal_is_partial(target: str) -> None:
    def wrong(seen: Seen) -> Answer | None:
        if seen.path == "/login":
            return LOGIN
        is_stranger = Toy().answer(seen).status == 401
        return Answer(302, "", {"Location": target}) if is_stranger else None

    finding = judged_live("errors.provoked", Toy(wrong=wrong))

    assert finding.verdict is Verdict.PARTIAL
    assert "3 of 11 are web pages" in finding.summary


def test_errors_in_xml_or_plain_words_are_told_from_empty_ones() -> None:
    xml = Answer(404, "<error><code>E1</code></error>", {"Content-Type": "application/xml"})
    finding = judged_live("errors.provoked", failing(lambda old: xml if old.status == 404 else old))

    assert "are plain text or XML instead of JSON" in finding.summary
    assert "say nothing" not in finding.summary


def test_an_answer_that_breaks_off_is_none() -> None:
    def cut(seen: Seen) -> Answer | None:
        if "cmms-audit-wrong" in seen.target:
            return Answer(400, "{", {"Content-Type": "application/json", "Content-Length": "900"})
        return None

    finding = judged_live("errors.provoked", Toy(wrong=cut))

    assert finding.verdict is Verdict.NOT_MET
    assert "never answered" in finding.summary
    assert judged_live("errors.as-documented", Toy(wrong=cut)).verdict is Verdict.MET


@pytest.mark.parametrize(
    "says",
    [
        "the key cmms-audit-made-up-credential is not known",
        'no number (through reference chain: com.acme.cmms.WorkOrder["priority"])',
    ],
)
def test_what_an_error_lets_slip_is_partial_and_no_flag(says: str) -> None:
    finding = judged_live("errors.no-leak", failing(lambda old: problem(old.status, "unauthorised", says)))

    assert (finding.verdict, cleared(finding)) == (Verdict.PARTIAL, {"stack-trace-leak"})


def test_a_real_credential_that_is_repeated_raises_the_flag() -> None:
    finding = judged_live("errors.no-leak", failing(lambda old: problem(old.status, "no", f"came with {KEY}")))

    assert raised(finding) == {"stack-trace-leak"}
    assert "the credential that was sent" in finding.summary


def test_an_error_with_a_status_that_nobody_described_is_listed_and_not_punished() -> None:
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"].pop("401", None)
    finding = judged_live("errors.as-documented", Toy(), described)

    assert finding.verdict is Verdict.MET
    assert "a made-up credential for assets: 401" in finding.detail


def test_what_was_learnt_before_a_question_could_not_be_sent_is_kept() -> None:
    async def asked(number: int) -> AsyncIterator[Any]:
        for _ in range(number):
            yield provoking.Provoked("query", "", "limit", None, answered({"code": "bad"}))
        raise CouldNotLook(Reason.BUDGET, "used up")

    assert len(asyncio.run(provoking.until_silent(None, "/x", asked(2)))) == 2
    with pytest.raises(CouldNotLook):
        asyncio.run(provoking.until_silent(None, "/x", asked(0)))
