"""errors.structure: how vendors of different habits refuse wrong writes, and that nothing of ours stays there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.toy import as_json, cleared, document, problem, raised
from tests.checks.writing import ORDERS, Plant, Story, is_create, judged_writing
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import api_key

CLEAR = "errors.refused-writes"
DOCUMENTED = "errors.refused-writes-as-documented"
LEAK = "errors.no-leak-in-writes"


def described() -> dict[str, Any]:
    """The document of the toy, with a number to be sent at a create, and bodies of at most 2 KB."""
    found = document()
    create = found["paths"]["/work-orders"]["post"]
    schema = create["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["priority"] = {"type": "integer", "description": "How urgent.", "example": 2}
    schema["properties"]["description"] = {"type": "string", "description": "More of it."}
    schema["required"] = ["title", "priority"]
    refusal = create["responses"]["400"]
    create["responses"] |= {"413": refusal, "415": refusal, "422": refusal}
    found["info"]["description"] += " A request body may have 2 KB."
    return found


def refusal_of(seen: Seen) -> Answer | None:
    """What a careful vendor says to a wrong write; None where nothing is wrong."""
    if seen.method == "PUT":
        return problem(405, "wrong-method", "PUT is not allowed here")
    if not is_create(seen):
        return None
    if seen.headers["content-type"] != "application/json":
        return problem(415, "wrong-kind", "send JSON")
    if len(seen.body) > 2048:
        return problem(413, "too-large", "at most 2,048 bytes are taken")
    try:
        body = json.loads(seen.body)
    except ValueError:
        return problem(400, "no-json", "the body is not JSON")
    for name, kind in (("title", str), ("priority", int)):
        if not isinstance(body.get(name), kind):
            return problem(422, "wrong-field", f"{name} cannot be so", field=name)
    return None


def careful(change: Callable[[Answer], Answer] = lambda old: old) -> Plant:
    def wrong(seen: Seen) -> Answer | None:
        answer = refusal_of(seen)
        return change(answer) if answer else None

    return Plant(wrong=wrong)


def judged(check_id: str, plant: Plant) -> tuple[Finding, Story]:
    finding, story = judged_writing(check_id, plant, described())
    assert len(plant.orders) == len(Plant().orders), "a record was left behind"
    return finding, story


def test_wrong_writes_that_are_refused_clearly_are_met() -> None:
    finding, story = judged(CLEAR, careful())

    assert finding.verdict is Verdict.MET, finding.summary
    assert cleared(finding) == {"generic-errors"}
    asked = finding.detail
    for words in ("breaks off", "priority", "plain text", "2,048 bytes", "PUT on a record"):
        assert words in asked
    assert len(story.writes) <= 9


def test_what_is_wrong_is_created_by_nobody_but_our_own_record() -> None:
    _, story = judged(CLEAR, careful())

    marked = [each for each in story.seen if each.method in ("POST", "PUT")]
    assert marked
    assert all(b"cmms-audit" in each.body for each in marked)
    assert {path for method, path in story.writes if method == "PUT"} == {f"{ORDERS}/N-1"}


def test_a_vendor_who_takes_everything_is_not_met_and_is_rid_of_it_again() -> None:
    def swallow(seen: Seen) -> Answer | None:
        if is_create(seen) and refusal_of(seen):
            plant.made += 1
            text = seen.body.decode()
            plant.orders.append({"id": f"N-{plant.made}", "title": text, "updated_at": "2026-04-01T08:00:00Z"})
            return as_json({"id": f"N-{plant.made}"}, 201)
        return as_json({}) if seen.method == "PUT" else None

    plant = Plant(wrong=swallow)
    finding, story = judged(CLEAR, plant)

    assert finding.verdict is Verdict.NOT_MET
    assert "refused by nobody" in finding.summary
    assert not story.cleaned.left


def test_a_vendor_who_takes_one_mistake_is_partial() -> None:
    def lenient(seen: Seen) -> Answer | None:
        answer = refusal_of(seen)
        return None if answer and answer.status == 422 else answer

    finding, _ = judged(CLEAR, Plant(wrong=lenient))

    assert finding.verdict is Verdict.PARTIAL
    assert "with a mistake in it passed" in finding.summary


LARAVEL = {"message": "The given data was invalid.", "errors": {"priority": ["The priority must be an integer."]}}
DJANGO = {"priority": ["A valid integer is required."]}
SPRING = {"timestamp": "2026-01-01T00:00:00Z", "status": 400, "error": "Bad Request", "path": "/api/v1/work-orders"}
JSON_API = {
    "errors": [
        {"status": "422", "code": "invalid", "title": "Invalid", "source": {"pointer": "/data/attributes/priority"}}
    ]
}


@pytest.mark.parametrize(
    ("body", "verdict", "flag"),
    [
        (LARAVEL, Verdict.PARTIAL, set()),  # names the field, has no code
        (DJANGO, Verdict.PARTIAL, set()),
        (SPRING, Verdict.NOT_MET, {"generic-errors"}),  # says no more than its status
        (JSON_API, Verdict.PARTIAL, set()),  # good, but unlike the errors of reads, and without an id to report it by
    ],
    ids=["Laravel", "Django", "Spring", "JSON:API"],
)
def test_bodies_of_other_families_get_the_verdict_of_a_careful_reader(
    body: dict[str, Any], verdict: Verdict, flag: set[str]
) -> None:
    finding, _ = judged(CLEAR, careful(lambda old: as_json(body, 422)))

    assert (finding.verdict, raised(finding)) == (verdict, flag)


def test_refusals_of_another_shape_than_those_of_reads_are_partial() -> None:
    other = {"fault": {"code": "no-good", "message": "priority, title: no", "field": "priority"}}
    finding, _ = judged(CLEAR, careful(lambda old: as_json(other, old.status)))

    assert finding.verdict is Verdict.PARTIAL
    assert "another shape than the errors of reads" in finding.summary


def test_a_code_that_changes_from_one_time_to_the_next_is_said() -> None:
    count = iter(range(100))
    finding, _ = judged(
        CLEAR, careful(lambda old: problem(old.status, f"e-{next(count)}", "priority", field="priority"))
    )

    assert finding.verdict is Verdict.PARTIAL
    assert "two different codes" in finding.summary


def test_a_server_that_fails_over_a_mistake_is_partial() -> None:
    finding, _ = judged(CLEAR, careful(lambda old: problem(500, "oops", "no") if old.status == 400 else old))

    assert finding.verdict is Verdict.PARTIAL
    assert "blame the server" in finding.summary


def test_a_server_that_hangs_up_on_a_mistake_is_a_finding() -> None:
    def hang_up(old: Answer) -> Answer:
        raise ConnectionResetError

    finding, story = judged(CLEAR, careful(hang_up))

    assert (finding.verdict, finding.reason) == (Verdict.NOT_MET, None)
    assert "never answered" in finding.summary
    assert len([path for _, path in story.writes if path == ORDERS]) == 1


def test_a_credential_that_may_not_write_is_no_fault_of_the_errors() -> None:
    finding, _ = judged(CLEAR, Plant(wrong=lambda seen: Answer(403) if seen.method != "GET" else None))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CREDENTIAL)


def test_a_body_that_shows_the_inside_of_the_program_raises_the_flag() -> None:
    trace = "Traceback (most recent call last):\n"
    finding, _ = judged(LEAK, careful(lambda old: problem(400, "no-json", trace) if old.status == 400 else old))

    assert raised(finding) == {"stack-trace-leak"}
    assert cleared(judged(LEAK, careful())[0]) == {"stack-trace-leak"}


def test_refusals_are_held_against_what_is_described() -> None:
    page = Answer(422, "<html>no</html>", {"Content-Type": "text/html"})
    finding, _ = judged(DOCUMENTED, careful(lambda old: page if old.status == 422 else old))

    assert finding.verdict is Verdict.NOT_MET
    assert raised(finding) == {"undocumented-behaviour"}


def test_where_records_cannot_be_deleted_only_what_makes_none_is_sent() -> None:
    about = described()
    del about["paths"]["/work-orders/{id}"]["delete"]
    _, story = judged_writing(CLEAR, careful(), about)

    creates = [each for each in story.seen if is_create(each)]
    assert len(creates) == 3  # JSON that breaks off, plain text, too much of it
    assert all(refusal_of(each).status in (400, 413, 415) for each in creates)  # type: ignore[union-attr]


READER = "key-of-a-reader-0123456789"


def for_two(change: Callable[[Answer], Answer] = lambda old: old) -> tuple[Finding, Story]:
    """What is said of a careful vendor who also knows a credential that may only read, which it refuses."""

    def wrong(seen: Seen) -> Answer | None:
        if seen.headers.get("x-api-key") == READER:
            return change(problem(403, "no-access", "this credential may only read"))
        return refusal_of(seen)

    return judged_writing(CLEAR, Plant(wrong=wrong), described(), second={"read_only": api_key(READER)})


def test_a_credential_that_may_only_read_is_refused_in_the_same_form() -> None:
    finding, story = for_two()

    assert finding.verdict is Verdict.MET, finding.summary
    assert "a create by a credential that may only read (work orders): 403" in finding.detail
    (asked,) = [each for each in story.seen if each.headers.get("x-api-key") == READER]
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(asked.body)  # nothing can come of it


def test_a_missing_permission_that_is_told_in_another_form_is_said() -> None:
    finding, _ = for_two(lambda old: as_json({"fault": {"faultstring": "no"}}, 403))

    assert finding.verdict is Verdict.PARTIAL
    assert "1 have another shape than the errors of reads" in finding.summary


def test_a_broken_create_by_a_credential_that_may_only_read_must_not_pass() -> None:
    finding, _ = for_two(lambda old: as_json({}, 200))

    assert "1 create with a mistake in it passed" in finding.summary


def test_a_refusal_that_does_not_name_the_field_is_partial() -> None:
    finding, _ = judged(CLEAR, careful(lambda old: problem(422, "wrong-field", "no") if old.status == 422 else old))

    assert finding.verdict is Verdict.PARTIAL
    assert "do not name the field or parameter at fault" in finding.summary
