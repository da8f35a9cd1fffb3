"""Documents held against the official schemas: the real fault is named, whatever is thrown at them, and quickly."""

from __future__ import annotations

import json
import tarfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import load_spec
from cmms_audit.spec.meta_schema import VERSIONS, meta_schema, version_of
from tests.spec.test_rules import CLEAN, CLEAN2
from tests.spec.toy import described, loaded
from tests.support import SPECS, judged

PUBLISHED = sorted(path.name for path in SPECS.glob("*.*") if path.suffix in (".json", ".yaml"))
needs_published = pytest.mark.skipif(not SPECS.is_dir(), reason=f"no published descriptions at {SPECS}")


ABSENT = ("no-schemas", "servers-missing", "security-missing")  # what the small documents here do without


def examples(spec: Spec) -> dict[str, tuple[str, ...]]:
    return {group.rule: group.examples for group in spec.faults if group.rule not in ABSENT}


def in_schema(schema: Any, openapi: str = "3.0.3") -> dict[str, tuple[str, ...]]:
    return examples(described(openapi=openapi, components={"schemas": {"A": schema}}))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_meta_schemas_are_there_and_are_not_fetched(version: str) -> None:
    assert meta_schema(version)["properties"]


def test_every_version_has_a_meta_schema() -> None:
    written = ("2.0", "3.0.0", "3.0.4", "3.1.1", "3.2.0", "3.9.0", "")
    assert [version_of(each) for each in written] == ["2.0", "3.0", "3.0", "3.1", "3.2", "3.2", "2.0"]


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0", "3.2.0"])
def test_a_fault_deep_in_a_schema_is_named_and_not_the_choice_above_it(openapi: str) -> None:
    schema = {"properties": {"b": {"allOf": [{"properties": {"c": {"minLength": "two"}}}]}}}

    assert in_schema(schema, openapi) == {"wrong-kind": ("properties/*/minLength should be a whole number",)}


def test_a_parameter_is_held_against_the_place_that_it_names() -> None:
    parameter = {"name": "a", "in": "query", "style": "simple", "schema": {}}
    spec = described({"/a": {"get": {"parameters": [parameter], "responses": {"200": {"description": ""}}}}})

    assert examples(spec) == {"value-not-allowed": ("parameters/*/style has a value that is not allowed",)}


def test_a_way_in_is_held_against_the_type_that_it_names() -> None:
    spec = described(components={"securitySchemes": {"a": {"type": "apiKey", "name": "k"}, "b": {"type": "http"}}})

    lacks = ("components/securitySchemes/* lacks 'in'", "components/securitySchemes/* lacks 'scheme'")
    assert examples(spec) == {"member-missing": lacks}


def test_one_fault_does_not_make_its_neighbours_doubtful() -> None:
    parameter = {"name": "a", "in": "path", "schema": {"type": "string"}, "style": "simple", "explode": False}
    spec = described({"/{a}": {"get": {"parameters": [parameter], "responses": {}}}}, openapi="3.1.0")

    assert set(examples(spec)) == {"path-parameter-optional", "responses-missing"}


def test_a_reference_where_none_may_stand_is_told_as_that() -> None:
    done = {"responses": {"200": {"description": "ok"}}}
    spec = described({"/a": {"get": done}, "/b": {"get": {"$ref": "#/paths/~1a/get"}}})

    assert examples(spec) == {"reference-not-allowed": ("in place of paths/*/get",)}


def test_asking_for_all_faults_changes_nothing_about_what_could_not_be_read() -> None:
    schemas = {"A": {"description": 1, "minLength": "two"}}
    asked, not_asked = (described(components={"schemas": schemas}) for _ in range(2))

    assert {group.rule: group.count for group in asked.faults}["wrong-kind"] == 2
    assert [each.what for each in asked.problems] == [each.what for each in not_asked.problems]


def test_errors_without_end_are_cut_off_and_the_count_says_so() -> None:
    spec = described(components={"schemas": {f"f{index}": {"minLength": "two"} for index in range(5_000)}})

    group = next(group for group in spec.faults if group.rule == "wrong-kind")

    assert (group.count, group.capped, len(group.places)) == (2_000, True, 10)


def test_a_part_without_end_is_not_gone_through() -> None:
    fields = {f"f{index}": {"minLength": "two"} for index in range(5_000)}
    spec = described(components={"schemas": {"A": {"properties": fields}}})

    assert examples(spec) == {"not-checkable": ("more than 5,000 values in one part",)}


