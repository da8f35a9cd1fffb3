"""What of a delivery is written down: itself without its secrets, and what its raw bytes say of its signature."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Signature
from cmms_audit.webhooks.signatures import (
    Signed,
    Way,
    found_way,
    holds_several,
    is_asymmetric,
    signature_headers,
    verifies,
)

if TYPE_CHECKING:
    from cmms_audit.wire.redact import Redactor


def without_secrets(delivery: Delivery, redactor: Redactor) -> Delivery:
    """The delivery as it may be recorded: marks in the place of secrets, and no body that they cannot be cut out of."""
    headers = tuple((name, redactor.text(value)) for name, value in delivery.headers)
    try:
        body = redactor.text(delivery.body.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        body = b"" if redactor.contains(delivery.body) else delivery.body
    # The digest of a body with a secret in it would help to guess the secret.
    digest = delivery.sha256 if body == delivery.body else hashlib.sha256(body).hexdigest()
    return replace(delivery, headers=headers, body=body, query=redactor.text(delivery.query), sha256=digest)


def signature_of(
    delivery: Delivery, told: str | None, *, given: str | None = None, usual: Way | None = None, search: bool = True
) -> Signature:
    """What a signature is worth with the secret that the vendor told, or the file has, or with the one we gave.

    `usual` is the way in which another delivery was signed, which is tried first, and alone without `search`.
    """
    signed = Signed(delivery.headers, delivery.body, method=delivery.method)
    headers, public_key = signature_headers(signed), is_asymmetric(signed)
    if not headers or not delivery.whole:
        return Signature(headers, public_key=public_key, secret_known=told is not None)
    for secret in filter(None, (told, given)):
        way = usual if usual and verifies(signed, usual, secret) else None
        if way is None and search:
            way = found_way(signed, secret)
        if way is not None:
            fails = not verifies(replace(signed, body=signed.body + b" "), way, secret)
            return Signature(headers, way, True, holds_several(signed, way), public_key, fails)
    return Signature(headers, public_key=public_key, secret_known=told is not None)
