"""The metadata of an OData service ($metadata, versions 2 to 4) read as an API description.

Everything that the metadata declares is turned into addresses and schemas by the rules of the protocol; who may call,
how often, and what errors look like is not in it, and so not in the description.
"""

from __future__ import annotations

from typing import Any

from cmms_audit.documents import Document, Limits
from cmms_audit.documents.xml_text import XmlElement, parse_xml
from cmms_audit.spec.formats import WrittenIn
from cmms_audit.spec.odata_json import from_json
from cmms_audit.spec.odata_model import Model
from cmms_audit.spec.odata_paths import Paths
from cmms_audit.spec.odata_reading import read_model
from cmms_audit.spec.odata_schemas import component_schemas
from cmms_audit.spec.origins import Origins, converted


def read_metadata(text: str, source: str, limits: Limits) -> tuple[Document, WrittenIn] | None:
    """Metadata in XML as an OpenAPI 3.1 document that keeps its lines, and what it was; None where it serves nothing.

    Raises InputError where the text is not well-formed or over a limit.
    """
    return _described(parse_xml(text, source, limits=limits), source)


def read_json_metadata(document: Document) -> tuple[Document, WrittenIn] | None:
    """The same for metadata in JSON (CSDL JSON, version 4)."""
    return _described(from_json(document), document.source)


def _described(root: XmlElement, source: str) -> tuple[Document, WrittenIn] | None:
    model = read_model(root)
    if not (model.sets or model.imports or model.old_imports):
        return None
    origins = Origins()
    paths = Paths(model, origins, source)
    paths.add_all()
    info = {"title": model.namespace, "version": ""}
    value: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {**info, "description": model.description} if model.description else info,
        "paths": paths.paths,
        "components": {"schemas": component_schemas(model, origins)},
    }
    origins.mark(value, root.line)
    nothing = Document(None, source, (), lambda _pointer: None)
    return converted(value, origins, nothing), WrittenIn("odata", model.version, _holds(model, paths))


def _holds(model: Model, paths: Paths) -> str:
    counts = {
        "entity set": sum(not each.singleton for each in model.sets),
        "singleton": sum(each.singleton for each in model.sets),
        "function or action import": len(model.imports) + len(model.old_imports),
    }
    holds = " and ".join(f"{count:,} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count)
    left_out = f" (the {paths.ways_left_out:,} ways from one record to others not followed)"
    return holds + left_out if paths.ways_left_out else holds
