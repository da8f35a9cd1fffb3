"""From the bytes of a file to its text, or to the word that it is no text at all."""

from __future__ import annotations

from sys import getsizeof

from cmms_audit.documents.limits import DEFAULT_LIMITS, OVER_A_LIMIT, Limits
from cmms_audit.errors import InputError, Problem

_UNPACK = "unpack it and name the main document in it"
_ASK = "ask the vendor for the OpenAPI document, a JSON or YAML file"
# How files that are no text begin, what they are, and what to do.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "is a ZIP archive (or an office document)", _UNPACK),
    (b"PK\x05\x06", "is an empty ZIP archive", _ASK),
    (b"\x1f\x8b", "is compressed (gzip)", _UNPACK),
    (b"BZh", "is compressed (bzip2)", _UNPACK),
    (b"\xfd7zXZ\x00", "is compressed (xz)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", _UNPACK),
    (b"Rar!", "is a RAR archive", _UNPACK),
    (b"%PDF-", "is a PDF, made for people to read", _ASK),
    (b"\xd0\xcf\x11\xe0", "is an office document", _ASK),
    (b"\x89PNG", "is a picture (PNG)", _ASK),
    (b"\xff\xd8\xff", "is a picture (JPEG)", _ASK),
    (b"GIF8", "is a picture (GIF)", _ASK),
    (b"SQLite format 3\x00", "is a database (SQLite)", _ASK),
    (b"\x7fELF", "is a program", _ASK),
    (b"MZ\x90", "is a program", _ASK),
)
_MOST_BYTES_A_BYTE = 2.5
_SMALL = 1_000_000
_TAR_MARK = slice(257, 262)
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Where zeros stand among the first four bytes of a text that starts with plain letters (RFC 4627, section 3).
_ZEROS: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}


def decode(text: str | bytes, source: str, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """The text of a file: UTF-8, or UTF-16 or 32 where its first bytes say so.

    Raises InputError where it is neither, is over the limit, or is a file of a kind that holds no text.
    """
    if isinstance(text, str):
        return _within_limits(text, source, limits)
    check_length(len(text), source, limits)
    for beginning, what, advice in _BEGINNINGS:
        if text.startswith(beginning):
            raise InputError(Problem(source, what, advice))
    if text[_TAR_MARK] == b"ustar":
        raise InputError(Problem(source, "is a TAR archive", _UNPACK))
    encoding = _encoding(text[:4])
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        what = f"is not a text in {encoding[:6].rstrip('-').upper()}"
        raise InputError(Problem(f"{source}:{line}", what, "save the file as UTF-8")) from None
    return _within_memory(decoded, source, limits)


def _within_memory(text: str, source: str, limits: Limits) -> str:
    """The text; one rare letter makes each letter of a long text take four bytes."""
    if len(text) > _SMALL and getsizeof(text) > _MOST_BYTES_A_BYTE * limits.bytes:
        raise InputError(Problem(source, "is too large for the letters that it is written in", OVER_A_LIMIT))
    return text


def check_length(count: int, source: str, limits: Limits) -> None:
    """Raise InputError where so many bytes are too many."""
    if count > limits.bytes:
        what = f"larger than {limits.bytes / 1_000_000:g} MB"
        raise InputError(Problem(source, what, OVER_A_LIMIT))


def _within_limits(text: str, source: str, limits: Limits) -> str:
    """A text that was decoded elsewhere, half characters replaced."""
    check_length(len(text), source, limits)
    _within_memory(text, source, limits)
    if text.isascii():
        return text
    try:
        check_length(len(text.encode()), source, limits)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _encoding(start: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    return _ZEROS.get(tuple(byte == 0 for byte in start), "utf-8-sig")
