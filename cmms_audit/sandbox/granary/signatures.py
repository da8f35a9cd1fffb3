"""How events are signed: as Standard Webhooks describes it (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cmms_audit.sandbox.granary.calls import State
from cmms_audit.sandbox.switch import Switch

UNSIGNED_EVENTS = Switch("unsigned-events", "events carry no signature", questions=("webhooks.delivery",))
WRONG_SIGNATURES = Switch(
    "wrong-signatures", "events are signed with another secret than the subscriber's", questions=("webhooks.delivery",)
)
UNDATED_SIGNATURES = Switch(
    "undated-signatures",
    "the signature covers the body only: a copy sent later cannot be told from the event",
    questions=("webhooks.delivery",),
)
BODYLESS_SIGNATURES = Switch(
    "bodyless-signatures", "the signature covers the time only, not what is said", questions=("webhooks.delivery",)
)
SWITCHES = (UNSIGNED_EVENTS, WRONG_SIGNATURES, UNDATED_SIGNATURES, BODYLESS_SIGNATURES)


def headers(state: State, subscription_id: str, event_id: str, body: bytes) -> dict[str, str]:
    """The three headers that an event carries."""
    moment = str(int(state.clock()))
    found = {"webhook-id": event_id, "webhook-timestamp": moment}
    if UNSIGNED_EVENTS in state.broken:
        return found
    digest = hmac.new(_key(state, subscription_id), _signed(state, event_id, moment, body), hashlib.sha256).digest()
    return {**found, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _key(state: State, subscription_id: str) -> bytes:
    if WRONG_SIGNATURES in state.broken:
        return b"not the secret that the subscriber has"
    row = state.database.execute("SELECT secret FROM webhook_secrets WHERE id = ?", [subscription_id]).fetchone()
    return base64.b64decode(row[0].removeprefix("whsec_")) if row else b""


def _signed(state: State, event_id: str, moment: str, body: bytes) -> bytes:
    if UNDATED_SIGNATURES in state.broken:
        return body
    if BODYLESS_SIGNATURES in state.broken:
        return moment.encode()
    return f"{event_id}.{moment}.".encode() + body
