"""errors.versioning: whether the specification is of the version that is running, where live answers name theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Context, Finding, check, met, not_applicable, partial, pattern, squeezed
from cmms_audit.model import Evidence, Exchange

from ._health import health_path, told_at
from ._versions import chosen_carrier, header_version, path_version

_MAJOR = pattern(r"v?(\d{1,4})(?:[._-]\d{1,5}){0,3}(?=$|[\s(+-])", re.IGNORECASE)
_YEAR = 4  # digits; a version that is a date is not held against one that is a number
_TELLS_VERSIONS = pattern(
    r"(?:/(?:api|system|meta|server|v\d{1,3})){0,3}/(?:api-?)?(?:versions?|version-?info|build-?info|about|info)/?",
    re.IGNORECASE,
)
_NAMES = frozenset({"apiversion", "version", "release"})
_MOST_ASKED = 2  # addresses
_DEPTH = 3
_MOST = 50


class _Named(Struct, frozen=True):
    """A version that a live answer names: where it stands, what it is, and the answer.

    `of_api` says that it is called one of the API, and so cannot be that of the program behind it.
    """

    place: str
    version: str
    of_api: bool
    exchange: Exchange

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence


@check(question="errors.versioning", id="errors.version-agrees", aspect="agreement", sends="reads")
async def version_agrees(ctx: Context) -> Finding:
    """Holds the version that live answers name (header, version or health address) against those of the document."""
    if not ctx.has_spec:
        return not_applicable("there is no document whose version could be held against live answers")
    named = await _named(ctx)
    if not named:
        return not_applicable("live answers name no version that could be held against the document")
    described = list(_described(ctx))
    for each in named:
        if any(_agree(each.version, text) for text in described):
            return met(f"live answers name the version that is described ({each.place}: {each.version})", each)
    rivals = ((each, text) for each in named if each.of_api for text in described if _alike(each.version, text))
    rival = next(rivals, None)
    if rival is None:
        says = "the version that live answers name is of another kind than that of the document"
        return not_applicable(f"{says} ({named[0].place}: {named[0].version})", named[0])
    running, text = rival
    if chosen_carrier(ctx):
        return not_applicable(f"live answers name {running.version} where a call chooses no other", running)
    says = f"live answers name version {running.version} ({running.place}), described is {text}"
    return partial(f"{says}: ask which one the document is of", running, ctx.spec.evidence_at("/info"))


async def _named(ctx: Context) -> list[_Named]:
    """The versions in a header of a live answer, or else at an address that tells of the service itself."""
    exchange = next(iter((await ctx.first_pages()).values())).exchange
    header = header_version(exchange)
    if header:
        return [_Named(f"header {header[0]}", header[1].strip()[:40], "api" in header[0].lower(), exchange)]
    for path in _telling_paths(ctx)[:_MOST_ASKED]:
        told = await told_at(ctx, path)
        found = list(islice(_members(told.json, "version"), _MOST)) if told.ok else []
        if found:
            return [_Named(f"{name} at {path}", text, "api" in name.lower(), told) for name, text in found]
    return []


def _telling_paths(ctx: Context) -> list[str]:
    """Where the service may name its version, the surest address first."""
    paths = [each.path for each in ctx.spec.operations if each.method == "GET"]
    health = health_path(ctx)
    sure = [path for path in paths if _TELLS_VERSIONS.fullmatch(path[:200])]
    return [*sure, *([health] if health else []), *(path for path in paths if path == "/")]


def _members(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """What an answer calls a version, with the name under which it stands."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        if squeezed(name[:60]) in _NAMES:
            yield name[:60], str(value).strip()[:40]
    elif depth < _DEPTH and isinstance(value, dict):
        for key, inner in list(value.items())[:_MOST]:
            yield from _members(inner, str(key), depth + 1)
    elif depth < _DEPTH and isinstance(value, list):
        for inner in value[:_MOST]:
            yield from _members(inner, name.removesuffix("s"), depth + 1)


def _described(ctx: Context) -> Iterator[str]:
    """The versions that the document names: its own, those in its addresses, and those that a call may choose."""
    yield ctx.spec.version.strip()
    yield from (version for server in ctx.spec.servers if (version := path_version(server.url)))
    chosen = chosen_carrier(ctx)
    yield from chosen.names if chosen else ()


def _major(text: str) -> str | None:
    match = _MAJOR.match(text.strip()[:40])
    return match[1] if match else None


def _agree(live: str, described: str) -> bool:
    """Whether two versions are the same, or of the same first number where they are no dates."""
    if live == described:
        return True
    major = _major(live)
    return major is not None and len(major) < _YEAR and major == _major(described)


def _alike(live: str, described: str) -> bool:
    """Whether two versions are of one kind: both dates, or both numbers."""
    one, other = _major(live), _major(described)
    return one is not None and other is not None and (len(one) == _YEAR) == (len(other) == _YEAR)
