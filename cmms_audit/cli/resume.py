"""What `run --resume` goes on with: the folder, its vendor file, and what was asked for then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from cmms_audit.cli.outputs import EVIDENCE, demand_audit
from cmms_audit.errors import InputError
from cmms_audit.permissions import is_granted
from cmms_audit.wire.recording import Recording


class Asked(Struct, frozen=True):
    """What a run was asked for on the command line, beside the vendor file."""

    allow: Sequence[str] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    offline: bool = False


def place_to_resume(place: Path, out: Path | None) -> tuple[Path, Path]:
    """The vendor file and the folder of the audit to go on with.

    `place` is either; the folder itself knows its vendor file. Raises InputError where one of them is missing.
    """
    if not place.is_dir():
        if out is None and not place.exists():
            raise InputError(f"{place}: there is no such folder; name the one that --out named then")
        if out is None:
            raise InputError(f"--resume needs the folder of the audit: cmms-audit run {place} --out DIR --resume")
        return place, out
    if out is not None and out.resolve() != place.resolve():
        raise InputError(f"--resume names two folders, {place} and {out}; name one")
    file = place / str(_run_line(place)["vendor_file"])
    if not file.is_file():
        raise InputError(
            f"{place}: the vendor file of this audit is not where it was; name it:"
            f" cmms-audit run VENDOR.YAML --out {place} --resume"
        )
    return file, place


def asked_then(folder: Path, asked: Asked, remembered: Path) -> Asked:
    """What the audit in a folder was asked for.

    `remembered` is the user's own file of answers: a folder may come from anywhere, and grants itself nothing. Raises
    InputError where something else is asked for now, or what the folder says was granted is not remembered.
    """
    run = _run_line(folder)
    order = run["order"]
    granted = [name for name in ("writes", "burst", "webhooks") if order["permissions"][name]]
    then = Asked(granted, tuple(order["only"]), tuple(order["skip"]), order["permissions"]["offline"])
    now = (sorted(asked.allow), asked.only, asked.skip, asked.offline)
    if granted and not asked.allow and not is_granted(remembered, str(run["run_id"]), granted):
        raise InputError(
            f"{folder}: this audit was allowed {' and '.join(granted)}, but not by you on this machine, as far as it is"
            f" remembered here; agree to it again: --allow {','.join(granted)}"
        )
    differs = [
        option
        for option, given, before in zip(
            ("--allow", "--only", "--skip", "--offline"),
            now,
            (sorted(then.allow), then.only, then.skip, then.offline),
            strict=True,
        )
        if given and given != before
    ]
    if differs:
        raise InputError(f"{' and '.join(differs)}: an audit that is resumed keeps what it was started with")
    return then


def _run_line(folder: Path) -> dict[str, Any]:
    demand_audit(folder)
    run = Recording(folder / EVIDENCE).of_kind("run")
    if not run:
        raise InputError(f"{folder}: this audit cannot be resumed; run it anew with --overwrite")
    return run[0]
