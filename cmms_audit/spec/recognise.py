"""Recognises what is handed over in place of an API description: a web page, a form, a description of another kind."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from cmms_audit.patterns import pattern

NotASpecKind = Literal["html-page", "login-page", "lead-form", "wsdl", "raml", "postman", "edmx", "unreadable", "none"]

_LOOKED_AT = 500_000
_PASSWORD_FIELD = pattern(r"""type\s{0,9}=\s{0,9}["']?password""")
_FIELD = pattern(r"<(?:input|textarea|select)\b")
_SALES_WORDS = (
    "request a demo",
    "book a demo",
    "schedule a demo",
    "get a demo",
    "contact sales",
    "talk to sales",
    "request access",
    "work email",
    "business email",
    "company size",
    "get in touch",
    "download the whitepaper",
)
_VIEWERS = ("swagger-ui", "redoc", "stoplight-elements", "elements-api", "rapidoc", "scalar/api-reference")


_BLANK = "\ufeff \t\r\n"
# What may stand before the root of an XML text: declarations, comments, a document type.
_BEFORE_ROOT = pattern(
    r"(?:(?:<\?[^>]{0,1000}>|<!--(?:[^-]|-(?!->)){0,10000}-->|<!DOCTYPE[^>\[]{0,500}(?:\[[^\]]{0,50000}\]\s{0,100})?>)"
    r"\s{0,1000}){0,20}"
)
_ROOT = pattern(r"<(?:[\w.-]{1,50}:)?([\w.-]{1,50})[^>]{0,5000}")
_DATA_MODEL = pattern(r"""["']http[^"']{1,100}/edm["']""")


class NotASpec(Struct, frozen=True):
    """A document that is recognised as something else than an OpenAPI description; `says` is in plain words."""

    kind: NotASpecKind
    says: str


NOTHING_SERVED = NotASpec("edmx", "it is the metadata of an OData service, but it names nothing that is served")


def recognise_text(text: str) -> NotASpec | None:
    """What a text is that no description of an API can be read from; None where it may be one."""
    start = text.lstrip(_BLANK)[:_LOOKED_AT]
    if start.startswith("#%RAML"):
        return NotASpec("raml", "it is a RAML description, not OpenAPI; ask the vendor for an OpenAPI document")
    if not start.startswith("<"):
        return None
    lower = start.lower()
    if "<wsdl:" in lower or "schemas.xmlsoap.org/wsdl" in lower or "www.w3.org/ns/wsdl" in lower:
        return NotASpec("wsdl", "it is a WSDL description of a SOAP service, not of a REST API")
    if is_metadata(start):
        return None
    if "<html" in lower or "<!doctype html" in lower or "<head" in lower or "<body" in lower:
        return _recognise_page(lower)
    return None


def _recognise_page(lower: str) -> NotASpec:
    if _PASSWORD_FIELD.search(lower):
        return NotASpec("login-page", "it is a login page: the description is not public")
    if "<form" in lower and _FIELD.search(lower) and any(words in lower for words in _SALES_WORDS):
        return NotASpec("lead-form", "it is a form that asks for contact details before anything is shown")
    if any(viewer in lower for viewer in _VIEWERS):
        says = "it is the web page that displays the description; give the address of the JSON or YAML behind it"
        return NotASpec("html-page", says)
    return NotASpec("html-page", "it is a web page for people, not a description that a program can read")


def is_metadata(text: str) -> bool:
    """Whether the root element of an XML text is that of OData metadata."""
    start = _BEFORE_ROOT.sub("", text.lstrip(_BLANK)[:_LOOKED_AT], count=1)
    root = _ROOT.match(start)
    if root is None:
        return False
    return root[1].lower() == "edmx" or (root[1] == "Schema" and bool(_DATA_MODEL.search(root[0])))


def recognise_value(value: Any) -> NotASpec | None:
    """What parsed JSON or YAML is that belongs to another tool."""
    if not isinstance(value, dict):
        return None
    info = value.get("info")
    if isinstance(info, dict) and "openapi" not in value:
        schema = info.get("schema")
        if "_postman_id" in info or (isinstance(schema, str) and "getpostman.com" in schema):
            return NotASpec("postman", "it is a Postman collection without a single call that could be read")
    if isinstance(value.get("requests"), list) and ("order" in value or "folders" in value) and "name" in value:
        return NotASpec("postman", "it is a Postman collection of version 1; export it again as version 2.1")
    if "_postman_variable_scope" in value:
        return NotASpec("postman", "it is a Postman environment, which holds settings; name the collection instead")
    return None
