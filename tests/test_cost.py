"""An audit asks little of a vendor: what the groups of the guide about access, limits and errors cost in requests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cmms_audit.cli.options import order_for
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.model import Sends
from cmms_audit.sandbox import granary, serve
from cmms_audit.wire.recording import Recording
from tests.support import battery

GROUPS = ("auth.*", "limits.*", "errors.*")


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How often each check, and whatever else sends, made a request in an audit of these groups that may do all."""
    folder: Path = tmp_path_factory.mktemp("audit")
    with serve.running(granary.Granary()) as origin:
        file = folder / "vendor.yaml"
        file.write_text(granary.vendor_file(origin, ()), encoding="utf-8")
        order = order_for(
            file, allow=["writes,burst"], only=GROUPS, offline=False, environ=granary.environment(()), in_terminal=False
        )
        perform(order, Wishes(out=folder / "out", quiet=True))
    return Counter(each.owner for each in Recording(folder / "out" / "evidence.jsonl").exchanges())


def test_access_limits_and_errors_cost_at_most_150_requests_beside_the_burst(requests: Counter[str]) -> None:
    bursts = {"observation:burst", *(check.id for check in battery().values() if check.sends is Sends.BURST)}

    assert requests["observation:burst"] > 0
    assert sum(count for owner, count in requests.items() if owner not in bursts) <= 150
