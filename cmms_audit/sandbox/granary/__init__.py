"""granary: a model CMMS vendor, everything the buyer's guide praises, with a switch to break each behaviour."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cmms_audit.sandbox.encryption import Encryption
from cmms_audit.sandbox.granary import tls
from cmms_audit.sandbox.granary import vendor_file as _vendor_file
from cmms_audit.sandbox.granary.app import Granary, document
from cmms_audit.sandbox.granary.auth import (
    MAIN,
    MAIN_KEY,
    NEIGHBOUR,
    NEIGHBOUR_KEY,
    READ_ONLY,
    READ_ONLY_KEY,
    REVOKED_KEY,
    ROTATED_KEY,
)
from cmms_audit.sandbox.granary.limits import named, scaled
from cmms_audit.sandbox.granary.switches import SWITCHES, resolve, switch_names

__all__ = [
    "MAIN",
    "MAIN_KEY",
    "NEIGHBOUR",
    "NEIGHBOUR_KEY",
    "READ_ONLY",
    "READ_ONLY_KEY",
    "REVOKED_KEY",
    "ROTATED_KEY",
    "SWITCHES",
    "Granary",
    "certificate_days",
    "document",
    "encryption",
    "environment",
    "switch_names",
    "vendor_file",
]


def vendor_file(base_url: str, switches: Collection[str] = (), spec: str | None = None, scale: float = 1.0) -> str:
    """A ready vendor file (YAML) for an audit of the vendor at that origin.

    `spec` is where its OpenAPI document is; by default where the vendor serves it. `scale` is the vendor's own, for
    the limits that it claims. Raises ValueError for an unknown switch.
    """
    broken = resolve(switches)
    return _vendor_file.text(base_url.rstrip("/"), broken, named(scaled(scale), broken), spec)


def environment(switches: Collection[str] = ()) -> dict[str, str]:
    """The environment variables that the vendor file refers to, with their values."""
    return _vendor_file.environment_of(resolve(switches))


def encryption(certificate: Path, key: Path, switches: Collection[str] = ()) -> Encryption:
    """How to serve the vendor over TLS, with a certificate and its key as files in PEM form."""
    return tls.encryption_of(certificate, key, resolve(switches))


def certificate_days(switches: Collection[str] = ()) -> int:
    """For how many days more the certificate is to be good that this vendor is served with."""
    return tls.certificate_days(resolve(switches))
