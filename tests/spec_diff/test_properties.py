"""Whatever two documents hold, comparing them ends, finds nothing between equals, and depends on no order."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.spec_diff import RULES, SpecDiff, compare
from tests.spec.test_hostile import ANYTHING, KEYS, PATHS, schemas, to
from tests.spec.toy import loaded
from tests.spec_diff.damaged import damage, good
from tests.spec_diff.pairs import PAIRS, Document, changed, record

MEMBERS = st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4)
LANGUAGES = st.sampled_from([{"openapi": "3.0.3"}, {"openapi": "3.1.0"}, {"swagger": "2.0"}])


def used_up(diff: SpecDiff) -> None:
    """Ask for everything that a report asks for."""
    json.dumps(
        [[each.fingerprint, each.says, each.consequence, each.old and each.old.as_json()] for each in diff.changes]
    )
    assert all(each.consequence and each.subject and each.group for each in diff.changes)
    assert all(each.old or each.new for each in diff.changes)
    prints = [each.fingerprint for each in diff.changes]
    assert len(prints) == len(set(prints))


@settings(max_examples=120, deadline=None)
@given(LANGUAGES, PATHS | ANYTHING, MEMBERS)
def test_nothing_changes_between_any_document_and_itself(language: Any, paths: Any, members: dict[str, Any]) -> None:
    text = json.dumps({**members, **language, "paths": paths})

    assert compare(loaded(text), loaded(text)).changes == ()


@settings(max_examples=120, deadline=None)
@given(LANGUAGES, PATHS, MEMBERS, LANGUAGES, PATHS, MEMBERS)
def test_any_two_documents_are_compared(
    old_language: Any, old_paths: Any, old: dict[str, Any], new_language: Any, new_paths: Any, new: dict[str, Any]
) -> None:
    used_up(
        compare(
            loaded(json.dumps({**old, **old_language, "paths": old_paths})),
            loaded(json.dumps({**new, **new_language, "paths": new_paths})),
        )
    )


def test_a_good_document_is_compared_with_any_damage_to_it_and_the_mirror_shows_the_same() -> None:
    whole = json.dumps({**good(), "openapi": "3.1.0"})
    chance = random.Random(11)
    for _ in range(250):
        damaged = json.loads(whole)
        for _ in range(chance.randint(1, 4)):
            damage(damaged, chance)
        one, other = loaded(whole), loaded(json.dumps({**damaged, "openapi": "3.1.0"}))
        there, back = compare(one, other), compare(other, one)
        used_up(there)
        mirrored = {(RULES[each.kind].mirror, each.subject) for each in there.changes}
        assert mirrored == {(each.kind, each.subject) for each in back.changes}


@pytest.mark.parametrize(("old", "new", "expected"), PAIRS.values(), ids=PAIRS)
def test_the_order_of_keys_changes_nothing(old: Document, new: Document, expected: set[str]) -> None:
    straight = [(each.fingerprint, each.level, each.says) for each in changed(old, new).changes]

    turned = [
        (each.fingerprint, each.level, each.says) for each in changed(reversed_keys(old), reversed_keys(new)).changes
    ]

    assert turned == straight


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(each) for each in value] if isinstance(value, list) else value


def using(text: str, name: str = "s0") -> str:
    """A document of many schemas, with an operation that answers with one of them."""
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}}
    return json.dumps({**json.loads(text), "paths": {"/a": {"get": {"responses": answer}}}})


def knot(count: int, kind: str) -> str:
    def one(_: int) -> Any:
        fields = {f"f{index}": {"type": kind, "x": {"allOf": [to(index)]}} | to(index) for index in range(count)}
        return {
            "type": "object",
            "properties": {**fields, "own": {"type": kind}},
            "allOf": [to(i) for i in range(count)],
        }

    return using(schemas(count, one))


def comb(count: int, name: str) -> str:
    """Schemas that refer to each other in turn, under names that no other document shares."""
    made = {
        f"{name}{index}": {
            "properties": {"next": {"$ref": f"#/components/schemas/{name}{(index + 1) % count}"}, name: {}}
        }
        for index in range(count)
    }
    return using(json.dumps({"openapi": "3.0.0", "components": {"schemas": made}}), f"{name}0")


def nested(depth: int, kind: str) -> str:
    schema: Any = {"type": kind}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    return json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {"responses": answer}}}})


def unions(count: int, name: str) -> str:
    """Fields that may each take a hundred large forms, under names that no other document shares."""
    large = {f"{name}{index}": record(**{f"f{field}": {"type": name} for field in range(300)}) for index in range(100)}
    forms = [{"$ref": f"#/components/schemas/{name}{index}"} for index in range(100)]
    fields = {f"u{index}": {"oneOf": forms} for index in range(count)}
    text = json.dumps({"openapi": "3.0.0", "components": {"schemas": {**large, "Top": record(**fields)}}})
    return using(text, "Top")


HOSTILE = {
    "many large forms": (unions(300, "x"), unions(300, "y")),
    "a knot of schemas": (knot(40, "string"), knot(40, "integer")),
    "rings that never meet": (comb(997, "x"), comb(991, "y")),
    "deep nesting": (nested(60, "string"), nested(60, "integer")),
    "many paths": (
        json.dumps({"openapi": "3.0.0", "paths": {f"/a{index}": {"get": {}} for index in range(10_000)}}),
        json.dumps({"openapi": "3.0.0", "paths": {f"/b{index}": {"get": {}} for index in range(10_000)}}),
    ),
    "a rule that would never end": (
        nested(1, "string"), nested(1, "string").replace('"string"', '"string", "pattern": "(a+)+$", "x": 1'),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_pairs_are_settled_quickly(old: str, new: str) -> None:
    one, other = loaded(old), loaded(new)
    started = time.process_time()

    used_up(compare(one, other))

    assert time.process_time() - started < 5
