"""A Postman collection (version 2.1, or 2.0) read as an API description.

A collection holds examples of calls: addresses and parameters are taken from them, and the fields are inferred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from cmms_audit.documents import Document
from cmms_audit.spec.formats import WrittenIn
from cmms_audit.spec.origins import Origins, converted
from cmms_audit.spec.postman_auth import Schemes, Security
from cmms_audit.spec.postman_calls import Call, operation_of
from cmms_audit.spec.postman_parts import Address, Place, address_of, description_of, variables_of

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
_MOST_CALLS = 20_000
_MOST_SERVERS = 50


def is_collection(value: Any) -> bool:
    """Whether a parsed document is a Postman collection of version 2, bare or as Postman's own API wraps it."""
    root = _root(value).value
    if not isinstance(root, dict) or not isinstance(root.get("info"), dict) or not isinstance(root.get("item"), list):
        return False
    schema = root["info"].get("schema")
    known = "_postman_id" in root["info"] or (isinstance(schema, str) and "postman.com" in schema)
    return known or any(isinstance(each, dict) and ("request" in each or "item" in each) for each in root["item"][:10])


def calls_in(value: Any) -> int:
    """How many calls a collection holds."""
    return sum(1 for _ in _requests(_root(value)))


def read_collection(document: Document) -> tuple[Document, WrittenIn]:
    """A collection as an OpenAPI 3.1 document that keeps the lines of the collection, and what it was."""
    root = _root(document.value)
    reader = _Reader(root)
    value = reader.read()
    schema = root.at("info").text("schema")
    version = "2.0" if "v2.0" in schema else "2.1"
    plural = "" if reader.calls == 1 else "s"
    holds = f"examples of {reader.calls} call{plural}, from which the fields were inferred"
    return converted(value, reader.origins, document), WrittenIn("postman", version, holds)


def _root(value: Any) -> Place:
    wrapped = isinstance(value, dict) and "info" not in value and isinstance(value.get("collection"), dict)
    return Place(value["collection"], "/collection") if wrapped else Place(value, "")


class _Item(Struct, frozen=True):
    """A saved call, and the folders around it, the outermost first."""

    place: Place
    folders: tuple[Place, ...] = ()


def _requests(root: Place) -> Iterator[_Item]:
    """Every saved call, in the order of the document."""
    waiting = [_Item(each) for each in reversed(list(root.members("item")))]
    found = 0
    while waiting and found < _MOST_CALLS:
        item = waiting.pop()
        if isinstance(item.place.at("item").value, list):
            folders = (*item.folders, item.place)
            waiting += [_Item(each, folders) for each in reversed(list(item.place.members("item")))]
        elif isinstance(item.place.at("request").value, dict | str):
            found += 1
            yield item


class _Merged(Struct):
    """All calls of one method and address."""

    address: Address
    calls: list[Call] = field(default_factory=list)


class _Reader:
    """One collection on its way to a description."""

    def __init__(self, root: Place) -> None:
        self._root = root
        self._variables = variables_of(root)
        self.origins = Origins()
        self._schemes = Schemes(self.origins, self._variables)
        self.calls = 0
        self._bases: Counter[str] = Counter()
        self._full_bases = [base.rstrip("/") for base in self._variables.values() if "://" in base][:_MOST_SERVERS]
        self._tags: dict[str, Place] = {}

    def read(self) -> dict[str, Any]:
        merged: dict[str, dict[str, _Merged]] = {}
        for item in _requests(self._root):
            self.calls += 1
            call = self._call(item)
            if call is not None:
                methods = merged.setdefault(call.address.key, {})
                methods.setdefault(call.method, _Merged(call.address)).calls.append(call)
        paths: dict[str, Any] = {}
        for methods in merged.values():
            self._add_path(paths, methods)
        return self._document(paths)

    def _document(self, paths: dict[str, Any]) -> dict[str, Any]:
        mark, root = self.origins.mark, self._root
        servers = [{"url": base} for base, _ in self._bases.most_common(_MOST_SERVERS)]
        tags = [mark(_named(folder), folder.pointer) for folder in self._tags.values()]
        document = {
            "openapi": "3.1.0",
            "info": mark(self._info(), root.at("info").pointer),
            "servers": mark(servers, root.at("variable").pointer if root.at("variable").value else root.pointer),
            "tags": mark(tags, root.at("item").pointer),
            "paths": mark(paths, root.at("item").pointer),
            "components": {"securitySchemes": self._schemes.found},
        }
        return mark(document, root.pointer)

    def _info(self) -> dict[str, Any]:
        info = self._root.at("info")
        version = info.at("version").value
        if isinstance(version, dict):
            numbers = [version.get(part) for part in ("major", "minor", "patch")]
            version = ".".join(str(number) for number in numbers if isinstance(number, int | str))
        description = description_of(info) or description_of(self._root)
        return {
            "title": info.text("name"),
            "version": version if isinstance(version, str) else "",
            **({"description": description} if description else {}),
        }

    def _call(self, item: _Item) -> Call | None:
        request = item.place.at("request")
        url = request if isinstance(request.value, str) else request.at("url")
        address = address_of(url, self._variables)
        if address is None:
            return None
        address = address.below(self._full_bases)
        if address.base:
            self._bases[_template(address.base)] += 1
        for folder in item.folders:
            self._tags.setdefault(folder.text("name"), folder)
        method = (request.text("method") or "GET").lower()
        tags = [name for folder in item.folders if (name := folder.text("name"))]
        return Call(item.place, request, url, address, method, tags, self._security(item, request))

    def _security(self, item: _Item, request: Place) -> Security | None:
        """What a call needs: by its own block or header, else by the nearest block around it; None: nothing says."""
        own = self._schemes.of_block(request.at("auth"))
        if own:
            return own
        for header in request.members("header"):
            if header.at("disabled").value is not True and (proof := self._schemes.of_header(header)):
                return proof
        for pair in request.at("url").members("query"):
            if pair.at("disabled").value is not True and (proof := self._schemes.of_key(pair, "query")):
                return proof
        if own is not None:
            return own
        for holder in (*reversed(item.folders), self._root):
            block = self._schemes.of_block(holder.at("auth"))
            if block is not None:
                return block
        return None

    def _add_path(self, paths: dict[str, Any], methods: Mapping[str, _Merged]) -> None:
        first = next(iter(methods.values()))
        item: dict[str, Any] = self.origins.mark({}, first.calls[0].item.pointer)
        for method, merged in methods.items():
            operation = operation_of(merged.calls, first.address, self.origins)
            if method in _METHODS:
                item[method] = operation
            else:
                item.setdefault("additionalOperations", {})[method.upper()] = operation
        paths[first.address.path] = item


def _named(folder: Place) -> dict[str, Any]:
    description = description_of(folder)
    return {"name": folder.text("name"), **({"description": description} if description else {})}


def _template(base: str) -> str:
    """An address whose unknown variables are written as OpenAPI does."""
    return base.replace("{{", "{").replace("}}", "}")
