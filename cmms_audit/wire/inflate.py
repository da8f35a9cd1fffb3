"""Unpacks compressed answers piece by piece, never further than there is room for. Pure."""

from __future__ import annotations

import zlib

SUPPORTED = "gzip, deflate"

_WRAPPED = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class CannotInflate(ValueError):  # noqa: N818 - named for what it says
    """The bytes are not what their Content-Encoding says, or it is none that was asked for."""


class Inflater:
    """Unpacks one body (Content-Encoding of RFC 9110, 8.4.1: gzip, deflate or identity; one of them, not a chain)."""

    def __init__(self, encoding: str) -> None:
        """`encoding` is the header's value. Raises CannotInflate where it is another one."""
        self._encoding = encoding.strip().lower().removeprefix("x-") or "identity"
        if self._encoding not in ("identity", "gzip", "deflate"):
            raise CannotInflate
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        """Unpack another piece into at most `room` bytes (one or more); the rest is dropped. Raises CannotInflate."""
        if self._encoding == "identity":
            return data[:room]
        if not data:
            return b""
        try:
            self._stream = self._stream or zlib.decompressobj(self._window(data))
            return self._stream.decompress(data, room)
        except zlib.error:
            raise CannotInflate from None

    def finish(self) -> None:
        """Say that the body is over. Raises CannotInflate where it stopped in the middle."""
        if self._stream is not None and not self._stream.eof:
            raise CannotInflate

    def _window(self, data: bytes) -> int:
        if self._encoding == "deflate" and data[0] & 0x0F != 8:  # bare, without the zlib wrapper, as some send it
            return -zlib.MAX_WBITS
        return _WRAPPED[self._encoding]
