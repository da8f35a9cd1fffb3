"""How granary is reached over TLS: what its server takes up, how long its certificate is good, and what answers say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cmms_audit.sandbox.encryption import Encryption
from cmms_audit.sandbox.switch import Broken, Switch

OLD_TLS = Switch(
    "old-tls",
    "connections of TLS 1.0 and 1.1 are still taken up, over TLS only",
    questions=("auth.method",),
)
CERTIFICATE_ENDING = Switch(
    "certificate-ending",
    "the certificate is good for two weeks more, over TLS only",
    questions=("auth.method",),
)
NO_STRICT_TRANSPORT = Switch(
    "no-strict-transport",
    "answers do not tell clients to stay with encrypted connections, over TLS only",
    questions=(),
)
PLAIN_HTTP_BESIDE = Switch(
    "plain-http-beside",
    "the API answers unencrypted calls beside encrypted ones, over TLS only",
    questions=("auth.method",),
    flags=("plain-http-credentials",),
)
SWITCHES = (OLD_TLS, CERTIFICATE_ENDING, NO_STRICT_TRANSPORT, PLAIN_HTTP_BESIDE)

_TWO_YEARS = 2 * 365 * 86_400


def encryption_of(certificate: Path, key: Path, broken: Broken) -> Encryption:
    """How the server is encrypted with a certificate."""
    return Encryption(certificate, key, old_versions=OLD_TLS in broken, plain_beside=PLAIN_HTTP_BESIDE in broken)


def certificate_days(broken: Broken) -> int:
    """How many days more the certificate of this vendor is good; whoever issues it goes by that."""
    return 14 if CERTIFICATE_ENDING in broken else 300


def headers(scheme: str, broken: Broken) -> Mapping[str, str]:
    """What answers say about encryption (RFC 6797): over encrypted connections only."""
    if scheme != "https" or NO_STRICT_TRANSPORT in broken:
        return {}
    return {"Strict-Transport-Security": f"max-age={_TWO_YEARS}"}
