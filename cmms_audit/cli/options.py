"""What several commands share: from the words on the command line to an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cmms_audit.addresses import parse_bind
from cmms_audit.audit import Order
from cmms_audit.battery.check import Check
from cmms_audit.battery.discover import discover, installed_folders
from cmms_audit.dialect import dialect_names
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import Guide, load_guide
from cmms_audit.permissions import grant, listening_address, remembered_answers
from cmms_audit.vendor import Vendor, load_vendor, secret_receivers
from cmms_audit.webhooks.delivery import Delivery

if TYPE_CHECKING:
    import ssl

FORMATS = ("html", "json", "md")


def split(values: Sequence[str] | None) -> list[str]:
    """The words of an option that may be repeated and may hold several words joined by commas."""
    return [word.strip() for value in values or () for word in value.split(",") if word.strip()]


def chosen(option: str, words: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """The words, if all are known. Raises InputError naming the nearest right one."""
    for word in words:
        if word not in known:
            right = nearest(word, known)
            hint = f"did you mean {right}?" if right else f"there are: {', '.join(known)}"
            raise InputError(f"{option}: there is no {word!r}; {hint}")
    return words


def check_folders(own: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The shipped battery, installed ones, and the user's own."""
    return (checks_folder(), *installed_folders(), *own)


def dialect_folders(own: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Where dialects are looked for: the user's own profiles first, the shipped ones last."""
    return (*(folder / "dialects" for folder in own), profiles_folder() / "dialects")


def load_battery(own: Sequence[Path] = (), own_profiles: Sequence[Path] = ()) -> tuple[Guide, tuple[Check, ...]]:
    """The guide and every check of the battery, with what the user's own folders add.

    Raises InputError where a folder holds something unusable.
    """
    installed_and_own = check_folders(own)[1:]
    guide = load_guide(checks_folder(), profiles_folder(), more_checks=installed_and_own, more_profiles=own_profiles)
    return guide, discover(check_folders(own), questions=guide.questions)


def order_for(
    vendor_file: Path,
    *,
    allow: Sequence[str] | None,
    offline: bool,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    checks: Sequence[Path] = (),
    profiles: Sequence[Path] = (),
    spec_folder: Path | None = None,
    allow_hosts: frozenset[str] = frozenset(),
    environ: Mapping[str, str],
    in_terminal: bool,
    bind: str | None = None,
    certificate: ssl.SSLContext | None = None,
    webhook_log: Path | None = None,
) -> Order:
    """Read the vendor file and the battery, settle what may be sent, and make the order of it.

    Raises InputError with every problem of the vendor file.
    """
    guide, battery = load_battery(checks, profiles)
    folders = dialect_folders(profiles)
    vendor = load_vendor(
        vendor_file,
        environ=environ,
        offline=offline,
        question_ids=guide.questions,
        flag_ids=guide.flags,
        dialect_names=dialect_names(folders),
        scenario_ids=guide.scenarios,
        extra_folder=spec_folder,
    )
    permissions = grant(
        vendor,
        allow,
        offline=offline,
        ask=_ask if in_terminal else None,
        remembered=remembered_answers(environ),
    )
    listen_at = parse_bind(listening_address(vendor, bind)) if permissions.webhooks else ("127.0.0.1", 0)
    return Order(
        vendor=vendor,
        guide=guide,
        checks=battery,
        check_folders=check_folders(checks),
        permissions=permissions,
        only=only,
        skip=skip,
        allow_hosts=allow_hosts,
        spec_folders=(vendor.path.parent, *([spec_folder] if spec_folder else ())),
        dialect_folders=folders,
        listen_at=listen_at,
        listen_with=certificate,
        captured=_captured(webhook_log, vendor) if webhook_log else (),
    )


def _captured(file: Path, vendor: Vendor) -> tuple[Delivery, ...]:
    from cmms_audit.webhooks.captured import read_captured  # few runs have such a file

    return read_captured(file, sent_to=vendor.webhooks.public_url, not_to=vendor.base_url)


def receivers_notice(order: Order) -> tuple[str, ...]:
    """The first lines of every run: which secret goes where, warnings about the vendor file, what was captured."""
    lines = list(order.vendor.warnings)
    if not order.permissions.offline:
        receivers = _receivers(order.vendor)
        lines += [f"{reference} ({label}) goes to {receiver}" for reference, label, receiver in receivers]
    if order.captured:
        first, last = (each.received[:19].replace("T", " ") for each in (order.captured[0], order.captured[-1]))
        lines.append(f"webhook deliveries captured elsewhere: {len(order.captured):,}, from {first} to {last} UTC")
    return tuple(lines)


def _receivers(vendor: Vendor) -> list[tuple[str, str, str]]:
    return secret_receivers(vendor)


def _ask(question: str) -> bool:
    return typer.confirm(question, err=True)
