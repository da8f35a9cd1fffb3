"""Reads what a text says underneath its encodings, and knows for each place where in the text it came from.

Percent signs, escapes of JSON and of programming languages, HTML entities, quoted-printable, letters set apart by
characters that nobody sees, base64, base32 and hexadecimal. What is searched for in it is the redactor's business.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from html.entities import html5
from itertools import accumulate
from typing import ClassVar

from msgspec import Struct

_LAYERS = 4
_LONGEST_RUN = 40  # characters; what is longer may be broken into lines, usually after 64 or 76
_BLANKS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_UNSEEN = rb"\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad"  # letters without a shape
# Each branch begins with a letter of its own, so that the search runs over plain text at full speed. What nobody sees
# is left out in every reading: else each page that has some of it would have to be read twice as often.
_ESCAPE = (
    rb"""
    %(?:25){0,20}(?P<byte>[0-9a-fA-F]{2})  # percent sign, encoded any number of times
  | \\\\*(?:
        u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\+u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
      | u(?P<letter>[0-9a-fA-F]{4}) | u\{0{0,9}(?P<braced>[0-9a-fA-F]{1,6})\} | U(?P<long>[0-9a-fA-F]{8})
      | x(?P<hexadecimal>[0-9a-fA-F]{2}) | (?P<octal>[0-3][0-7]{2}) | (?P<blank>[nrtbfv]) |
    )
  | &(?:amp;){0,20}(?:
        \#0{0,20}(?P<decimal>\d{1,7});? | \#[xX]0{0,20}(?P<entity>[0-9a-fA-F]{1,6});? | (?P<name>[A-Za-z]\w{0,30});
    )
  | \0 | """
    + _UNSEEN
)
_PRINTED = rb"=(?P<byte>[0-9a-fA-F]{2})|=[ \t]{0,9}\r?\n|\0|" + _UNSEEN  # quoted-printable (RFC 2045, 6.7)
_SIXTEEN = frozenset({"byte", "hexadecimal"})
_SHORT = 8  # bytes; what escapes up to this length mean is remembered
_REMEMBERED = 4096  # of them, at most


class _Alphabet:
    """The letters of an encoding, and how to find out fast whether a text has many of them in a row."""

    def __init__(self, letters: bytes) -> None:
        self.letters = frozenset(letters)
        self.others = bytes(set(range(256)) - self.letters)
        self._shape = bytes(120 if each in self.letters else 32 for each in range(256))

    def has_run(self, data: bytes, length: int) -> bool:
        """Whether so many of the letters stand side by side."""
        return len(data) >= length and b"x" * length in data.translate(self._shape)

    def runs(self, data: bytes, length: int) -> list[tuple[int, int]]:
        """Where at least so many of the letters stand side by side: the beginning and the end of each run."""
        shape, run = data.translate(self._shape), b"x" * length
        found: list[tuple[int, int]] = []
        start = shape.find(run)
        while start >= 0:
            end = shape.find(b" ", start)
            end = len(shape) if end < 0 else end
            found.append((start, end))
            start = shape.find(run, end)
        return found


_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE64 = _Alphabet(_LETTERS + b"0123456789+/-_")
_BASE32 = _Alphabet(_LETTERS + b"234567")
_HEX = _Alphabet(b"0123456789abcdefABCDEF")
_PRINTABLE = _Alphabet(bytes(range(32, 127)) + b"\0\r\n\t")
_PADDING = frozenset(b"=")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


class Bounds:
    """How many letters in a row it takes at least to spell something of a length in bytes."""

    def __init__(self, length: int) -> None:
        self.base64 = min(_LONGEST_RUN, math.ceil(length * 8 / 6))
        self.base32 = min(_LONGEST_RUN, length * 8 // 5 - 1)
        self.hexadecimal = min(_LONGEST_RUN, length * 2)
        self.printable = min(32, length)
        self.nothing = length == 0


class View:
    """What can be read out of a text: as `data`.

    `is_text` where it is sure to be meant so, `is_base32` where it stays to be compared with `base32_cores`. A
    `is_reading` is the whole text with some of its signs read: in whatever order they are read, the same comes of it.
    """

    is_reading: ClassVar[bool] = False

    def __init__(self, data: bytes, *, is_text: bool = False, is_base32: bool = False) -> None:
        self.data = data
        self.is_text = is_text
        self.is_base32 = is_base32

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text these bytes of the view come from."""
        return start, end