def test_an_absent_meta_schema_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from cmms_audit.spec import meta_schema as module
    from cmms_audit.spec import validation

    monkeypatch.setattr(module, "_HOLDER", "no_such_package_here")
    for each in (module.meta_schema, validation._validator, validation._definitions):
        each.cache_clear()
    try:
        assert set(examples(loaded(json.dumps(CLEAN)))) == {"not-checkable"}
    finally:
        for each in (module.meta_schema, validation._validator, validation._definitions):
            each.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        '{"x-big": ' + "9" * 90 + ', "x-text": ' + "9" * 5000 + "}",
        '{"x-odd": NaN, "x-more": Infinity, "minimum": 1e999, "maximum": NaN}',
        '{"x-half": "\\ud800", "description": "\\udfff", "enum": ["\\ud800"]}',
        '{"x-deep": ' + "[" * 150 + "]" * 150 + "}",
        '{"items": ' * 90 + "{}" + "}" * 90,
        '{"not": {"oneOf": [{"allOf": ' * 25 + "[]" + "}]}}" * 25,
        '{"enum": [1, true, 1.0, "1", null, {"a": 1}, {"a": 1}, [], []]}',
        '{"required": ["a", "a"], "properties": {"__proto__": {"type": "__proto__"}}}',
        '{"minimum": ' + "9" * 90 + ', "maximum": 1, "default": ' + "9" * 99 + ', "type": "integer"}',
        '{"pattern": "(a+)+$", "type": "string", "example": "' + "a" * 50 + '!"}',
    ],
)
@pytest.mark.parametrize("version", ['"openapi": "3.0.0"', '"openapi": "3.1.0"', '"swagger": "2.0"'])
def test_odd_values_are_survived(text: str, version: str) -> None:
    folder = '"definitions"' if "swagger" in version else '"components": {"schemas"'
    end = "" if "swagger" in version else "}"
    spec = loaded(f'{{{version}, "info": {{}}, "paths": {{}}, {folder}: {{"A": {text}}}{end}}}')
    started = time.process_time()

    json.dumps([place.as_json() for group in spec.faults for place in group.places])

    assert time.process_time() - started < 2


# -- random documents ---------------------------------------------------------------------------------------

