"""A quotation from a long text is found on its own line, not on the line where the text starts."""

from __future__ import annotations

import json
import re

import pytest

from cmms_audit.spec.limits import published_limits
from cmms_audit.spec.sentences import sentences
from tests.spec.toy import loaded

HEAD = "openapi: 3.1.0\ninfo:\n  title: x\n  version: '1'\n"
TEXTS = {
    "literal": "  description: |\n    # About\n\n    Be kind.\n    At most 100 requests per minute are answered.\n",
    "folded": "  description: >-\n    Be kind to us, and\n    to others. At most 100 requests per\n    minute.\n",
    "plain": "  description: Be kind to us,\n    and to others.\n\n    At most 100 requests per minute are answered.\n",
    "quoted": "  description: 'Be kind to us.\n\n    At most 100 requests per minute are answered.'\n",
}
LINES = {"literal": 9, "folded": 7, "plain": 8, "quoted": 7}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_sentence_is_found_on_its_line(kind: str) -> None:
    spec = loaded(f"{HEAD}{TEXTS[kind]}paths: {{}}\n")

    found = next(iter(sentences(spec.prose(), re.compile("At most"))))

    assert found.evidence.line == LINES[kind]


def test_a_limit_is_found_on_the_line_that_states_it() -> None:
    spec = loaded(f"{HEAD}{TEXTS['literal']}paths: {{}}\n")

    assert [limit.evidence.line for limit in published_limits(spec)] == [9]


def test_a_text_in_json_stands_on_one_line() -> None:
    info = {"title": "x", "version": "1", "description": "Be kind.\nAt most 100 requests per minute."}
    spec = loaded(json.dumps({"openapi": "3.1.0", "info": info, "paths": {}}, indent=1))

    found = next(iter(sentences(spec.prose(), re.compile("At most"))))

    assert found.evidence.line == 6


def test_words_of_another_text_further_down_are_not_taken_for_the_quoted_ones() -> None:
    text = '  description: "Say \\"At most\\" 5 times."\n  x-far: |\n' + "    .\n" * 50 + '    Say "At most" 5 times.\n'
    spec = loaded(f"{HEAD}{text}paths: {{}}\n")

    found = next(iter(sentences(spec.prose(), re.compile("At most"))))

    assert found.evidence.line == 5
