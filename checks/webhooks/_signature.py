"""What a signature that was verified is worth."""

from __future__ import annotations

from cmms_audit.battery import Finding, Received, met, partial


def judged_signature(one: Received) -> Finding | None:
    """The verdict on a delivery's signature; None where it was not verified."""
    way = one.signature.way
    if way is None:
        return None
    signed = f"the signature ({way.header}, {way.hash}) was verified"
    if not way.covers_body or not one.signature.tampered_fails:
        return partial(f"{signed}, but it does not cover what the event says: a forged one verifies, too", one)
    if not way.covers_time:
        return partial(f"{signed}, but it covers no time: a copy that is sent later verifies, too", one)
    return met(f"{signed}; it covers what the event says and when, and a copy with another content fails", one)
