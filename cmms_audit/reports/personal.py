"""Masks personal values (e-mail addresses, telephone numbers, names of people) in what the vendor sent.

Works on bodies that were cut short too, so it reads JSON token by token and never needs a whole document. Names are
recognised by the member they stand in; the shapes of addresses and numbers are recognised anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from cmms_audit.patterns import pattern

EMAIL_MARK = "«e-mail masked»"
PHONE_MARK = "«phone masked»"
NAME_MARK = "«name masked»"

_EMAIL = pattern(r"[\w.%+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_PHONE = pattern(
    r"(?<![\w+])\+\d[\d ().-]{6,18}\d(?!\w)|(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w.-])"
)
_QUERY = pattern(r"(?<=[?&])([^=&#\s]{1,64})=([^&#\s]*)")
_TOKEN = pattern(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)

_NOT_LETTERS = pattern(r"[\W_]+")
_LONGEST_KEY = 64


class _Kind(Enum):
    """What a member of JSON, or a parameter of an address, holds by its name."""

    NAME = r"(first|last|full|given|family|middle|nick|user|login|person|employee|technician|contact)name|surname|login"
    PERSON = (
        r"assign(ee|ees|edto|edtechnician)|(report|creat|updat|modifi|chang|complet|clos|approv|sign|request)edby|request[eo]r"
        r"|reporter|technicians?|owner|supervisor|manager|contacts?|persons?|people|employees?|workers?|craftsperson"
        r"|author|users?|members?|operators?|staff"
    )
    EMAIL = r"(primary|work)?e?mail(address)?"
    PHONE = r"(primary|work|mobile|cell)?(tele)?phone(number)?|mobile|cell|tel|fax"
    PERHAPS_A_NAME = r"name|displayname|initials"


_SAYS_PERSON = {_Kind.NAME, _Kind.EMAIL, _Kind.PHONE}


@lru_cache(maxsize=4096)
def _kind(key: str) -> _Kind | None:
    letters = _NOT_LETTERS.sub("", key[:_LONGEST_KEY]).lower()
    return next((kind for kind in _Kind if re.fullmatch(kind.value, letters)), None)


def mask_text(text: str) -> str:
    """Running text with e-mail addresses and telephone numbers masked."""
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(EMAIL_MARK, text)
    return _PHONE.sub(PHONE_MARK, text)


def mask_url(url: str) -> str:
    """An address with e-mail addresses, telephone numbers and the values of name parameters masked."""

    def replace(match: re.Match[str]) -> str:
        mark = _mark_for(_kind(unquote(match[1])), of_person=False) if match[2] else None
        return f"{match[1]}={mark or match[2]}"

    return mask_text(_QUERY.sub(replace, url))


def is_about_people(url: str) -> bool:
    """Whether the path of an address names people (/users, /labor/technicians ...)."""
    return any(_kind(part) is _Kind.PERSON for part in url.partition("?")[0].split("/"))


def json_lines(text: str, *, about_people: bool = False, mask: bool = True) -> str:
    """JSON, whole or cut short, indented by two blanks and with personal values masked.

    Args:
        text: what was recorded.
        about_people: the records themselves are people (see `is_about_people`).
        mask: False to indent only.
    """
    pieces = list(_pieces(text))
    people = _people(pieces)

    def show(piece: _Piece) -> str:
        of_person = about_people or piece.in_person or piece.path in people
        return _masked(piece, of_person=of_person) if mask and not piece.is_key else piece.text

    return _indented(pieces, show)


def mask_json(text: str, *, about_people: bool = False) -> str:
    """JSON, whole or cut short, with personal values masked and then without blanks; as it is where there are none."""
    pieces = list(_pieces(text))
    people = _people(pieces)

    def show(piece: _Piece) -> str:
        masked = _masked(piece, of_person=about_people or piece.in_person or piece.path in people)
        return piece.text if piece.is_key or masked == _rewritten(piece) else masked

    shown = [show(piece) for piece in pieces]
    return mask_text(text if shown == [piece.text for piece in pieces] else "".join(shown))


class _Piece(Struct, frozen=True):
    """A token of JSON and where it stands: the member it is the value of, the path of the object that holds it."""

    text: str
    path: str
    key: str = ""
    is_key: bool = False
    in_person: bool = False

    @property
    def word(self) -> str:
        return self.text.strip('"')


class _Level(Struct):
    """An open object or array while reading."""

    path: str
    is_object: bool
    in_person: bool
    key: str = ""
    pending: str = ""


def _pieces(text: str) -> Iterator[_Piece]:
    levels = [_Level("", is_object=False, in_person=False)]
    for part in _TOKEN.findall(text):
        level = levels[-1]
        is_key = part[0] not in "{[}]:," and level.is_object and not level.key
        yield _Piece(part, level.path, level.key, is_key, level.in_person)
        if part in "{[":
            levels.append(_opened(level, is_object=part == "{"))
        elif part in "}]" and len(levels) > 1:
            levels.pop()
        elif part == ":":
            level.key = level.pending
        elif part == "," and level.is_object:
            level.key = level.pending = ""
        elif is_key:
            level.pending = part.strip('"')


def _people(pieces: list[_Piece]) -> set[str]:
    """The paths of the objects that a member gives away as people."""
    return {piece.path for piece in pieces if piece.is_key and _kind(piece.word) in _SAYS_PERSON}


def _opened(level: _Level, *, is_object: bool) -> _Level:
    """The level below; an array hands its own member name on to what it holds."""
    path = f"{level.path}.{level.key}" if level.is_object else level.path
    in_person = _kind(level.key) is _Kind.PERSON or (not level.is_object and level.in_person)
    return _Level(path, is_object, in_person, key="" if is_object else level.key)


def _masked(piece: _Piece, *, of_person: bool) -> str:
    kind = _kind(piece.key)
    if not piece.text.startswith('"'):
        is_number = piece.text[:1].isdigit()
        return json.dumps(PHONE_MARK, ensure_ascii=False) if is_number and kind is _Kind.PHONE else piece.text
    word = _unescaped(piece.text)
    mark = _mark_for(kind, of_person=of_person) if word else None
    return json.dumps(mark or mask_text(word), ensure_ascii=False)


def _rewritten(piece: _Piece) -> str:
    """A piece as masking writes it where there is nothing to mask."""
    is_text = piece.text.startswith('"')
    return json.dumps(_unescaped(piece.text), ensure_ascii=False) if is_text else piece.text


def _mark_for(kind: _Kind | None, *, of_person: bool) -> str | None:
    match kind:
        case _Kind.EMAIL:
            return EMAIL_MARK
        case _Kind.PHONE:
            return PHONE_MARK
        case _Kind.NAME | _Kind.PERSON:
            return NAME_MARK
        case _Kind.PERHAPS_A_NAME:
            return NAME_MARK if of_person else None
        case None:
            return None


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"')


def _indented(pieces: list[_Piece], show: Callable[[_Piece], str]) -> str:
    out: list[str] = []
    depth = 0
    for index, piece in enumerate(pieces):
        before = pieces[index - 1].text if index else ""
        if piece.text in "}]":
            depth = max(depth - 1, 0)
        if out and (before in "{[," or piece.text in "}]") and not (before in "{[" and piece.text in "}]"):
            out.append("\n" + "  " * min(depth, 40))
        out.append(": " if piece.text == ":" else show(piece))
        if piece.text in "{[":
            depth += 1
    return "".join(out)
