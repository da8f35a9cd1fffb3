"""Keeps secrets out of everything that is recorded: found by value, in any usual spelling, and replaced by typed marks.

Which values are secret, and where they may be sent, is known to the session; this module only finds and cuts.
"""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from msgspec import Struct

SHORTEST = 4  # characters; anything shorter occurs by chance in every text
WITHHELD = "«withheld: a secret in a form that cannot be cut out»"
MASKED = "«masked»"  # in the place of what may well be a secret, by its name

_IDENTIFIERS = frozenset({"username", "client_id"})
_LAYERS = 4  # encodings inside encodings that are looked through
_SHORTEST_CORE = 6  # characters of base64; fewer occur by chance
_LONG = 8  # characters; secrets as long as this are also found in other letter case, and in rarer encodings
_TELLING_HEADER = re.compile(r"token|authorization|api-?key|secret", re.IGNORECASE)
_RATE_HEADER = re.compile(r"rate-?limit", re.IGNORECASE)
_JSON_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4}))?")
_HTML_ESCAPE = re.compile(r"&(?:#0{0,6}([0-9]{1,7})|#[xX]0{0,6}([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));", re.ASCII)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Needle(Struct, frozen=True):
    """A text to look for, and the mark that takes its place.

    `bare` is the text with every escape read that it may hold by chance. What does not grant access (a user name, a
    client id) is often a common word, and so is only found where it stands as a whole word. A text that is found in
    `any_case` is ASCII, in lower case.
    """

    text: str
    mark: str
    bare: str
    grants_access: bool
    any_case: bool

    def pattern(self, body: str) -> str:
        """`body`, a pattern that finds the text, bounded where the text must stand alone."""
        if self.any_case:
            return f"(?ai:{body})"
        return f"(?:{body})" if self.grants_access else rf"(?<![^\W_])(?:{body})(?![^\W_])"

    def is_plain_in(self, text: _Text) -> bool:
        """Whether a text holds this one as it is."""
        return self.text in (text.lower if self.any_case else text.whole)

    def is_in(self, text: _Text, bare: _Text) -> bool:
        """Whether a text holds this one, in any spelling; `bare` is that text with its escapes read."""
        if len(self.bare) < SHORTEST:  # a secret made of little but escapes
            return re.search(_any_spelling(self.text), text.whole) is not None
        return self.is_plain_in(text) or self.bare in (bare.lower if self.any_case else bare.whole)


class _Text:
    """A text to search, and the same in lower case."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.lower = text.lower()


class Redactor:
    """Knows every secret of a run, the tokens obtained on the way included."""

    def __init__(self) -> None:
        self._needles: dict[str, _Needle] = {}
        self._marks: re.Pattern[str] | None = None

    def add(self, label: str, value: str) -> None:
        """Never let `value` be recorded again; `label` ("main.token") names it in the mark «main.token».

        Raises ValueError where the value is too short to be told from ordinary text.
        """
        if len(value) < SHORTEST:
            raise ValueError(f"{label} has fewer than {SHORTEST} characters")
        mark = f"«{label}»"
        grants_access = label.rpartition(".")[2] not in _IDENTIFIERS
        if not grants_access and value.isdigit():  # no secret, and taking it out would spoil the numbers of answers
            return
        needles = [_Needle(text, mark, _bare(text), grants_access, any_case=False) for text in _forms(value)]
        if grants_access and len(value) >= _LONG:
            needles += [_Needle(text, mark, _bare(text), grants_access, any_case=True) for text in _rarer_forms(value)]
        for needle in needles:
            if needle.text not in self._needles or grants_access:
                self._needles[needle.text] = needle
        self._needles = dict(sorted(self._needles.items(), key=lambda item: -len(item[0])))
        marks = {needle.mark for needle in self._needles.values()} | {WITHHELD, MASKED}
        self._marks = re.compile("(" + "|".join(map(re.escape, sorted(marks, key=len, reverse=True))) + ")")

    def text(self, text: str) -> str:
        """The text with a mark for every secret in it. Marks that stand in it already are left alone."""
        text = self._outside_marks(text, self._cut_plain)
        escaped = self._held(self._without_marks(text)) if _may_hide_something(text) else []
        if not escaped:
            return text
        cut = self._outside_marks(text, lambda piece: _cut_spelled(escaped, piece))
        left = self._held(self._without_marks(cut))
        return WITHHELD if any(needle.grants_access for needle in left) else cut

    def contains(self, data: bytes) -> bool:
        """Whether anything in it grants access, in whatever spelling. User names and client ids do not count."""
        return any(needle.grants_access for needle in self._held(data.decode("utf-8", errors="replace")))

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers of a request in the form in which they are recorded."""
        return tuple((self.text(name), self.text(value)) for name, value in headers)

    def answer_headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers of an answer in the form in which they are recorded: also without new secrets that it hands out.

        These are the values of cookies, and of every header whose name speaks of a token, a key or a secret.
        """
        return self.headers((name, _without_new_secret(name, value)) for name, value in headers)

    def _held(self, text: str) -> list[_Needle]:
        """Every needle in the text, in whatever spelling."""
        whole, bare = _Text(text), _Text(_bare(text))
        return [needle for needle in self._needles.values() if needle.is_in(whole, bare)]

    def _cut_plain(self, text: str) -> str:
        whole = _Text(text)
        held = [needle for needle in self._needles.values() if needle.is_plain_in(whole)]
        if not held:
            return text
        pattern = "|".join(f"({needle.pattern(re.escape(needle.text))})" for needle in held)
        return re.sub(pattern, lambda match: held[(match.lastindex or 1) - 1].mark, text)

    def _outside_marks(self, text: str, change: Callable[[str], str]) -> str:
        if self._marks is None:
            return text
        if "«" not in text:
            return change(text)
        pieces = self._marks.split(text)
        pieces[::2] = [change(piece) for piece in pieces[::2]]
        return "".join(pieces)

    def _without_marks(self, text: str) -> str:
        return self._marks.sub("\0", text) if self._marks and "«" in text else text


def _without_new_secret(name: str, value: str) -> str:
    if name.lower() in ("set-cookie", "set-cookie2"):
        pair, semicolon, attributes = value.partition(";")
        cookie, equals, _ = pair.partition("=")
        return f"{cookie}=«cookie»{semicolon}{attributes}" if equals else "«cookie»"
    return MASKED if _TELLING_HEADER.search(name) and not _RATE_HEADER.search(name) else value


def _cut_spelled(needles: Iterable[_Needle], text: str) -> str:
    for needle in needles:
        text = re.sub(needle.pattern(_any_spelling(needle.text)), needle.mark, text)
    return text


def _forms(value: str) -> set[str]:
    """The value and the texts that stand for it: in JSON, in a form, and in base64 at each of the three offsets."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {value, value.replace(" ", "+"), *in_json, *_base64_forms(value.encode("utf-8"))}


