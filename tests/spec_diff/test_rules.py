"""Each kind of change between two small documents, in both directions."""

from __future__ import annotations

import hashlib

import pytest

from cmms_audit.spec_diff import RULES, Level
from tests.spec_diff.pairs import (
    A_GET,
    NUMBER,
    PAIRS,
    TEXT,
    Document,
    changed,
    document,
    getting,
    posting,
    record,
    shared,
    told,
)


@pytest.mark.parametrize(("old", "new", "expected"), PAIRS.values(), ids=PAIRS)
def test_a_person_and_the_comparison_find_the_same(old: Document, new: Document, expected: set[str]) -> None:
    assert told(changed(old, new)) == expected


@pytest.mark.parametrize(("old", "new", "expected"), PAIRS.values(), ids=PAIRS)
def test_the_opposite_order_shows_the_mirror_image(old: Document, new: Document, expected: set[str]) -> None:
    there, back = changed(old, new).changes, changed(new, old).changes

    assert {(RULES[each.kind].mirror, each.subject) for each in there} == {(each.kind, each.subject) for each in back}
    assert {(each.old, each.new) for each in there} == {(each.new, each.old) for each in back}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_nothing_changes_between_a_document_and_itself(pair: tuple[Document, Document, set[str]]) -> None:
    for one in pair[:2]:
        assert changed(one, one).changes == ()


def test_every_kind_has_a_mirror_that_names_it_and_concerns_the_same_people() -> None:
    for rule in RULES.values():
        mirror = RULES[rule.mirror]
        assert mirror.mirror == rule.kind
        assert (mirror.for_callers is None, mirror.for_readers is None) == (
            rule.for_callers is None,
            rule.for_readers is None,
        )


def test_every_kind_that_concerns_somebody_says_what_it_means() -> None:
    for rule in RULES.values():
        assert rule.says
        assert bool(rule.callers) == (rule.for_callers is not None), rule.kind
        assert bool(rule.readers) == (rule.for_readers is not None), rule.kind
        assert rule.for_callers or rule.for_readers


def test_no_sentence_begins_with_a_name_of_the_vendor() -> None:
    """A report begins each sentence with a capital letter, which would make another name of it."""
    for rule in RULES.values():
        for says in (rule.says, rule.says_to_readers):
            assert not says or says[0].islower(), rule.kind


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_every_place_has_a_line(pair: tuple[Document, Document, set[str]]) -> None:
    for change in changed(*pair[:2]).changes:
        assert all(place.line for place in (change.old, change.new) if place is not None), change.subject


def test_what_breaks_in_one_direction_is_never_breaking_in_the_other() -> None:
    """Narrowing and widening are opposites; only what is exchanged, or gone and come, can hurt both ways."""
    for rule in RULES.values():
        for level, back in (
            (rule.for_callers, RULES[rule.mirror].for_callers),
            (rule.for_readers, RULES[rule.mirror].for_readers),
        ):
            assert rule.mirror == rule.kind or Level.BREAKING not in (level, back) or level != back, rule.kind


def test_the_table_is_tried_from_end_to_end() -> None:
    tried = {line.split()[1] for _, _, expected in PAIRS.values() for line in expected}
    tried |= {RULES[kind].mirror for kind in tried}
    assert RULES.keys() == tried


def test_a_change_of_a_shared_schema_is_told_once_with_those_whom_it_touches() -> None:
    def many(schema: Document) -> Document:
        named = {"$ref": "#/components/schemas/Order"}
        get = {"responses": {"200": {"description": "x", "content": {"application/json": {"schema": named}}}}}
        paths = {f"/p{index:03}": {"get": get} for index in range(200)}
        return document(paths, components={"schemas": {"Order": schema}})

    (change,) = changed(many(record(a=TEXT)), many(record(a=NUMBER))).changes

    assert change.subject == "schema Order.a"
    assert (change.touches, change.operations) == (200, ("GET /p000", "GET /p001", "GET /p002"))


