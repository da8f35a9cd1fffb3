"""Operations, parameters, answers and security are read alike from OpenAPI 3 and Swagger 2.0, each with its place."""

from __future__ import annotations

import pytest

from cmms_audit.spec.index import Operation, Spec
from tests.spec.toy import answer, described, described2, fields, loaded


def only(spec: Spec) -> Operation:
    assert len(spec.operations) == 1
    return spec.operations[0]


def test_an_operation_knows_its_words_and_its_place() -> None:
    spec = loaded(
        "openapi: 3.0.0\npaths:\n  /assets/{id}:\n    get:\n      operationId: getAsset\n      tags: [Assets]\n"
        "      summary: One\n      description: One asset.\n      deprecated: true\n      x-limit: 5\n"
    )

    operation = only(spec)

    assert (operation.method, operation.path, operation.operation_id) == ("GET", "/assets/{id}", "getAsset")
    assert (operation.tags, operation.summary, operation.description) == (("Assets",), "One", "One asset.")
    assert operation.deprecated
    assert not operation.writes
    assert operation.extensions == {"x-limit": 5}
    assert operation.evidence.as_json() == {"kind": "spec", "pointer": "/paths/~1assets~1{id}/get", "line": 4}
    assert spec.operation("get", "/assets/{id}") is operation
    assert spec.operation("put", "/assets/{id}") is None


def test_parameters_of_the_path_are_inherited_and_may_be_redefined() -> None:
    shared = [{"name": "id", "in": "path", "schema": {"type": "integer"}}, {"name": "q", "in": "query"}]
    own = [{"$ref": "#/components/parameters/limit"}, {"name": "q", "in": "query", "description": "own"}]
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200}}

    operation = only(
        described(
            {"/x/{id}": {"parameters": shared, "get": {"parameters": own}}}, components={"parameters": {"limit": limit}}
        )
    )

    assert [(p.name, p.where, p.required, p.description) for p in operation.parameters] == [
        ("id", "path", True, ""),
        ("q", "query", False, "own"),
        ("limit", "query", False, ""),
    ]
    assert operation.parameter("LIMIT").schema.maximum == 200  # type: ignore[union-attr]
    assert operation.parameters[2].evidence.pointer == "/components/parameters/limit"


def test_the_json_body_and_the_answers_are_found_among_media_types() -> None:
    content = {
        "text/csv": {},
        "application/hal+json": {"schema": fields("a")},
        "application/json": {"schema": fields("b")},
    }
    responses = {
        "404": {"description": "none"},
        "201": {"description": "made", "headers": {"Location": {"description": "where"}}, "content": content},
    }

    operation = only(described({"/x": {"post": {"requestBody": {"content": content}, "responses": responses}}}))

    assert list(operation.request.properties) == ["b"]  # type: ignore[union-attr]
    assert operation.request_media_types == tuple(content)
    assert operation.writes
    assert [response.status for response in operation.responses] == ["404", "201"]
    assert operation.success is operation.responses[1]
    assert operation.success.media_types == tuple(content)
    assert operation.success.headers["Location"].description == "where"


def test_the_first_example_of_an_answer_is_kept() -> None:
    paths = {"/x": {"get": {"responses": answer({}, examples={"one": {"value": {"id": 1}}})}}}

    assert only(described(paths)).success.example == {"id": 1}  # type: ignore[union-attr]


