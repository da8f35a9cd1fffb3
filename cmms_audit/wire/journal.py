"""evidence.jsonl: what happened, one JSON object a line, written as it happens; and reading it back.

What is written must have been redacted before; what the lines mean beyond exchanges is up to who writes them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from cmms_audit.errors import CannotAudit, InputError, Problem
from cmms_audit.model import Exchange, Purpose, Reason, Request, Response
from cmms_audit.patterns import pattern

EXCHANGE = "exchange"

_INVISIBLE = pattern(
    "[\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


class Journal:
    """An append-only file for its owner alone (mode 0600, in a folder of mode 0700).

    Opening an existing one goes on where it ended: a line that was cut off by a crash is dropped, and exchange numbers
    are continued.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises CannotAudit where that is not possible, or something else lies in its place."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.chmod(0o700)
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            os.fchmod(self._file, 0o600)
            _drop_torn_line(self._file)
        except OSError as error:
            raise CannotAudit(f"the evidence cannot be written to {path}: {error.strerror}") from None
        self._path = path
        self._unsynced = False
        self._last_exchange = max((line["id"] for line in read_journal(path) if line["kind"] == EXCHANGE), default=0)

    def next_exchange_id(self) -> int:
        """The number of the exchange that is recorded next: 1, 2, 3 ..."""
        return self._last_exchange + 1

    def record(self, exchange: Exchange) -> None:
        """Write one exchange."""
        self.write(EXCHANGE, exchange_to_json(exchange))
        self._last_exchange = exchange.id

    def write(self, kind: str, members: Mapping[str, Any]) -> None:
        """Write one line: `kind`, and its members (plain JSON values). Raises CannotAudit where the disk refuses it."""
        data = memoryview(visible_json({"kind": kind, **members}).encode("utf-8") + b"\n")
        self._unsynced = True
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise CannotAudit(f"the evidence cannot be written to {self._path}: {error.strerror}") from None

    def sync(self) -> None:
        """Make sure that everything written so far outlives a power cut."""
        if self._unsynced:
            os.fsync(self._file)
            self._unsynced = False

    def close(self) -> None:
        """Finish writing. Closing twice does no harm."""
        if self._file >= 0:
            self.sync()
            os.close(self._file)
            self._file = -1


def visible_json(value: Any) -> str:
    """JSON on one line in which control, direction and other invisible characters, and half pairs, are escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _INVISIBLE.sub(_escaped, text)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Every line of a journal, in order. A last line that was cut off is left out.

    Raises InputError where the file cannot be read, or another line is not one of ours.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield _line(line, f"{path}:{number}")
    except OSError as error:
        raise InputError(Problem(str(path), f"the evidence cannot be read: {error.strerror}")) from None


def read_exchanges(path: Path) -> Iterator[Exchange]:
    """The exchanges of a journal, in order. Raises InputError as read_journal."""
    for line in read_journal(path):
        if line["kind"] == EXCHANGE:
            yield exchange_from_json(line)


def exchange_to_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as plain JSON values."""
    members: dict[str, Any] = msgspec.to_builtins(exchange, enc_hook=dict)
    return members


def exchange_from_json(members: Mapping[str, Any]) -> Exchange:
    """The exchange that exchange_to_json made these members of. Raises InputError where they are something else."""
    try:
        response = members["response"]
        return Exchange(
            id=members["id"],
            owner=members["owner"],
            purpose=Purpose(members["purpose"]),
            role=members["role"],
            request=Request(**{**members["request"], "headers": _headers(members["request"])}),
            response=Response(**{**response, "headers": _headers(response)}) if response else None,
            started=members["started"],
            elapsed=members["elapsed"],
            failure=members["failure"],
            reason=Reason(members["reason"]) if members["reason"] else None,
            notes=members["notes"],
        )
    except (KeyError, TypeError, ValueError):
        raise InputError(Problem("evidence.jsonl", "it holds an exchange that this version cannot read")) from None


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _headers(message: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in message["headers"])


def _line(line: bytes, where: str) -> dict[str, Any]:
    try:
        members = json.loads(line)
        is_ours = isinstance(members, dict) and isinstance(members["kind"], str)
        if is_ours and (members["kind"] != EXCHANGE or isinstance(members["id"], int)):
            return dict(members)
    except (ValueError, KeyError, RecursionError):
        pass
    raise InputError(Problem(where, "this is not a line of evidence of cmms-audit"))


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
