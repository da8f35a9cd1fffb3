"""The report at a terminal: everything that matters, in the width and letters that there are."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cmms_audit.reports.terminal import render_terminal
from tests.reports import fixture
from tests.reports.regenerate import terminal_text


def test_the_verdict_comes_first_and_the_files_last() -> None:
    text = terminal_text(fixture.report())

    order = [
        "Northwind CMMS",
        "Grade D",
        "Can the integrations",
        "Red flags",
        "Questions",
        "Next",
        "To ask",
        "out/report.html",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_a_flag_that_was_not_tested_is_named_as_that() -> None:
    assert "Not tested  Throttling without a word; Changes overwrite each other" in terminal_text(fixture.report())


def test_the_arithmetic_is_shown_where_a_volume_does_not_fit() -> None:
    text = " ".join(terminal_text(fixture.report(), width=200).split())

    assert "Does not fit 30 events a minute" in text
    assert "30 calls needed a minute, 20 allowed (seen): used up after 40 s" in text
    assert "if it were always as busy: 1,800 calls needed an hour, 600 allowed (seen): used up after 20 min" in text
    assert "500 calls needed an hour" not in text  # that fits


def test_without_volumes_nothing_is_said_of_them() -> None:
    assert "volume" not in terminal_text(fixture.report() | {"capacity": []})


def test_where_no_grade_is_given_it_says_why() -> None:
    report = fixture.report()
    report["score"] |= {"grade": None, "raw_grade": None, "caps": [], "withheld": "too little was seen", "low": None}

    assert "No grade  Too little was seen." in terminal_text(report)


def test_an_audit_that_was_stopped_says_so() -> None:
    report = fixture.report() | {"complete": False, "stopped": "the vendor refused the credential"}

    assert "This audit is not complete. The vendor refused the credential." in terminal_text(report)


@pytest.mark.parametrize("width", [24, 40, 69, 70, 80, 200])
def test_no_line_is_wider_than_the_window(width: int) -> None:
    assert max(len(line) for line in terminal_text(fixture.report(), width=width).split("\n")) <= width


def test_nothing_is_lost_in_a_narrow_window() -> None:
    narrow = "".join(terminal_text(fixture.report(), width=40).split())

    for question in fixture.report()["questions"]:
        assert question["title"].replace(" ", "") in narrow


def test_a_pipe_gets_no_escape_sequence() -> None:
    assert "\x1b" not in terminal_text(fixture.report())


def test_a_terminal_gets_colours_unless_it_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = terminal_text(fixture.report(), force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = terminal_text(fixture.report(), force_terminal=True, color_system="standard")

    assert "\x1b[32m" in coloured
    assert "\x1b[32m" not in plain


def test_letters_that_the_terminal_does_not_have_are_replaced() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    report = fixture.report()
    report["vendor"]["name"] = "Köln Instandhaltung"

    render_terminal(report, Console(file=out, width=80))

    out.flush()
    text = out.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "K\\xf6ln" in text
    assert "Not met" in text


def test_square_brackets_are_words_and_not_styles() -> None:
    report = fixture.report()
    report["questions"][0]["summary"] = "[bold]status[/bold] is [link=https://evil.example]here[/link]"

    text = " ".join(terminal_text(report, width=200).split())
    assert "[bold]status[/bold] is [link=https://evil.example]here[/link]" in text
