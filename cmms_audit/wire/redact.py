"""Keeps secrets out of everything that is recorded: found by value, in any usual spelling, and replaced by typed marks.

Which values are secret, and where they may be sent, is known to the session; how the spellings of a text are read
stands in `spellings`. This module finds and cuts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct

from cmms_audit.wire.spellings import Bounds, base32_cores, readings, views

SHORTEST = 4  # characters; anything shorter occurs by chance in every text
WITHHELD = "«withheld: a secret in a form that cannot be cut out»"
MASKED = "«masked»"  # in the place of what may well be a secret, by its name

_IDENTIFIERS = frozenset({"username", "client_id"})
_LAYERS = 4  # spellings inside spellings that are looked through
_LONG = 8  # bytes; secrets as long as this are also found in other letter case, and in base32
_MOST_WORK = 64  # times its own length is what a text may make us read; more is withheld whole
_LEAST_WORK = 2 * 1024 * 1024  # bytes that may always be read
_WORK_IN_ALL = 512 * 1024 * 1024  # bytes that may be read at most: some seconds
_SMALL = 512  # bytes; texts up to this size are remembered
_REMEMBERED = 2048  # of them, at most
_TELLING_HEADER = re.compile(r"token|authorization|authentication-info|api-?key|secret", re.IGNORECASE)
_RATE_HEADER = re.compile(r"rate-?limit", re.IGNORECASE)


class _Needle(Struct, frozen=True):
    """Bytes to look for, and the mark that takes their place.

    What does not grant access (a user name, a client id) is often a common word, and so is only found where it stands
    as a whole word. What is found in `any_case` is in lower case here.
    """

    data: bytes
    value: str
    mark: str
    grants_access: bool
    any_case: bool

    def __repr__(self) -> str:
        """What may be shown: whose secret it is."""
        return f"_Needle({self.mark})"


class _Found(Struct, frozen=True):
    """Where a needle stands in a text, in bytes."""

    start: int
    end: int
    needle: _Needle


class _TooMuch(Exception):  # noqa: N818 - named for what it says
    """A text asks for more work than it is worth."""


class _Purse:
    """The bytes that may still be read for one text."""

    def __init__(self, size: int) -> None:
        self._left = min(max(_MOST_WORK * size, _LEAST_WORK), _WORK_IN_ALL)

    def pay(self, size: int) -> None:
        """Read so many more. Raises _TooMuch where they are too many."""
        self._left -= size
        if self._left < 0:
            raise _TooMuch


class Redactor:
    """Knows every secret of a run, the tokens obtained on the way included."""

    def __init__(self) -> None:
        self._needles: tuple[_Needle, ...] = ()
        self._base32: tuple[_Needle, ...] | None = None  # made when they are first needed
        self._bounds = Bounds(0)
        self._marks: re.Pattern[bytes] | None = None
        self._clean: set[bytes] = set()
        self._last_clean = b""

    def add(self, label: str, value: str) -> None:
        """Never let `value` be recorded again; `label` ("main.token") names it in the mark «main.token».

        Raises ValueError where the value is too short to be told from ordinary text.
        """
        if len(value) < SHORTEST:
            raise ValueError(f"{label} has fewer than {SHORTEST} characters")
        grants_access = label.rpartition(".")[2] not in _IDENTIFIERS
        if not grants_access and value.isdigit():  # no secret, and taking it out would spoil the numbers of answers
            return
        known = {needle.data: needle for needle in self._needles}
        for needle in _needles(value, f"«{label}»", grants_access):
            if needle.data not in known or grants_access:
                known[needle.data] = needle
        self._look_for(known.values())

    def forget(self, value: str) -> None:
        """Look no longer for a value that opens nothing any more."""
        self._look_for(needle for needle in self._needles if needle.value != value)

    def as_now(self) -> Redactor:
        """One that knows what this one knows now, and learns nothing more."""
        other = Redactor()
        other._look_for(self._needles)
        return other

    @property
    def knows_any(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._needles)

    def text(self, text: str) -> str:
        """The text with a mark for every secret in it. Marks that stand in it already are left alone."""
        data = text.encode("utf-8", "surrogatepass")
        if len(data) < SHORTEST or self._is_known_clean(data):
            return text
        try:
            found = self._found(self._without_marks(data))
        except _TooMuch:
            return WITHHELD
        if not found:
            self._remember_clean(data)
            return text
        return _as_text(_cut(data, found))

    def values(self, value: Any, *, under: Collection[str] | None = None) -> Any:
        """A plain JSON value with a mark for every secret in its texts; the names of members are ours.

        Where it is said `under` which names a text may be the vendor's, all others are ours, too, and stay.
        """
        match value:
            case str():
                return self.text(value) if under is None else value
            case list():
                return [self.values(each, under=under) for each in value]
            case dict():
                return {
                    name: self.values(each, under=None if under is None or name in under else under)
                    for name, each in value.items()
                }
            case _:
                return value

    def contains(self, data: bytes, *, in_doubt: bool = False) -> bool:
        """Whether anything in it grants access, in whatever spelling. User names and client ids do not count.

        `in_doubt` is the answer where it would be too much work to find out.
        """
        if self._is_known_clean(data):
            return False
        try:
            return any(found.needle.grants_access for found in self._found(data))
        except _TooMuch:
            return in_doubt

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers of a request in the form in which they are recorded."""
        return tuple((self.text(name), self.text(value)) for name, value in headers)

    def answer_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers of an answer in the form in which they are recorded: also without new secrets that it hands out.

        These are the values of cookies, and of every header whose name speaks of a token, a key or a secret.
        """
        return self.headers((name, _without_new_secret(name, value)) for name, value in headers)

    def _look_for(self, needles: Iterable[_Needle]) -> None:
        self._needles = tuple(needles)
        self._bounds = Bounds(min((len(needle.data) for needle in self._needles if needle.grants_access), default=0))
        self._base32 = None
        self._marks = None
        self._clean.clear()
        self._last_clean = b""

    def _found(self, data: bytes) -> list[_Found]:
        return self._found_in(data, _LAYERS, _Purse(len(data)), {}, is_text=True)

    def _found_in(
        self, data: bytes, layers: int, purse: _Purse, read: dict[int, int], *, is_text: bool
    ) -> list[_Found]:
        """Every secret in the data as it stands, and in whatever can be read out of it.

        `read` are the readings of the same text that were looked through before, by their hash, each with the layers
        that were left then.
        """
        purse.pay(len(data))
        found = _plain(data, self._needles)
        if not layers:
            return found
        for view in views(data, self._bounds, is_text=is_text):
            if view.is_base32:
                found += _plain(data, self._base32_needles())
                continue
            known = read if view.is_reading else {}
            if view.is_reading and read.get(hash(view.data), 0) >= layers:
                continue
            if view.is_reading:
                read[hash(view.data)] = layers
            for each in self._found_in(view.data, layers - 1, purse, known, is_text=view.is_text):
                if view.is_text or each.needle.grants_access:
                    found.append(_Found(*view.source(each.start, each.end), each.needle))
        return found

    def _base32_needles(self) -> tuple[_Needle, ...]:
        if self._base32 is None:
            self._base32 = tuple(
                _Needle(core, needle.value, needle.mark, grants_access=True, any_case=True)
                for needle in self._needles
                if needle.grants_access and needle.any_case
                for core in base32_cores(needle.value.encode("utf-8", "surrogatepass"))
            )
        return self._base32

    def _without_marks(self, data: bytes) -> bytes:
        """The data with the marks that stand in it blotted out, so that nothing is found in them."""
        if b"\xc2\xab" not in data:
            return data
        if self._marks is None:
            marks = {needle.mark for needle in self._needles} | {WITHHELD, MASKED}
            self._marks = re.compile(
                b"|".join(re.escape(mark.encode()) for mark in sorted(marks, key=len, reverse=True))
            )
        return self._marks.sub(lambda match: b"\x01" * len(match[0]), data)

    def _is_known_clean(self, data: bytes) -> bool:
        return data in self._clean if len(data) <= _SMALL else data == self._last_clean

    def _remember_clean(self, data: bytes) -> None:
        if len(data) > _SMALL:
            self._last_clean = data
            return
        if len(self._clean) >= _REMEMBERED:
            self._clean.clear()
        self._clean.add(data)


def _needles(value: str, mark: str, grants_access: bool) -> list[_Needle]:
    """What to look for: the value, with blanks or plus signs, and with every escape read that it may hold by chance.

    A sign at its end that may begin an escape together with what follows is left out, once.
    """
    any_case = grants_access and len(value.encode("utf-8", "surrogatepass")) >= _LONG
    return [
        _Needle(form.lower() if any_case else form, value, mark, grants_access, any_case) for form in forms_of(value)
    ]


def forms_of(value: str) -> tuple[bytes, ...]:
    """The texts in which a secret is looked for."""
    data = value.encode("utf-8", "surrogatepass")
    forms = {data, data.replace(b" ", b"+"), data.rstrip(b"%\\&="), *readings(data)}
    return tuple(form for form in forms if len(form) >= SHORTEST)


def _plain(data: bytes, needles: Iterable[_Needle]) -> list[_Found]:
    """Every needle that stands in the data as it is."""
    found: list[_Found] = []
    lower = data.lower()
    for needle in needles:
        text = lower if needle.any_case else data
        if needle.data not in text:
            continue
        end = 0
        while (start := text.find(needle.data, end)) >= 0:
            end = start + len(needle.data)
            if needle.grants_access or _is_whole_word(data, start, end):
                found.append(_Found(start, end, needle))
    return found


def _is_whole_word(data: bytes, start: int, end: int) -> bool:
    return not _is_letter(data[start - 1 : start]) and not _is_letter(data[end : end + 1])


def _is_letter(byte: bytes) -> bool:
    return byte.isalnum() or byte >= b"\x80"


def _cut(data: bytes, found: list[_Found]) -> bytes:
    """The data with a mark in every place that was found; where places overlap, that of the longest stands for all."""
    pieces: list[bytes] = []
    done = 0
    ordered = sorted(found, key=lambda each: (each.start, -each.end))
    at = 0
    while at < len(ordered):
        longest, start, end = ordered[at], ordered[at].start, ordered[at].end
        while at < len(ordered) and ordered[at].start < end:
            end = max(end, ordered[at].end)
            if ordered[at].end - ordered[at].start > longest.end - longest.start:
                longest = ordered[at]
            at += 1
        pieces += [data[done:start].rstrip(b"\\"), longest.needle.mark.encode()]
        done = _end_of_escapes(data, start, end) if longest.needle.value.endswith("\\") else end
    return b"".join([*pieces, data[done:]])


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a secret that ended in the middle of a letter
        return data.decode("utf-8", "replace")


def _end_of_escapes(data: bytes, start: int, end: int) -> int:
    """The end of a place to cut, with the backslashes behind it that belong to it, lest half an escape stays."""
    inside = end - start - len(data[start:end].rstrip(b"\\"))
    behind = 0
    while data[end + behind : end + behind + 1] == b"\\":
        behind += 1
    return end + behind - ((inside + behind) % 2 if behind else 0)


def _without_new_secret(name: str, value: str) -> str:
    if name.lower() in ("set-cookie", "set-cookie2"):
        pair, semicolon, attributes = value.partition(";")
        cookie, equals, _ = pair.partition("=")
        return f"{cookie}=«cookie»{semicolon}{attributes}" if equals else "«cookie»"
    return MASKED if _TELLING_HEADER.search(name) and not _RATE_HEADER.search(name) else value
