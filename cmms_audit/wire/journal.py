"""evidence.jsonl: what happened, one JSON object a line, written as it happens.

What is written must have been redacted before; what the lines mean beyond exchanges is up to who writes them. Reading
them back is the business of `recording`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from cmms_audit.errors import CannotAudit, InputError
from cmms_audit.model import Exchange
from cmms_audit.patterns import pattern
from cmms_audit.wire.recording import EXCHANGE, Recording

_INVISIBLE = pattern(
    "[\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


class Journal:
    """An append-only file for its owner alone (mode 0600, in a folder of mode 0700), written by one run at a time.

    Opening an existing one goes on where it ended: a line that was cut off by a crash is dropped, and exchange numbers
    are continued.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises CannotAudit where that is not possible, or something else lies in its place; InputError where another
        run is writing to it, or it holds something else than evidence.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.chmod(0o700)
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self._lock(path)
            os.fchmod(self._file, 0o600)
            _drop_torn_line(self._file)
        except OSError as error:
            raise CannotAudit(f"the evidence cannot be written to {path}: {error.strerror}") from None
        self._path = path
        self._unsynced = False
        self._given_up = False
        self._last_exchange = Recording(path).last_exchange

    @property
    def path(self) -> Path:
        """Where it is written."""
        return self._path

    def next_exchange_id(self) -> int:
        """The number of the exchange that is recorded next: 1, 2, 3 ..."""
        return self._last_exchange + 1

    def record(self, exchange: Exchange) -> None:
        """Write one exchange."""
        self.write(EXCHANGE, exchange_to_json(exchange))
        self._last_exchange = exchange.id

    def write(self, kind: str, members: Mapping[str, Any]) -> int:
        """Write one line whole or not at all: `kind`, and its members (plain JSON values); how many bytes it took.

        Raises CannotAudit where the disk refuses it.
        """
        if self._given_up:
            return 0
        data = memoryview(visible_json({"kind": kind, **members}).encode("utf-8") + b"\n")
        self._unsynced = True
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            self._refused(error)
        return len(data)

    def sync(self) -> None:
        """Make sure that everything written so far outlives a power cut. Raises CannotAudit where the disk cannot."""
        if self._unsynced and not self._given_up:
            self._unsynced = False  # first, for more may be written meanwhile
            try:
                os.fsync(self._file)
            except OSError as error:
                self._refused(error)

    def give_up(self) -> None:
        """Write nothing more, so that what must still be done on a full disk can be done without a record."""
        self._given_up = True

    def close(self) -> None:
        """Finish writing. Closing twice does no harm."""
        if self._file >= 0:
            try:
                self.sync()
            finally:
                os.close(self._file)
                self._file = -1

    def _lock(self, path: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise InputError(
                f"{path.parent}: another run is writing there; wait for it, or name another folder"
            ) from None

    def _refused(self, error: OSError) -> None:
        with contextlib.suppress(OSError):
            _drop_torn_line(self._file)
        raise CannotAudit(f"the evidence cannot be written to {self._path}: {error.strerror}") from None


def visible_json(value: Any) -> str:
    """JSON on one line in which control, direction and other invisible characters, and half pairs, are escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _INVISIBLE.sub(_escaped, text)


def exchange_to_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as plain JSON values."""
    members: dict[str, Any] = msgspec.to_builtins(exchange, enc_hook=dict)
    return members


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _drop_torn_line(file: int) -> None:
    """Cut off what follows the last line break: the line that a crash left unfinished."""
    position = os.fstat(file).st_size
    while position > 0:
        start = max(0, position - 65_536)
        block = os.pread(file, position - start, start)
        line_break = block.rfind(b"\n")
        if line_break >= 0:
            os.ftruncate(file, start + line_break + 1)
            return
        position = start
    os.ftruncate(file, 0)
