"""What is recorded of an answer: all of it, or, where nothing can be judged by it, its beginning and its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.wire.recorder import KEPT_OF_FAILED, MOST_VALUES
from tests.wire.servers import Answer, answering
from tests.wire.sessions import Workbench


@pytest.mark.parametrize("values", ["{}", "1", "[0]"])
def test_an_answer_of_countless_values_is_too_much_and_kept_by_its_hash(values: str, tmp_path: Path) -> None:
    body = "[" + ",".join([values] * (MOST_VALUES + 1)) + "]"

    with answering(lambda seen: Answer(200, body, {"Content-Type": "application/json"})) as served:
        bench = Workbench(tmp_path, served.url)
        with pytest.raises(CouldNotLook) as caught:
            bench.get()

    (recorded,) = bench.exchanges()
    assert (caught.value.reason, recorded.reason) == (Reason.BUDGET, Reason.BUDGET)
    assert recorded.text == body[:KEPT_OF_FAILED]
    assert recorded.notes["sha256"] == hashlib.sha256(body.encode()).hexdigest()
    assert recorded.response is not None
    assert (recorded.response.size, recorded.response.truncated) == (len(body), False)


def test_a_large_answer_of_few_values_is_kept_whole(tmp_path: Path) -> None:
    body = '{"notes": "' + "word " * 200_000 + '"}'

    with answering(lambda seen: Answer(200, body, {"Content-Type": "application/json"})) as served:
        bench = Workbench(tmp_path, served.url)
        exchange = bench.get()

    assert exchange.text == body == bench.exchanges()[0].text
