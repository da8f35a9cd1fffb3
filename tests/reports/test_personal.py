"""Values of people are masked in what the vendor sent, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.reports.personal import is_about_people, json_lines, mask_text, mask_url

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe+cmms@plant-7.example.com",
        "jane%40plant.example",
        "+46 8 123 456 78",
        "+1 (555) 123-4567",
        "(555) 123-4567",
        "555-123-4567",
    ],
)
def test_addresses_and_numbers_of_people_are_masked_anywhere(text: str) -> None:
    masked = mask_text(f"call {text} now")

    assert text not in masked
    assert masked.startswith("call «")
    assert masked.endswith("» now")


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T10:00:00+01:00", "WO-2041", "1,000 calls", "5d5d5d5d5d5d", "10.20.30.40", "555-1234", "a@b", "3 + 4"],
)
def test_dates_numbers_and_ids_are_left_alone(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("record", "masked"),
    [
        ({"assigned_to": "Jane"}, {"assigned_to": "«name masked»"}),
        ({"assignedTo": {"id": 7, "name": "Jane"}}, {"assignedTo": {"id": 7, "name": "«name masked»"}}),
        ({"technicians": [{"name": "Jane"}, "Joe"]}, {"technicians": [{"name": "«name masked»"}, "«name masked»"]}),
        ({"name": "Jane", "email": "x"}, {"name": "«name masked»", "email": "«e-mail masked»"}),
        ({"mobile_phone": 46812345678}, {"mobile_phone": "«phone masked»"}),
        ({"name": "Chiller 2", "site": {"name": "North"}}, {"name": "Chiller 2", "site": {"name": "North"}}),
        ({"requestor": "", "phone": None}, {"requestor": "", "phone": None}),
    ],
)
def test_names_are_known_by_the_member_they_stand_in(record: dict[str, Any], masked: dict[str, Any]) -> None:
    assert json.loads(json_lines(json.dumps(record))) == masked


def test_one_record_with_an_address_gives_away_the_names_of_its_neighbours() -> None:
    records = [{"name": "Joe"}, {"name": "Jane", "email": "jane@plant.example"}]

    assert "Joe" not in json_lines(json.dumps({"data": records}))


def test_records_below_an_address_of_people_are_people() -> None:
    assert is_about_people("https://vendor.example/api/users?page=2")
    assert not is_about_people("https://vendor.example/api/assets?owner=users")
    assert "Joe" not in json_lines('{"data": [{"name": "Joe"}]}', about_people=True)


def test_a_body_that_was_cut_short_is_masked_too() -> None:
    body = json.dumps([{"id": 1, "created_by": "Jane Doe", "owner": "Joe Public"}])

    masked = json_lines(body[: body.index("Public")])

    assert "Jane" not in masked
    assert "Joe" not in masked


def test_letters_written_as_escapes_hide_nobody() -> None:
    assert "plant" not in json_lines('{"note": "jane\\u0040plant.example"}')


def test_names_in_an_address_are_masked() -> None:
    url = "https://vendor.example/work-orders?assignee=Jane%20Doe&status=open&q=jane%40plant.example"

    assert mask_url(url) == "https://vendor.example/work-orders?assignee=«name masked»&status=open&q=«e-mail masked»"


@given(values)
def test_indenting_changes_no_value(value: Any) -> None:
    assert json.loads(json_lines(json.dumps(value), mask=False)) == value


@given(st.text('{}[]:,"\\ a1\n', max_size=60))
def test_what_only_looks_like_json_is_read_without_a_crash(text: str) -> None:
    json_lines(text)
