"""The permission matrix: which permission opens what, from security lists, extensions and sentences."""

from __future__ import annotations

import json
import time

import pytest

from cmms_audit.spec.permission_matrix import PermissionMatrix, permission_matrix
from cmms_audit.spec.permissions import NamedIn, needed_permissions
from tests.checks.small import OAUTH, RECORD, Json, described, operation
from tests.spec.toy import loaded


def matrix_of(document: Json) -> PermissionMatrix:
    return permission_matrix(loaded(json.dumps(document)))


def letters(matrix: PermissionMatrix, group: str) -> dict[str, str]:
    row = next(each for each in matrix.rows if each.group == group)
    return {name: access.letters for name, access in row.cells.items()}


def scoped() -> Json:
    document = described(schemes={"oauth": OAUTH})
    for path in ("/work-orders", "/assets"):
        kind = path[1:]
        document["paths"][path]["get"]["security"] = [{"oauth": [f"{kind}:read"]}, {"oauth": [f"{kind}:all"]}]
        document["paths"][path]["post"]["security"] = [{"oauth": ["openid", f"{kind}:all"]}]
    return document


def test_a_cell_says_whether_a_permission_reads_or_writes() -> None:
    matrix = matrix_of(scoped())

    assert letters(matrix, "/work-orders") == {"work-orders:read": "R", "work-orders:all": "RW"}
    assert matrix.only_reading == {"work-orders:read", "assets:read"}
    assert matrix.only_writing == frozenset()


def test_operations_that_name_no_permission_and_open_ones_have_columns_of_their_own() -> None:
    document = scoped()
    document["paths"]["/assets"]["get"]["security"] = []
    row = next(each for each in matrix_of(document).rows if each.group == "/assets")

    assert (row.unnamed.letters, row.anybody.letters) == ("R", "R")


def test_rows_are_the_headings_of_the_document_where_it_has_any() -> None:
    document = scoped()
    for item in document["paths"].values():
        for each in item.values():
            each["tags"] = ["Maintenance"]

    assert [row.group for row in matrix_of(document).rows] == ["Maintenance"]


def test_a_path_below_a_record_is_a_row_of_its_own() -> None:
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {"/assets/{id}/photos/{photo}": {"get": operation(RECORD, parameters=[one])}}

    assert "/assets/{id}/photos" in [row.group for row in matrix_of(described(paths=paths)).rows]


def one_operation(**members: object) -> Json:
    return described(paths={"/things": {"get": operation(RECORD, **members)}})


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["a:read", "a:write"], {"a:read", "a:write"}),
        ("a:read, b:read", {"a:read", "b:read"}),
        ([{"name": "a:read"}], {"a:read"}),
        ({"scopes": ["a:read"]}, {"a:read"}),
        (7, set()),
    ],
)
def test_an_extension_names_permissions_in_several_shapes(value: object, names: set[str]) -> None:
    spec = loaded(json.dumps(one_operation(**{"x-required-scopes": value})))
    needed = needed_permissions(next(each for each in spec.operations if each.path == "/things"))

    assert needed.scopes == names
    assert needed.worded


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("OAuth tokens need the `repo` or `public_repo` scope to use this endpoint.", {"repo", "public_repo"}),
        ("Required scope: assets:read", {"assets:read"}),
        ("Scopes: wo.read, wo.write", {"wo.read", "wo.write"}),
        ("Your key must have one of the following [roles](https://v.example):\n"
         "* API—Assets read\n* API—Assets read and write",
         {"API—Assets read", "API—Assets read and write"}),
        ("To use it, select **Read Assets** under the Assets category when creating or editing an API token.",
         {"Read Assets"}),
        ('Tick "Write meters" when you generate the key.', {"Write meters"}),
        ("Select **Export** to create a file.", set()),
        ("Requires the Planner role.", set()),
        ("The `status` field holds the state.", set()),
        ("Changes the role of a user.", set()),
    ],
)  # fmt: skip
def test_sentences_name_permissions(text: str, names: set[str]) -> None:
    spec = loaded(json.dumps(one_operation(description=text)))
    needed = needed_permissions(next(each for each in spec.operations if each.path == "/things"))

    assert needed.scopes == names
    assert needed.named_in is (NamedIn.TEXT if names else None)


@pytest.mark.parametrize(
    "members",
    [
        {"description": "This call does not require any scope: work:read is for others."},
        {"description": "No permission is required: work:read is not asked for."},
        {"x-no-scopes": ["work:read"]},
        {"x-required-scope": "none"},
    ],
)
def test_a_permission_that_is_denied_is_not_needed(members: dict[str, object]) -> None:
    spec = loaded(json.dumps(one_operation(**members)))

    assert not any(needed_permissions(each).scopes for each in spec.operations if each.path == "/things")


def test_a_sentence_without_names_still_speaks_of_a_permission() -> None:
    assert len(matrix_of(one_operation(description="Requires the Planner role.")).worded) == 1


def test_a_document_that_protects_nothing_is_read_as_silent_on_who_may_call() -> None:
    document = described(security=[])
    for item in document["paths"].values():
        for each in item.values():
            each["description"] = "Needs the `things.all` scope."

    matrix = matrix_of(document)

    assert set(matrix.scopes) == {"things.all"}
    assert not any(row.anybody.letters for row in matrix.rows)


def test_hostile_texts_are_read_in_no_time() -> None:
    text = "scope " * 3_000 + "`" * 3_000 + "permission: " * 3_000 + "* \n" * 3_000 + "select **a" * 3_000
    began = time.process_time()

    matrix_of(one_operation(description=text, **{"x-scope": ["s" * 10_000] * 1_000}))

    assert time.process_time() - began < 2