def views(data: bytes, bounds: Bounds, *, is_text: bool) -> Iterator[View]:
    """Everything that may be meant by the data, one encoding taken off.

    What came out of base64 or hexadecimal (not `is_text`) is mostly nothing: only the words in it are looked at.
    """
    if not is_text:
        words = _PRINTABLE.runs(data, max(1, bounds.printable))
        if words:
            yield _Words(data, words)
        return
    if b"%" in data or b"\\" in data or b"&" in data:
        yield from _reading(data, _escapes())
    if b"=" in data:
        yield from _reading(data, _printed())
    if b"\0" in data:
        yield _Reading(data, data.translate(None, b"\0"), _nothing())
    if not data.isascii():
        yield from _reading(data, _unseen())
    if not bounds.nothing and _BASE64.has_run(data, bounds.base64):
        letters = _Letters(data, _BASE64)
        joined = letters.joined(_FROM_URL)
        yield from (_Base64(letters, joined, skip) for skip in range(4))
        if _HEX.has_run(data, bounds.hexadecimal):
            letters = _Letters(data, _HEX)
            joined = letters.joined()
            yield from (_Hexadecimal(letters, joined, skip) for skip in range(2))
        if _BASE32.has_run(data, bounds.base32):
            yield View(data, is_base32=True)


class _Words(View):
    """The parts of decoded bytes that can be read, each on a line of its own."""

    def __init__(self, data: bytes, spans: list[tuple[int, int]]) -> None:
        super().__init__(b"\n".join(data[start:end] for start, end in spans), is_text=True)
        self._sources = [start for start, _ in spans]
        lengths = (end - start + 1 for start, end in spans)
        self._starts = [0, *accumulate(lengths)][:-1]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where in the decoded bytes these come from."""
        return self._source(start), self._source(end - 1) + 1

    def _source(self, at: int) -> int:
        word = bisect_right(self._starts, at) - 1
        return self._sources[word] + at - self._starts[word]


def readings(data: bytes) -> Iterator[bytes]:
    """The data, and what it says without what nobody sees, and with its escapes read, to a bounded depth."""
    for _ in range(_LAYERS):
        yield data
        seen = _unseen().sub(b"", data.translate(None, b"\0"))
        yield seen
        data = _escapes().sub(_meaning, seen)


@lru_cache(maxsize=256)
def base32_cores(value: bytes) -> frozenset[bytes]:
    """What is sure to stand, in lower case, in the base32 of a longer text that holds the value."""
    cores = set()
    for offset in range(5):
        encoded = base64.b32encode(b"\0" * offset + value).rstrip(b"=").lower()
        first = -(-offset * 8 // 5)  # the first letter that the value alone decides, and the last
        cores.add(encoded[first : (offset + len(value)) * 8 // 5])
    return frozenset(cores)


class _Place(Struct, frozen=True):
    """Where an escape begins in the reading, where what follows it does, and the same in the text."""

    start: int
    end: int
    source_start: int
    source_end: int


class _Reading(View):
    """A text with its escapes read."""

    is_reading = True

    def __init__(self, text: bytes, data: bytes, escape: re.Pattern[bytes]) -> None:
        super().__init__(data, is_text=True)
        self._text = text
        self._escape = escape

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text these bytes come from: an escape is taken whole."""
        first, last = self._place(start), self._place(end - 1)
        source_start = first.source_start if start < first.end else first.source_end + start - first.end
        source_end = last.source_end if end <= last.end else last.source_end + end - last.end
        return source_start, source_end

    def _place(self, at: int) -> _Place:
        """The last escape that begins at or before a byte of the reading."""
        return self._places[bisect_right(self._starts, at) - 1]

    @cached_property
    def _starts(self) -> list[int]:
        return [place.start for place in self._places]

    @cached_property
    def _places(self) -> list[_Place]:
        places = [_Place(0, 0, 0, 0)]
        for match in self._escape.finditer(self._text):
            start = places[-1].end + match.start() - places[-1].source_end
            places.append(_Place(start, start + len(_meaning(match)), match.start(), match.end()))
        return places


