"""Small parts of a Postman collection, read leniently: descriptions, pairs of key and value, addresses, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from cmms_audit.documents import pointer_join
from cmms_audit.patterns import pattern
from cmms_audit.spec.inference import is_secret

_VARIABLE = pattern(r"\{\{\s{0,5}([^{}\s]{1,100})\s{0,5}\}\}")
_PART_OF_A_PATH = pattern(r"[vV]\d{1,3}(?:\.\d{1,3})*|(?:[\w.-]{1,60}/){1,10}[\w.-]{0,60}|api|rest")
_AN_ID = pattern(r"\d{1,20}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{24}")
_USER = pattern(r"://[^/@]{0,500}@")
_LONGEST_URL = 10_000
_MOST_STEPS = 100


class Place(Struct, frozen=True):
    """A value in the collection, and the pointer to it."""

    value: Any
    pointer: str

    def at(self, *steps: str | int) -> Place:
        """What some steps lead to; a value of None where there is nothing."""
        value = self.value
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                value = None
        return Place(value, pointer_join(self.pointer, *steps))

    def text(self, name: str) -> str:
        """The text under a name; empty where there is none."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def members(self, name: str) -> Iterator[Place]:
        """The mappings in the list under a name."""
        listed = self.at(name)
        if isinstance(listed.value, list):
            yield from (listed.at(i) for i, each in enumerate(listed.value) if isinstance(each, dict))


class Address(Struct, frozen=True):
    """Where a request goes: `base` is scheme and host ("" where unknown), `steps` the parts of the path."""

    base: str
    steps: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path as OpenAPI writes it."""
        return "/" + "/".join(self.steps)

    def below(self, bases: Sequence[str]) -> Address:
        """The same address below the longest of some bases that have a path, where one fits; itself otherwise."""
        whole = f"{self.base}{self.path}/"
        fitting = (base for base in bases if self.base and base != self.base and whole.startswith(f"{base}/"))
        base = max(fitting, key=len, default="")
        rest = tuple(step for step in whole[len(base) :].split("/") if step)
        return Address(base, rest) if base else self

    @property
    def key(self) -> str:
        """The path without the names of its placeholders: what makes two of them the same."""
        return re.sub(r"\{[^{}]*\}", "{}", self.path)


def description_of(place: Place) -> str:
    """A description, which is a text or a mapping with a text."""
    value = place.at("description").value
    if isinstance(value, dict):
        value = value.get("content")
    return value.strip() if isinstance(value, str) else ""


def variables_of(collection: Place) -> dict[str, str]:
    """The collection's own variables that have a text as value."""
    found = {}
    for each in collection.members("variable"):
        name, value = each.text("key") or each.text("id"), each.at("value").value
        if name and isinstance(value, str) and len(value) <= _LONGEST_URL:
            found[name] = value
    return found


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """A text with the collection's variables in place, also those in a variable; unknown ones stay as they are."""
    for _ in range(2):
        text = _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text[:_LONGEST_URL])
    return text[:_LONGEST_URL]


def address_of(url: Place, variables: Mapping[str, str]) -> Address | None:
    """Where a request goes; None where nothing says so."""
    base, path = _host_and_path(url)
    base = _USER.sub("://", filled_in(base, variables).rstrip("/"), count=1)
    if not base and path is None:
        return None
    before, base = _path_of_base(base) if "://" not in base else ([], base)
    steps: list[str] = []
    for step in [*before, *(path or [])][:_MOST_STEPS]:
        for part in _step(step, variables, steps).split("/"):
            if part:
                steps.append(part)
    return Address(base, tuple(steps))


def _host_and_path(url: Place) -> tuple[str, list[str] | None]:
    """Scheme and host as written, and the steps of the path."""
    value = url.value
    if isinstance(value, dict) and ("path" in value or "host" in value):
        host, path = value.get("host"), value.get("path")
        written = ".".join(part for part in host if isinstance(part, str)) if isinstance(host, list) else host
        base = written if isinstance(written, str) else ""
        if base and "://" not in base and not _VARIABLE.fullmatch(base):
            base = f"{url.text('protocol') or 'https'}://{base}"
        if base and isinstance(value.get("port"), str) and value["port"]:
            base = f"{base}:{value['port']}"
        return base, _steps_of(path)
    raw = value if isinstance(value, str) else url.text("raw")
    return _cut(raw[:_LONGEST_URL])


def _steps_of(path: Any) -> list[str]:
    if isinstance(path, str):
        return path.split("/")
    if not isinstance(path, list):
        return []
    values = (step.get("value") if isinstance(step, dict) else step for step in path)
    return [step for step in values if isinstance(step, str)]


def _cut(raw: str) -> tuple[str, list[str] | None]:
    address = raw.split("#")[0].split("?")[0].strip()
    if not address:
        return "", None
    scheme, marker, rest = address.partition("://")
    if not marker:
        scheme, rest = "", address
    host, _, path = rest.partition("/")
    if not marker and host and not _VARIABLE.fullmatch(host):
        scheme = "https"
    return (f"{scheme}://{host}" if scheme and host else host), path.split("/")


def _path_of_base(base: str) -> tuple[list[str], str]:
    """What a base without a scheme is worth: a relative one its path, an unknown variable nothing."""
    if base.startswith("/"):
        return base.split("/"), ""
    return [], f"https://{base}" if "." in base and "{{" not in base else ""


def _step(step: str, variables: Mapping[str, str], before: list[str]) -> str:
    """One step of a path: a variable and an id that stands in an example become placeholders."""
    step = unquote(step.strip())
    if step.startswith(":") and len(step) > 1:
        return _placeholder(step[1:], before)
    whole = _VARIABLE.fullmatch(step)
    if whole:
        value = "" if is_secret(whole[1]) else variables.get(whole[1], "")
        return value if _PART_OF_A_PATH.fullmatch(value.strip("/")) else _placeholder(whole[1], before)
    if _AN_ID.fullmatch(step) and before:
        return _placeholder("id", before)
    return _VARIABLE.sub(lambda found: _placeholder(found[1], before), step)


def _placeholder(name: str, before: list[str]) -> str:
    name = re.sub(r"[{}/]", "", name) or "id"
    taken = sum(f"{{{name}" in step for step in before)
    return f"{{{name}{taken + 1 if taken else ''}}}"
