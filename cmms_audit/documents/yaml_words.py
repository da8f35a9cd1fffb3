"""One line of YAML taken apart without the lines around it, and the simple kind of text that goes over several lines.

Knows the words of block YAML that fit on one line; everything else is left to libyaml.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from cmms_audit.documents.yaml_brackets import read_brackets
from cmms_audit.documents.yaml_values import plain_value

_LONGEST_KEY = 1000  # libyaml takes no longer key on one line
_PERHAPS_NO_TEXT = frozenset("~nNtTfF+-.0123456789")
# Indicators may not start a plain word (YAML 1.2, section 5.3); a dash may where no space follows.
_PLAIN_START = re.compile(r"""[^\s\-?:,\[\]{}#&*!|>'"%@`]|-[^\s]""")
_PAIR = re.compile(
    r"""(?:"(?P<double>[^"\\]*+)"\ {0,20}+|'(?P<single>[^']*+)'\ {0,20}+
    |(?P<plain>[^\s\-?:,\[\]{}\#&*!|>'"%@`][^:\#]*+(?::[^\s:\#][^:\#]*+)*+))
    :(?:\ ++(?P<value>.*))?$""",
    re.VERBOSE | re.DOTALL,
)
_DOUBLE_QUOTED = re.compile(r'("(?:[^"\\]|\\["\\/bfnrt])*+")(?: ++#.*)?$', re.DOTALL)
_ONE_QUOTATION = re.compile(r"'((?:[^']|'')*+)'", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*+)'(?: ++#.*)?$", re.DOTALL)
# What a line does, the spaces before it left out. Numbers: looking up members of an enum took half of the time.
WORD = 1  # a plain word, which the next lines may continue
WHOLE = 2  # a word that is complete
OPEN = 3  # a key, or a dash, whose value stands below
BRACKETS = 4  # a list or mapping in brackets, on this line
OTHER = 5  # a value for libyaml
DASH = 6  # a member of a list: what is behind the dash is a line of its own
NOTHING = 7  # empty, or a remark
UNUSUAL = 8  # nothing that is known here

Parts: TypeAlias = tuple[int, str | None, Any, int]
"""What the line does, the key (None where there is none), the value, and where in the line the value starts."""


def take_apart(bare: str) -> Parts:
    """The parts of a line, given without the spaces before it."""
    bare = bare.rstrip(" ")
    if not bare or bare[0] == "#":
        return NOTHING, None, None, 0
    if "\t" in bare or bare.startswith("..."):
        return UNUSUAL, None, None, 0
    if bare[0] == "-" and bare[1:2] in ("", " "):
        return DASH, None, None, len(bare) - len(bare[1:].lstrip(" "))
    pair = _PAIR.match(bare)
    if pair is None:
        does, value = _value(bare)
        return does, None, value, 0
    key = next(group for group in pair.group("double", "single", "plain") if group is not None)
    if len(key) > _LONGEST_KEY or key == "<<":
        return UNUSUAL, None, None, 0
    if pair.group("plain"):
        key = key.rstrip(" ")
    does, value = _value(pair.group("value") or "")
    return does, key, value, pair.start("value")


def _value(text: str) -> tuple[int, Any]:
    """What a value says that starts on this line."""
    if not text or text[0] == "#":
        return OPEN, None
    if text[0] in "\"'":
        return _quoted(text)
    if text[0] in "[{":
        return _brackets(text)
    if text[0] in "|>":
        return OTHER, None
    if not _PLAIN_START.match(text):
        return UNUSUAL, None
    remark = text.find(" #")
    word = text if remark < 0 else text[:remark].rstrip(" ")
    if ": " in word or word[-1] == ":":
        return UNUSUAL, None
    value = plain_value(word) if word[0] in _PERHAPS_NO_TEXT else word
    return (WORD if remark < 0 else WHOLE), value


def _quoted(text: str) -> tuple[int, Any]:
    if double := _DOUBLE_QUOTED.match(text):
        return WHOLE, json.loads(double.group(1), strict=False)
    if single := _SINGLE_QUOTED.match(text):
        return WHOLE, single.group(1).replace("''", "'")
    return OTHER, None


def _brackets(text: str) -> tuple[int, Any]:
    value = read_brackets(text)
    return (OTHER, None) if value is None else (BRACKETS, value)


def text_block(header: str, lines: list[str]) -> str | None:
    """The text below a `|` or `>` (YAML 1.2, section 8.1); None where it is for libyaml.

    `lines` are those below, each with its line end left out; the last of them is followed by a line end as well.
    """
    if header not in ("|", "|-", ">", ">-") or not lines:
        return None
    indent = len(lines[0]) - len(lines[0].lstrip(" "))
    margin = " " * indent
    texts = [line[indent:] for line in lines]
    if any(not line.startswith(margin) and line.strip(" ") for line in lines) or texts[0][:1] in ("", "\t"):
        return None
    while texts and not texts[-1]:
        texts.pop()
    if header[0] == "|":
        text = "\n".join(texts)
    elif any(text.startswith((" ", "\t")) for text in texts):
        return None
    else:
        text = folded(texts)
    return text if header.endswith("-") else f"{text}\n"


def folded(lines: list[str]) -> str:
    """Lines as one text (YAML 1.2, section 6.5): a line end becomes a space, of empty lines each becomes a line end."""
    parts = [lines[0]]
    breaks = 0
    for line in lines[1:]:
        if line:
            parts += ("\n" * breaks or " ", line)
        breaks = 0 if line else breaks + 1
    return "".join(parts)


def quoted_text(lines: list[str]) -> str | None:
    """The text in quotes that starts on the first line and ends on the last one; None where it is for libyaml."""
    lines = [lines[0].rstrip(" "), *(line.strip(" ") for line in lines[1:])]
    while not lines[-1]:
        lines.pop()
    if len(lines[0]) == 1 or any("\t" in line for line in lines):
        return None
    text = folded(lines)
    if text[0] == "'":
        single = _ONE_QUOTATION.fullmatch(text)
        return single.group(1).replace("''", "'") if single else None
    return text[1:-1] if text[-1] == '"' and "\\" not in text and '"' not in text[1:-1] and len(text) > 1 else None
