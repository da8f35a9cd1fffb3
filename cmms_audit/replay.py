"""An audit judged again from its recording: nothing is sent, nothing is read but the recording and the battery."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from cmms_audit import __version__
from cmms_audit.audit import Order, Progress, audit
from cmms_audit.battery.check import Check
from cmms_audit.battery.discover import battery_sha256
from cmms_audit.minutes import Minutes
from cmms_audit.model import Reason
from cmms_audit.webhooks.keeping import kept
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor


def replayed(order: Order, recording: Recording) -> Progress:
    """What an audit saw, judged again. `order` is the recorded one. Raises InputError for a damaged recording."""
    progress = Progress()
    dialogue = None
    if not order.permissions.offline:
        outcomes = Outcomes(recording, resumed=False)
        dialogue = Dialogue(None, roles=order.vendor.credentials, clock=Clock(), earlier=outcomes)
    redactor = Redactor()
    asyncio.run(
        audit(
            order,
            progress,
            dialogue=dialogue,
            redactor=redactor,
            run_id=recording.of_kind("run")[0]["run_id"],
            minutes=Minutes(None, redactor, order.vendor),
            learn=_ignore,
            unheard=_unheard(order.checks, recording),
            tell=_ignore,
            captured=kept(recording),
        )
    )
    if not is_complete(recording):
        progress.complete, progress.mapping = False, ()
    return progress


def is_complete(recording: Recording) -> bool:
    """Whether the recorded run came to its end."""
    finished = recording.of_kind("finished")
    return bool(finished) and finished[-1]["complete"] is True


def differences(order: Order, recording: Recording, vendor_file_sha256: str | None) -> list[str]:
    """What has changed since an audit was recorded, in plain words.

    `vendor_file_sha256` is that of the vendor file as it is now, None where it is not at hand.
    """
    run = recording.of_kind("run")[0]
    found = []
    if run["version"] != __version__:
        found.append(f"it was recorded by cmms-audit {run['version']}, and is judged by {__version__}")
    if run["battery_sha256"] != battery_sha256(order.check_folders):
        found.append("the battery of checks has changed since; the verdicts are those of the present one")
    if run["rubric_sha256"] != order.guide.sha256:
        found.append("the questions, weights or scenarios have changed since; the score is that of the present ones")
    if vendor_file_sha256 is not None and vendor_file_sha256 != run["vendor_file_sha256"]:
        found.append(
            "the vendor file has changed since; the recorded one counts (run the audit anew for the present one)"
        )
    return found


def _ignore(_: object) -> None:
    """Nobody listens."""


def _unheard(checks: Sequence[Check], recording: Recording) -> Mapping[str, Reason]:
    """The checks that gave up, or never had their turn, in the recorded run, or in its last part."""
    lines: dict[str, Mapping[str, Any]] = {}
    for line in recording.of_kind("check", "resumed"):
        if line["kind"] == "resumed":
            lines = {}  # whoever goes on judges everything again
        else:
            lines[line["id"]] = line
    silent = {check.id: Reason.INTERRUPTED for check in checks if check.id not in lines}
    gave_up = {check_id: Reason.TIMEOUT for check_id, line in lines.items() if line["gave_up"]}
    return {**silent, **gave_up}
