"""Every error of our own files is told at once, in plain words, with the line and the nearest right word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.documents import nearest, parse, validate
from cmms_audit.documents import validation as module

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["vendor", "base_url"],
    "additionalProperties": False,
    "properties": {
        "vendor": {"type": "string", "minLength": 1},
        "base_url": {"type": "string", "pattern": "^https?://", "x-advice": "start it with https://"},
        "environment": {"enum": ["sandbox", "production"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        "scenarios": {"type": "array", "items": {"enum": ["erp-sync", "bi-reporting"]}, "uniqueItems": True},
        "claims": {"type": "object", "propertyNames": {"enum": ["auth.method", "auth.scopes"]}},
        "until": {"type": "string", "format": "date"},
        "token": {"type": "string", "writeOnly": True},
        "main": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["type", "token"],
                    "additionalProperties": False,
                    "properties": {"type": {"const": "bearer"}, "token": {"type": "string"}},
                },
                {
                    "type": "object",
                    "required": ["type", "name"],
                    "additionalProperties": False,
                    "properties": {"type": {"const": "api-key"}, "name": {"type": "string"}},
                },
            ]
        },
    },
}


@pytest.fixture(autouse=True)
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.schema.json").write_text(json.dumps(SCHEMA))
    monkeypatch.setattr(module, "schemas_folder", lambda: tmp_path)
    module._validator.cache_clear()


def problems(text: str) -> list[str]:
    return [str(problem) for problem in validate(parse(text, "v.yaml"), "toy")]


GOOD = "vendor: x\nbase_url: https://x.example\n"


def test_a_file_that_holds_has_no_problems() -> None:
    assert problems(GOOD + "main: {type: api-key, name: X-Key}\nuntil: 2027-06-30\nclaims: {auth.method: {}}\n") == []


def test_all_errors_of_a_file_are_told_in_its_order() -> None:
    found = problems("environment: sandbocks\nbase_ulr: https://x.example\nlimit: 12\n")

    assert found == [
        "v.yaml:1: 'vendor' is missing",
        "v.yaml:1: 'base_url' is missing",
        "v.yaml:1: 'environment' cannot be 'sandbocks' (did you mean 'sandbox'?)",
        "v.yaml:2: 'base_ulr' is not a key that belongs here (did you mean 'base_url'?)",
        "v.yaml:3: 'limit' is too large; the most is 9",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("limit: many", "v.yaml:3: 'limit' should be a whole number, not 'many'"),
        ("limit: 0", "v.yaml:3: 'limit' is too small; the least is 1"),
        ("environment: x", "v.yaml:3: 'environment' cannot be 'x' (possible here: sandbox, production)"),
        ("scenarios: [erp-sink]", "v.yaml:3: entry 1 of 'scenarios' cannot be 'erp-sink' (did you mean 'erp-sync'?)"),
        ("scenarios: [erp-sync, erp-sync]", "v.yaml:3: 'scenarios' names the same thing twice"),
        (
            "claims: {auth.methods: {}}",
            "v.yaml:3: 'auth.methods' is not a name that belongs here (did you mean 'auth.method'?)",
        ),
        ("until: 30.6.2027", "v.yaml:3: 'until' is not a valid date: '30.6.2027'"),
        ("main:\n  type: api-key\n  nane: X", "v.yaml:3: 'name' is missing"),
        (
            "main:\n  type: api-key\n  name: X\n  nane: X",
            "v.yaml:6: 'nane' is not a key that belongs here (did you mean 'name'?)",
        ),
        ("vendor: y", "v.yaml:3: 'vendor' is given twice (keep one of them)"),
    ],
)
def test_each_sort_of_error_is_explained(line: str, says: str) -> None:
    assert says in problems(GOOD + line)


def test_a_schema_may_say_what_it_wants() -> None:
    assert problems("vendor: x\nbase_url: ftp://x\n") == [
        "v.yaml:2: 'base_url' is not written as it should be: 'ftp://x' (start it with https://)"
    ]


def test_a_secret_of_the_wrong_kind_is_not_shown() -> None:
    assert problems(GOOD + "token: 123456\n") == ["v.yaml:3: 'token' should be a text, not what stands there"]


def test_nothing_in_a_message_can_steer_a_terminal() -> None:
    assert all(problem.isprintable() for problem in problems(GOOD + '"\\e[31mred": 1\nenvironment: "\\e]0;x\\a"\n'))


def test_a_file_that_is_no_mapping_is_told_so() -> None:
    assert problems("- a\n") == ["v.yaml:1: the file should be a mapping (name: value), not a list"]


def test_the_nearest_word_ignores_case_and_separators() -> None:
    assert nearest("Base-URL", ["vendor", "base_url"]) == "base_url"
    assert nearest("zzz", ["vendor", "base_url"]) is None
