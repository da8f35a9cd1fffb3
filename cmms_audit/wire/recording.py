"""An audit's evidence read back: its lines in order, and each exchange by its number, without holding them all.

What the lines mean beyond exchanges is up to who asks; nothing is written here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cmms_audit.errors import InputError, Problem
from cmms_audit.model import Exchange
from cmms_audit.wire.lines import is_usable

EXCHANGE = "exchange"
_NOT_OURS = "this is not a line of evidence of cmms-audit"
_EXCHANGE_LINE = re.compile(rb'\{"kind":"exchange","id":([0-9]{1,12}),')


class Recording:
    """The evidence of one audit.

    `lines` holds every line but the exchanges, in order; exchanges are read when they are asked for.
    """

    def __init__(self, path: Path) -> None:
        """Look through the file. A last line that was cut off is left out.

        Raises InputError where it cannot be read, or another line is not one of ours.
        """
        self.path = path
        self.lines: list[dict[str, Any]] = []
        self._places: dict[int, int] = {}
        try:
            with path.open("rb") as file:
                self._look_through(file)
        except OSError as error:
            raise InputError(Problem(str(path), f"the evidence cannot be read: {error.strerror}")) from None

    @property
    def last_exchange(self) -> int:
        """The highest number of an exchange; 0 where there is none."""
        return max(self._places, default=0)

    def __len__(self) -> int:
        """How many exchanges there are."""
        return len(self._places)

    def __contains__(self, number: object) -> bool:
        """Whether there is an exchange of that number."""
        return number in self._places

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """Every line of these kinds, in order. Raises InputError where one does not hold what it must."""
        lines = [line for line in self.lines if line["kind"] in kinds]
        for line in lines:
            if not is_usable(line):
                kind = line["kind"]
                raise InputError(Problem(str(self.path), f"a line of the kind {kind!r} cannot be read; it is damaged"))
        return lines

    def exchange(self, number: int) -> Exchange:
        """One exchange. Raises InputError where it is not there, or cannot be read by this version."""
        if number not in self._places:
            raise InputError(Problem(str(self.path), f"it holds no exchange of the number {number}"))
        with self.path.open("rb") as file:
            file.seek(self._places[number])
            return exchange_from_json(_line(file.readline(), str(self.path)))

    def exchanges(self) -> Iterator[Exchange]:
        """Every exchange in the order of its recording, one at a time."""
        with self.path.open("rb") as file:
            for place in self._places.values():
                file.seek(place)
                yield exchange_from_json(_line(file.readline(), str(self.path)))

    def _look_through(self, lines: Iterator[bytes]) -> None:
        place = 0
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            exchange = _EXCHANGE_LINE.match(line)
            if exchange:
                self._places[int(exchange[1])] = place
            else:
                self.lines.append(_other_line(line, f"{self.path}:{number}"))
            place += len(line)


def exchange_from_json(members: Mapping[str, Any]) -> Exchange:
    """The exchange that was written with these members. Raises InputError where they are something else."""
    try:
        exchange = msgspec.convert(members, Exchange)
        datetime.fromisoformat(exchange.started)
    except (ValueError, OverflowError, RecursionError):
        raise InputError(Problem("evidence.jsonl", "it holds an exchange that this version cannot read")) from None
    return exchange


def _parsed(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(line)  # slower, but it also knows half surrogate pairs


def _other_line(line: bytes, where: str) -> dict[str, Any]:
    members = _line(line, where)
    if members["kind"] == EXCHANGE:
        raise InputError(Problem(where, _NOT_OURS))
    return members


def _line(line: bytes, where: str) -> dict[str, Any]:
    try:
        members = _parsed(line)
        if isinstance(members, dict) and isinstance(members["kind"], str):
            return members
    except (ValueError, KeyError, RecursionError):
        pass
    raise InputError(Problem(where, _NOT_OURS))
