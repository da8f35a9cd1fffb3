"""Rules that a meta-schema cannot express, by subject. Each is a small function that tells what it finds.

Those in `LOOKS` are called by the sweep, at the key that they are written for; the others once everything was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmms_audit.spec.rules import examples, formats, media, parameters, schemas, security, servers
from cmms_audit.spec.rules.look import Look

__all__ = ["LOOKS", "Look"]

# By kind and key: the rule, and the values (texts) at which it need not look.
LOOKS: Mapping[str, Mapping[str, tuple[Look, frozenset[Any]]]] = {
    "schema": {**schemas.LOOKS, **formats.LOOKS, **examples.SCHEMA_LOOKS},
    "parameter": {
        **parameters.LOOKS,
        **media.LOOKS,
        **schemas.PARAMETER_LOOKS,
        **formats.LOOKS,
        **examples.PARAMETER_LOOKS,
    },
    "header": {**media.LOOKS, **schemas.PARAMETER_LOOKS, **formats.LOOKS},
    "media-type": examples.MEDIA_LOOKS,
    "request-body": media.LOOKS,
    "response": media.LOOKS,
    "operation": {**media.LIST_LOOKS, **security.LOOKS},
    "root": {**media.LIST_LOOKS, **security.LOOKS},
    "server": servers.LOOKS,
    "components": parameters.COMPONENT_LOOKS,
}
