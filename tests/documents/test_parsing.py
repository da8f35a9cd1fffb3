"""YAML and JSON become plain values that know their lines, and broken files are explained."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cmms_audit.documents import Limits, list_index, parse, pointer_join, pointer_parts, read
from cmms_audit.errors import InputError


def problem(text: str | bytes, /, **limits: int) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, "given.yaml", limits=Limits(**limits))
    return str(caught.value)


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "012", "2026-11-22", "1_000", "0b1", ".inf", ".nan", "1e999", "9" * 5000]
)
def test_words_that_other_readers_turn_into_something_else_stay_words(word: str) -> None:
    assert parse(f"a: {word}", "x").value == {"a": word}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("12", 12),
        ("-1.5e2", -150.0),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int '3'", 3),
    ],
)
def test_numbers_truth_and_nothing_are_read_by_the_core_schema(word: str, value: object) -> None:
    assert parse(f"a: {word}", "x").value == {"a": value}


def test_keys_are_always_text() -> None:
    assert parse("200: a\nnull: b\non: c\ntrue: d", "x").value == {"200": "a", "null": "b", "on": "c", "true": "d"}


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['echo']", "!!python/name:os.system x", "!secret x"])
def test_tags_construct_nothing(tag: str) -> None:
    assert parse(f"a: {tag}", "x").value["a"] in (["echo"], "x")


def test_every_yaml_value_knows_its_line() -> None:
    document = parse("info:\n  title: x\nlist:\n  - a\n  - b: 1\n    c/d: 2\n", "x")

    lines = [document.line(p) for p in ("", "/info", "/info/title", "/list/0", "/list/1", "/list/1/c~1d")]

    assert lines == [1, 1, 2, 4, 5, 6]
    assert document.line("/info/none") is None
    assert document.line("/list/9") is None
    assert document.line("/info/title/deeper") is None


def test_every_json_value_knows_its_line() -> None:
    document = parse('{\n "a": [1,\n  {"b\\n": "}{"}\n ],\n "c": ""}', "x")

    lines = [document.line(p) for p in ("", "/a", "/a/0", "/a/1", "/a/1/b\n", "/c")]

    assert lines == [1, 2, 2, 3, 3, 5]
    assert document.line("/zzz") is None


def test_lines_are_counted_as_editors_count_them() -> None:
    assert parse("a: x\u2028y\u0085z\nb: 1\n", "x").line("/b") == 2
    assert parse("a: 1\r\nb: 1\r\n", "x").line("/b") == 2


@pytest.mark.parametrize("text", ["a:\n  b: 1\n  b: 2\n", '{"a": {"b": 1,\n\n"b": 2}}'])
def test_a_key_given_twice_is_told_with_its_place_and_the_last_one_counts(text: str) -> None:
    document = parse(text, "x")

    assert document.value == {"a": {"b": 2}}
    assert [(double.pointer, double.line) for double in document.duplicates] == [("/a/b", 3)]


def test_an_anchor_is_repeated_with_the_lines_of_where_it_was_written() -> None:
    document = parse("base: &b\n  x: 1\ncopy: *b\nmerged:\n  <<: *b\n  y: 2\n", "x")

    assert document.value["copy"] == {"x": 1}
    assert document.value["merged"] == {"x": 1, "y": 2}
    assert document.line("/copy/x") == 2
    assert document.line("/merged/x") == 2


def test_utf16_and_a_byte_order_mark_are_read() -> None:
    assert parse("a: ä".encode("utf-16"), "x").value == {"a": "ä"}
    assert parse(b"\xef\xbb\xbf{}", "x").value == {}


def test_control_characters_are_replaced_and_the_line_is_told() -> None:
    document = parse("a: 1\nb: x\x01y\n", "x")

    assert document.value == {"a": 1, "b": "x y"}
    assert document.repaired_line == 2


def test_a_flow_mapping_that_is_no_json_is_read_as_yaml() -> None:
    assert parse("{vendor: Northwind, spec: none}", "x").value == {"vendor": "Northwind", "spec": "none"}


def test_half_characters_and_odd_numbers_in_json_do_no_harm() -> None:
    value = parse('{"a": "\\ud800", "b": NaN, "c": 1e999, "d": ' + "9" * 5000 + ', "e": "\\ud83d\\ude00"}', "x").value

    assert value["a"].encode()
    assert value["e"] == "😀"
    assert (value["b"], value["c"], value["d"]) == ("NaN", "1e999", "9" * 5000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "given.yaml: is empty"),
        (" \n\t\n", "given.yaml: is empty"),
        (b"a: \xff", "given.yaml:1: is not a text in UTF-8"),
        ("a: 1\nb: c: d\n", "given.yaml:2: is not valid YAML: mapping values are not allowed"),
        ("a:\n\tb: 1", "given.yaml:2: is not valid YAML"),
        ('a: 1\nb: "never\nclosed', "given.yaml:2: is not valid YAML: a quote or bracket is opened here"),
        ('{"a": 1,\n "b": }]', "given.yaml:2: is not valid JSON: expecting value"),
        ("a: 1\n---\nb: 2\n", "given.yaml: holds more than one document"),
        ("? [a]\n: b", "given.yaml:1: a list or mapping stands where a key should be"),
        ("a: *b", "given.yaml:1: *b repeats nothing that is complete here"),
        ("a: &a [*a]", "given.yaml:1: *a repeats nothing that is complete here"),
    ],
)
def test_what_cannot_be_read_is_explained_with_its_line(text: str | bytes, says: str) -> None:
    assert problem(text).startswith(says)


@pytest.mark.parametrize(
    ("text", "limits", "says"),
    [
        ("a: " + "[" * 30 + "]" * 30, {"depth": 20}, "nested more than 20 levels"),
        ("[" * 30 + "]" * 30, {"depth": 20}, "nested more than 20 levels"),
        ("a: [" + "1, " * 50 + "]", {"nodes": 20}, "more than 20 values"),
        ("[" + "1, " * 50 + "1]", {"nodes": 20}, "more than 20 values"),
        ("a: " + "x" * 50, {"bytes": 20}, "larger than"),
        ("a: &a [1, 1, 1]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]", {"alias_nodes": 20}, "absurdly large"),
        ("a: &a [1]\nb: &b [*a]\nc: &c [*b]\nd: [*c]", {"depth": 4}, "nested more than 4 levels"),
    ],
)
def test_what_is_over_a_limit_is_refused(text: str, limits: dict[str, int], says: str) -> None:
    assert says in problem(text, **limits)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "ordinary file"),
        (tmp_path / "pipe", "ordinary file"),
    ):
        with pytest.raises(InputError, match=says):
            read(path)


def test_pointers_escape_what_json_pointers_escape() -> None:
    assert pointer_join("/paths", "/a~b/{id}", 0) == "/paths/~1a~0b~1{id}/0"
    assert pointer_parts("/paths/~1a~0b~1{id}/0") == ["paths", "/a~b/{id}", "0"]
    assert pointer_parts("") == []
    assert [list_index(step, 2) for step in ("1", "2", "-1", "x", "²", "9" * 50)] == [1, None, None, None, None, None]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
def test_every_encoding_of_unicode_is_read(encoding: str) -> None:
    assert parse("a: Wärme\n".encode(encoding), "x").value == {"a": "Wärme"}


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"PK\x03\x04", "is a ZIP archive (or an office document) (unpack it and name the main document in it)"),
        (b"\x1f\x8b\x08", "is compressed (gzip)"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\x89PNG\r\n", "is a picture (PNG)"),
        (b"a" * 257 + b"ustar", "is a TAR archive"),
    ],
)
def test_a_file_that_is_no_text_is_named_for_what_it_is(start: bytes, says: str) -> None:
    assert says in problem(start + bytes(600))


@pytest.mark.parametrize("text", ['{"a": {"bbbbbbbbbb": [1, 2, 3]}}', "a: {bbbbbbbbbb: [1, 2, 3]}\n"])
def test_names_so_long_that_pointers_would_fill_the_memory_are_refused(text: str) -> None:
    assert "the names in it are far too long" in problem(text, pointers=40)
    assert parse(text, "x", limits=Limits(pointers=100)).value


@pytest.mark.parametrize("text", ['{"a": ["bbbbbbbbbb"]}', "a: [bbbbbbbbbb]\n", "a: bbbbbbbbbb\n"])
def test_a_text_that_is_far_too_long_is_refused(text: str) -> None:
    assert "holds a text of more than 9 characters" in problem(text, text=9)
    assert parse(text, "x", limits=Limits(text=10)).value


def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    assert parse('{"a": "[,,,,[[[{{{\\",,,\\\\", "b": [ ], "c": {}}', "x", limits=Limits(nodes=3)).value["b"] == []
    assert "more than 2 values" in problem('{"a": "", "b": [], "c": {}}', nodes=2)


def test_lines_of_json_are_found_in_whatever_order_they_are_asked_for() -> None:
    inner = ",\n".join(f'"{i}": [\n1,\n2]' for i in range(300))
    document = parse(f'{{"a": {{\n{inner}}},\n"b": 1}}', "x")

    backwards = [document.line(f"/a/{i}/1") for i in reversed(range(300))]

    assert backwards == [4 + 3 * i for i in reversed(range(300))]
    assert document.line("/b") == 902
    assert document.line("/a/0/2") is None
