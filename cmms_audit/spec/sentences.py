"""Sentences of a description that speak of a subject, each with the place where it stands.

Cuts text apart and searches it; what a sentence means is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Prose

_LONGEST_TEXT = 200_000
_LONGEST_SENTENCE = 1_000
_BREAK = pattern(r"(?<=[.!?])\s+|\n[ \t]{0,20}(?=[-*#>|\n])| ?\| ?|<br ?/?>")


def sentences(texts: Iterable[Prose], about: re.Pattern[str]) -> Iterator[Prose]:
    """Every sentence that `about` is found in, white space made single.

    A line break ends a sentence only before a blank line, a list item, a heading or a table row.
    """
    for prose in texts:
        text = prose.text[:_LONGEST_TEXT]
        if not about.search(text):
            continue
        for piece in _BREAK.split(text):
            sentence = " ".join(piece[:_LONGEST_SENTENCE].split())
            if about.search(sentence):
                yield Prose(sentence, prose.place, prose.of_operation)
