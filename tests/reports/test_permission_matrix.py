"""The permission matrix in the report: bounded, readable, and harmless whatever the vendor calls a permission."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from msgspec.structs import replace

from cmms_audit.documents import load_schema
from cmms_audit.reports.document import build
from cmms_audit.reports.html import render_html
from cmms_audit.reports.json import render_json
from cmms_audit.reports.markdown import render_markdown
from cmms_audit.reports.permission_matrix import MOST_ROWS, MOST_SCOPES, SHOWN_ROWS, SHOWN_SCOPES, shown_matrix
from cmms_audit.spec.permission_matrix import Access, MatrixRow, PermissionMatrix
from tests.reports import fixture

SCHEMA = Draft202012Validator(load_schema("report"))


def report(matrix: PermissionMatrix | None) -> dict[str, Any]:
    facts = replace(fixture.run_facts(), permission_matrix=matrix)
    return build(facts, fixture.scorecard(), fixture.findings(), fixture.guide())


def big(scopes: int, rows: int, name: str = "scope") -> PermissionMatrix:
    access = Access(reads=1, writes=1)
    named = {f"{name} {number}": access for number in range(scopes)}
    some = tuple(MatrixRow(f"group {number}", named, access, Access()) for number in range(rows))
    return replace(fixture.permission_matrix(), scopes=named, rows=some)


def test_the_matrix_stands_in_every_format() -> None:
    made = report(fixture.permission_matrix())

    assert [row["group"] for row in made["permission_matrix"]["rows"]] == ["/work-orders", "/reports|daily", "/health"]
    assert "Which permission opens what" in render_html(made)
    assert "| /work-orders | RW | R | · | · |" in render_markdown(made)
    assert "| /reports\\|daily | · | · | R | · |" in render_markdown(made)


def test_where_no_permission_is_named_no_table_is_shown() -> None:
    silent = replace(fixture.permission_matrix(), scopes={})

    for matrix in (None, silent):
        made = report(matrix)
        assert shown_matrix(made) is None
        assert "Which permission opens what" not in render_html(made) + render_markdown(made)
        assert SCHEMA.is_valid(json.loads(render_json(made)))


def test_a_report_of_an_older_version_is_shown_without_the_matrix() -> None:
    made = report(fixture.permission_matrix())
    del made["permission_matrix"]

    assert "Which permission opens what" not in render_html(made) + render_markdown(made)


def test_a_great_matrix_is_cut_and_says_so() -> None:
    made = report(big(200, 1_000))
    shown = shown_matrix(made)

    assert (len(made["permission_matrix"]["scopes"]), len(made["permission_matrix"]["rows"])) == (
        MOST_SCOPES,
        MOST_ROWS,
    )
    assert shown is not None
    assert (len(shown.rows), len(shown.heads)) == (SHOWN_ROWS, SHOWN_SCOPES + 1)
    assert (shown.more_rows, shown.more_scopes) == (1_000 - SHOWN_ROWS, 200 - SHOWN_SCOPES)
    assert "And 960 more rows and 188 more permissions" in render_html(made)
    assert SCHEMA.is_valid(json.loads(render_json(made)))


def test_hostile_names_stay_text() -> None:
    made = report(big(2, 1, name="<script>alert(1)</script>\u202e|x"))

    assert "<script>" not in render_html(made)
    assert "<script>" not in render_markdown(made)
    assert "\u202e" not in render_html(made) + render_markdown(made)


def test_very_long_names_are_cut() -> None:
    made = report(big(1, 1, name="s" * 5_000))

    assert "s" * 200 not in render_html(made) + render_markdown(made)
