"""The saved calls of one method and address in a Postman collection, merged into one operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from cmms_audit.documents import pointer_join
from cmms_audit.patterns import pattern
from cmms_audit.spec.inference import is_secret, read_example, schema_of, schema_of_text, without_secrets
from cmms_audit.spec.origins import Origins
from cmms_audit.spec.postman_auth import Security, is_key
from cmms_audit.spec.postman_parts import Address, Place, description_of

_NOT_PARAMETERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "content-type", "content-length", "accept", "host"}
    | {"user-agent", "connection", "accept-encoding", "cache-control", "postman-token"}
)
_LANGUAGES = {"json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain"}
_FORMS = {"urlencoded": "application/x-www-form-urlencoded", "formdata": "multipart/form-data"}
_MOST_DESCRIPTIONS = 10
_PLACEHOLDER = pattern(r"\{([^{}]{1,200})\}")


class Call(Struct, frozen=True):
    """One saved call: its place in the collection, and what was read of it. `security` None: nothing says."""

    item: Place
    request: Place
    url: Place
    address: Address
    method: str
    tags: list[str]
    security: Security | None


def operation_of(calls: Sequence[Call], address: Address, origins: Origins) -> dict[str, Any]:
    """The operation that these calls are examples of; its path is that of `address`."""
    first = calls[0]
    operation: dict[str, Any] = origins.mark({}, first.item.pointer)
    if name := first.item.text("name"):
        operation["summary"] = name
        origins.mark_member(operation, "summary", pointer_join(first.item.pointer, "name"))
    _describe(operation, calls, origins)
    operation["tags"] = list(dict.fromkeys(tag for call in calls for tag in call.tags))
    operation["parameters"] = list(_parameters(calls, address, origins))
    security = [need for call in calls for need in call.security or ()]
    if security or any(call.security is not None for call in calls):
        operation["security"] = list({repr(need): need for need in security}.values())
    body = _body(calls, origins)
    if body:
        operation["requestBody"] = body
    operation["responses"] = _responses(calls, origins)
    return operation


def _describe(operation: dict[str, Any], calls: Sequence[Call], origins: Origins) -> None:
    texts: dict[str, str] = {}
    for call in calls:
        for place in (call.request, call.item):
            if text := description_of(place):
                texts.setdefault(text, pointer_join(place.pointer, "description"))
    if texts:
        operation["description"] = "\n\n".join(list(texts)[:_MOST_DESCRIPTIONS])
        origins.mark_member(operation, "description", next(iter(texts.values())))


def _parameters(calls: Sequence[Call], address: Address, origins: Origins) -> Iterator[dict[str, Any]]:
    described = {
        pair.text("key") or pair.text("id"): pair for call in reversed(calls) for pair in call.url.members("variable")
    }
    for name in dict.fromkeys(_PLACEHOLDER.findall(address.path)):
        pair = described.get(name)
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        if pair and (text := description_of(pair)):
            parameter["description"] = text
        yield origins.mark(parameter, pair.pointer if pair else calls[0].url.pointer)
    seen = set()
    for where, pair in _sent(calls):
        name = pair.text("key").strip()
        if name and not is_key(name) and (where, name.lower()) not in seen:
            seen.add((where, name.lower()))
            yield origins.mark(_parameter(name, where, pair), pair.pointer)


def _sent(calls: Iterable[Call]) -> Iterator[tuple[str, Place]]:
    """What the calls send in their query and headers; what is switched off is part of the offer too."""
    for call in calls:
        pairs = list(call.url.members("query"))
        raw = call.url.value if isinstance(call.url.value, str) else call.url.text("raw")
        if not pairs and "?" in raw:
            listed = parse_qsl(raw.partition("?")[2].partition("#")[0][:10_000], keep_blank_values=True)[:200]
            pairs = [Place({"key": name, "value": value}, call.url.pointer) for name, value in listed]
        yield from (("query", pair) for pair in pairs)
        headers = call.request.members("header")
        yield from (("header", pair) for pair in headers if pair.text("key").strip().lower() not in _NOT_PARAMETERS)


def _parameter(name: str, where: str, pair: Place) -> dict[str, Any]:
    value = pair.at("value").value
    parameter: dict[str, Any] = {"name": name, "in": where, "schema": schema_of_text(value)}
    if text := description_of(pair):
        parameter["description"] = text
    if isinstance(value, str) and value and not is_secret(name) and where == "query":
        parameter["example"] = value[:500]
    return parameter


def _body(calls: Sequence[Call], origins: Origins) -> dict[str, Any] | None:
    content: dict[str, Any] = {}
    examples: list[Any] = []
    fields: dict[str, dict[str, Place]] = {}
    place = None
    for call in calls:
        body = call.request.at("body")
        mode = body.text("mode")
        place = place or (body if mode else None)
        if mode == "raw" and body.text("raw").strip():
            value = read_example(body.text("raw"))
            if value is None:
                content.setdefault(_media_type(call, body), {})
            else:
                examples.append(value)
        elif mode in _FORMS:
            named = fields.setdefault(_FORMS[mode], {})
            named.update({pair.text("key"): pair for pair in reversed(list(body.members(mode))) if pair.text("key")})
        elif mode == "file":
            content.setdefault("application/octet-stream", {})
        elif mode == "graphql":
            content.setdefault("application/json", {"schema": {"type": "object"}})
    if examples:
        content["application/json"] = {"schema": schema_of(examples, required=False)}
    content |= {kind: {"schema": _form(named, origins)} for kind, named in fields.items()}
    return origins.mark({"content": content}, place.pointer) if place and content else None


def _media_type(call: Call, body: Place) -> str:
    named = _header(call.request, "content-type")
    return named or _LANGUAGES.get(body.at("options", "raw").text("language"), "text/plain")


def _header(holder: Place, name: str) -> str:
    """A header's media type, without its parameters, in lower case."""
    for pair in holder.members("header"):
        if pair.text("key").strip().lower() == name:
            return pair.text("value").partition(";")[0].strip().lower()[:100]
    return ""


