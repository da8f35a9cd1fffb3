"""How well an audit tells a good vendor from one that is bad in one way: recall, collateral and false alarms.

Run: .venv/bin/python -m benchmarks.detection [--switch NAME ...] [--jobs 2]

The vendor is the embedded `granary`; what the three words mean stands in README.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from cmms_audit.sandbox import granary
from tests.live import Detection, Setting, audited, compared, false_alarms, setting_for
from tests.noticed import OF_CAPTURES, WHOLE_GROUPS
from tests.support import battery

Order = tuple[Setting, str | None]  # how to audit, and the switch that is on, if any
Reports = dict[Order, dict[str, Any]]


def main() -> None:
    """Audit, and print the figures and a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--switch", action="append", choices=granary.switch_names(), metavar="NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="audits side by side")
    wanted = parser.parse_args()
    switches = tuple(dict.fromkeys(wanted.switch or granary.switch_names()))
    began = time.monotonic()
    reports = audited_side_by_side(orders(switches), wanted.jobs)
    seen = [compared(name, reports[setting_for(name), None], reports[setting_for(name), name]) for name in switches]
    untouched = {alarm for (_, switch), report in reports.items() if switch is None for alarm in false_alarms(report)}
    print("\n".join([*figures(seen, sorted(untouched)), "", *table(seen)]))
    print(f"\n{len(reports)} audits in {time.monotonic() - began:.0f} s, {wanted.jobs} side by side")


def orders(switches: Sequence[str]) -> list[Order]:
    """The audits that are needed: the untouched vendor first, once for each set of permissions."""
    settings = list(dict.fromkeys(setting_for(name) for name in switches))
    return [*((setting, None) for setting in settings), *((setting_for(name), name) for name in switches)]


def audited_side_by_side(wanted: Sequence[Order], jobs: int) -> Reports:
    """The report of each audit; every process serves a vendor of its own."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        return dict(zip(wanted, pool.map(_audited, wanted), strict=True))


def _audited(order: Order) -> dict[str, Any]:
    setting, switch = order
    return audited(*([switch] if switch else ()), **setting._asdict())


def figures(seen: Sequence[Detection], untouched: Sequence[str]) -> Iterator[str]:
    """The three figures, what the false alarms are, and which checks found nothing to say."""
    found = [each for each in seen if each.found]
    beside = sum(len(each.wrongly) for each in seen)
    yield f"recall: {len(found)} of {len(seen)} switches found ({100 * len(found) / len(seen):.0f} %)"
    yield f"collateral: {beside} verdicts moved that a switch does not declare"
    yield f"false alarms on the untouched vendor: {len(untouched)}{' '.join(['', *untouched])}"
    among = [check for check in battery() if check.split(".")[0] in WHOLE_GROUPS]
    checks = [check for check in among if not check.startswith(OF_CAPTURES)]
    blind = sorted(check for check in checks if not any(check in each.noticed_by for each in seen))
    yield f"of {len(checks)} checks ({', '.join(WHOLE_GROUPS)}) noticed nothing: {len(blind)}{' '.join(['', *blind])}"
    broken = sorted({check for each in seen for check in each.broken})
    yield f"checks that broke down: {len(broken)}{' '.join(['', *broken])}"


def table(seen: Sequence[Detection]) -> Iterator[str]:
    """One row a switch."""
    yield "| switch | what moved | noticed by | collateral |"
    yield "|---|---|---|---|"
    for each in seen:
        moved = _changes(each.rightly) or ("only told" if each.found else "**not found**")
        yield f"| {each.switch} | {moved} | {', '.join(each.noticed_by)} | {_changes(each.wrongly)} |"


def _changes(moved: Mapping[str, tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {before} to {after}" for name, (before, after) in moved.items())


if __name__ == "__main__":
    main()
