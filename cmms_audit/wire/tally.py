"""What a run sent and read, in figures, counted from its recording."""

from __future__ import annotations

from cmms_audit.wire.facts import WRITE, Traffic
from cmms_audit.wire.ledger import KINDS, creations, figures
from cmms_audit.wire.recording import Recording


def traffic_of(recording: Recording) -> Traffic:
    """The traffic of a run, as far as it was recorded."""
    traffic = Traffic()
    for exchange in recording.exchanges():
        traffic.requests += 1
        traffic.by_purpose[exchange.purpose] += 1
        traffic.writes += WRITE in exchange.notes
        traffic.bytes += exchange.response.size if exchange.response else 0
    kept = figures(creations(recording.of_kind(*KINDS)))
    traffic.created, traffic.deleted, traffic.left_behind = kept.created, kept.deleted, list(kept.left_behind)
    return traffic
