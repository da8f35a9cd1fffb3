"""Which permission (scope, role) an operation needs, wherever the document says so.

A `security` list is the place for it; vendors also write it into extensions and into sentences, which counts for less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from cmms_audit.patterns import pattern
from cmms_audit.spec.operations import Operation

_OF_IDENTITY = frozenset({"openid", "profile", "email", "offline_access", "offline", "address", "phone"})
_LONGEST_NAME = 80
_LONGEST_TEXT = 4_000
_MOST_OF_ONE = 20

_WORDS = ("scope", "permission", "role", "privilege", "access right")
_EXTENSION = pattern(r"^x-.{0,60}(?:scope|permission|role|privilege|entitlement)", re.IGNORECASE)
_WORD = r"(?:scopes?|permissions?|roles?|privileges?|access rights?)"
_SENTENCE_END = pattern(r"(?<=[.!?])\s")
_NEEDS = pattern(
    rf"\b(?:requires?|must (?:have|include|be granted)|needs?|required|necessary|following)\b[^\n]{{0,120}}\b{_WORD}\b"
    rf"|\b{_WORD}\b[^\n]{{0,60}}\b(?:required|needed|necessary|must|to use|to call|to access)\b|\b{_WORD}\s?:",
    re.IGNORECASE,
)
_QUOTED = pattern(r"`([A-Za-z][\w:.\-/*]{1,60})`")
_NAMED = pattern(
    rf"\b(?:required |needed )?(?:oauth2? )?{_WORD}(?: required| needed)?\s?[:=]\s?([^\n;]{{2,160}})", re.IGNORECASE
)
_SCOPE_LIKE = pattern(r"(?=[\w:.\-/*]{0,60}[:._/-])[A-Za-z][\w:.\-/*]{2,60}")
_LIST_HEAD = pattern(rf"\b{_WORD}\b[^\n]{{0,200}}:[ \t]{{0,5}}$", re.IGNORECASE)
_BULLET = pattern(r"\s{0,8}(?:[*+-]|\d{1,2}[.)])\s{1,4}(.{2,80}?)\s{0,3}$")
_DENIED_NAME = pattern(r"(?:^|-)(?:no|without|example)-", re.IGNORECASE)
_DENIES = pattern(
    r"(?:\bnot|n't|\bnever|\bno longer) (?:\w{1,10} ){0,2}(?:requir|need|have)"
    r"|\b(?:no|without(?: an?y?)?) (?:\w{1,12} ){0,2}(?:scope|permission|role|privilege)",
    re.IGNORECASE,
)
_CHOSEN_FOR_A_KEY = pattern(
    r"\b(?:select|choose|tick|check|enable|turn on|grant|allow)\s(?:the\s)?"
    r"(?:\*\*|[`\"“'])([A-Za-z][\w :.\-/]{1,60})(?:\*\*|[`\"”'])"
    r"[^\n]{0,100}\b(?:creat|edit|generat|issu|mak|configur|request)(?:e|es|ing|ed)?\b[^\n]{0,40}\b(?:tokens?|keys?)\b",
    re.IGNORECASE,
)
_MEMBER = pattern(r"scope|permission|role|privilege|name|^(?:all|any)", re.IGNORECASE)
_NO_SCOPE = pattern(r"\d{3}|true|false|null|none|get|post|put|patch|delete|https?", re.IGNORECASE)


class NamedIn(StrEnum):
    """Where a permission is named, strongest first."""

    SECURITY = "security"
    EXTENSION = "extension"
    TEXT = "text"


class Needed(Struct, frozen=True):
    """The permissions that open an operation, and where it names them; `worded` says that its text speaks of some."""

    scopes: frozenset[str] = frozenset()
    named_in: NamedIn | None = None
    worded: bool = False


def needed_permissions(operation: Operation) -> Needed:
    """What an operation says of the permission that it needs, from the strongest place that names one."""
    in_needs = {scope[:_LONGEST_NAME] for need in operation.security for scopes in need.values() for scope in scopes}
    if in_needs - _OF_IDENTITY:
        return Needed(frozenset(in_needs - _OF_IDENTITY), NamedIn.SECURITY, worded=True)
    extensions = {name: value for name, value in operation.extensions.items() if _speaks_of_permissions(name)}
    named = (scope for value in extensions.values() for scope in _strings(value))
    in_extensions = {scope for scope in named if not _NO_SCOPE.fullmatch(scope)}
    if in_extensions:
        return Needed(frozenset(in_extensions), NamedIn.EXTENSION, worded=True)
    worded, in_text = _in_text(operation.description[:_LONGEST_TEXT])
    return Needed(frozenset(in_text), NamedIn.TEXT if in_text else None, worded=worded or bool(extensions))


def _speaks_of_permissions(extension: str) -> bool:
    return _EXTENSION.match(extension) is not None and _DENIED_NAME.search(extension) is None


def _names_a_need(sentence: str) -> bool:
    return _speaks(sentence) and _NEEDS.search(sentence) is not None and _DENIES.search(sentence) is None


def _strings(value: Any) -> Iterator[str]:
    """The names in an extension: one text, a list of them, or a mapping that has them as keys or below `scopes`."""
    match value:
        case str():
            yield from (part.strip()[:_LONGEST_NAME] for part in value.split(",")[:_MOST_OF_ONE] if part.strip())
        case list():
            yield from (one for each in value[:_MOST_OF_ONE] if isinstance(each, str | dict) for one in _strings(each))
        case dict():
            inner = [member for key, member in value.items() if _MEMBER.search(key) and isinstance(member, str | list)]
            yield from (one for member in inner[:_MOST_OF_ONE] for one in _strings(member))


@lru_cache(maxsize=1024)
def _in_text(text: str) -> tuple[bool, list[str]]:
    """Whether a text says that a permission is needed, and the names of permissions in it: quoted, listed, or told."""
    worded, names, listing = False, list[str](), False
    for line in text.split("\n") if _speaks(text) else ():
        bullet = _BULLET.match(line[:120]) if listing else None
        if bullet:
            names.append(bullet[1].strip("`* "))
        elif line.strip():
            needs = [each for each in _SENTENCE_END.split(line) if _names_a_need(each)]
            listing = bool(_speaks(line) and _LIST_HEAD.search(line[:600]))
            worded = worded or bool(needs)
            names += [name for sentence in needs for name in _in_sentence(sentence)]
    chosen = _CHOSEN_FOR_A_KEY.findall(text)[:_MOST_OF_ONE]
    return worded or bool(chosen), [*names, *chosen]


def _speaks(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _WORDS)


def _in_sentence(sentence: str) -> Iterator[str]:
    for name in [*_QUOTED.findall(sentence), *_after_colon(sentence)][:_MOST_OF_ONE]:
        if not _NO_SCOPE.fullmatch(name):
            yield name


def _after_colon(sentence: str) -> list[str]:
    match = _NAMED.search(sentence)
    parts = re.split(r"[\s,|]{1,3}", match[1]) if match else []
    return [part.rstrip(".") for part in parts if _SCOPE_LIKE.fullmatch(part.rstrip("."))]
