"""Hostile characters are spelled out; the letters of every language stay as they are."""

from __future__ import annotations

import pytest

from cmms_audit.reports.text import one_line, sentence, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "[U+001B][31mred"),
        ("bell\x07", "bell[U+0007]"),
        ("\x7f\x9b", "[U+007F][U+009B]"),
        ("safe\u202egnp", "safe[U+202E]gnp"),
        ("ad\u200bmin\ufeff", "ad[U+200B]min[U+FEFF]"),
        ("\u2028\u2029", "[U+2028][U+2029]"),
        ("\ud800", "[U+D800]"),
        ("\U000e0041\ue000", "[U+E0041][U+E000]"),
        ("\u3164blank", "[U+3164]blank"),
        ("a\r\nb\rc", "a\nb[U+000D]c"),
    ],
)
def test_what_could_steer_or_hide_is_spelled_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize(
    "text", ["Instandhaltung für Köln", "保全 作業", "क्षेत्र", "Việt Nam", "e\u0301", "line\nand\ttab", "→ ✓ 👍"]
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_piles_of_accents_are_cut_to_what_languages_use() -> None:
    assert visible("a" + "\u0301" * 100 + "b") == "a" + "\u0301" * 3 + "b"


def test_one_line_is_one_line_and_never_longer_than_allowed() -> None:
    assert one_line(" a\n\n b\tc ") == "a b c"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("said", "told"),
    [("it works", "It works."), ("Does it?", "Does it?"), ("", ""), ("  ", ""), ("done.", "Done.")],
)
def test_a_summary_becomes_a_sentence(said: str, told: str) -> None:
    assert sentence(said) == told