def test_a_schema_is_read_or_written_through_others_too() -> None:
    def nested(inner: Document) -> Document:
        made = shared(record(lines={"type": "array", "items": {"$ref": "#/components/schemas/Line"}}))
        made["components"]["schemas"]["Line"] = record(part={"$ref": "#/components/schemas/Part"})
        made["components"]["schemas"]["Part"] = inner
        return made

    (change,) = changed(nested(record(a=TEXT)), nested(record(a=NUMBER))).changes

    assert (change.subject, change.direction, change.operations) == ("schema Part.a", "output", ("GET /orders",))


def test_a_field_that_is_only_read_makes_no_writer_of_its_schema() -> None:
    def with_asset(asset: Document) -> Document:
        field = {"allOf": [{"$ref": "#/components/schemas/Asset"}], "readOnly": True}
        made = shared(record(asset=field), written=True)
        made["components"]["schemas"]["Asset"] = asset
        return made

    (change,) = changed(with_asset(record(a=TEXT)), with_asset(record(("b",), a=TEXT, b=TEXT))).changes

    assert (change.kind, change.level, change.direction) == ("required-field-added", Level.COMPATIBLE, "output")


def test_the_places_are_those_of_the_lines() -> None:
    (change,) = changed(getting(record(a=TEXT)), getting(record(a=NUMBER))).changes

    assert change.old is not None
    assert change.old.pointer == "/paths/~1orders/get/responses/200/content/application~1json/schema/properties/a"
    assert change.old.line
    assert change.new == change.old


def test_a_side_that_has_no_such_thing_has_no_place() -> None:
    (change,) = changed(getting(record(a=TEXT)), getting(record())).changes

    assert change.old is not None
    assert change.new is None


def test_the_fingerprint_is_made_of_kind_and_subject() -> None:
    (change,) = changed(getting(record(a=TEXT)), getting(record(a=NUMBER))).changes

    expected = hashlib.sha256(b"type-changed\nGET /orders 200 a").hexdigest()[:16]
    assert change.fingerprint == expected


def test_what_was_marked_as_going_away_is_announced() -> None:
    old = document({"/orders": {"get": A_GET, "delete": {**A_GET, "deprecated": True}}})

    (change,) = changed(old, document({"/orders": {"get": A_GET}})).changes

    assert change.announced


def test_a_field_that_only_changed_its_spelling_is_named_beside_the_lost_one() -> None:
    says = {
        each.kind: each.says
        for each in changed(getting(record(costCenter=TEXT)), getting(record(cost_center=TEXT))).changes
    }

    assert says == {
        "field-removed": "the field costCenter (perhaps the same as cost_center) is gone",
        "field-added": "the field cost_center (perhaps the same as costCenter) is new",
    }


@pytest.mark.parametrize(
    ("versions", "paths", "same", "new_address"),
    [
        (("1", "1"), ("/v1/a", "/v1/a"), True, False),
        (("1", "2"), ("/v1/a", "/v1/a"), False, False),
        (("1", "1"), ("/v1/a", "/v2/a"), False, True),
        (("", ""), ("/a", "/a"), True, False),
    ],
)
def test_the_version_is_that_of_the_head_and_that_of_the_address(
    versions: tuple[str, str], paths: tuple[str, str], same: bool, new_address: bool
) -> None:
    old, new = (
        document({path: {"get": A_GET}}, version=version) for path, version in zip(paths, versions, strict=True)
    )
    diff = changed(old, new)

    assert (diff.same_version, diff.new_address) == (same, new_address)


def test_more_changes_than_anyone_reads_are_counted_not_listed() -> None:
    old = posting(record(**{f"f{index}": TEXT for index in range(6_000)}))
    diff = changed(old, posting(record(**{f"f{index}": NUMBER for index in range(6_000)})))

    assert (len(diff.changes), diff.left_out) == (5_000, 1_000)