def _rarer_forms(value: str) -> set[str]:
    """What stands for a value in whatever letter case: the value itself, where it is ASCII, hexadecimal and base32."""
    encoded = value.encode("utf-8")
    plain = {value} if value.isascii() else set()
    return {form.lower() for form in plain | {encoded.hex()} | _cores(encoded, base64.b32encode, bits=5)}


def _base64_forms(value: bytes) -> set[str]:
    forms = {base64.b64encode(value).decode("ascii").rstrip("="), *_cores(value, base64.b64encode, bits=6)}
    long_enough = {form for form in forms if len(form) >= _SHORTEST_CORE}
    return long_enough | {form.translate(str.maketrans("+/", "-_")) for form in long_enough}


def _cores(value: bytes, encode: Callable[[bytes], bytes], *, bits: int) -> set[str]:
    """What is sure to stand in the encoding of a longer text that holds the value. A character holds so many bits."""
    cores = set()
    for offset in range(math.lcm(bits, 8) // 8):
        encoded = encode(b"\0" * offset + value).decode("ascii").rstrip("=")
        first = -(-offset * 8 // bits)  # the first character that the value alone decides, and the last
        last = (offset + len(value)) * 8 // bits
        cores.add(encoded[first:last])
    return cores


def _any_spelling(text: str) -> str:
    """A pattern that finds a text with any of its characters percent-, JSON- or HTML-escaped.

    Each character is an atomic group of bounded length, so that no text can make the search slow.
    """
    return "".join(f"(?>{'|'.join(_spellings(character))})" for character in text)


def _spellings(character: str) -> list[str]:
    code = ord(character)
    again = "" if character == "%" else "(?:25){0,2}"  # encoded more than once
    percent = "".join(f"%{again}(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass"))
    units = character.encode("utf-16-be", "surrogatepass")
    escape = "".join(rf"\\{{1,8}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    spellings = [percent, escape, rf"&#0{{0,5}}{code};", rf"&#(?i:x0{{0,5}}{code:x});"]
    if html.escape(character) != character:
        spellings.append(re.escape(html.escape(character)))
    if character == "'":
        spellings.append("&apos;")
    if character in '"/':
        spellings.append(r"\\{1,8}" + character)
    if character == "\\":
        spellings.append(r"\\\\")
    return [*spellings, re.escape(character)]


def _may_hide_something(text: str) -> bool:
    return "%" in text or "\\" in text or "&" in text


def _bare(text: str) -> str:
    """What a text says once all its escapes are read, those inside others too (to a bounded depth)."""
    for _ in range(_LAYERS):
        if not _may_hide_something(text):
            break
        read = _read_html_escapes(unquote(_read_json_escapes(text)))
        if read == text:
            break
        text = read
    return text


def _read_html_escapes(text: str) -> str:
    if "&" not in text:
        return text
    return _HTML_ESCAPE.sub(lambda match: _NAMED[match[3]] if match[3] else _character(match), text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _read_json_escapes(text: str) -> str:
    r"""The text with \uXXXX read and every other backslash dropped, however deep one encoding sits in another."""
    if "\\" not in text:
        return text
    read = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else "", text)
    if _SURROGATE.search(read):
        read = read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return read
