"""What of a delivery is written down: itself, without the secrets of a run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cmms_audit.webhooks.delivery import Delivery

if TYPE_CHECKING:
    from cmms_audit.wire.redact import Redactor


LONGEST_NAME = 256  # characters of a header's name


def written_name(name: str, redactor: Redactor) -> str:
    """The name of a header as it is written down: a sender chooses it, and may hide a secret there."""
    return redactor.text(name)[:LONGEST_NAME]


def without_secrets(delivery: Delivery, redactor: Redactor, *, masked: bool = True) -> Delivery:
    """The delivery as it may be recorded: marks in the place of secrets, and no body that they cannot be cut out of.

    `masked` also takes out what is likely a secret by the name of its header, which nobody has told us.
    """
    given = redactor.answer_headers(delivery.headers) if masked else redactor.headers(delivery.headers)
    headers = tuple((name[:LONGEST_NAME], value) for name, value in given)
    try:
        body = redactor.text(delivery.body.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        body = b"" if redactor.contains(delivery.body, in_doubt=True) else delivery.body
    # The digest of a body with a secret in it would help to guess the secret.
    digest = hashlib.sha256(body).hexdigest()
    if body == delivery.body:  # then it is kept in memory once
        body, digest = delivery.body, delivery.sha256
    return replace(delivery, headers=headers, body=body, query=redactor.text(delivery.query), sha256=digest)