def _form(named: dict[str, Place], origins: Origins) -> dict[str, Any]:
    properties = {}
    for name, pair in named.items():
        is_file = pair.text("type") == "file"
        schema = {"type": "string", "format": "binary"} if is_file else schema_of_text(pair.at("value").value)
        if text := description_of(pair):
            schema["description"] = text
        properties[name] = origins.mark(schema, pair.pointer)
    return {"type": "object", "properties": properties}


def _responses(calls: Sequence[Call], origins: Origins) -> dict[str, Any]:
    by_status: dict[str, list[Place]] = {}
    for call in calls:
        for saved in call.item.members("response"):
            code = saved.at("code").value
            if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599:
                by_status.setdefault(str(code), []).append(saved)
    return {status: origins.mark(_response(saved, origins), saved[0].pointer) for status, saved in by_status.items()}


def _response(saved: Sequence[Place], origins: Origins) -> dict[str, Any]:
    response: dict[str, Any] = {"description": saved[0].text("name") or saved[0].text("status")}
    headers = {
        pair.text("key"): origins.mark({"schema": {"type": "string"}}, pair.pointer)
        for one in saved
        for pair in one.members("header")
        if pair.text("key") and pair.text("key").lower() not in ("content-type", "set-cookie", "authorization")
    }
    if headers:
        response["headers"] = headers
    content = _content(saved, origins)
    return {**response, "content": content} if content else response


def _content(saved: Sequence[Place], origins: Origins) -> dict[str, Any]:
    bodies = [(one, one.text("body")) for one in saved if one.text("body").strip()]
    read = [(one, read_example(body)) for one, body in bodies]
    examples = [(one, value) for one, value in read if value is not None]
    content: dict[str, Any] = {_header(one, "content-type") or "text/plain": {} for one, value in read if value is None}
    if examples:
        place, value = examples[0]
        named = _header(place, "content-type")
        kind = named if "json" in named else "application/json"
        schema = schema_of([each for _, each in examples], required=True)
        media = {"schema": origins.mark(schema, place.at("body").pointer), "example": without_secrets(value)}
        content[kind] = origins.mark(media, place.at("body").pointer)
    return content
