"""errors.provoked: what a careful engineer says of vendors whose errors are of a well-known family, all alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cmms_audit.model import Verdict
from tests.checks.toy import Toy, as_json, cleared, judged_live, raised
from tests.wire.servers import Answer, Seen

Json = Any
Family = Callable[[int, str, str, str], Json]
PHRASES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


def asp_net(status: int, code: str, message: str, name: str) -> Json:
    section = {"type": "https://tools.ietf.org/html/rfc9110#section-15.5.1", "title": message, "status": status}
    return {**section, "traceId": "00-4bf92f", **({"errors": {name: [message]}} if name == "limit" else {})}


def json_api(status: int, code: str, message: str, name: str) -> Json:
    source = {"source": {"parameter": name}} if name == "limit" else {}
    return {"errors": [{"status": str(status), "code": code, "title": PHRASES[status], "detail": message, **source}]}


def google(status: int, code: str, message: str, name: str) -> Json:
    violations = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": name}]}]
    error = {"code": status, "status": code.upper(), "message": message}
    return {"error": error | ({"details": violations} if name == "limit" else {})}


def oracle(status: int, code: str, message: str, name: str) -> Json:
    detail = {"detail": message, "o:errorCode": code, "o:errorPath": name}
    return {"title": PHRASES[status], "status": str(status), "o:errorDetails": [detail]}


def fast_api(status: int, code: str, message: str, name: str) -> Json:
    if status != 400:
        return {"detail": PHRASES[status]}
    return {"detail": [{"loc": ["query", name], "msg": message, "type": "int_parsing"}]}


def odoo(status: int, code: str, message: str, name: str) -> Json:
    return {"jsonrpc": "2.0", "error": {"code": 200, "message": message, "data": {"name": f"odoo.exceptions.{code}"}}}


FAMILIES: dict[str, tuple[Family, Verdict, str]] = {  # the body, the verdict that is due, and what the summary says
    "RFC 9457": (
        lambda status, code, message, name: {"type": f"/errors#{code}", "title": "No.", "detail": message},
        Verdict.MET,
        "all 11 errors",
    ),
    "ASP.NET": (asp_net, Verdict.PARTIAL, "have no code for programs"),
    "JSON:API": (json_api, Verdict.MET, "one shape"),
    "OData 4": (
        lambda status, code, message, name: {"error": {"code": code, "message": message, "target": name}},
        Verdict.MET,
        "one shape",
    ),
    "OData 2": (
        lambda status, code, message, name: {"error": {"code": code, "message": {"lang": "en", "value": message}}},
        Verdict.MET,
        "one shape",
    ),
    "Google": (google, Verdict.MET, "one shape"),
    "Oracle": (oracle, Verdict.MET, "one shape"),
    "Maximo": (
        lambda status, code, message, name: {"Error": {"reasonCode": f"BMX{code}", "message": message}},
        Verdict.MET,
        "one shape",
    ),
    "ServiceNow": (
        lambda status, code, message, name: {"error": {"message": "No.", "detail": message}, "status": "failure"},
        Verdict.PARTIAL,
        "11 of 11 have no code for programs",
    ),
    "Laravel": (
        lambda status, code, message, name: {"message": message, **({"errors": {name: ["No."]}} if name else {})},
        Verdict.PARTIAL,
        "11 of 11 have no code for programs",
    ),
    "Django REST": (
        lambda status, code, message, name: {name: [message]} if name == "limit" else {"detail": message},
        Verdict.PARTIAL,
        "2 different shapes",
    ),
    "FastAPI": (fast_api, Verdict.PARTIAL, "2 different shapes"),
    "Spring": (
        lambda status, code, message, name: {"status": status, "error": PHRASES[status], "path": "/api/v1/assets"},
        Verdict.NOT_MET,
        "none has a code",
    ),
    "GLPI": (lambda status, code, message, name: [f"ERROR_{code.upper()}", message], Verdict.MET, "one shape"),
    "Frappe": (
        lambda status, code, message, name: {"exc_type": f"{code}Error", "_server_messages": f'["{message}"]'},
        Verdict.MET,
        "one shape",
    ),
    "a gateway": (
        lambda status, code, message, name: {"fault": {"faultstring": message, "detail": {"errorcode": code}}},
        Verdict.MET,
        "one shape",
    ),
    "errorMessage": (
        lambda status, code, message, name: {"errorCode": code, "errorMessage": message},
        Verdict.MET,
        "one shape",
    ),
    "a message alone": (
        lambda status, code, message, name: {"error": message},
        Verdict.PARTIAL,
        "11 of 11 have no code for programs",
    ),
}


def speaking(family: Family, status: int | None = None) -> Toy:
    """A vendor who does all as it should be, but words errors in the way of the family, with another `status`."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        real = right.answer(seen).status
        if real < 400:
            return None
        name = "limit" if real == 400 else seen.path.rpartition("/")[2] if "audit-none" in seen.path else ""
        return as_json(family(real, f"no_{real}", f"this cannot be: {name}", name), status or real)

    return Toy(wrong=wrong)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_of_errors_gets_the_verdict_that_is_due(name: str) -> None:
    family, verdict, says = FAMILIES[name]
    finding = judged_live("errors.provoked", speaking(family))

    assert finding.verdict is verdict, finding.summary
    assert says in finding.summary
    assert raised(finding) == ({"generic-errors"} if name == "Spring" else set())


def test_not_found_alone_is_no_proof_that_errors_say_nothing() -> None:
    """As Django REST answers, whose lists pass over a wrong page size."""
    wordy = speaking(lambda status, code, message, name: {"detail": "Not found."})
    lenient = Toy()
    lenient.wrong = lambda seen: lenient._list("sites", {}) if "cmms-audit-wrong" in seen.target else wordy.wrong(seen)

    finding = judged_live("errors.provoked", lenient)

    assert finding.verdict is Verdict.PARTIAL
    assert not raised(finding)
    assert not cleared(finding)


@pytest.mark.parametrize(
    "family",
    [odoo, lambda status, code, message, name: {"status": "error", "messages": {"x": [message]}, "payload": None}],
    ids=["Odoo", "Snipe-IT"],
)
def test_errors_that_always_come_as_a_success_are_not_met(family: Family) -> None:
    finding = judged_live("errors.provoked", speaking(family, 200))

    assert finding.verdict is Verdict.NOT_MET
    assert "11 of 11 are hidden in an answer that says success" in finding.summary


def test_a_traceback_in_a_member_of_its_own_is_a_leak() -> None:
    def frappe(status: int, code: str, message: str, name: str) -> Json:
        return {"exc_type": "ValidationError", "exc": '["Traceback (most recent call last):\\n  File \\"x.py\\""]'}

    assert raised(judged_live("errors.no-leak", speaking(frappe))) == {"stack-trace-leak"}
