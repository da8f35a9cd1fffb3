"""Lists and mappings in brackets that stand on one line of YAML, of the plain kind: `[a, b]`, `{type: string}`."""

from __future__ import annotations

import re
from typing import Any

from cmms_audit.documents.yaml_values import plain_value

_MOST_LEVELS = 20
# A word that means the same inside brackets and outside, a text in quotes, or a bracket; and the space behind it.
_TOKEN = re.compile(
    r"""(?P<plain>-?[A-Za-z0-9_/$.][\w/$.()+*%@-]*+(?:\ [\w/$.()+*%@-]++)*+)
    |"(?P<double>[^"\\]*+)"|'(?P<single>[^']*+)'|(?P<mark>[\[\]{},])""",
    re.VERBOSE,
)
_SPACES = re.compile(" *")


class _NotPlainError(Exception):
    """Something is written in a way that is not read here."""


def read_brackets(text: str) -> list[Any] | dict[str, Any] | None:
    """The list or mapping that a text is, from its first bracket to its last; None where it is for libyaml."""
    reader = _Brackets(text)
    try:
        value: list[Any] | dict[str, Any] = reader.value(0)
    except _NotPlainError:
        return None
    return value if reader.at == len(text) else None


class _Brackets:
    """Goes along a text; `at` is where the next token starts."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def value(self, level: int) -> Any:
        """The word, list or mapping that comes next."""
        token = self._next()
        if token["mark"] == "[":
            return self._list(level + 1)
        if token["mark"] == "{":
            return self._mapping(level + 1)
        if token["mark"]:
            raise _NotPlainError
        return plain_value(token["plain"]) if token["plain"] is not None else _quoted(token)

    def _list(self, level: int) -> list[Any]:
        made: list[Any] = []
        while not self._closes("]", first=not made, level=level):
            made.append(self.value(level))
        return made

    def _mapping(self, level: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not self._closes("}", first=not made, level=level):
            token = self._next()
            key = token["plain"] if token["plain"] is not None else _quoted(token)
            if not self._text.startswith(": ", self.at) or key in made or key == "<<" or token["mark"]:
                raise _NotPlainError
            self._pass(2)
            made[key] = self.value(level)
        return made

    def _closes(self, bracket: str, *, first: bool, level: int) -> bool:
        """Whether the bracket closes here; if not, a comma was passed, except before the first member."""
        if level > _MOST_LEVELS:
            raise _NotPlainError
        if self._text.startswith(bracket, self.at):
            self._pass(1)
            return True
        if not first:
            if not self._text.startswith(",", self.at):
                raise _NotPlainError
            self._pass(1)
            if self._text.startswith(bracket, self.at):  # a comma at the end is no member
                self._pass(1)
                return True
        return False

    def _next(self) -> re.Match[str]:
        token = _TOKEN.match(self._text, self.at)
        if token is None:
            raise _NotPlainError
        self._pass(token.end() - self.at)
        return token

    def _pass(self, characters: int) -> None:
        self.at += characters
        found = _SPACES.match(self._text, self.at)
        self.at = found.end() if found else self.at


def _quoted(token: re.Match[str]) -> str:
    return str(token["double"] if token["double"] is not None else token["single"] or "")