def _reading(text: bytes, escape: re.Pattern[bytes]) -> Iterator[_Reading]:
    """The text with its escapes read; nothing where there is none."""
    data, count = escape.subn(_meaning, text)
    if count and data != text:
        yield _Reading(text, data, escape)


_meanings: dict[bytes, bytes] = {}


def _meaning(match: re.Match[bytes]) -> bytes:
    """What an escape stands for, remembered where it is short."""
    text = match[0]
    known = _meanings.get(text)
    if known is None:
        known = _meant(match)
        if len(text) <= _SHORT and len(_meanings) < _REMEMBERED:
            _meanings[text] = known
    return known


def _meant(match: re.Match[bytes]) -> bytes:
    """What an escape stands for."""
    kind = match.lastgroup
    if kind is None:
        return b""
    text = match[kind]
    if kind in _SIXTEEN:
        return bytes([int(text, 16)])
    if kind == "octal":
        return bytes([int(text, 8)])
    if kind == "blank":
        return _BLANKS[text]
    if kind == "name":
        return html5.get(text.decode("utf-8", "replace") + ";", "").encode() or match[0]
    if kind == "low":
        return _pair(int(match["high"], 16), int(text, 16))
    code = int(text, 10 if kind == "decimal" else 16)
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else match[0]


def _pair(high: int, low: int) -> bytes:
    """The letter that two surrogates stand for."""
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00).encode()


@cache
def _escapes() -> re.Pattern[bytes]:
    return re.compile(_ESCAPE, re.VERBOSE)


@cache
def _printed() -> re.Pattern[bytes]:
    return re.compile(_PRINTED)


@cache
def _unseen() -> re.Pattern[bytes]:
    return re.compile(_UNSEEN)


@cache
def _nothing() -> re.Pattern[bytes]:
    return re.compile(rb"\0")


class _Letters:
    """The letters of an encoding in a text, all others left out."""

    def __init__(self, text: bytes, alphabet: _Alphabet) -> None:
        self.text = text
        self.alphabet = alphabet

    def joined(self, table: bytes | None = None) -> bytes:
        """The letters, put through a table of other letters for them."""
        return self.text.translate(table, self.alphabet.others)

    @cached_property
    def places(self) -> array[int]:
        """Where each of them stands in the text."""
        letters = self.alphabet.letters
        return array("L", (at for at, letter in enumerate(self.text) if letter in letters))


class _Base64(View):
    def __init__(self, letters: _Letters, joined: bytes, skip: int) -> None:
        """`joined` are the letters of a text, of which the first few are skipped."""
        super().__init__(binascii.a2b_base64(joined[skip:] + b"AAA"[: -(len(joined) - skip) % 4]))
        self._letters = letters
        self._skip = skip
        self._around = (0, 0)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where these bytes come from, with the whole of the encoded text around them."""
        text, places, alphabet = self._letters.text, self._letters.places, _BASE64.letters | _PADDING
        first = places[self._skip + start * 8 // 6]
        last = places[min(self._skip - (-end * 8 // 6), len(places)) - 1]
        if self._around[0] <= first and last < self._around[1]:
            return self._around
        while first > 0 and text[first - 1] in _BASE64.letters:
            first -= 1
        while last + 1 < len(text) and text[last + 1] in alphabet:
            last += 1
        self._around = first, last + 1
        return self._around


class _Hexadecimal(View):
    def __init__(self, letters: _Letters, joined: bytes, skip: int) -> None:
        """`joined` are the letters of a text, of which the first may be skipped."""
        super().__init__(binascii.unhexlify(joined[skip : len(joined) - (len(joined) - skip) % 2]))
        self._letters = letters
        self._skip = skip

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where these bytes come from."""
        places = self._letters.places
        return places[self._skip + start * 2], places[self._skip + end * 2 - 1] + 1
