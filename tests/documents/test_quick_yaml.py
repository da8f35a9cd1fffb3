"""Reading YAML line by line gives what libyaml's events give, or steps aside."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.documents.limits import DEFAULT_LIMITS, Limits
from cmms_audit.documents.yaml_lines import UnusualYamlError, build_from_lines, build_quickly
from cmms_audit.documents.yaml_text import build_yaml
from cmms_audit.errors import InputError
from tests.documents.test_lines import CHANCES, VALUES
from tests.documents.writing import YamlWriter
from tests.support import REPOSITORY, SPECS

WORDS = ["a", "b", "key", "x y", "1", "012", "true", "~", "null", "1e3", "0x1f", "é", "://", "#/x", "it''s"]
MARKS = [
    "-",
    "- ",
    "- - ",
    ": ",
    ":",
    " :",
    "? ",
    "#",
    " # remark",
    "'",
    '"',
    "\\",
    "\\n",
    ", ",
    ",",
    "%",
    "@",
    "`",
    "...",
]
SPACES = ["\n", "\n", "\n", "\n  ", "\n    ", "\n ", " ", "  ", "\t", "\r\n", "\r", "\ufeff", "\n---\n", "---"]
SHAPES = [
    "[",
    "]",
    "{",
    "}",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "{a: b}",
    "[a, 'b']",
    '"a\\tb"',
]
PIECES = st.sampled_from([*WORDS, *MARKS, *SPACES, *SHAPES])
TEXTS = st.lists(PIECES, max_size=30).map("".join)
MAPPINGS = st.lists(PIECES, max_size=30).map(lambda pieces: "a: " + "".join(pieces))


def assert_the_same(text: str) -> None:
    try:
        quick = build_from_lines(text, "x", DEFAULT_LIMITS)
    except UnusualYamlError:
        return
    slow = build_yaml(text, "x", DEFAULT_LIMITS)
    assert (quick.value, quick.lines, slow.duplicates) == (slow.value, slow.lines, ())
    assert repr(quick.value) == repr(slow.value)


@settings(max_examples=1000, deadline=None)
@given(TEXTS | MAPPINGS)
def test_any_text_means_the_same_both_ways(text: str) -> None:
    assert_the_same(text)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text("ab", min_size=1), VALUES, min_size=1), CHANCES)
def test_written_yaml_means_the_same_both_ways(value: Any, chance: Random) -> None:
    writer = YamlWriter(chance)
    writer.document(value)

    assert_the_same(writer.text)


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("[cp]*/**/*.yaml")), ids=lambda path: path.name)
def test_our_own_files_are_read_line_by_line(path: Any) -> None:
    text = path.read_text(encoding="utf-8")

    assert build_from_lines(text, "x", DEFAULT_LIMITS).value == build_yaml(text, "x", DEFAULT_LIMITS).value


@pytest.mark.skipif(not SPECS.is_dir(), reason="the corpus is not beside the repository")
@pytest.mark.parametrize("name", ["facilio", "netbox", "inventree", "stripe-2022-04"])
def test_real_descriptions_are_read_line_by_line(name: str) -> None:
    text = (SPECS / f"{name}.yaml").read_text(encoding="utf-8")
    quick = build_from_lines(text, "x", DEFAULT_LIMITS)
    slow = build_yaml(text, "x", DEFAULT_LIMITS)

    assert (quick.value, quick.lines) == (slow.value, slow.lines)


@pytest.mark.parametrize(
    "text",
    [
        *("a: 1\na: 2", "a: &x 1\nb: *x", "a: !!str 1", "<<: {b: 1}", "a: 1\n---\nb: 2", "? a\n: b", "a:\tb"),
        *("a: b: c", "a: 'b\nc: d", "- a\n- b", "a: b\n  - c: d", "a: 'x\n  y' # r\n  c'\nb: 1", "a:\n  b\n", "a: @b"),
    ],
)
def test_what_is_unusual_is_left_to_libyaml(text: str) -> None:
    with pytest.raises(UnusualYamlError):
        build_from_lines(text, "x", DEFAULT_LIMITS)


def test_a_text_over_a_limit_is_refused() -> None:
    many = "".join(f"k{number}: 1\n" for number in range(200))
    deep = "".join("  " * level + "k:\n" for level in range(50))

    for text, limits in ((many, Limits(nodes=100)), (deep, Limits(depth=20))):
        with pytest.raises(InputError):
            build_quickly(text, "x", limits)
        with suppress(UnusualYamlError):
            pytest.fail(f"was read: {build_from_lines(text, 'x', limits)}")
