"""What a vendor wrote in a wrong form is told with its place, and stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.spec.index import Spec
from tests.spec.toy import described, fields, loaded


def told(spec: Spec) -> list[tuple[str, str | None]]:
    return [(problem.what, problem.evidence.pointer) for problem in spec.problems]


@pytest.mark.parametrize(
    ("paths", "what", "pointer"),
    [
        ([], "'paths' should be a mapping", "/paths"),
        ({"/x": []}, "'/x' should be a mapping", "/paths/~1x"),
        ({"/x": {"get": "y"}}, "'get' should be a mapping", "/paths/~1x/get"),
        ({"x": {}}, "a path that does not start with a slash is not read", "/paths/x"),
        (
            {"/x": {"get": {"parameters": "y"}}},
            "'parameters' should be a list",
            "/paths/~1x/get/parameters",
        ),
        (
            {"/x": {"get": {"parameters": [7]}}},
            "entry 1 of 'parameters' should be a mapping",
            "/paths/~1x/get/parameters/0",
        ),
        ({"/x": {"get": {"security": {}}}}, "'security' should be a list", "/paths/~1x/get/security"),
        ({"/x": {"get": {"responses": {"200": []}}}}, "'200' should be a mapping", "/paths/~1x/get/responses/200"),
    ],
)
def test_a_part_of_the_wrong_kind_is_told_and_leaves_the_document_not_whole(
    paths: Any, what: str, pointer: str
) -> None:
    spec = described(paths)

    assert told(spec) == [(what, pointer)]
    assert spec.problems[0].evidence.line is not None
    assert not spec.whole
    assert all(operation.parameters == () for operation in spec.operations)


def test_a_wrong_description_is_told_and_the_document_stays_whole() -> None:
    spec = described({"/x": {"get": {"description": ["a"], "tags": "b", "deprecated": "yes"}}})

    assert [what for what, _ in told(spec)] == [
        "'description' should be a text",
        "'tags' should be a list",
        "'deprecated' should be true or false",
    ]
    assert spec.whole


def test_names_that_vendors_choose_are_not_taken_for_keywords() -> None:
    odd = {
        "type": {"type": "string"},
        "properties": fields("x"),
        "$ref": {"type": "string"},
        "description": {},
        "required": {},
    }

    spec = described(
        components={"schemas": {"items": {"properties": odd, "x-any": {"type": 3}, "example": {"$ref": "#/no"}}}}
    )

    assert told(spec) == []


def test_keys_given_twice_and_control_characters_are_told() -> None:
    spec = loaded("openapi: 3.0.0\npaths:\n  /x: {}\n  /x: {}\ninfo: {title: \x07}\n")

    assert told(spec) == [
        ("holds control characters, which were read as spaces", ""),
        ("the key '/x' is given twice; only the last one counts", "/paths/~1x"),
    ]
    assert spec.problems[0].evidence.line == 5
    assert spec.problems[1].evidence.line == 4


def test_no_more_is_told_than_anyone_would_read() -> None:
    spec = described({f"/{i}": {"get": {"description": 1, "requestBody": 2}} for i in range(1000)})

    assert len(spec.problems) == 400
    assert not spec.whole
