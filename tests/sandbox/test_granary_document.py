from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from cmms_audit.sandbox.granary import Granary, document, environment, switch_names, vendor_file
from tests.sandbox.conftest import Client, Open

ORIGIN = "http://127.0.0.1:8000"


def operations(document_: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document_["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def problems(document_: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    schema = {**schema, "components": document_["components"]}
    return [error.message for error in OAS30Validator(schema).iter_errors(value)]


# -- the intact document ----------------------------------------------------------------------------------


def test_the_document_is_valid_openapi() -> None:
    validate(document(ORIGIN))


@pytest.mark.parametrize("name", ["basic-only", "keys-only", "no-webhooks", "no-published-limits", "generic-errors"])
def test_a_broken_vendors_document_is_still_valid_openapi(name: str) -> None:
    validate(document(ORIGIN, [name]))


def test_all_switches_together_still_make_a_vendor(granary: Open) -> None:
    assert document(ORIGIN, switch_names())["paths"]
    assert granary(*switch_names()).get("/api/health").status_code == 500  # a dead one is among them


def test_the_server_serves_the_same_document_to_anyone(granary: Open) -> None:
    client = granary()
    served = client.get("/api/v1/openapi.json", headers={"X-Api-Key": ""}).json()
    assert served == document(str(client.base_url), scale=1000)


def test_every_field_is_described_and_typed() -> None:
    schemas = document(ORIGIN)["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema["description"], name
        for field, declared in schema["properties"].items():
            assert declared["description"], (name, field)
            assert declared["type"], (name, field)


def test_every_example_fits_its_schema() -> None:
    made = document(ORIGIN)
    schemas = made["components"]["schemas"]
    for name, schema in schemas.items():
        if "example" in schema:
            assert problems(made, {"$ref": f"#/components/schemas/{name}"}, schema["example"]) == [], name
        for field, declared in schema["properties"].items():
            if "example" in declared:
                assert problems(made, declared, declared["example"]) == [], (name, field)
    for name, response in made["components"]["responses"].items():
        (content,) = response["content"].values()
        assert problems(made, content["schema"], content["example"]) == [], name


def test_every_operation_says_who_may_call_it_and_how_it_fails() -> None:
    made = document(ORIGIN)
    known = made["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    for path, method, operation in operations(made):
        place = (method, path)
        if path == "/health":
            assert operation["security"] == [], place
            continue
        (scope,) = operation["security"][0]["oauth2"]
        assert scope in known, place
        assert scope.endswith(":read") == (method == "get"), place
        expected = {"401", "403", "429"} | ({"404"} if "{" in path else set())
        assert expected <= set(operation["responses"]), place


def test_the_refusal_at_the_limit_is_documented_with_its_headers() -> None:
    headers = document(ORIGIN)["components"]["responses"]["rate-limited"]["headers"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining"} <= set(headers)


# -- the server keeps to it -------------------------------------------------------------------------------


def test_all_records_fit_the_document(granary: Open) -> None:
    client = granary()
    made = client.get("/api/v1/openapi.json").json()
    client.get("/api/v1/sites/unknown")
    for path, method, operation in operations(made):
        if method != "get" or path.endswith("/content"):
            continue
        address, answer = path, None
        while "{" in address:
            address = _with_a_real_id(client, address)
        answer = client.get(f"/api/v1{address}")
        assert answer.status_code == 200, address
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert problems(made, schema, answer.json()) == [], address
        assert {name.lower() for name in operation["responses"]["200"]["headers"]} <= set(answer.headers), address


def _with_a_real_id(client: Client, path: str) -> str:
    collection, _, rest = path.partition("/{")
    parents = {"/work-orders": "WO-0000001"}
    id_ = parents.get(collection) if "/" in rest else None
    if collection == "/work-orders" and "transitions" in rest:
        closed = client.records("work-orders", status="closed", limit=1)
        id_ = closed[0]["id"]
    id_ = id_ or client.get(f"/api/v1{collection}").json()["items"][0]["id"]
    return f"{collection}/{id_}{rest.partition('}')[2]}"


@pytest.mark.parametrize("path", ["/work-orders", "/assets", "/purchase-orders", "/labor", "/requests", "/webhooks"])
def test_the_documents_own_examples_make_records(granary: Open, path: str) -> None:
    client = granary()
    made = client.get("/api/v1/openapi.json").json()
    name = made["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[
        2
    ]
    answer = client.post(f"/api/v1{path}", json=made["components"]["schemas"][name]["example"])
    assert answer.status_code == 201, answer.text
    schema = made["paths"][path]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert problems(made, schema, answer.json()) == []


def test_bulk_answers_and_errors_fit_the_document(granary: Open) -> None:
    client = granary()
    made = client.get("/api/v1/openapi.json").json()
    schemas = made["components"]["schemas"]
    item = schemas["WorkOrderCreate"]["example"]
    answer = client.post("/api/v1/work-orders/bulk", json={"items": [item, {}]})
    assert problems(made, schemas["BulkResult"], answer.json()) == []
    error = client.post("/api/v1/work-orders", json={})
    assert problems(made, schemas["Problem"], error.json()) == []


# -- documentation pages ----------------------------------------------------------------------------------


def test_every_page_that_the_index_links_to_answers_to_anyone(granary: Open) -> None:
    client = granary()
    client.headers.pop("X-Api-Key")
    index = client.get("/docs").text
    links = [part.partition('"')[0] for part in index.split('href="')[1:]]
    assert {f"/docs/{name}" for name in ("limits", "versioning", "webhooks", "changelog", "errors", "rotation")} < set(
        links
    )
    assert all(client.get(link).status_code == 200 for link in links)
    assert client.get("/docs/unknown").status_code == 404


def test_the_notice_period_is_in_the_document_and_on_the_page(granary: Open) -> None:
    client = granary()
    assert "365 days" in client.get("/docs/versioning").text
    assert "365 days" in client.get("/api/v1/openapi.json").json()["info"]["description"]


def test_the_release_before_this_one_is_described_as_the_changelog_says(granary: Open) -> None:
    client = granary()
    now, before = (client.get(f"/api/v1/openapi{end}.json").json() for end in ("", "-previous"))

    validate(before)
    assert before["info"]["version"] != now["info"]["version"]
    here, there = (each["paths"]["/meters/{id}/readings"]["get"]["parameters"] for each in (now, before))
    assert [each["name"] for each in here if each not in there] == ["read_since"]
    assert "read_since" in client.get("/docs/changelog").text


# -- vendor file and names --------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [(), ("basic-only",), ("keys-only",), ("no-versioning",)])
def test_the_vendor_file_names_exactly_the_variables_that_exist(switches: tuple[str, ...]) -> None:
    text = vendor_file(ORIGIN, switches)
    file = yaml.safe_load(text)
    named = {part.partition("}")[0] for part in text.split("${")[1:]}
    assert named == set(environment(switches))
    assert file["spec"] == file["base_url"] + "/openapi.json"


def test_the_vendor_file_can_name_a_document_on_disk() -> None:
    assert yaml.safe_load(vendor_file(ORIGIN, spec="openapi.json"))["spec"] == "openapi.json"


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_the_claimed_limits_are_the_documented_ones(scale: float) -> None:
    claimed = yaml.safe_load(vendor_file(ORIGIN, scale=scale))["claims"]["limits.documented"]
    documented = {f"per_{each['per']}": each["calls"] for each in document(ORIGIN, scale=scale)["x-rate-limits"]}
    assert claimed.items() <= documented.items()


@pytest.mark.parametrize(
    ("switch", "kind"), [(None, "oauth2"), ("basic-only", "basic"), ("keys-only", "api-key"), ("no-scopes", "oauth2")]
)
def test_the_main_credential_is_one_that_the_vendor_takes(switch: str | None, kind: str) -> None:
    credentials = yaml.safe_load(vendor_file(ORIGIN, [switch] if switch else []))["credentials"]
    assert credentials["main"]["type"] == kind


def test_an_unknown_switch_is_refused_with_the_nearest_name() -> None:
    for make in (Granary, document, vendor_file):
        arguments = (["no-webhook"],) if make is Granary else (ORIGIN, ["no-webhook"])
        with pytest.raises(ValueError, match="nearest is 'no-webhooks'"):
            make(*arguments)  # type: ignore[operator]
