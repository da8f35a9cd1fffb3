"""Turns audit.yaml, one audit made by hand, into the values that reports are built from, and adds what was recorded."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cmms_audit.capacity import CapacityEstimate, estimate
from cmms_audit.documents import read
from cmms_audit.events.causes import Cause, Tries, What
from cmms_audit.events.recorded import RecordedAddress, RecordedTrial
from cmms_audit.guide import Absence, CheckText, Group, Guide, Question, Scenario
from cmms_audit.mapping import MappingResult
from cmms_audit.model import (
    Basis,
    Claim,
    Evidence,
    Exchange,
    Finding,
    FlagState,
    Purpose,
    Reason,
    Request,
    Response,
    Severity,
    Verdict,
)
from cmms_audit.permissions import Permissions
from cmms_audit.reports.curl import curl_line
from cmms_audit.reports.document import AuditedVendor, FoundResource, RunFacts, build
from cmms_audit.scoring import (
    AspectResult,
    Cap,
    ClaimResult,
    Coverage,
    FlagResult,
    Grade,
    GroupScore,
    QuestionResult,
    Rubric,
    ScenarioResult,
    ScenarioVerdict,
    Score,
    Scorecard,
    WaivedScore,
    WaiverResult,
    WaiverState,
)
from cmms_audit.spec.coverage import FieldCoverage
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import parse_spec
from cmms_audit.spec.permission_matrix import PermissionMatrix
from cmms_audit.spec.permission_matrix import permission_matrix as matrix_of
from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.wire.facts import Traffic

SANDBOX = "https://sandbox.northwind.example/api/v1"
VERDICT_POINTS = {Verdict.MET: 1.0, Verdict.PARTIAL: 0.5}
BASIS_FACTOR = {Basis.OBSERVED: 1.0, Basis.DOCUMENTED: 0.8, Basis.CLAIMED: 0.5}

CHECK_TEXTS = {
    "auth.scope-is-enforced": CheckText(
        id="auth.scope-is-enforced",
        passes="A read-only credential cannot write",
        fails="A read-only credential can write",
        why="",
        how="",
        remedy="have the limits checked on every call, not only listed in the token",
    ),
    "limits.limit-headers": CheckText(
        id="limits.limit-headers",
        passes="Answers announce the whole limit",
        fails="Answers announce part of the limit",
        why="",
        how="",
        remedy="publish numbers per minute, hour and day",
    ),
}


def report() -> dict[str, Any]:
    """The hand-made report as a dict."""
    lines = {each.id: line for each in exchanges() if (line := curl_line(each))}
    return build(run_facts(), scorecard(), findings(), guide(), lines)


@cache
def audit() -> Any:
    return read(Path(__file__).with_name("audit.yaml")).value


def findings() -> list[Finding]:
    return list(_findings())


@cache
def _findings() -> tuple[Finding, ...]:
    told = [_finding(each) for each in audit()["findings"]]
    spoken = {each.question for each in told}
    return (*told, *(_plain_finding(name) for name in audit()["questions"] if name not in spoken))


def _finding(value: dict[str, Any]) -> Finding:
    return Finding(
        check=value["check"],
        question=value["question"],
        aspect="whole",
        verdict=Verdict(value["verdict"]),
        basis=Basis(value["basis"]),
        severity=Severity(value["severity"]),
        summary=value["summary"],
        reason=Reason(value["reason"]) if "reason" in value else None,
        detail=value.get("detail", ""),
        decisive=value.get("decisive", True),
        facts=value.get("facts", {}),
        evidence=tuple(Evidence(**each) for each in value.get("evidence", [])),
    )


def _plain_finding(name: str) -> Finding:
    value = audit()["questions"][name]
    seen = Evidence("exchange", id=6)
    documented = Evidence("spec", pointer="/paths/~1work-orders/get", line=120)
    return Finding(
        check=f"{name}-holds",
        question=name,
        aspect="whole",
        verdict=Verdict(value["verdict"]),
        basis=Basis(value["basis"]),
        summary=value["found"],
        evidence=(seen if value["basis"] == "observed" else documented,),
    )


def guide() -> Guide:
    """A guide of few words: what report building reads of it."""
    questions = {name: _guide_question(name, value["title"]) for name, value in audit()["questions"].items()}
    groups = tuple(
        Group(
            name,
            value["title"],
            value["protects_against"],
            tuple(each for each in questions if _group_of(each) == name),
        )
        for name, value in audit()["groups"].items()
    )
    return Guide(groups, questions, {}, {}, "1.0", "5d" * 32)


def _guide_question(name: str, title: str) -> Question:
    return Question(
        id=name,
        group=_group_of(name),
        title=title,
        question="",
        why="",
        good="",
        ask="",
        clause="",
        absence=Absence.FEATURE,
        parent=None,
        aspects={"whole": f"{title}, as a whole"},
        checks={check: text for check, text in CHECK_TEXTS.items() if _group_of(check) == _group_of(name)},
    )


def _group_of(name: str) -> str:
    return name.partition(".")[0]


def scorecard() -> Scorecard:
    questions = tuple(_question_result(name) for name in audit()["questions"])
    low, high, weight = _range(questions)
    shares = {basis: sum(each.weight for each in questions if each.basis is basis) / weight for basis in Basis}
    return Scorecard(
        rubric=Rubric("1.0", "5d" * 32),
        score=Score(
            low=low,
            high=high,
            grade=Grade.D,
            raw_grade=Grade.C,
            waived=WaivedScore(low + 3, high, Grade.D),
            caps=(
                Cap(Grade.D, "scopes-not-enforced", "one critical red flag"),
                Cap(Grade.C, "no-webhook-retry", "a serious red flag"),
            ),
            withheld=None,
        ),
        coverage=Coverage(*(shares[basis] for basis in Basis)),
        groups=tuple(_group_score(name, questions) for name in audit()["groups"]),
        questions=questions,
        red_flags=tuple(_flag_result(name) for name in audit()["flags"]),
        claims=(
            ClaimResult("auth.audit-log", "yes", "", contradicted=False, tested=False),
            ClaimResult(
                "limits.documented", "1,000 calls an hour", "600 calls an hour", contradicted=True, tested=True
            ),
            ClaimResult("limits.bulk", "1,000 records a page", "1,000 records a page", contradicted=False, tested=True),
        ),
        scenarios=tuple(_scenario_result(name) for name in audit()["scenarios"]),
        waivers=(
            WaiverResult(
                target="errors.monitoring",
                reason="covered by our own gateway",
                until=date(2027, 6, 30),
                approved_by="J. Ortega, Plant IT",
                state=WaiverState.ACTIVE,
            ),
            WaiverResult("generic-errors", "old release", date(2026, 1, 31), None, WaiverState.EXPIRED),
        ),
        capacity=_capacity(),
    )


def _capacity() -> tuple[CapacityEstimate, ...]:
    """What the model says of made-up findings: 1,000 records a page in 6.6 seconds; 20 calls a minute, 600 an hour."""
    facts = {"page_size_served": 1000.0, "seconds_per_page": 6.6, "limit_per_minute": 20.0, "limit_per_hour": 600.0}
    scenarios = [
        _scenario("bi-reporting", "pull", "history"),
        _scenario("iot-triggers", "events"),
        _scenario("erp-sync", "pull", "writes"),
    ]
    volumes = {
        "records_per_pull": 50_000.0,
        "pull_window_minutes": 60.0,
        "events_per_minute": 30.0,
        "writes_per_hour": 500.0,
    }
    return estimate([Finding(Verdict.MET, Basis.OBSERVED, "measured", facts=facts)], scenarios, volumes)


def _scenario(name: str, *capacity: str) -> Scenario:
    return Scenario(name, name, flow="", needs="", failure="", impact="", weights={}, capacity=capacity)


def _question_result(name: str) -> QuestionResult:
    value = audit()["questions"][name]
    title, weight = value["title"], value["weight"]
    verdict, basis = Verdict(value["verdict"]), Basis(value["basis"])
    reason = Reason(value["reason"]) if "reason" in value else None
    points = VERDICT_POINTS.get(verdict, 0.0) * BASIS_FACTOR.get(basis, 0.0)
    checks = tuple(each.check for each in _findings() if each.question == name)
    return QuestionResult(
        id=name,
        group=_group_of(name),
        title=title,
        question=f"What does the vendor offer for this: {title.lower()}?",
        why="a gap here is found on the first busy Monday, by the people who can least afford it",
        good="it works in the vendor's own sandbox, and the documents say the same",
        ask=f"Please show us {title.lower()} in your sandbox, and name the page that describes it.",
        clause=f"The Vendor provides {title.lower()} as described in Annex 2 for the term of the contract.",
        weights={"erp-sync": weight, "bi-reporting": max(weight - 1, 0), "iot-triggers": weight, "hr-labor": 0},
        weight=weight,
        points=points,
        points_high=1.0 if verdict is Verdict.UNKNOWN else points,
        verdict=verdict,
        basis=basis,
        reason=reason,
        summary=value["found"],
        absent=name == "operations.bulk-writes",
        aspects=tuple(
            AspectResult(
                check, f"{title}: part {number}", verdict, basis, reason, value["found"], (check,), claimed=False
            )
            for number, check in enumerate(checks, 1)
        ),
        findings=checks,
        waived=name == "errors.monitoring",
    )


def _range(questions: tuple[QuestionResult, ...]) -> tuple[float, float, int]:
    counted = [each for each in questions if each.verdict is not Verdict.NOT_APPLICABLE]
    weight = sum(each.weight for each in counted)
    low = sum(each.weight * each.points for each in counted)
    high = sum(each.weight * each.points_high for each in counted)
    return 100 * low / weight, 100 * high / weight, weight


def _group_score(name: str, questions: tuple[QuestionResult, ...]) -> GroupScore:
    low, high, weight = _range(tuple(each for each in questions if each.group == name))
    return GroupScore(name, audit()["groups"][name]["title"], low, high, weight)


def _flag_result(name: str) -> FlagResult:
    value = audit()["flags"][name]
    state, severity = FlagState(value["state"]), Severity(value["severity"])
    return FlagResult(
        id=name,
        title=value["title"],
        state=state,
        basis=Basis(value["basis"]),
        reason=Reason.NOT_PERMITTED if state is FlagState.NOT_TESTED else None,
        severity=severity,
        by_scenario={"erp-sync": severity, "bi-reporting": Severity.MINOR, "iot-triggers": severity},
        summary=value["found"],
        why="it costs work that nobody planned for",
        remedy="a fix that we can test in the sandbox before signing",
        findings=tuple(value["checks"]),
        waived=False,
    )


def _scenario_result(name: str) -> ScenarioResult:
    value = audit()["scenarios"][name]
    lists = {key: tuple(value[key]) for key in ("blockers", "conditions", "remarks")}
    return ScenarioResult(id=name, **{**value, **lists, "verdict": ScenarioVerdict(value["verdict"])})


def run_facts() -> RunFacts:
    by_purpose = Counter({Purpose.API: 171, Purpose.STRANGER: 9, Purpose.TOKEN: 4})
    page = "https://developers.northwind.example/audit-logs"
    return RunFacts(
        tool_version="0.1.0",
        started_at=datetime(2026, 11, 22, 9, 30, 0, tzinfo=UTC),
        finished_at=datetime(2026, 11, 22, 9, 30, 21, 400_000, tzinfo=UTC),
        complete=True,
        vendor=AuditedVendor(
            name="Northwind CMMS",
            product="Northwind Cloud 7",
            base_url=SANDBOX,
            environment="sandbox",
            docs_url="https://developers.northwind.example",
            spec="northwind-openapi.yaml",
            spec_version="7.2.0",
            spec_sha256="a1" * 32,
            dialect="rest",
        ),
        permissions=Permissions(writes=True),
        traffic=Traffic(requests=184, writes=12, bytes=812_345, by_purpose=by_purpose, created=6, deleted=6),
        resources=(
            FoundResource("work_orders", "/work-orders", "the path and the tag say so, and records have a status"),
            FoundResource("assets", "/assets", "the path says so"),
        ),
        mapping=(
            MappingResult("cost center", "work_orders.cost_center", "string", seen_live=True),
            MappingResult("labour class", None, None, seen_live=None),
        ),
        field_coverage=(
            FieldCoverage("work_orders", "/work-orders", 412, 34, 34, 30, 6, 34, 34, 8, 8, 2, 1, 21),
            FieldCoverage("sites", "/sites", None, 0, 0, 0, 0, None, None, 0, 0, 0, 0, None),
        ),
        permission_matrix=permission_matrix(),
        events=event_trial(),
        claims={"auth.audit-log": Claim("auth.audit-log", "yes", evidence_url=page)},
        warnings=("The vendor file holds a literal secret in credentials.rotated; use ${NAME} instead",),
    )


@cache
def event_trial() -> RecordedTrial:
    """Two work orders and a change, watched for five minutes: retries after 5, 10 and 20 s, and then none."""
    begun = datetime(2026, 11, 22, 9, 30, 5, tzinfo=UTC)
    done: list[tuple[float, What, str]] = [(0, "created", ""), (2, "created", "site"), (3, "status changed", "")]
    causes = tuple(
        Cause(
            number, what, f"WO-{number}", begun + timedelta(seconds=at), exchange(number, "POST", "/", 201, ""), differs
        )
        for number, (at, what, differs) in enumerate(done, 1)
    )

    def tries(cause: Cause, *told: tuple[float, str]) -> Tries:
        return Tries(
            f"evt-{cause.number}", cause, tuple(came(cause.at + timedelta(seconds=at), how) for at, how in told)
        )

    failing = [(0.4, "503"), (5.4, "503"), (15.4, "503"), (35.4, "503")]
    refused = "the vendor refused the subscription (422: only one address may be subscribed)"
    flooded = "so many messages came to this address (7 were not taken) that not all were looked at"
    addresses = (
        RecordedAddress("steady", ACCEPT, "", (), tuple(tries(each, (0.4, "200")) for each in causes), 1),
        RecordedAddress("failing", (Behaviour(status=503),), "", (), (tries(causes[0], *failing),), 0),
        RecordedAddress(
            "broken",
            (Behaviour(Manner.RESET), Behaviour(Manner.AWAY, seconds=2), *ACCEPT),
            "",
            (),
            (tries(causes[0], (0.5, "reset"), (5.5, "200")),),
            0,
        ),
        RecordedAddress("narrow", ACCEPT, "", ("event_types", "site"), (tries(causes[0], (0.6, "200")),), 0),
        RecordedAddress("gone", (Behaviour(status=410),), refused, (), (), 0),
        RecordedAddress("silent", (Behaviour(Manner.SILENT, seconds=30), *ACCEPT), "", (), (), 0, flooded),
    )
    return RecordedTrial(addresses, causes, 300.0)


def came(at: datetime, treated: str) -> Received:
    delivery = Delivery(1, "", at.isoformat(), "POST", "", (), b"{}", 2, "", treated)
    return Received(delivery, Signature())


@cache
def permission_matrix() -> PermissionMatrix:
    """That of a small document: two permissions, and operations that name none or are open."""
    read, write = {"oauth": ["workorders:read"]}, {"oauth": ["workorders:write"]}
    described = {
        "/work-orders": {"get": [read, write], "post": [write]},
        "/work-orders/{id}": {"get": [read, write], "delete": [write]},
        "/reports|daily": {"get": [{"oauth": []}]},
        "/health": {"get": []},
    }
    paths = {
        path: {method: {"security": needs, "responses": {}} for method, needs in item.items()}
        for path, item in described.items()
    }
    document = {"openapi": "3.1.0", "info": {"title": "Northwind", "version": "7"}, "paths": paths}
    spec = parse_spec(json.dumps(document), "northwind-openapi.json")
    assert isinstance(spec, Spec)
    return matrix_of(spec)


WORK_ORDER = (
    '{"id":"WO-2041","title":"Chiller 2 vibration","priority":2,"assigned_to":'
    '{"id":17,"name":"Maria Lindqvist","email":"maria@plant.example","phone":"+46 8 123 456 78"}}'
)


def exchange(number: int, method: str, path: str, status: int, body: str, **more: Any) -> Exchange:
    role = more.get("role", "main")
    sent = (("accept", "application/json"), *((("authorization", f"Bearer «{role}.token»"),) if role else ()))
    received = (("content-type", "application/json"), ("x-request-id", f"req-{number:04}"))
    values = {
        "id": number,
        "owner": "auth.refuses-strangers",
        "purpose": Purpose.API,
        "role": "main",
        "request": Request(method, SANDBOX + path, sent),
        "response": Response(status, received, body, len(body)) if status else None,
        "started": "2026-11-22T09:30:01.250Z",
        "elapsed": 0.084,
    }
    return Exchange(**{**values, **more})


def exchanges() -> list[Exchange]:
    """What the findings point at."""
    page = '{"data":[' + ",".join([WORK_ORDER] * 40) + '],"total":2041}'
    token = '{"access_token":"«main.token»","token_type":"Bearer","expires_in":900}'
    refusal = '{"code":"unauthenticated","message":"sign in first"}'
    no_answer = {"failure": "no answer within 20 seconds", "reason": Reason.TIMEOUT, "elapsed": 20.0}
    return [
        exchange(1, "GET", "/work-orders?limit=1", 401, refusal, role=None, purpose=Purpose.STRANGER),
        exchange(2, "POST", "/oauth/token", 200, token, purpose=Purpose.TOKEN),
        exchange(3, "PATCH", "/work-orders/WO-2041", 200, WORK_ORDER, role="read_only", owner="auth.scope-is-enforced"),
        exchange(4, "GET", "/work-orders/WO-2041", 200, WORK_ORDER, owner="auth.scope-is-enforced"),
        exchange(5, "GET", "/work-orders?limit=1000", 200, page, owner="limits.limit-headers"),
        exchange(6, "GET", "/work-orders?limit=100&assignee=Maria%20Lindqvist", 200, page),
        exchange(7, "PUT", "/work-orders/WO-2041", 0, "", **no_answer),
    ]
