"""Recognises what is handed over in place of an API description: a web page, a form, a description of another kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

NotASpecKind = Literal["html-page", "login-page", "lead-form", "wsdl", "raml", "postman", "edmx", "unreadable", "none"]

_LOOKED_AT = 500_000
_PASSWORD_FIELD = re.compile(r"""type\s{0,9}=\s{0,9}["']?password""")
_FIELD = re.compile(r"<(?:input|textarea|select)\b")
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


@dataclass(frozen=True)
class NotASpec:
    """A document that is recognised as something else than an OpenAPI description; `says` is in plain words."""

    kind: NotASpecKind
    says: str


def recognise_text(text: str) -> NotASpec | None:
    """What a text is that is neither JSON nor YAML of an API description; None where it may be one."""
    start = text.lstrip("\ufeff \t\r\n")[:_LOOKED_AT]
    if start.startswith("#%RAML"):
        return NotASpec("raml", "it is a RAML description, not OpenAPI; ask the vendor for an OpenAPI document")
    if not start.startswith("<"):
        return None
    lower = start.lower()
    if "<wsdl:" in lower or "schemas.xmlsoap.org/wsdl" in lower or "www.w3.org/ns/wsdl" in lower:
        return NotASpec("wsdl", "it is a WSDL description of a SOAP service, not of a REST API")
    if "<edmx:edmx" in lower or "docs.oasis-open.org/odata" in lower:
        return NotASpec("edmx", "it is the metadata document (EDMX) of an OData service, not OpenAPI")
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


def recognise_value(value: Any) -> NotASpec | None:
    """What parsed JSON or YAML is that belongs to another tool."""
    if not isinstance(value, dict):
        return None
    info = value.get("info")
    if isinstance(info, dict) and "item" in value:
        schema = info.get("schema")
        if "_postman_id" in info or (isinstance(schema, str) and "getpostman.com" in schema):
            return NotASpec("postman", "it is a Postman collection: examples of calls, not a description of the API")
    return None
