"""A script is read as people write it, written as it is read, and a wrong word is named."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.webhooks.behaviour import Behaviour, Manner, read_script


def test_a_script_is_a_row_of_behaviours() -> None:
    script = read_script("503, 503:retry-after=5, silent:10, away:2.5, reset, redirect, error-inside, slow:1, 200")

    assert [each.manner for each in script] == [
        Manner.ANSWER, Manner.ANSWER, Manner.SILENT, Manner.AWAY, Manner.RESET, Manner.REDIRECT, Manner.ERROR_INSIDE,
        Manner.SLOW, Manner.ANSWER,
    ]  # fmt: skip
    assert script[1] == Behaviour(status=503, retry_after="5")
    assert script[3].seconds == 2.5
    assert read_script(", ".join(str(each) for each in script)) == script


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no word"),
        ("200, teapot", "'teapot' is no way"),
        ("answer", "'answer' is no way"),
        ("99", "'99' is no way"),
        ("503:5", "retry-after=SECONDS"),
        ("silent", "needs seconds, as in silent:10"),
        ("silent:-1", "seconds go from 0 to 3600"),
        ("silent:soon", "seconds go from 0 to 3600"),
        ("slow:retry-after=5", "needs seconds"),
        ("reset:3", "takes no value"),
    ],
)
def test_a_wrong_word_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_script(text)


@pytest.mark.parametrize(
    ("word", "takes"),
    [("200", True), ("204", True), ("error-inside", True), ("slow:1", True), ("302", False), ("500", False),
     ("silent:1", False), ("reset", False), ("away:1", False), ("redirect", False)],
)  # fmt: skip
def test_only_a_status_of_success_tells_the_sender_that_it_was_taken(word: str, takes: bool) -> None:
    assert read_script(word)[0].takes is takes


@given(st.text(max_size=80))
def test_a_text_is_a_script_or_refused_as_one(text: str) -> None:
    with suppress(ValueError):
        assert read_script(", ".join(str(each) for each in read_script(text)))
