"""What is said where the vendor file gives no credential of a role."""

from __future__ import annotations

from cmms_audit.battery import Finding, unknown
from cmms_audit.model import Reason


def not_given(role: str, what: str) -> Finding:
    """Nothing could be tried without the credential of that `role`, which is `what` in plain words."""
    summary = f"not tried: the vendor file gives no {role} credential ({what})"
    return unknown(summary, reason=Reason.NOT_PERMITTED)
