"""YAML and JSON files in, as plain values that know their lines; and our own files held against their schemas.

Nothing a document says is carried out or fetched. What the values mean is left to the modules that ask for them.
"""

from cmms_audit.documents.decoding import decode
from cmms_audit.documents.document import Document, parse, read, read_bytes
from cmms_audit.documents.limits import DEFAULT_LIMITS, Limits, collector_paused
from cmms_audit.documents.places import Duplicate, list_index, pointer_join, pointer_parts
from cmms_audit.documents.validation import load_schema, validate
from cmms_audit.documents.words import nearest

__all__ = [
    "DEFAULT_LIMITS",
    "Document",
    "Duplicate",
    "Limits",
    "collector_paused",
    "decode",
    "list_index",
    "load_schema",
    "nearest",
    "parse",
    "pointer_join",
    "pointer_parts",
    "read",
    "read_bytes",
    "validate",
]
