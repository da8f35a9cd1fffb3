"""Broken and hostile documents: for each what a run must say about it, and how it must end."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OPEN = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MANY = 13_000_000
_FAR_TOO_MANY = b'{"openapi": "3.0.0", "x": [' + b"[]," * MANY + b"[]]}"


@dataclass(frozen=True)
class Bad:
    """A document in a folder of its own. `says` stands in what the command prints, or in the report if it goes on."""

    name: str
    make: Callable[[Path], object]
    says: str
    exit: int = 2
    file: str = "api.yaml"


def text(content: str | bytes) -> Callable[[Path], object]:
    """A document of that content."""
    data = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(data)


def with_reference(reference: str, **files: str) -> Callable[[Path], object]:
    """A document with a reference, and other files in its folder."""

    def make(path: Path) -> None:
        for name, content in files.items():
            (path.parent / name.replace("_", ".")).write_text(content)
        schema = json.dumps({"$ref": reference})
        path.write_text(one_answer(schema))

    return make


def one_answer(schema: str, others: str = "") -> str:
    """A description whose work orders have that schema (JSON)."""
    answer = f'{{"200": {{"description": "d", "content": {{"application/json": {{"schema": {schema}}}}}}}}}'
    paths = f'{{"/work-orders": {{"get": {{"responses": {answer}}}}}}}'
    return f'{{"openapi": "3.1.0", "info": {{"title": "t", "version": "1"}}, "paths": {paths}{others}}}'


def schemas(count: int, make: Callable[[int], object]) -> str:
    """A description whose work orders lead into many schemas."""
    named = json.dumps({"schemas": {f"s{i}": make(i) for i in range(count)}})
    return one_answer('{"$ref": "#/components/schemas/s0"}', f', "components": {named}')


def to(number: int) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/s{number}"}


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 200_000_000)


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("api.yaml", OPEN)


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        entry = tarfile.TarInfo("api.yaml")
        entry.size = len(OPEN)
        file.addfile(entry, io.BytesIO(OPEN.encode()))


def beside(make: Callable[[Path], object], reference: str) -> Callable[[Path], object]:
    """A document that refers to something odd in its folder, made by `make`."""

    def both(path: Path) -> None:
        make(path.parent / reference)
        path.write_text(one_answer(json.dumps({"$ref": reference})))

    return both


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
MERGES = f"a: &a {{{', '.join(f'k{i}: 1' for i in range(1000))}}}\nx:\n" + "- {<<: *a}\n" * 10_000
PATTERNS = json.dumps(
    {
        "type": "array",
        "items": {
            "properties": {
                "id": {"type": "string", "pattern": "^(a+)+$", "example": "a" * 40 + "!"},
                "status": {"type": "string", "pattern": "(?=(a|a)*$)((a*)*)*b", "example": "a" * 40},
                "site": {"type": "string", "pattern": "(", "example": "a"},
            }
        },
        "example": [{"id": "a" * 40 + "!", "status": "a" * 40, "site": "x"}],
    }
)
STEERING = "\x1b[31mred\x1b]0;title\x07 \u202e<script>alert(1)</script><img src=x onerror=alert(1)>"
NAMES = {
    "openapi": "3.1.0",
    "info": {"title": STEERING, "version": STEERING},
    "servers": [{"url": f"https://x.example/{STEERING}"}],
    "tags": [{"name": STEERING, "description": STEERING}],
    "paths": {
        f"/work-orders/{STEERING}": {"get": {"operationId": STEERING, "responses": {"200": {"description": STEERING}}}},
        "/work-orders": {
            "get": {
                "operationId": "__proto__",
                "summary": STEERING,
                "parameters": [{"name": STEERING, "in": "query", "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": STEERING,
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {
                                        "properties": {
                                            "__proto__": {"type": "string"},
                                            "constructor": {"type": STEERING},
                                            "": {"$ref": f"#/{STEERING}"},
                                            "a\nb": {"$ref": f"{STEERING}.yaml"},
                                            STEERING: {"type": "string", "enum": [STEERING]},
                                        }
                                    },
                                }
                            }
                        },
                    }
                },
            }
        },
    },
}

LONG_PATHS: dict[str, object] = {"/" + "work-orders/{id}/" * 2_000 + str(i): {"get": {}} for i in range(50)}
MANY_PATHS: dict[str, object] = {f"/a{i}": {"get": {}} for i in range(200_000)}
FAT = {f"s{i}": {"properties": {f"p{j}": to((i + j) % 200) for j in range(100)}} for i in range(200)}
ALL_FAT = {"schemas": {**FAT, "all": {"allOf": [to(i) for i in range(200)]}}}
EACH_FAT = {"type": "array", "items": {"$ref": "#/components/schemas/all"}}

NO_TEXTS = (
    Bad("an empty file", text(""), "is empty"),
    Bad("white space", text(" \n\n \n"), "is empty"),
    Bad("comments only", text("# to do\n# to do\n"), "is not an API description"),
    Bad("a picture", text(PNG), "is a picture (PNG)"),
    Bad("a ZIP archive", archive, "is a ZIP archive (or an office document) (unpack it and name the main document"),
    Bad("a gzip file", text(gzip.compress(OPEN.encode())), "is compressed (gzip)"),
    Bad("a TAR archive", tar, "is a TAR archive"),
    Bad("a PDF", text(b"%PDF-1.7\n" + PNG), "is a PDF"),
    Bad("zeros", text(b"\0" * 100_000), "is not an API description"),
    Bad("Latin-1", text("a: 1\nb: Wärme".encode("latin-1")), "api.yaml:2: is not a text in UTF-8"),
    Bad("half a UTF-16 text", text(OPEN.encode("utf-16") + b"x"), "is not a text in UTF-16"),
    Bad("200 MB", sparse, "larger than 40 MB"),
    Bad("a folder", lambda path: path.mkdir(), "cannot be read"),
    Bad("a pipe", os.mkfifo, "cannot be read"),
    Bad("nothing", lambda _: None, "there is no such file"),
    Bad("an endless device", lambda path: path.symlink_to("/dev/zero"), "api.yaml"),
    Bad("a link in a circle", lambda path: path.symlink_to(path.name), "api.yaml"),
)
OTHER_DOCUMENTS = (
    Bad("a web page", text("<!doctype html><html><body><p>Welcome</p></body></html>"), "is a web page for people"),
    Bad("another XML", text("<?xml version='1.0'?><orders/>"), "is XML of a kind that does not describe an API"),
    Bad("a login page", text("<html><form><input type=password></form></html>"), "docs-behind-sales-call", 0),
    Bad("a WSDL", text('<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>'), "legacy-protocol", 0),
    Bad("a list", text("- a\n- b\n"), "is not an API description: it holds a list"),
    Bad("a sentence", text("Please ask our sales team."), "is not an API description"),
    Bad("AsyncAPI", text("asyncapi: 2.6.0\n"), "it is an AsyncAPI document"),
    Bad("a JSON Schema", text('{"$schema": "https://json-schema.org/draft/2020-12/schema"}'), "like a JSON Schema"),
    Bad("OpenAPI 9", text("openapi: 9.0.0\n"), "version '9.0.0' of openapi"),
    Bad("Swagger 1.2", text('{"swagger": "1.2"}'), "version '1.2' of swagger"),
)
BROKEN = (
    Bad("JSON that stops", text('{"openapi": "3.1.0",\n "paths": {"/a": {'), "api.yaml:2: is not valid JSON"),
    Bad("JSON with more behind", text('{"openapi": "3.1.0"}\n{}'), "api.yaml:2: is not valid JSON"),
    Bad("JSON nesting", text('{"a":' * 100_000 + "1" + "}" * 100_000), "nested more than 200 levels"),
    Bad("JSON lists without end", text(b'{"a": ' + b"[" * 20_000_000), "more than 800,000 values"),
    Bad("13 million lists", text(_FAR_TOO_MANY), "more than 800,000 values"),
    Bad(
        "a name of 20 MB around 50,000 others",
        text(
            '{"openapi": "3.1.0", "' + "a" * 20_000_000 + '": {' + ",".join(f'"{i}":[]' for i in range(50_000)) + "}}"
        ),
        "the names in it are far too long",
    ),
    Bad("a text of 39 MB", text(b'{"openapi": "3.1.0", "x": "' + b"1" * 39_000_000 + b'"}'), "5,000,000 characters"),
    Bad("a text of 39 MB and one emoji", text("openapi: 3.1.0\nx: \U0001f600" + "a b " * 9_700_000), "too large for"),
    Bad("a flow list of 38 MB", text(OPEN + "x: [" + "a," * 19_000_000), "more than 800,000 values"),
    Bad("200,000 paths", text(json.dumps({"openapi": "3.1.0", "paths": MANY_PATHS})), "more than 20,000 operations"),
    Bad("a thousand million laughs", text(OPEN + LAUGHS), "make this document absurdly large"),
    Bad("merges that multiply", text(OPEN + MERGES), "make this document absurdly large"),
    Bad("an alias of itself", text(OPEN + "x: &a [*a]\n"), "api.yaml:4: *a repeats nothing that is complete here"),
    Bad("two documents", text(f"{OPEN}---\n{OPEN}"), "holds more than one document"),
    Bad("tabs", text("openapi: 3.1.0\ninfo:\n\ttitle: x\n"), "api.yaml:3: is not valid YAML"),
    Bad(
        "a quote never closed", text(OPEN + 'x: "a\nb\n'), "api.yaml:4: is not valid YAML: a quote or bracket is opened"
    ),
    Bad("flow nesting", text(OPEN + "x: " + "[" * 100_000), "nested more than 200 levels"),
    Bad("block nesting", text("- " * 100_000 + "x"), "nested more than 200 levels"),
    Bad("indentation", text("".join(f"{' ' * i}a:\n" for i in range(2_000))), "nested more than 200 levels"),
    Bad("a list as a key", text(OPEN + "? [a]\n: b\n"), "api.yaml:4: a list or mapping stands where a key should be"),
    Bad("a million documents", text("---\n" * 1_100_000), "api.yaml"),
)
TOLERATED = (
    Bad("nothing but a version", text("openapi: 3.1.0\n"), "", 0),
    Bad("UTF-16", text(OPEN.encode("utf-16")), "", 0),
    Bad("UTF-16 without a mark", text(OPEN.encode("utf-16-le")), "", 0),
    Bad("UTF-32", text(OPEN.encode("utf-32")), "", 0),
    Bad("a byte order mark and old line ends", text(b"\xef\xbb\xbf" + OPEN.replace("\n", "\r\n").encode()), "", 0),
    Bad("control characters", text(OPEN + "x: a\x01b\n"), "control characters", 0),
    Bad("tags that would run code", text(OPEN + "x: !!python/object/apply:os.system ['exit 7']\n"), "", 0),
    Bad("numbers without end", text(OPEN + f"x: [{'9' * 10_000}, 1e400, .nan, -.inf, 0x{'f' * 5_000}]\n"), "", 0),
    Bad("half characters", text('{"openapi": "3.1.0", "info": {"title": "\\ud800", "version": "\\udfff"}}'), "", 0),
    Bad("a million empty lines", text(OPEN + "\n" * 1_000_000), "", 0),
    Bad("keys given twice", text(OPEN + "x: 1\n" * 100_000), "given twice", 0),
    Bad("a knot of compositions", text(schemas(25, lambda _: {"allOf": [to(j) for j in range(25)]})), "", 0),
    Bad("a maze of choices", text(schemas(60, lambda i: {"anyOf": [to(i + 1), {"oneOf": [to(i + 1)]}]})), "", 0),
    Bad(
        "schemas of 200 schemas of 100 schemas",
        text(one_answer(json.dumps(EACH_FAT), f', "components": {json.dumps(ALL_FAT)}')),
        "",
        0,
    ),
    Bad("a path of 4,000 steps", text(json.dumps({"openapi": "3.1.0", "paths": LONG_PATHS})), "", 0),
    Bad("doubling", text(schemas(40, lambda i: {"properties": {"a": to(i + 1), "b": to(i + 1)}})), "", 0),
    Bad("a chain of 5,000 references", text(schemas(5_000, lambda i: to(i + 1))), "nothing that is in the document", 0),
    Bad("expressions that explode", text(one_answer(PATTERNS)), "", 0),
)
REFERENCES = (
    Bad("a reference to itself", with_reference("#/paths/~1work-orders/get/responses/200"), "", 0),
    Bad("a circle", with_reference("a.yaml", a_yaml="$ref: b.yaml", b_yaml="$ref: a.yaml"), "leads in a circle", 0),
    Bad("a file that includes itself", with_reference("api.yaml"), "", 0),
    Bad("a parent folder", with_reference("../vendor.yaml"), "outside the folder", 0),
    Bad("an encoded parent folder", with_reference("%2e%2e%2fvendor.yaml"), "outside the folder", 0),
    Bad("an absolute path", with_reference("/etc/hostname"), "outside the folder", 0),
    Bad("a file address", with_reference("file:///etc/hostname"), "never fetched", 0),
    Bad("a share of Windows", with_reference(r"\\x.example\share\a.yaml"), "never fetched", 0),
    Bad("a network address", with_reference("https://x.example/a.yaml"), "never fetched", 0),
    Bad("a long name", with_reference("a" * 5_000), "names a file", 0),
    Bad("a name with a zero", with_reference("a%00.yaml"), "does not name a file", 0),
    Bad("a folder behind a reference", beside(lambda path: path.mkdir(), "inner"), "not an ordinary file", 0),
    Bad("a pipe behind a reference", beside(os.mkfifo, "pipe"), "not an ordinary file", 0),
    Bad("a link out of the folder", beside(lambda path: path.symlink_to("/etc"), "link"), "outside the folder", 0),
    Bad("a huge file behind a reference", beside(sparse, "big.yaml"), "larger than", 0),
    Bad("a picture behind a reference", beside(text(PNG), "a.png"), "is a picture (PNG)"[3:], 0),
    Bad("a bomb behind a reference", beside(text(LAUGHS), "a.yaml"), "absurdly large", 0),
)
EVERY = (*NO_TEXTS, *OTHER_DOCUMENTS, *BROKEN, *TOLERATED, *REFERENCES)
