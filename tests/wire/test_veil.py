"""What is recorded of an answer to another customer: its form, and marks that only equal values share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.wire.session import Session
from cmms_audit.wire.veil import OF_ANOTHER, veiled, veiled_answer
from tests.wire.servers import Answer, answering
from tests.wire.sessions import KEY, Workbench, api_key

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(min_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_the_form_stays_and_equal_values_have_equal_marks(value: Any) -> None:
    recorded = json.loads(veiled_answer(json.dumps({"held": value})))["held"]

    assert type(recorded) is type(value) or recorded == veiled(value)


@pytest.mark.parametrize("body", ["", "<p>boiler</p>", '{"a": "boiler"', "[" * 100_000, '{"a": ' + "1" * 5_000 + "}"])
def test_what_cannot_be_read_is_left_out(body: str) -> None:
    assert veiled_answer(body) == "«an answer to another customer»"


def test_values_below_the_deepest_level_are_marked_whole() -> None:
    assert "boiler" not in veiled_answer("[" * 60 + '"boiler"' + "]" * 60)


def test_records_of_another_customer_are_not_kept_and_ours_can_be_held_against_them(tmp_path: Path) -> None:
    record = json.dumps({"items": [{"title": "the boiler next door", "cost": 81_723, "by": KEY}]})

    async def work(session: Session) -> None:
        for role in ("main", OF_ANOTHER):
            await session.send("GET", vendor.url + "/x", owner="test", credential=role)

    with answering(lambda seen: Answer(200, record, {"Content-Type": "application/json"})) as vendor:
        bench = Workbench(tmp_path, vendor.url, {"main": api_key(), OF_ANOTHER: api_key("key-of-the-neighbour")})
        bench.run(work)

    ours, theirs = (each.json["items"][0] for each in bench.exchanges())
    assert theirs == {name: veiled(value) for name, value in ours.items()}
    assert bench.evidence.read_text().count("boiler") == 1


def test_a_refusal_of_another_customer_is_kept_as_it_is(tmp_path: Path) -> None:
    async def work(session: Session) -> None:
        await session.send("GET", vendor.url + "/x", owner="test", credential=OF_ANOTHER)

    with answering(lambda seen: Answer(403, '{"code": "no"}', {"Content-Type": "application/json"})) as vendor:
        bench = Workbench(tmp_path, vendor.url, {OF_ANOTHER: api_key()})
        bench.run(work)

    assert bench.exchanges()[0].json == {"code": "no"}
