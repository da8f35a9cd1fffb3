"""Every node of a YAML or JSON text, however it is written, is found at the line where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.documents import parse, pointer_join
from tests.documents.writing import Writer, YamlWriter
from tests.documents.writing_json import JsonWriter

WORDS = st.text("ab", min_size=1, max_size=3)
SENTENCES = st.lists(WORDS, min_size=2, max_size=8).map(" ".join)
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=3).map("\n".join)
TEXTS = st.one_of(
    PARAGRAPHS,
    PARAGRAPHS.map(lambda text: f"{text}\n"),
    st.text("ab \n#:-'\"&*!|>%@,[]{}\\?ä😀\t", max_size=12),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["", "true", "null", "012", "1.5", "~", "<<", "\n\n", " a", "a\n\n", "---", "...", "- a", "yes"]),
)
SCALARS = st.none() | st.booleans() | st.integers(-999, 99_999) | st.sampled_from([1.5, -0.25, 1e300]) | TEXTS
KEYS = WORDS | TEXTS.filter(lambda text: text != "<<")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
ROOTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5) | st.lists(VALUES, min_size=1, max_size=5)
CHANCES = st.integers(0, 2**32).map(Random)


def pointers(value: Any, pointer: str = "") -> Iterator[str]:
    yield pointer
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from pointers(inner, pointer_join(pointer, key))


def assert_read_back(writer: Writer, written: Any) -> None:
    document = parse(writer.text, "x")

    assert document.value == written, writer.text
    wanted = {pointer: writer.lines[pointer] for pointer in pointers(written)}
    found = {pointer: document.line(pointer) for pointer in pointers(written)}
    assert found == wanted, writer.text
    assert [(double.pointer, double.line) for double in document.duplicates] == writer.again, writer.text


@settings(max_examples=200, deadline=None)
@given(ROOTS, CHANCES)
def test_every_node_of_written_yaml_is_found_at_its_line(value: Any, chance: Random) -> None:
    writer = YamlWriter(chance)
    assert_read_back(writer, writer.document(value))


@settings(max_examples=200, deadline=None)
@given(ROOTS, CHANCES)
def test_every_node_of_written_json_is_found_at_its_line(value: Any, chance: Random) -> None:
    writer = JsonWriter(chance)
    assert_read_back(writer, writer.document(value))
