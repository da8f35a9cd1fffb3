"""A delivery as it was written down, with what was found out about its signature before its secrets were taken out."""

from __future__ import annotations

from msgspec import Struct

from cmms_audit.model import Evidence
from cmms_audit.webhooks.delivery import Delivery, event_id
from cmms_audit.webhooks.signatures import Way

CAPTURED = "captured"  # how the addresses of deliveries are called that were captured elsewhere: "captured 1" ...
OF_THE_FILE = "webhooks.secret"  # the secret that the user has, by its label in the record
GIVEN = "webhooks.given"  # the secret that we give where the API takes one, by its label in the record


class Signature(Struct, frozen=True):
    """What was found out about a delivery's signature.

    `headers` look like one; `way` is how it is made, None where no usual way gives it with the secrets, or there is no
    secret to try (`secret_known`); `several` signatures stand side by side; a `public_key` would be needed;
    `tampered_fails` says that a copy with another body does not verify. `words` are headers with a word that only the
    sender should know; `fixed` those of both whose value says nothing of the content: it is the secret itself, or came
    with another content too.
    """

    headers: tuple[str, ...] = ()
    way: Way | None = None
    secret_known: bool = False
    several: bool = False
    public_key: bool = False
    tampered_fails: bool = False
    words: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


class Received(Struct, frozen=True):
    """A delivery as it was written down, and what its signature is worth."""

    delivery: Delivery
    signature: Signature

    @property
    def evidence(self) -> Evidence:
        """Where a reader finds it."""
        return Evidence("delivery", id=self.delivery.number)

    @property
    def event_id(self) -> str | None:
        """What the sender calls the event."""
        return event_id(self.delivery)
