"""operations.attachments: whether files can be added to a record, listed, and fetched back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cmms_audit.battery import Context, Finding, Operation, check, members, met, partial, pattern

from ._lists import described_kind
from ._words import statuses, texts

QUESTION = "operations.attachments"

_SIZE_LIMIT = pattern(
    r"\b(?:max(?:imum|\.)?|up to|at most|no (?:larger|more|bigger) than|limit(?:ed)?|not exceed|smaller than|under)\b"
    r"[^.\n]{0,60}?\b\d{1,5}(?:\.\d{1,3})? ?(?:[KMG]i?B|bytes|kilobytes|megabytes|gigabytes)\b",
    re.IGNORECASE,
)
_FILES = pattern(r"attach(?!/?$)|document|doclink|(?<!pro)file|photo|image|picture|media|upload|blob", re.IGNORECASE)
_PLACEHOLDER = pattern(r"\{[^{}/]{1,100}\}")
_FETCH = pattern(r"download|content|raw|binary|/file\b", re.IGNORECASE)
_ADDRESS_FIELD = pattern(r"url|href|link|download|content|base64|attachment$", re.IGNORECASE)
_FILE_FIELD = pattern(r"url|href|link|download|content|data|file|base64|attachment|image", re.IGNORECASE)


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
    detail = _detail(able["adding"])
    if missing:
        return partial(f"files are described, but not {' and '.join(missing)} them", *places, detail=detail)
    if not any(each.method == "DELETE" for each in operations):
        says = "files can be added, listed and fetched back; nothing is said of deleting them"
        return met(says, *places, detail=detail)
    return met("files can be added, listed, fetched back and deleted", *places, detail=detail)


def _detail(uploads: Sequence[Operation]) -> str:
    """What is told of the kinds of file and of the greatest size."""
    kinds = dict.fromkeys(kind for each in uploads for kind in each.request_media_types)
    told = [match for each in uploads if (match := _SIZE_LIMIT.search(_all_texts(each)))]
    too_large = any("413" in statuses(each) for each in uploads)
    size = f"“{told[0].group(0)}”" if told else "told by status 413 only" if too_large else "not stated"
    return f"sent as: {', '.join(list(kinds)[:5]) or 'not stated'}\ngreatest size: {size}"


def _all_texts(upload: Operation) -> str:
    """What the document says of an upload and of the fields of its form."""
    return " ".join([texts(upload), *(each.description[:2_000] for each in upload.form)])


def _file_operations(ctx: Context, kind: str) -> Iterator[Operation]:
    """What is described below records of this kind, and at the attachments, where they have a path of their own."""
    own = ctx.resources.get("attachments")
    at_attachments = (own.list, own.read, own.create, own.update, own.delete, *own.others) if own else ()
    home = ctx.resource(kind)
    below = (each for each in home.others if _FILES.search(_PLACEHOLDER.sub("", each.path.removeprefix(home.path))))
    yield from dict.fromkeys(each for each in (*below, *at_attachments) if each is not None)


def _uploads(operation: Operation) -> bool:
    if operation.method not in ("POST", "PUT"):
        return False
    kinds = operation.request_media_types
    binary = any(name in kind for kind in kinds for name in ("multipart", "octet-stream", "*/*"))
    sent = (name for name, _ in members(operation.request))
    return binary or bool(operation.form) or any(map(_FILE_FIELD.search, sent))


def _downloads(operation: Operation) -> bool:
    """Whether it answers with a file: by its address, or by an answer that is not JSON."""
    if operation.method != "GET":
        return False
    answers = operation.success.media_types if operation.success else ()
    return bool(_FETCH.search(operation.path)) or (bool(answers) and not any("json" in each for each in answers))


def _gives_address(operation: Operation) -> bool:
    """Whether a listing gives the address (or the content) of each file."""
    answer = operation.success.schema if operation.success and operation.method == "GET" else None
    return any(_ADDRESS_FIELD.search(name) for name, _ in members(answer))
