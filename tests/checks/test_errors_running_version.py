"""errors.versioning, live: the version that answers name, held against that of the document."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.model import Verdict
from tests.checks.toy import Toy, as_json, document, judged_live
from tests.checks.writing import with_headers
from tests.wire.servers import Answer, Seen

CHECK = "errors.version-agrees"


def naming(**headers: str) -> Toy:
    """A vendor whose answers carry these headers."""
    right = Toy()
    return Toy(wrong=lambda seen: with_headers(right.answer(seen), **headers))


def telling(path: str, body: Any, status: int = 200) -> Toy:
    """A vendor who answers so at one more address."""
    return Toy(wrong=lambda seen: as_json(body, status) if seen.path.endswith(path) else None)


def with_address(path: str) -> dict[str, Any]:
    described = document()
    described["paths"][path] = {"get": {"summary": "Told.", "responses": {"200": {"description": "Well."}}}}
    return described


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({"X-Api-Version": "1.4"}, Verdict.MET),
        ({"X-Api-Version": "v1"}, Verdict.MET),
        ({"API-Version": "1.0 (build 7)"}, Verdict.MET),
        ({"X-Api-Version": "2.0.1"}, Verdict.PARTIAL),
        ({"X-Api-Version": "2025-05-05"}, Verdict.NOT_APPLICABLE),
        ({"X-Api-Version": "stable"}, Verdict.NOT_APPLICABLE),
        ({"X-Version": "7.6.1"}, Verdict.NOT_APPLICABLE),  # may be that of the program
        ({}, Verdict.NOT_APPLICABLE),
    ],
)
def test_a_header_is_held_against_the_document(headers: dict[str, str], verdict: Verdict) -> None:
    assert judged_live(CHECK, naming(**headers)).verdict is verdict


@pytest.mark.parametrize(
    ("path", "body", "verdict"),
    [
        ("/health", {"status": "ok", "api_version": "1.7"}, Verdict.MET),
        ("/health", {"status": "ok", "apiVersion": "2.0"}, Verdict.PARTIAL),
        ("/health", {"status": "ok", "version": "7.6.1"}, Verdict.NOT_APPLICABLE),
        ("/health", {"status": "ok"}, Verdict.NOT_APPLICABLE),
        ("/health", "fine", Verdict.NOT_APPLICABLE),
        ("/version", {"version": "1.2.3", "commit": "abc"}, Verdict.MET),
        ("/version", {"product": {"version": "9.1"}, "api": {"apiVersion": "3"}}, Verdict.PARTIAL),
        ("/version", "1.4.2", Verdict.MET),
        ("/versions", {"versions": [{"version": "v2"}, {"version": "v1"}]}, Verdict.MET),
        ("/versions", ["v1", "v2"], Verdict.MET),
        ("/api/about", {"release": 1}, Verdict.MET),
        ("/", {"name": "Toy", "apiVersion": "1"}, Verdict.MET),
    ],
)
def test_an_address_that_tells_the_version_is_asked(path: str, body: Any, verdict: Verdict) -> None:
    assert judged_live(CHECK, telling(path, body), with_address(path)).verdict is verdict


def test_an_address_that_is_described_and_fails_tells_nothing() -> None:
    vendor = telling("/health", {"api_version": "9"}, 503)
    assert judged_live(CHECK, vendor, with_address("/health")).verdict is Verdict.NOT_APPLICABLE


def test_a_second_address_is_asked_where_the_first_tells_none() -> None:
    described = with_address("/about")
    described["paths"] |= with_address("/health")["paths"]
    told = {"/about": {"name": "Toy"}, "/health": {"api_version": "1.3"}}
    vendor = Toy(
        wrong=lambda seen: as_json(told[name]) if (name := f"/{seen.path.rpartition('/')[2]}") in told else None
    )

    finding = judged_live(CHECK, vendor, described)

    assert (finding.verdict, "/health" in finding.summary) == (Verdict.MET, True)


def test_both_versions_are_named_where_they_differ() -> None:
    summary = judged_live(CHECK, naming(**{"X-Api-Version": "2.0.1"})).summary
    assert "2.0.1" in summary
    assert "described is 1.0" in summary


@pytest.mark.parametrize(
    ("live", "verdict"), [("2025-05-05", Verdict.MET), ("2024-01-01", Verdict.NOT_APPLICABLE)], ids=["listed", "older"]
)
def test_a_version_that_calls_choose_is_one_of_those_described(live: str, verdict: Verdict) -> None:
    described = document()
    listed = {"type": "string", "enum": ["2025-05-05", "2026-05-05"]}
    described["paths"]["/sites"]["get"]["parameters"].append(
        {"name": "X-Api-Version", "in": "header", "schema": listed}
    )

    assert judged_live(CHECK, naming(**{"X-Api-Version": live}), described).verdict is verdict


def test_no_more_is_asked_where_a_header_names_the_version() -> None:
    asked: list[str] = []

    def wrong(seen: Seen) -> Answer | None:
        asked.append(seen.path)
        return with_headers(Toy().answer(seen), **{"X-Api-Version": "1.4"})

    judged_live(CHECK, Toy(wrong=wrong), with_address("/version"))

    assert not [path for path in asked if path.endswith("/version")]
