"""Two published descriptions of the same API, 17 months apart: what a person finds between them is found, and quickly.

They are read where they are and are no part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import resource
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import load_spec
from cmms_audit.spec_diff import RULES, Level, SpecDiff, compare
from tests.cli.process import cmms_audit
from tests.support import SPECS

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason=f"the folder of published descriptions is not at {SPECS}")

SAMPLE = yaml.safe_load((Path(__file__).parent / "stripe_sample.yaml").read_text(encoding="utf-8"))
OLD, NEW = "stripe-2022-04.yaml", "stripe-2023-09.yaml"


@cache
def document(name: str) -> Spec:
    spec = load_spec(SPECS / name)
    assert isinstance(spec, Spec)
    return spec


@cache
def difference(old: str, new: str) -> SpecDiff:
    return compare(document(old), document(new))


@pytest.mark.parametrize("row", SAMPLE["found"], ids=lambda row: f"{row['kind']} {row['subject']}")
def test_what_a_person_found_is_found_with_its_lines(row: dict[str, Any]) -> None:
    (change,) = [
        each for each in difference(OLD, NEW).changes if (each.kind, each.subject) == (row["kind"], row["subject"])
    ]

    assert change.level.value == row["level"]
    assert [place and place.line for place in (change.old, change.new)] == [row["old"], row["new"]]


@pytest.mark.parametrize("row", SAMPLE["not_found"], ids=lambda row: f"{row['kind']} {row['subject']}")
def test_what_is_not_so_is_not_found(row: dict[str, Any]) -> None:
    found = {(each.kind, each.subject) for each in difference(OLD, NEW).changes}

    assert (row["kind"], row["subject"]) not in found


def test_the_sample_names_places_that_exist() -> None:
    """A subject that was misspelt would never be found."""
    subjects = {each.subject for each in difference(OLD, NEW).changes}
    assert all(row["subject"] in subjects for row in SAMPLE["found"])
    assert len(SAMPLE["found"]) + len(SAMPLE["not_found"]) >= 30


def test_the_opposite_order_is_the_mirror_image() -> None:
    there, back = difference(OLD, NEW).changes, difference(NEW, OLD).changes

    assert {(RULES[each.kind].mirror, each.subject) for each in there} == {(each.kind, each.subject) for each in back}


def test_the_version_changed_but_the_address_did_not() -> None:
    diff = difference(OLD, NEW)

    assert (diff.old.version, diff.new.version) == ("2020-08-27", "2023-08-16")
    assert (diff.same_version, diff.new_address, diff.left_out) == (False, False, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stripe-2022-04.json", "stripe-2022-04.yaml"),
        ("adyen-management-v3.json", "adyen-management-v3.yaml"),
        ("kubernetes-swagger2.json", "kubernetes-swagger2.json"),
        ("twilio-api-v2010.json", "twilio-api-v2010.json"),
        ("facilio.yaml", "facilio.yaml"),
    ],
)
def test_the_same_description_twice_shows_nothing(one: str, other: str) -> None:
    assert compare(document(one), load_spec(SPECS / other)).changes == ()  # type: ignore[arg-type]


def test_a_move_from_swagger_2_leaves_what_can_be_compared() -> None:
    diff = difference("stripe-2020-swagger2.json", "stripe-2022-04.json")

    kinds = {each.kind for each in diff.changes if each.level is Level.BREAKING}
    assert "serialization-changed" not in kinds
    assert "became-nullable" not in kinds
    assert diff.counts[Level.BREAKING] < 150


def test_the_command_is_done_within_two_seconds(tmp_path: Path) -> None:
    """Counted in seconds of the processor, as other programs run beside the tests."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    done = cmms_audit("spec-diff", SPECS / OLD, SPECS / NEW, cwd=tmp_path)

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
