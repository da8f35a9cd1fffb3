"""Audits over real HTTP on loopback, for tests that read the report, and what a switch of the embedded vendor moves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.sandbox import granary, serve
from cmms_audit.sandbox.encryption import Encryption

# What only a burst can see.
BURSTS = (
    "bare-429", "no-429", "silent-throttling", "lower-real-limit", "shared-limit", "short-retry-after",
    "forbidden-at-limit", "bad-request-at-limit", "error-in-success-at-limit", "queued-at-limit", "dropped-at-limit",
    "other-429-body",
)  # fmt: skip

# What can be seen only of a vendor that is reached over TLS.
OVER_TLS = ("old-tls", "certificate-ending", "no-strict-transport", "plain-http-beside")

# What is told to the reader, and moves no verdict.
ONLY_TOLD = ("no-strict-transport", "undescribed-payloads", "unmentioned-signatures", "shuffled-events")


# What is seen only where subscriptions are allowed, beside what is declared to move a question about events.
SEEN_IN_EVENTS = ("shuffled-events", "unguarded-subscriptions")


class Setting(NamedTuple):
    """How a vendor is audited: what is allowed, and whether it is reached over TLS."""

    allow: str
    over_tls: bool = False


@cache
def audited(*switches: str, allow: str = "writes,burst,webhooks", over_tls: bool = False) -> dict[str, Any]:
    """The report of one audit of granary with these behaviours broken."""
    scale = 1.0 if "burst" in allow else 4.0  # an audit keeps to the vendor's limits: wider ones cost no waiting
    vendor = granary.Granary(switches, scale=scale)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serve.running(vendor, encryption=encryption_in(folder, switches) if over_tls else None) as origin:
            return audited_at(origin, switches, folder, allow, scale)


def encryption_in(folder: Path, switches: Sequence[str] = ()) -> Encryption:
    """With what granary is served over TLS; the authority that vouches for it lies in the folder as `ca.pem`."""
    authority = trustme.CA()
    ends = datetime.now(UTC) + timedelta(days=granary.certificate_days(switches))
    issued = authority.issue_cert("127.0.0.1", not_after=ends)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")
    return granary.encryption(folder / "server.pem", folder / "server.key", switches)


def audited_at(origin: str, switches: Sequence[str], folder: Path, allow: str, scale: float) -> dict[str, Any]:
    """The report of one audit of a granary that is already running; `folder` then holds all files of the audit."""
    file = folder / "vendor.yaml"
    text = granary.vendor_file(origin, switches, scale=scale)
    own_authority = "tls: {ca: ca.pem}\n" if origin.startswith("https:") else ""
    file.write_text(text.replace("per_second: 50", "per_second: 200") + own_authority, encoding="utf-8")
    return audit_of(file, allow, granary.environment(switches))


def audit_of(file: Path, allow: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The report of one audit by a vendor file; what it writes lies beside the file, in `out`."""
    allowed = [allow] if allow else None
    order = order_for(file, allow=allowed, offline=False, environ=environ, in_terminal=False)
    out = file.parent / "out"
    perform(order, Wishes(out=out, quiet=True))
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def setting_for(switch: str) -> Setting:
    """How to audit in order to notice a switch; a burst and events take long, and only few need them."""
    if switch in OVER_TLS:
        return Setting("", over_tls=True)
    if switch in BURSTS:
        return Setting("writes,burst")
    about_events = switch in SEEN_IN_EVENTS or any(
        each.startswith("webhooks.") for each in granary.SWITCHES[switch].questions
    )
    return Setting("writes,webhooks" if about_events else "writes")


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """What a reader goes by: the verdict of every question and the state of every red flag, by id."""
    return {each["id"]: each["verdict"] for each in report["questions"]} | {
        each["id"]: each["state"] for each in report["red_flags"]
    }


def defects(report: dict[str, Any]) -> list[str]:
    """The checks that broke down by a fault of their own."""
    return [each["check"] for each in report["findings"] if each["reason"] == "defect"]


def false_alarms(report: dict[str, Any]) -> list[str]:
    """What the report of a vendor who does everything right must not say: a red flag, or a question that is not met."""
    raised = [each["id"] for each in report["red_flags"] if each["raised"]]
    return raised + [each["id"] for each in report["questions"] if each["verdict"] != "met"]


@dataclass(frozen=True)
class Detection:
    """What one switch moved, from what to what, by the id of a question or a red flag.

    `rightly` is what the switch declares, `wrongly` what lies outside of that; `noticed_by` are the checks that judge
    worse than before, `broken` those that broke down.
    """

    switch: str
    rightly: Mapping[str, tuple[str, str]]
    wrongly: Mapping[str, tuple[str, str]]
    noticed_by: Sequence[str]
    broken: Sequence[str]

    @property
    def found(self) -> bool:
        """Whether the audit found what is wrong."""
        return bool(self.noticed_by if self.switch in ONLY_TOLD else self.rightly)


def detected(switch: str) -> Detection:
    """Audit granary untouched and with a switch, and hold the two against each other."""
    setting = setting_for(switch)._asdict()
    return compared(switch, audited(**setting), audited(switch, **setting))


def compared(switch: str, whole: dict[str, Any], worse: dict[str, Any]) -> Detection:
    """The reports of granary untouched and with a switch, held against each other."""
    before, after = verdicts(whole), verdicts(worse)
    moved = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    declared = {*granary.SWITCHES[switch].questions, *granary.SWITCHES[switch].flags}
    rightly = {name: change for name, change in moved.items() if name in declared}
    wrongly = {name: moved[name] for name in moved.keys() - rightly.keys()}
    return Detection(switch, rightly, wrongly, judging_worse(whole, worse), defects(worse))


def judging_worse(whole: dict[str, Any], worse: dict[str, Any]) -> list[str]:
    """The checks with a finding that something is unknown, limited or missing, and with none as bad before."""
    before, after = _worst(whole), _worst(worse)
    return [check for check, verdict in after.items() if _FAULTS[verdict] > _FAULTS[before.get(check, "met")]]


_FAULTS = {"not_applicable": 0, "met": 0, "unknown": 1, "partial": 2, "not_met": 3}


def _worst(report: dict[str, Any]) -> dict[str, str]:
    """The worst verdict of each check, by its id."""
    worst: dict[str, str] = {}
    for each in report["findings"]:
        worst[each["check"]] = max(worst.get(each["check"], "met"), each["verdict"], key=_FAULTS.__getitem__)
    return worst
