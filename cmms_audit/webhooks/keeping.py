"""Captured deliveries written into the evidence of a run, and read back from there: judged is what was written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from msgspec import convert, to_builtins
from msgspec.structs import replace

from cmms_audit.errors import InputError
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_from_json, delivery_to_json
from cmms_audit.webhooks.received import CAPTURED, Received, Signature
from cmms_audit.webhooks.verifier import Verifier
from cmms_audit.webhooks.written import without_secrets
from cmms_audit.wire.redact import MASKED

if TYPE_CHECKING:
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.recording import Recording
    from cmms_audit.wire.redact import Redactor

_MOST_SEARCHED = 20  # deliveries whose way of signing is searched for: each search takes time


def keep(
    deliveries: Iterable[Delivery], journal: Journal, redactor: Redactor, secret: str | None
) -> tuple[Received, ...]:
    """Write captured deliveries down, without secrets; `secret` is what they are said to be signed with.

    Secrets are also what the vendor's system sends under a telling name: whoever captured it keeps them himself.
    Raises CannotAudit where the disk refuses.
    """
    kept: list[Received] = []
    verifier = Verifier(redactor, secrets=(secret,) if secret else (), most_searched=_MOST_SEARCHED)
    for each in deliveries:
        signature = verifier.look_at(each)
        masked = replace(each, query=_masked(each.query), treated=redactor.text(each.treated))
        members = delivery_to_json(without_secrets(masked, redactor))
        journal.write(DELIVERY, members)
        kept.append(Received(delivery_from_json(members), signature))
    if kept:
        came = [{"number": each.delivery.number, "signature": to_builtins(each.signature)} for each in kept]
        journal.write(CAPTURED, {"deliveries": came})
    return tuple(kept)


def kept(recording: Recording) -> tuple[Received, ...]:
    """The captured deliveries of a recording. Raises InputError where they are damaged."""
    numbers = {each["number"]: each for line in recording.of_kind(CAPTURED) for each in line["deliveries"]}
    lines = [line for line in recording.of_kind(DELIVERY) if line["number"] in numbers] if numbers else []
    try:
        return tuple(
            Received(delivery_from_json(line), convert(numbers[line["number"]]["signature"], Signature))
            for line in lines
        )
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{recording.path}: a captured delivery cannot be read; it is damaged") from None


def _masked(query: str) -> str:
    """The names of a query: its values may open the receiver of whoever captured it."""
    try:
        names = [name for name, _ in parse_qsl(query, keep_blank_values=True, max_num_fields=100)]
    except ValueError:
        return MASKED
    return urlencode([(name, MASKED) for name in names], safe="«»")
