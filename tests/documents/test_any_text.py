"""Whatever the text: a value, or an explanation; and every value at the line where it was written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.documents import Limits, parse, pointer_join
from cmms_audit.errors import InputError

SCALARS = st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
SNIPPETS = st.lists(
    st.sampled_from(
        [
            "- ",
            "a: ",
            "? ",
            "[",
            "]",
            "{",
            "}",
            "&x ",
            "*x",
            "<<: *x",
            "\n",
            "  ",
            "'",
            '"',
            "|\n",
            ",",
            "#",
            "%",
            "!!int ",
            "--- ",
            "\x00",
            "\ud800",
            "1",
        ]
    )
)


def pointers(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    yield pointer, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from pointers(inner, pointer_join(pointer, key))


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_written_json_is_read_back_with_the_line_of_every_part(value: Any) -> None:
    document = parse(json.dumps({"top": value}, indent=1), "x")

    assert document.value == {"top": value}
    for pointer, inner in pointers(document.value):
        line = document.line(pointer)
        assert line is not None
        if pointer:
            assert shown(pointer, inner) in json.dumps({"top": value}, indent=1).split("\n")[line - 1]


def shown(pointer: str, value: Any) -> str:
    """What must stand on the line: the key of a member, or the value in a list."""
    key = pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")
    return json.dumps(key) if not key.isdigit() else "" if isinstance(value, dict | list) else json.dumps(value)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.integers(0, 99),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=4)
            | st.dictionaries(st.text("abc", min_size=1, max_size=5), inner, min_size=1, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_written_yaml_is_read_back_with_the_line_of_every_part(value: Any) -> None:
    text = yaml.safe_dump({"top": value}, sort_keys=False)

    document = parse(text, "x")

    assert document.value == {"top": value}
    lines = text.split("\n")
    for pointer, inner in pointers(document.value):
        line = document.line(pointer)
        assert line is not None
        last = pointer.rsplit("/", 1)[-1]
        if last.isdigit():
            assert "- " in lines[line - 1]
        elif last:
            assert f"{last}:" in lines[line - 1]
        if isinstance(inner, int):
            assert str(inner) in lines[line - 1]


@settings(max_examples=300, deadline=None)
@given(SNIPPETS.map("".join) | st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_explained(text: str | bytes) -> None:
    try:
        document = parse(text, "x", limits=Limits(bytes=10_000, nodes=200, depth=10, alias_nodes=50))
    except InputError:
        return
    for double in document.duplicates:
        assert document.line(double.pointer) == double.line
    json.dumps(document.value).encode()


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BOMB, id="a thousand million laughs"),
        pytest.param("[" * 100_000, id="flow nesting"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, id="JSON nesting"),
        pytest.param("a: " + "{a: " * 100_000, id="flow mappings"),
        pytest.param("- " * 100_000 + "x", id="block nesting"),
        pytest.param("? " * 100_000 + "x", id="nested keys"),
        pytest.param("".join(f"{' ' * i}a:\n" for i in range(1_000)), id="indentation"),
        pytest.param("x: " + "&a " * 50_000 + "y", id="anchors"),
        pytest.param("k" * 2_000_000 + ": 1", id="a long key"),
    ],
)
def test_hostile_texts_are_settled_quickly(text: str) -> None:
    started = time.process_time()
    with suppress(InputError):
        parse(text, "x")
    assert time.process_time() - started < 5
