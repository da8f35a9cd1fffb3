"""From a file or a fetched text to an indexed API description, or to the word that it is something else."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path
from typing import Any

from cmms_audit.documents import DEFAULT_LIMITS, Document, Limits, collector_paused, decode, parse, read_bytes
from cmms_audit.errors import InputError, Problem
from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Library
from cmms_audit.spec.recognise import NotASpec, NotASpecKind, recognise_text, recognise_value

__all__ = ["NotASpec", "NotASpecKind", "load_spec", "parse_spec"]

_BIG = 1_000_000  # bytes
_ASK = "ask the vendor for the OpenAPI document, or write `spec: none`"


def load_spec(path: Path, *, root: Path | None = None, limits: Limits = DEFAULT_LIMITS) -> Spec | NotASpec:
    """Load an API description from a file.

    Its references may read files below `root` (default: the file's own folder), symbolic links resolved. Raises
    InputError where the file is missing, empty, not to be parsed, over a limit or no API description.
    """
    data = read_bytes(path, limits)
    place = path.resolve()
    return _load(data, str(path), place, (root or place.parent).resolve(), limits)


def parse_spec(
    text: str | bytes, source: str, *, root: Path | None = None, limits: Limits = DEFAULT_LIMITS
) -> Spec | NotASpec:
    """Load an API description from a text; `source` names it in messages.

    With `root`, references are followed as if the text were a file in that folder; without, those to other documents
    are reported and not followed. Raises InputError as `load_spec` does.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    folder = root.resolve() if root else None
    place = folder / "\u0000" if folder else None
    return _load(data, source, place, folder, limits)


def _load(data: bytes, source: str, place: Path | None, root: Path | None, limits: Limits) -> Spec | NotASpec:
    text = decode(data, source, limits=limits)
    other = recognise_text(text)
    if other:
        return other
    if text.lstrip()[:1] == "<":
        raise InputError(Problem(source, "is XML of a kind that does not describe an API", _ASK))
    with collector_paused():
        document = parse(text, source, limits=limits)
        other = recognise_value(document.value)
        if other:
            return other
        _check_version(document)
    if len(data) > _BIG:
        gc.freeze()  # plain data without cycles: later collections need not look through it again and again
    node = Library(root, limits).main(document, place)
    return Spec(node, hashlib.sha256(data).hexdigest())


def _check_version(document: Document) -> None:
    """Raise InputError where a document is no OpenAPI 3 and no Swagger 2.0."""
    value: Any = document.value
    if not isinstance(value, dict) or not ("openapi" in value or "swagger" in value):
        raise InputError(Problem(document.source, f"is not an API description: {_seems(value)}", _ASK))
    key = "openapi" if "openapi" in value else "swagger"
    version = str(value[key])
    if not (version.startswith("3.") if key == "openapi" else version in ("2.0", "2")):
        what = f"is written in version {version[:20]!r} of {key}, which is not known here"
        raise InputError(Problem(document.where(f"/{key}"), what, "ask for OpenAPI 3 or Swagger 2.0"))


def _seems(value: Any) -> str:
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a text"
        return f"it holds {kind}, and no `openapi` or `swagger` version"
    if "asyncapi" in value:
        return "it is an AsyncAPI document, which describes messages"
    if "$schema" in value or "properties" in value:
        return "it looks like a JSON Schema"
    if "vendor" in value or "base_url" in value:
        return "it looks like a vendor file"
    return "it has no `openapi` or `swagger` version"
