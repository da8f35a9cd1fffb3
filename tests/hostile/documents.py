"""Misbehaviours of what is published: the OpenAPI document and the pages of the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.hostile.contents import ATTACKS
from tests.hostile.desk import Asked, Reply
from tests.hostile.plant import LISTS, Plant
from tests.hostile.switches import Hook, Misbehaviour, at, changed

_PRIVATE = (
    "http://127.0.0.2/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://10.0.0.1/",
    "http://0/",
)


def spec(data: bytes) -> Hook:
    """Another document."""
    return at("document", Reply(200, data, {"Content-Type": "application/yaml"}))


def spec_with(change: Callable[[Plant, dict[str, Any]], None]) -> Hook:
    """The proper document, changed."""
    return at("document", changed(lambda plant, asked, reply: change(plant, reply.body)))


def pages(*links: str) -> Hook:
    """Pages that link there, in every way. {far} and {near} stand for the traps."""

    def made(plant: Plant, asked: Asked) -> Reply:
        filled = [link.format(far=plant.far.host, near=plant.near.host, own=plant.url) for link in links]
        links_to = "".join(f'<a href="{each}">Rate limits</a><iframe src="{each}"></iframe>' for each in filled)
        refresh = f'<base href="{filled[0]}"><meta http-equiv="refresh" content="0; url={filled[0]}">'
        return Reply(200, f"<html><head>{refresh}</head>{links_to}</html>".encode(), {"Content-Type": "text/html"})

    return at("docs", made)


def references(*targets: str) -> Hook:
    """A document whose schemas are said to lie there."""

    def change(plant: Plant, document: dict[str, Any]) -> None:
        named = {f"s{at_}": {"$ref": target.format(far=plant.far.host)} for at_, target in enumerate(targets)}
        document["components"]["schemas"] |= named | {name.removesuffix("s"): {"$ref": targets[0]} for name in LISTS}
        document["paths"]["/elsewhere"] = {"$ref": targets[0].format(far=plant.far.host)}

    return spec_with(change)


def attacked(value: Any, count: int = 0) -> Any:
    """A document with an attack in each of its words."""
    if isinstance(value, dict):
        return {name: attacked(each, len(name)) if name != "$ref" else each for name, each in value.items()}
    if isinstance(value, list):
        return [attacked(each, at_) for at_, each in enumerate(value)]
    keep = not isinstance(value, str) or value in ("query", "path", "oauth2", "string", "integer", "object", "array")
    return value if keep or value[:2] == "3." else value + ATTACKS[count % len(ATTACKS)]


def attack_everywhere(plant: Plant, document: dict[str, Any]) -> None:
    """Titles, summaries, names of operations: all of them attack."""
    document |= attacked(document)
    for at_, path in enumerate(list(document["paths"])):
        document["paths"][path]["get"] |= {"operationId": ATTACKS[at_ % len(ATTACKS)], "tags": list(ATTACKS)}
        document["paths"][path + "/" + ATTACKS[at_ % len(ATTACKS)]] = document["paths"][path]


def slow_patterns(plant: Plant, document: dict[str, Any]) -> None:
    """Patterns that take for ever on the plant's own records."""
    for schema in document["components"]["schemas"].values():
        for name in ("name", "title", "id"):
            schema["properties"][name] = {"type": "string", "pattern": "^(([a-z0-9 ])+.)+[A-Z]([a-z0-9 ])+$"}


def circles(plant: Plant, document: dict[str, Any]) -> None:
    """Schemas that hold themselves, and each other, twice over."""
    schemas = document["components"]["schemas"]
    for number in range(40):
        both = [{"$ref": f"#/components/schemas/c{(number + step) % 40}"} for step in (1, 2)]
        schemas[f"c{number}"] = {"allOf": both, "properties": {"a": both[0], "b": both[1]}}
    schemas["asset"] = {"allOf": [{"$ref": "#/components/schemas/c0"}, {"$ref": "#/components/schemas/asset"}]}


def thousands_of_operations(plant: Plant, document: dict[str, Any]) -> None:
    """Two thousand further lists."""
    item = document["paths"]["/assets"]
    document["paths"] |= {f"/assets{number}": item for number in range(2000)}


def odd_limits(plant: Plant, document: dict[str, Any]) -> None:
    """Limits that would slow an audit down for years, were they believed."""
    document["info"]["description"] = (
        "Limits: 1 request per year. 0 requests per second. 1 request per 10 days. 1e99/min."
    )
    document["info"]["x-rateLimit"] = {"limit": 1, "period": 10**12, "requests_per_minute": 0.0001}


def large(plant: Plant, asked: Asked) -> Reply:
    """A document of sixty megabytes."""
    return Reply(200, json.dumps(plant.document()).encode()[:-1] + b', "x-more": "' + b"y" * 60_000_000 + b'"}')


_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY x SYSTEM "file:///etc/passwd">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><edmx:Edmx xmlns:edmx='http://docs.oasis-open.org/odata/ns/edmx'>&i;&x;</edmx:Edmx>"
)
_METADATA = "http://169.254.169.254/latest/meta-data/iam#/a"

DOCUMENTS = (
    Misbehaviour("spec-yaml-bomb", "YAML that unfolds to billions", spec(f"openapi: 3.1.0\n{_BOMB}".encode())),
    Misbehaviour(
        "spec-yaml-tags", "YAML that builds objects", spec(b"openapi: !!python/object/apply:os.system ['id']\n")
    ),
    Misbehaviour("spec-yaml-deep", "YAML 100,000 deep", spec(b"openapi: 3.1.0\npaths: " + b"[" * 100_000)),
    Misbehaviour("spec-xml-laughs", "XML that unfolds to billions", spec(_LAUGHS.encode())),
    Misbehaviour("spec-login-page", "a login page", spec(b"<html><form><input type='password'></form></html>")),
    Misbehaviour("spec-60-mb", "a document of 60 MB", at("document", large)),
    Misbehaviour("spec-many", "two thousand lists", spec_with(thousands_of_operations)),
    Misbehaviour(
        "spec-refs-files", "schemas in our own files", references("file:///etc/passwd", "../../../etc/passwd")
    ),
    Misbehaviour("spec-refs-network", "schemas in our own network", references(_METADATA, "http://{far}/x.json#/a")),
    Misbehaviour("spec-circles", "schemas that hold each other", spec_with(circles)),
    Misbehaviour("spec-slow-patterns", "patterns that take for ever", spec_with(slow_patterns)),
    Misbehaviour("spec-odd-limits", "limits of no sense", spec_with(odd_limits)),
    Misbehaviour("spec-attacking", "HTML, ANSI and more in every word", spec_with(attack_everywhere)),
    Misbehaviour("docs-private", "pages that link into private networks", pages("http://{far}/limits", *_PRIVATE)),
    Misbehaviour(
        "docs-near", "pages that link to another port", pages("http://{near}/limits"), near_trap_may_be_visited=True
    ),
    Misbehaviour("docs-attacking", "attacks throughout", at("docs", Reply(200, "\n".join(ATTACKS[:7]).encode() * 200))),
)
