"""Takes up an encrypted connection and hangs up, to see which TLS is agreed on and who vouches for the host.

Nothing is sent but what TLS itself says first: no request, no credential. Where a connection may go, and when, is
decided above.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cmms_audit.addresses import Address
from cmms_audit.wire.failures import certificate_error, is_refused, why_untrusted
from cmms_audit.wire.network import NotEncrypted, PinnedNetwork

USUAL, OLD = "TLS-USUAL", "TLS-OLD"  # what stands in the place of a request's method in the record
MOST_NAMES = 20
LONGEST_NAME = 200  # characters


def outdated_only() -> ssl.SSLContext | None:
    """What speaks the withdrawn TLS 1.0 and 1.1 (RFC 8996) and nothing else; None where this machine cannot.

    It trusts any certificate, for nothing follows on such a connection.
    """
    if not (ssl.HAS_TLSv1 and ssl.HAS_TLSv1_1):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():  # Python warns of these versions, which is just why they are tried
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def handshake(network: PinnedNetwork, address: Address, context: ssl.SSLContext) -> dict[str, Any]:
    """Connect, see how, and hang up; returns the members of HandshakeFacts that are known.

    A host that does not agree, or whose certificate is not trusted, is an answer, too. Raises what
    PinnedNetwork.connect_tcp raises, and httpcore.ConnectTimeout.
    """
    stream = await network.connect_tcp(address.host, address.port)
    try:
        stream = await stream.start_tls(context, server_hostname=address.host)
        connection: ssl.SSLObject = stream.get_extra_info("ssl_object")
        return {"version": connection.version(), **_certificate(connection.getpeercert() or {})}
    except NotEncrypted as refusal:
        error = certificate_error(refusal)
        return {"untrusted": why_untrusted(error)} if error else {"refused": is_refused(refusal)}
    finally:
        await stream.aclose()


def _certificate(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What a trusted certificate says; nothing of one that was not looked at."""
    if not shown:
        return {}
    named = shown.get("subjectAltName", ())[:MOST_NAMES]
    return {
        "names": [str(name)[:LONGEST_NAME] for _, name in named],
        "issuer": _name(shown.get("issuer", ())),
        "not_before": _moment(shown["notBefore"]),
        "not_after": _moment(shown["notAfter"]),
    }


def _name(parts: Any) -> str | None:
    """The organisation of a certificate's issuer, else its common name."""
    known = {kind: str(value)[:LONGEST_NAME] for part in parts for kind, value in part}
    return known.get("organizationName") or known.get("commonName")


def _moment(text: str) -> str:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC).isoformat()