WORDS = sorted(
    {
        *(
            "properties",
            "items",
            "allOf",
            "oneOf",
            "$ref",
            "type",
            "required",
            "enum",
            "default",
            "example",
            "in",
            "name",
        ),
        *("parameters", "responses", "200", "content", "schema", "description", "security", "discriminator", "mapping"),
        *("get", "post", "/a/{b}", "servers", "url", "variables", "application/json", "examples", "value", "nullable"),
        *("maximum", "minimum", "exclusiveMinimum", "readOnly", "propertyName", "requestBody", "operationId"),
    }
)
LEAVES = st.sampled_from([None, True, 0, -1.5, "", "string", "array", "path", "body", "#/components/schemas/A", "{x}"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
)


def replaced(value: Any, draw: Any) -> Any:
    """A copy of a document in which some parts were exchanged for anything."""
    if draw(st.integers(0, 11)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        return {key: replaced(each, draw) for key, each in value.items()}
    return [replaced(each, draw) for each in value] if isinstance(value, list) else value


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(["2.0", "3.0.3", "3.1.0", "3.2.0"]))
def test_random_documents_never_crash_and_are_never_silently_wrong(data: st.DataObject, version: str) -> None:
    clean = CLEAN2 if version == "2.0" else {**CLEAN, "openapi": version}
    document = {key: replaced(value, data.draw) if key[:1] not in "os" else value for key, value in clean.items()}
    spec = loaded(json.dumps(document))

    for group in spec.faults:
        assert group.count >= len(group.places) >= 1
        assert group.examples
        json.dumps([place.as_json() for place in group.places])
    assert bool(spec.problems) >= any(group.unread for group in spec.faults)


# -- the check ----------------------------------------------------------------------------------------------


def test_a_document_in_order_is_one_finding() -> None:
    (finding,) = judged("data.document-valid", CLEAN)

    assert (finding.verdict, finding.decisive, finding.subject) == ("met", False, "")


def test_each_broken_rule_is_a_finding_with_its_lines() -> None:
    document = json.loads(json.dumps(CLEAN))
    document["paths"]["/assets/{id}"]["patch"]["operationId"] = "readAsset"
    document["components"]["schemas"]["Asset"]["properties"]["name"]["example"] = 7

    found = {finding.subject: finding for finding in judged("data.document-valid", document)}

    assert {subject: str(finding.verdict) for subject, finding in found.items()} == {
        "operation-id-twice": "not_met",
        "example-breaks-schema": "partial",
    }
    assert all(finding.evidence[0].line for finding in found.values())
    assert "(1 place)" in found["operation-id-twice"].summary
    assert not any(finding.decisive for finding in found.values())


def test_an_offline_report_warns_of_grave_faults_alone_and_lists_the_others(tmp_path: Path) -> None:
    document = json.loads(json.dumps(CLEAN))
    document["security"] = [{"key": []}]
    document["components"]["schemas"]["Asset"]["properties"]["name"]["example"] = 7
    (tmp_path / "api.json").write_text(json.dumps(document, indent=1))
    (tmp_path / "vendor.yaml").write_text("vendor: Toy\nspec: api.json\nbase_url: https://vendor.example\n")
    order = order_for(
        tmp_path / "vendor.yaml", allow=None, offline=True, only=["data.*"], environ={}, in_terminal=False
    )

    perform(order, Wishes(out=tmp_path / "out", quiet=True))

    report = json.loads((tmp_path / "out" / "report.json").read_text())
    grave = "operations ask for a way to sign in that is described nowhere"
    assert f"The specification has a grave fault in one place: {grave}." in report["warnings"]
    assert not [warning for warning in report["warnings"] if "example" in warning]
    found = [each for each in report["findings"] if each["check"] == "data.document-valid"]
    assert sorted(each["verdict"] for each in found) == ["not_met", "partial"]
    assert all(each["evidence"][0]["line"] > 1 for each in found)
    assert f"api.json:{found[0]['evidence'][0]['line']}" in (tmp_path / "out" / "report.html").read_text()


def test_a_converted_document_is_not_held_against_rules_that_its_author_never_read() -> None:
    name = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    request = {
        "method": "GET",
        "url": {"raw": "https://vendor.example/a", "host": ["vendor", "example"], "path": ["a"]},
    }

    collection = {"info": {"name": "Toy", "schema": name}, "item": [{"name": "a", "request": request}]}
    given_twice = json.dumps(collection).replace('"item"', '"item": [], "item"', 1)

    assert loaded(json.dumps(collection)).operations
    assert loaded(json.dumps(collection)).faults == ()
    assert [group.rule for group in loaded(given_twice).faults] == ["key-twice"]
    assert [str(finding.verdict) for finding in judged("data.document-valid", collection)] == ["not_applicable"]


# -- published descriptions ---------------------------------------------------------------------------------


@cache
def published(name: str) -> Spec:
    spec = load_spec(SPECS / name)
    assert isinstance(spec, Spec)
    return spec


@needs_published
@pytest.mark.parametrize("name", PUBLISHED)
def test_faults_of_a_published_document_are_few_groups_with_lines_and_found_quickly(name: str) -> None:
    spec = published(name)
    started = time.process_time()
    groups = spec.faults

    assert time.process_time() - started < 1.5  # about 0.4 for the largest on an idle machine
    assert len(groups) <= 12
    assert all(group.places[0].line for group in groups)
    assert len({group.rule for group in groups}) == len(groups)


@needs_published
@pytest.mark.parametrize(
    ("name", "rule", "count"),
    [
        ("twilio-api-v2010.json", "parameter-odd-name", 22),
        ("stripe-2022-04.yaml", "body-without-meaning", 233),
        ("kubernetes-swagger2.json", "reference-siblings", 560),
        ("adyen-management-v3.yaml", "keyword-of-older-version", 27),
        ("box.json", "server-templated", 5),
        ("inventree.yaml", "enum-twice", 1),
        ("netbox.yaml", "servers-missing", 1),
    ],
)
def test_what_a_person_finds_in_a_published_document_is_told(name: str, rule: str, count: int) -> None:
    assert {group.rule: group.count for group in published(name).faults}[rule] == count


@needs_published
def test_no_published_document_is_called_gravely_wrong() -> None:
    grave = {name: [g.rule for g in published(name).faults if g.severity != "minor"] for name in PUBLISHED}

    assert {name: rules for name, rules in grave.items() if rules} == {}


@needs_published
def test_a_document_of_three_thousand_files_is_held_against_the_schema_too(tmp_path: Path) -> None:
    with tarfile.open(SPECS / "digitalocean.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    started = time.process_time()

    spec = load_spec(next(tmp_path.rglob("DigitalOcean-public.v2.yaml")))

    assert isinstance(spec, Spec)
    assert {group.rule for group in spec.faults} >= {"reference-not-allowed", "required-unknown"}
    assert spec.whole
    assert any((place.pointer or "").startswith("resources/") for group in spec.faults for place in group.places)
    assert time.process_time() - started < 6  # about 1.5 on an idle machine
