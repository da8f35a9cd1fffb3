"""What is signed by HTTP Message Signatures (RFC 9421): the lines over which the sender says that it has signed.

Components with parameters of their own, and those of an answer, are left alone: no sender of events is known to use
them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from urllib.parse import SplitResult, urlsplit

from cmms_audit.patterns import pattern
from cmms_audit.webhooks.proof import Signed, decoded, headers_of

BASE = "{signature base}"  # in a form: what is signed are the lines of RFC 9421 over the components that follow
CONTENT_DIGEST, CREATED = "content-digest", "created"
_MOST_LABELS = 3
_MOST_COMPONENTS = 30
_INPUT = pattern(
    r"(?:^|,)\s*[a-z*][a-z0-9_.*-]{0,60}=(\(([^()]{0,2000})\)(?:;[a-z]{1,20}=(?:\"[^\"]{0,300}\"|\d{1,15}))*)"
)
_COMPONENT = pattern(r"\"([^\"\s]{1,100})\"")
_DIGEST = pattern(r"(sha-256|sha-512)=:([A-Za-z0-9+/=]{40,90}):")
_HASHES = {"sha-256": "sha256", "sha-512": "sha512"}
_USUAL_PORTS = {"http": 80, "https": 443}


def signed_forms(delivery: Signed) -> Iterator[tuple[str, ...]]:
    """What a delivery says is signed: `BASE`, the names of the components, and "created" where the time is one."""
    for covered, parameters in _inputs(delivery):
        dated = (CREATED,) if f";{CREATED}=" in parameters else ()
        yield (BASE, *covered, *dated)


def signature_bases(delivery: Signed, form: tuple[str, ...]) -> Iterator[bytes]:
    """The lines that are signed (RFC 9421, section 2.5), of each signature of this form.

    There are none where a part is missing, or where the digest that is signed is not that of the content.
    """
    for covered, parameters in _inputs(delivery):
        lines = _lines(delivery, covered, parameters)
        if lines is not None and covered == tuple(each for each in form[1:] if each != CREATED):
            yield lines


def _inputs(delivery: Signed) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of the components of each signature, and the whole value that names them."""
    said = dict(headers_of(delivery)).get("signature-input", "")
    for match in islice(_INPUT.finditer(said), _MOST_LABELS):
        names = _COMPONENT.findall(match[2])
        if len(names) <= _MOST_COMPONENTS and match[2].split() == [f'"{name}"' for name in names]:
            yield tuple(names), match[1]


def _lines(delivery: Signed, covered: tuple[str, ...], parameters: str) -> bytes | None:
    values = dict(headers_of(delivery))
    if CONTENT_DIGEST in covered and not _is_of(values.get(CONTENT_DIGEST, ""), delivery.body):
        return None
    known = {**values, **_derived(delivery)}
    if any(name not in known for name in covered):
        return None
    lines = [f'"{name}": {known[name].strip()}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode("utf-8", "replace")


def _derived(delivery: Signed) -> Mapping[str, str]:
    """The components that stand in no header (RFC 9421, section 2.2)."""
    try:
        parts = urlsplit(delivery.url)
        authority = _authority(parts)
    except ValueError:
        return {"@method": delivery.method}
    query = f"?{parts.query}" if parts.query else ""
    of_address = {
        "@target-uri": delivery.url,
        "@authority": authority,
        "@scheme": parts.scheme,
        "@path": parts.path or "/",
        "@query": query or "?",
        "@request-target": (parts.path or "/") + query,
    }
    return {"@method": delivery.method, **(of_address if authority else {})}


def _authority(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _is_of(content_digest: str, body: bytes) -> bool:
    """Whether a Content-Digest (RFC 9530) is that of the body."""
    return any(
        decoded(match[2], "base64") == hashlib.new(_HASHES[match[1]], body).digest()
        for match in _DIGEST.finditer(content_digest)
    )