def test_swagger_2_reads_like_openapi_3() -> None:
    spec = described2(
        {
            "/assets/{id}": {
                "post": {
                    "parameters": [
                        {"name": "id", "in": "path", "type": "integer", "required": True},
                        {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Asset"}},
                    ],
                    "responses": {
                        "200": {"schema": {"$ref": "#/definitions/Asset"}, "examples": {"application/json": {"id": 2}}}
                    },
                },
                "put": {
                    "parameters": [{"name": "file", "in": "formData", "type": "file"}],
                    "consumes": ["multipart/form-data"],
                },
            }
        },
        definitions={"Asset": fields("id", "name")},
        consumes=["application/json"],
        produces=["application/json"],
    )

    post, put = spec.operations

    assert [(p.name, p.schema.types) for p in post.parameters] == [("id", ("integer",))]
    assert post.request.name == "Asset"  # type: ignore[union-attr]
    assert post.request_media_types == ("application/json",)
    assert post.success.media_types == ("application/json",)  # type: ignore[union-attr]
    assert post.success.schema is post.request  # type: ignore[union-attr]
    assert post.success.example == {"id": 2}  # type: ignore[union-attr]
    assert [field.name for field in put.form] == ["file"]
    assert put.request_media_types == ("multipart/form-data",)
    assert spec.schema_names == ("Asset",)


@pytest.mark.parametrize(
    ("own", "effective", "is_open"),
    [
        (None, ({"key": ()},), False),
        ([], (), True),
        ([{}], ({},), True),
        ([{"oauth": ["read"], "key": []}], ({"oauth": ("read",), "key": ()},), False),
    ],
)
def test_the_needs_of_an_operation_are_its_own_or_the_documents(own: object, effective: object, is_open: bool) -> None:
    operation = {} if own is None else {"security": own}

    found = only(described({"/x": {"get": operation}}, security=[{"key": []}]))

    assert found.security == effective
    assert found.is_open is is_open


def test_an_operation_of_a_document_without_security_is_open() -> None:
    assert only(described({"/x": {"get": {}}})).is_open


def test_security_schemes_of_openapi_3() -> None:
    schemes = described(
        components={
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "bearer": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
                "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://x.example/.well-known"},
                "oauth": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"r": "read"}}},
                },
            }
        }
    ).security_schemes

    assert (schemes["key"].type, schemes["key"].where, schemes["key"].parameter) == ("apiKey", "header", "X-Key")
    assert (schemes["bearer"].scheme, schemes["bearer"].bearer_format) == ("bearer", "JWT")
    assert schemes["oidc"].openid_url == "https://x.example/.well-known"
    assert schemes["oauth"].flows["clientCredentials"].scopes == {"r": "read"}
    assert schemes["key"].evidence.pointer == "/components/securitySchemes/key"


def test_security_definitions_of_swagger_2_read_alike() -> None:
    definitions = {
        "basic": {"type": "basic"},
        "oauth": {"type": "oauth2", "flow": "application", "tokenUrl": "/token", "scopes": {"r": "read"}},
    }

    schemes = described2({}, securityDefinitions=definitions).security_schemes

    assert (schemes["basic"].type, schemes["basic"].scheme) == ("http", "basic")
    assert schemes["oauth"].flows["clientCredentials"].token_url == "/token"


def test_webhooks_and_callbacks_are_the_calls_that_the_vendor_makes() -> None:
    body = {"requestBody": {"content": {"application/json": {"schema": fields("event")}}}}
    callback = {"onDone": {"{$request.body#/url}": {"post": body}}}

    spec = described({"/jobs": {"post": {"callbacks": callback}}}, openapi="3.1.0", webhooks={"closed": {"post": body}})

    assert [(hook.name, hook.callback) for hook in spec.webhooks] == [("closed", False), ("onDone", True)]
    assert all(list(hook.payload.properties) == ["event"] for hook in spec.webhooks if hook.payload)
    assert spec.operations[0].callbacks
    assert spec.webhooks[0].evidence.pointer == "/webhooks/closed/post"


def test_prose_is_gathered_with_its_places() -> None:
    spec = described(
        {"/x": {"get": {"summary": "s", "description": "d", "externalDocs": {"url": "u", "description": "more"}}}},
        tags=[{"name": "t", "description": "tag"}],
        externalDocs={"description": "whole"},
    )

    assert [(prose.text, prose.evidence.pointer) for prose in spec.prose()] == [
        ("whole", "/externalDocs/description"),
        ("tag", "/tags/0/description"),
        ("s", "/paths/~1x/get/summary"),
        ("d", "/paths/~1x/get/description"),
        ("more", "/paths/~1x/get/externalDocs/description"),
    ]


def test_any_place_of_the_document_can_be_evidence() -> None:
    spec = described()

    assert spec.evidence_at("").line == 1
    assert spec.evidence_at("/info/version").line == 5
    assert spec.evidence_at("/nowhere").line is None
