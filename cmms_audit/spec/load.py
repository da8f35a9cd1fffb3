"""From a file or a fetched text to an indexed API description, or to the word that it is something else.

Read are OpenAPI 3 and Swagger 2.0, and by conversion Postman collections and the metadata of OData services.
"""

from __future__ import annotations

import gc
import hashlib
import re
from pathlib import Path
from typing import Any

from cmms_audit.documents import DEFAULT_LIMITS, Document, Limits, collector_paused, decode, parse, read_bytes
from cmms_audit.errors import InputError, Problem
from cmms_audit.spec.formats import WrittenIn
from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Library
from cmms_audit.spec.recognise import (
    NOTHING_SERVED,
    NotASpec,
    NotASpecKind,
    is_metadata,
    recognise_text,
    recognise_value,
)

__all__ = ["NotASpec", "NotASpecKind", "load_spec", "parse_spec"]

_BIG = 1_000_000  # bytes
_NAMED_ENCODING = re.compile(
    rb"""<\?xml[^>]{0,100}\sencoding\s{0,9}=\s{0,9}["'](iso-8859-1|windows-1252)["']""", re.IGNORECASE
)
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
    text = _decoded(data, source, limits)
    other = recognise_text(text)
    if other:
        return other
    with collector_paused():
        read = _read_metadata(text, source, limits) if _is_xml(text) else _read(text, source, limits)
        if len(data) > _BIG:
            gc.freeze()  # plain data without cycles: no collection need ever look through it
    if isinstance(read, NotASpec):
        return read
    document, written_in = read
    library = Library(root if written_in is None else None, limits)
    return Spec(library.main(document, place), hashlib.sha256(data).hexdigest(), written_in)


def _decoded(data: bytes, source: str, limits: Limits) -> str:
    """The text of a document; in XML also in the usual old encodings, where it names one."""
    named = _NAMED_ENCODING.match(data[:300])
    if named is None or len(data) > limits.bytes:
        return decode(data, source, limits=limits)
    return data.decode(named[1].decode(), "replace")


def _is_xml(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _read(text: str, source: str, limits: Limits) -> tuple[Document, WrittenIn | None] | NotASpec:
    """What JSON or YAML holds: an OpenAPI or Swagger document as it is, or one made from another language."""
    document = parse(text, source, limits=limits)
    value = document.value
    if isinstance(value, dict) and not ("openapi" in value or "swagger" in value):
        # Rarer languages are loaded only when they turn up.
        from cmms_audit.spec import odata, odata_json, postman

        if postman.is_collection(value) and postman.calls_in(value):
            return postman.read_collection(document)
        if odata_json.is_metadata(value):
            return odata.read_json_metadata(document) or NOTHING_SERVED
    other = recognise_value(value)
    if other:
        return other
    _check_version(document)
    return document, None


def _read_metadata(text: str, source: str, limits: Limits) -> tuple[Document, WrittenIn] | NotASpec:
    if not is_metadata(text):
        raise InputError(Problem(source, "is XML of a kind that does not describe an API", _ASK))
    from cmms_audit.spec import odata

    return odata.read_metadata(text, source, limits) or NOTHING_SERVED


def _check_version(document: Document) -> None:
    """Raise InputError where a document is no OpenAPI 3 and no Swagger 2.0, and none that is converted either."""
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
        return "it is an AsyncAPI document, which describes messages and not calls"
    if "$schema" in value or "properties" in value:
        return "it looks like a JSON Schema"
    if "vendor" in value or "base_url" in value:
        return "it looks like a vendor file"
    return "it has no `openapi` or `swagger` version"
