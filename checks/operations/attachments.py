"""operations.attachments: whether files can be added to a record, listed, and fetched back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from cmms_audit.battery import Context, Finding, Operation, Schema, check, met, partial

from ._lists import described_kind

QUESTION = "operations.attachments"

_MOST_NAMES = 2_000

_FILES = re.compile(r"attach|document|doclink|file|photo|image|picture|media|upload|blob", re.IGNORECASE)
_FETCH = re.compile(r"download|content|raw|binary|/file\b", re.IGNORECASE)
_ADDRESS_FIELD = re.compile(r"url|href|link|download|content|base64|attachment$", re.IGNORECASE)
_FILE_FIELD = re.compile(r"url|href|link|download|content|data|file|base64|attachment|image", re.IGNORECASE)


@check(question=QUESTION, id="operations.attachments-documented", aspect="attachments", sends="nothing")
def attachments_documented(ctx: Context) -> Finding:
    """Looks for operations to upload, list and download files at work orders, or in a place of their own."""
    resource = ctx.resource(described_kind(ctx))
    operations = list(_file_operations(ctx, described_kind(ctx)))
    if not operations:
        return ctx.absent(f"no operation is described that adds files to a record of {resource.path}", resource)
    able = {
        "adding": [each for each in operations if _uploads(each)],
        "listing": [each for each in operations if each.method == "GET" and not _downloads(each)],
        "fetching back": [each for each in operations if _downloads(each) or _gives_address(each)],
    }
    missing = [what for what, found in able.items() if not found]
    places = list(dict.fromkeys(found[0] for found in able.values() if found)) or operations[:1]
    if missing:
        return partial(f"files are described, but not {' and '.join(missing)} them", *places)
    if not any(each.method == "DELETE" for each in operations):
        return met("files can be added, listed and fetched back; nothing is said of deleting them", *places)
    return met("files can be added, listed, fetched back and deleted", *places)


def _file_operations(ctx: Context, kind: str) -> Iterator[Operation]:
    """What is described below records of this kind, and at the attachments, where they have a path of their own."""
    own = ctx.resources.get("attachments")
    at_attachments = (own.list, own.read, own.create, own.update, own.delete, *own.others) if own else ()
    below = (each for each in ctx.resource(kind).others if _FILES.search(each.path))
    yield from dict.fromkeys(each for each in (*below, *at_attachments) if each is not None)


def _uploads(operation: Operation) -> bool:
    if operation.method not in ("POST", "PUT"):
        return False
    kinds = operation.request_media_types
    binary = any(name in kind for kind in kinds for name in ("multipart", "octet-stream", "*/*"))
    return binary or bool(operation.form) or any(_FILE_FIELD.search(name) for name in _names(operation.request))


def _downloads(operation: Operation) -> bool:
    """Whether it answers with a file: by its address, or by an answer that is not JSON."""
    if operation.method != "GET":
        return False
    answers = operation.success.media_types if operation.success else ()
    return bool(_FETCH.search(operation.path)) or (bool(answers) and not any("json" in each for each in answers))


def _gives_address(operation: Operation) -> bool:
    """Whether a listing gives the address (or the content) of each file."""
    answer = operation.success.schema if operation.success and operation.method == "GET" else None
    return any(_ADDRESS_FIELD.search(name) for name in _names(answer))


def _names(schema: Schema | None) -> Iterator[str]:
    return islice(_all_names(schema, 0), _MOST_NAMES)


def _all_names(schema: Schema | None, depth: int) -> Iterator[str]:
    if schema is None or depth > 3:
        return
    yield from _all_names(schema.items, depth + 1)
    for name, inner in schema.properties.items():
        yield name
        if "array" in inner.types or depth < 2:
            yield from _all_names(inner, depth + 1)
