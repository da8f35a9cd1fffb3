"""A description is loaded, recognised as something else, or refused with what to do next."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cmms_audit.errors import InputError
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import NotASpec, load_spec, parse_spec
from tests.spec.toy import described, loaded

HTML = "<!DOCTYPE html><html><body>{}</body></html>"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (HTML.format("<h1>API</h1>"), "html-page"),
        (HTML.format("<div id='swagger-ui'></div>"), "html-page"),
        (HTML.format("<form><input name=u><input type='password'></form>"), "login-page"),
        (HTML.format("<h2>Request a demo</h2><form><input name=email><input name=phone></form>"), "lead-form"),
        ('<?xml version="1.0"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>', "wsdl"),
        ('<?xml version="1.0"?><edmx:Edmx Version="4.0"/>', "edmx"),
        ("#%RAML 1.0\ntitle: x\n", "raml"),
        ('{"info": {"_postman_id": "1", "schema": "https://schema.getpostman.com/x"}, "item": []}', "postman"),
    ],
)
def test_what_is_no_description_is_named_for_what_it_is(text: str, kind: str) -> None:
    found = parse_spec(text, "x")

    assert isinstance(found, NotASpec)
    assert found.kind == kind
    assert found.says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "x: is empty"),
        ("a: [", "x:1: is not valid YAML"),
        ("just words", "x: is not an API description: it holds a text"),
        ("a: 1", "x: is not an API description: it has no `openapi`"),
        ("vendor: Northwind", "it looks like a vendor file"),
        ("asyncapi: 3.0.0", "AsyncAPI"),
        ("<rss/>", "x: is XML of a kind"),
        ("info: {}\nswagger: '1.2'", "x:2: is written in version '1.2' of swagger"),
        ("openapi: 4.0.0", "x:1: is written in version '4.0.0' of openapi"),
    ],
)
def test_what_cannot_be_used_is_refused_with_place_and_advice(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_spec(text, "x")

    assert says in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_spec(tmp_path / "none.yaml")


def test_the_head_of_a_description_is_read() -> None:
    spec = described(
        servers=[{"url": "https://{region}.x.example/{app}/v5/", "variables": {"region": {"default": "eu"}}}]
    )

    assert (spec.title, spec.version, spec.dialect_version, spec.source) == ("Toy", "7", "3.0.3", "toy.json")
    assert spec.servers[0].url == "https://eu.x.example/{app}/v5/"
    assert spec.prefix == "/{app}/v5"
    assert len(spec.sha256) == 64
    assert spec.whole
    assert spec.problems == ()


def test_swagger_2_puts_its_address_together() -> None:
    spec = loaded(
        '{"swagger": "2.0", "paths": {}, "host": "x.example", "basePath": "/api/v1", "schemes": ["https", "http"]}'
    )

    assert [server.url for server in spec.servers] == ["https://x.example/api/v1", "http://x.example/api/v1"]
    assert (spec.prefix, spec.version, spec.dialect_version) == ("/api/v1", "", "2.0")


def test_a_relative_server_and_none_at_all_are_read() -> None:
    assert described(servers=[{"url": "/api/v1"}]).prefix == "/api/v1"
    assert described().prefix == ""
    assert described(servers=[{"url": "http://[bad/x"}]).prefix == ""


def test_the_hash_is_of_the_bytes_as_they_came(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xef\xbb\xbfopenapi: 3.1.0\r\n")

    spec = load_spec(path)

    assert isinstance(spec, Spec)
    assert spec.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
