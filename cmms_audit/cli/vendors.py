"""The embedded vendors as the commands see them; this and nothing else of the auditor knows that they exist."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from cmms_audit.sandbox import granary, serve

EMBEDDED = ("granary",)
OFFLINE_ORIGIN = "http://127.0.0.1:9"


class Embedded(Protocol):
    """What every embedded vendor can do."""

    def switch_names(self) -> Sequence[str]:
        """The behaviours that can be broken."""
        ...

    def switches(self) -> Sequence[tuple[str, str]]:
        """Each behaviour with a sentence that says what is broken."""
        ...

    def environment(self, switches: Sequence[str]) -> Mapping[str, str]:
        """The secrets of the vendor file, by variable."""
        ...

    def vendor_file(self, origin: str, switches: Sequence[str], spec: str | None = None) -> str:
        """A vendor file that audits it at this origin."""
        ...

    def document(self, origin: str, switches: Sequence[str]) -> str:
        """Its OpenAPI document, as JSON."""
        ...

    def running(
        self, switches: Sequence[str], *, port: int = 0, certificate: Path | None = None, key: Path | None = None
    ) -> AbstractContextManager[str]:
        """Serve it for as long as the context lasts, over TLS where a certificate is given; gives the origin.

        The key may stand in the file of the certificate. Raises OSError where one of them cannot be used.
        """
        ...


class _Granary:
    def switch_names(self) -> Sequence[str]:
        return granary.switch_names()

    def switches(self) -> Sequence[tuple[str, str]]:
        return [(switch.name, switch.says) for switch in granary.SWITCHES.values()]

    def environment(self, switches: Sequence[str]) -> Mapping[str, str]:
        return granary.environment(switches)

    def vendor_file(self, origin: str, switches: Sequence[str], spec: str | None = None) -> str:
        return granary.vendor_file(origin, switches, spec=spec)

    def document(self, origin: str, switches: Sequence[str]) -> str:
        return json.dumps(granary.document(origin, switches), indent=2)

    def running(
        self, switches: Sequence[str], *, port: int = 0, certificate: Path | None = None, key: Path | None = None
    ) -> AbstractContextManager[str]:
        encryption = granary.encryption(certificate, key or certificate, switches) if certificate else None
        return serve.running(granary.Granary(switches), port=port, encryption=encryption)


def embedded(name: str) -> Embedded:
    """An embedded vendor by its name, one of `EMBEDDED`."""
    return {"granary": _Granary()}[name]
