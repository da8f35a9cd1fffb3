"""A credential that may only read, and vendors who refuse it when it writes in ways of their own, or let it in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import flags
from tests.checks.toy import PREFIX, Json, as_json, document, problem
from tests.checks.writing import ORDERS, Plant, Story, judged_writing, with_headers
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import KEY, api_key, oauth2

READING_KEY = "a-key-that-may-only-read"
CHECK = "auth.scopes-enforced"
ENFORCED, OPEN = {"scopes-not-enforced": False}, {"scopes-not-enforced": True}
Policy = Callable[[Seen], Answer | None]


FORBIDDEN = problem(403, "forbidden", "this key may only read")


def forbidden(seen: Seen) -> Answer | None:
    return FORBIDDEN


class Guarded(Plant):
    """A vendor with a second key: it reads as the first one does, and `policy` says what becomes of its writes."""

    policy: Policy = staticmethod(forbidden)

    def __call__(self, seen: Seen) -> Answer:
        if seen.headers.get("x-api-key") != READING_KEY:
            return super().__call__(seen)
        refused = None if seen.method == "GET" else type(self).policy(seen)
        return refused or super().__call__(with_key(seen, KEY))


def with_key(seen: Seen, key: str) -> Seen:
    return replace(seen, headers={**seen.headers, "x-api-key": key})


def described() -> Json:
    """The document, with a permission for reading and one for writing at every operation."""
    told = document()
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            right = "read" if method == "get" else "write"
            operation["security"] = [{"key": [f"{path.split('/')[1]}:{right}"]}]
    key = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
    return {**told, "components": {**told.get("components", {}), "securitySchemes": {"key": key}}}


def tried(policy: Policy, told: Json | None = None) -> tuple[Finding, Story]:
    plant = type("Vendor", (Guarded,), {"policy": staticmethod(policy)})()
    return judged_writing(CHECK, plant, told or described(), second={"read_only": api_key(READING_KEY)})


def only_at(method: str, end: str = "", answer: Answer | None = None) -> Policy:
    """Forbid everything but one kind of write, which is carried out, or answered so."""
    return lambda seen: answer if seen.method == method and seen.path.endswith(end) else forbidden(seen)


def test_every_kind_of_write_is_tried_at_our_own_record_and_nothing_is_left() -> None:
    finding, story = tried(forbidden)

    assert (finding.verdict, flags(finding)) == (Verdict.MET, ENFORCED), finding.summary
    refused = [(seen.method, seen.path) for seen in story.seen if seen.headers.get("x-api-key") == READING_KEY]
    own = f"{ORDERS}/N-1"
    assert [each for each in refused if each[0] != "GET"] == [
        ("POST", ORDERS),
        ("PATCH", own),
        ("POST", f"{ORDERS}/bulk"),
        ("POST", f"{own}/transitions"),
        ("POST", f"{own}/attachments"),
        ("DELETE", own),
    ]
    assert [each.state for each in story.records] == ["deleted", "not_created"]


@pytest.mark.parametrize(("method", "end"), [("POST", "work-orders"), ("PATCH", ""), ("DELETE", "")])
def test_one_kind_of_write_that_is_let_in_is_a_red_flag_and_leaves_nothing_behind(method: str, end: str) -> None:
    finding, story = tried(only_at(method, end))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, OPEN)
    assert not [each for each in story.records if each.may_be_there]
    assert len(story.result.detail.split("; ")) == 6


@pytest.mark.parametrize("path", ["/bulk-delete", "/{id}/clone", "/{id}/send-mail", "/{id}/../../assets"])
def test_what_would_reach_further_than_our_record_is_not_tried(path: str) -> None:
    told = described()
    for old in ("/work-orders/bulk", "/work-orders/{id}/transitions"):
        del told["paths"][old]
    told["paths"][f"/work-orders{path}"] = {"post": {"responses": {"200": {"description": "Well."}}}}

    _, story = tried(forbidden, told)

    ends = {seen.path.rpartition("/")[2] for seen in story.seen if seen.method != "GET"}
    assert ends == {"work-orders", "N-1", "attachments"}


@pytest.mark.parametrize("end", ["/attachments"])
def test_a_file_that_is_taken_is_a_red_flag(end: str) -> None:
    finding, _ = tried(only_at("POST", end, as_json({"id": "F-1"}, 201)))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, OPEN)


def test_a_vendor_who_hides_the_record_is_as_safe() -> None:
    finding, _ = tried(lambda seen: problem(404, "not-found", "there is no such record"))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, ENFORCED)


def test_a_vendor_who_answers_as_to_a_stranger_misleads_programs() -> None:
    finding, _ = tried(lambda seen: problem(401, "unauthorised", "no"))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, ENFORCED)


def test_a_401_that_names_the_missing_permission_tells_programs_what_is_wrong() -> None:
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="work-orders:write"'}

    finding, _ = tried(lambda seen: with_headers(problem(401, "unauthorised", "no"), **challenge))

    assert (finding.verdict, flags(finding)) == (Verdict.MET, ENFORCED)


def test_a_refusal_under_a_status_of_success_is_no_hole() -> None:
    finding, _ = tried(lambda seen: as_json({"success": False, "error": "this key may only read"}))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, ENFORCED)


@pytest.mark.parametrize("method", ["PATCH", "POST", "DELETE"])
def test_an_answer_of_success_that_changes_nothing_is_no_hole(method: str) -> None:
    finding, story = tried(only_at(method, answer=as_json({})))

    holes = {"scopes-not-enforced": True} if method == "POST" else {}  # a file cannot be seen not to be there
    assert flags(finding) == holes
    assert not [each for each in story.records if each.may_be_there and each.address]


def test_a_record_that_changes_by_itself_was_not_changed_by_us() -> None:
    looks = iter(range(1_000))

    def counts_looks(seen: Seen, answer: Answer) -> Answer:
        if seen.method != "GET" or not seen.path.endswith("/N-1"):
            return answer
        return with_headers(as_json({**json.loads(answer.body), "looks": next(looks)}), **dict(answer.headers))

    plant = type("Vendor", (Guarded,), {"policy": staticmethod(only_at("PATCH", answer=as_json({})))})(
        twist=counts_looks
    )
    finding, _ = judged_writing(CHECK, plant, described(), second={"read_only": api_key(READING_KEY)})

    assert flags(finding) == {}


def test_a_page_for_people_is_no_file_that_was_taken() -> None:
    page = Answer(200, "<h1>You may not do this</h1>", {"Content-Type": "text/html"})

    finding, _ = tried(only_at("POST", "/attachments", page))

    assert "scopes-not-enforced" not in {name for name, raised in flags(finding).items() if raised}


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, Reason.NOT_PERMITTED), (422, Reason.NOT_PERMITTED), (429, Reason.CONNECTIVITY), (500, Reason.CONNECTIVITY)],
)
def test_what_does_not_get_as_far_as_the_permission_tells_nothing(status: int, reason: Reason) -> None:
    finding, _ = tried(lambda seen: as_json({"code": "wrong"}, status))

    assert (finding.verdict, finding.reason, flags(finding)) == (Verdict.UNKNOWN, reason, {})


def test_where_only_a_part_gets_as_far_that_is_said() -> None:
    finding, _ = tried(only_at("PATCH", answer=problem(422, "wrong-parameter", "no")))

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert "update" in finding.summary


def test_a_limit_that_holds_does_not_make_up_for_a_table_that_is_missing() -> None:
    finding, _ = tried(forbidden, document())

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, ENFORCED)


def test_without_a_credential_that_may_only_read_nothing_is_written() -> None:
    finding, story = judged_writing(CHECK, Plant(), described())

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)
    assert story.writes == []


def test_where_our_own_credential_may_not_create_nothing_is_tried() -> None:
    plant = Plant(wrong=lambda seen: forbidden(seen) if seen.method == "POST" else None)

    finding, story = judged_writing(CHECK, plant, described(), second={"read_only": api_key(KEY)})

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.NOT_PERMITTED)
    assert len(story.writes) == 1


# -- subscriptions to events ----------------------------------------------------------------------------------


HOOKS = f"{PREFIX}/webhooks"
HOOK: Json = {
    "id": {"type": "string"},
    "target": {"type": "string", "format": "uri"},
    "description": {"type": "string"},
}


def with_webhooks(**fields: Json) -> Json:
    """The document, with subscriptions that have these fields."""
    told = described()
    one = {"type": "object", "required": ["target"], "properties": fields or HOOK}
    answer = {"responses": {"200": {"description": "Well.", "content": {"application/json": {"schema": one}}}}}
    body = {"requestBody": {"content": {"application/json": {"schema": one}}}}
    place = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    told["paths"]["/webhooks"] = {"get": answer, "post": {**answer, **body}}
    told["paths"]["/webhooks/{id}"] = {"get": answer, "delete": answer, "parameters": [place]}
    return told


class WithHooks(Guarded):
    """A vendor with subscriptions, open to whoever writes."""

    def __call__(self, seen: Seen) -> Answer:
        return self.hooks(seen) or super().__call__(seen)

    def hooks(self, seen: Seen) -> Answer | None:
        held = self.records.setdefault("webhooks", [])
        if seen.path == HOOKS and seen.method == "POST":
            held.append({"id": f"H-{len(held) + 1}", **json.loads(seen.body)})
            return as_json(held[-1], 201)
        if seen.path.startswith(f"{HOOKS}/") and seen.method == "DELETE":
            held[:] = [each for each in held if not seen.path.endswith(each["id"])]
            return Answer(204)
        return None


@pytest.mark.parametrize("may_subscribe", [True, False])
def test_a_subscription_that_is_let_in_is_a_red_flag_and_leads_nowhere(may_subscribe: bool) -> None:
    plant = WithHooks()

    finding, story = judged_writing(
        CHECK, plant, with_webhooks(), second={"read_only": api_key(READING_KEY)}, may_subscribe=may_subscribe
    )

    made = [json.loads(seen.body) for seen in story.seen if seen.method == "POST" and seen.path == HOOKS]
    assert [each["target"] for each in made] == ["https://cmms-audit.invalid/events"] * may_subscribe
    assert flags(finding) == (OPEN if may_subscribe else ENFORCED)
    assert plant.records["webhooks"] == []
    assert not [each for each in story.records if each.may_be_there]


def test_a_subscription_that_could_not_be_marked_as_ours_is_not_made() -> None:
    told = with_webhooks(id=HOOK["id"], target=HOOK["target"])

    _, story = judged_writing(CHECK, WithHooks(), told, second={"read_only": api_key(READING_KEY)}, may_subscribe=True)

    assert not [seen for seen in story.seen if seen.method == "POST" and seen.path == HOOKS]
    assert [seen.method for seen in story.seen if seen.path.startswith(f"{HOOKS}/")] == ["DELETE"]


# -- tokens for reading alone ---------------------------------------------------------------------------------


class Scoped(Guarded):
    """A vendor with tokens: one for the permissions that were asked for, else for all."""

    def __call__(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            asked = seen.form.get("scope", "")
            return as_json({"access_token": f"t0ken-of-{'reader' if asked else 'writer'}", "scope": self.grants(asked)})
        shown = seen.headers.get("authorization", "")
        key = {"Bearer t0ken-of-writer": KEY, "Bearer t0ken-of-reader": READING_KEY}.get(shown, "none")
        return super().__call__(with_key(seen, key))

    def grants(self, asked: str) -> str:
        return asked or "work-orders:read work-orders:write"


class Generous(Scoped):
    def grants(self, asked: str) -> str:
        return "work-orders:read work-orders:write"


@pytest.mark.parametrize(
    ("vendor", "policy", "verdict", "marks"),
    [
        (Scoped, forbidden, Verdict.MET, ENFORCED),
        (Scoped, lambda seen: None, Verdict.NOT_MET, OPEN),
        (Generous, forbidden, Verdict.UNKNOWN, {}),
    ],
    ids=["refused", "let in", "granted more"],
)
def test_without_a_second_credential_a_token_for_reading_alone_is_tried(
    vendor: type[Scoped], policy: Policy, verdict: Verdict, marks: dict[str, bool]
) -> None:
    plant = type("Vendor", (vendor,), {"policy": staticmethod(policy)})()

    finding, story = judged_writing(
        CHECK, plant, described(), credentials_at=lambda origin: {"main": oauth2(f"{origin}/token")}
    )

    assert (finding.verdict, flags(finding)) == (verdict, marks), finding.summary
    assert not [each for each in story.records if each.may_be_there]


class IgnoresScopes(Scoped):
    """A vendor who limits the second credential, and not the tokens of the first one."""

    def __call__(self, seen: Seen) -> Answer:
        if seen.headers.get("x-api-key") == READING_KEY:
            return Plant.__call__(self, with_key(seen, KEY)) if seen.method == "GET" else FORBIDDEN
        return super().__call__(seen)


@pytest.mark.parametrize(("policy", "marks"), [(forbidden, ENFORCED), (lambda seen: None, OPEN)])
def test_beside_a_second_credential_a_token_for_reading_alone_is_tried_too(
    policy: Policy, marks: dict[str, bool]
) -> None:
    plant = type("Vendor", (IgnoresScopes,), {"policy": staticmethod(policy)})()

    finding, story = judged_writing(
        CHECK,
        plant,
        described(),
        second={"read_only": api_key(READING_KEY)},
        credentials_at=lambda origin: {"main": oauth2(f"{origin}/token")},
    )

    assert flags(finding) == marks
    assert "create with a token for reading alone" in finding.summary
    assert not [each for each in story.records if each.may_be_there]
