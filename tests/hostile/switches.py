"""How a misbehaviour is written down: a name, a line of words, and what answers instead of the plant, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.hostile.desk import Asked, Raw, Reply
from tests.hostile.plant import Answer, Hook, Plant, Sends

Made = Callable[[Plant, Asked], Answer]


@dataclass(frozen=True)
class Misbehaviour:
    """One way to be hostile. `hook` answers a request, or returns None where the plant shall answer as it should.

    `near_trap_may_be_visited` where anybody may read what the vendor links there, without a credential;
    `proves_nothing` where no question can be answered well from the answers of such an API;
    `base` is the path of base_url; `sends` is how events are sent, where they may be subscribed.
    """

    name: str
    says: str
    hook: Hook
    login: str = "oauth2"
    near_trap_may_be_visited: bool = False
    proves_nothing: bool = False
    base: str = "/api"
    sends: Sends | None = None


def place_of(asked: Asked) -> str:
    """Which part of the vendor a request is for: api, token, document, docs, discovery or other."""
    first = asked.path.strip("/").split("/")[0]
    places = {"api": "api", "oauth": "token", "openapi.json": "document", "docs": "docs", ".well-known": "discovery"}
    return places.get(first, "other")


def at(places: str, made: Made | Reply) -> Hook:
    """Answer so at these places (names with blanks between), and properly elsewhere."""

    def hook(plant: Plant, asked: Asked) -> Answer:
        if place_of(asked) not in places.split():
            return None
        return made if isinstance(made, Reply) else made(plant, asked)

    return hook


def raw(*pieces: bytes | float, again: bytes | float | None = None) -> Made:
    """Send these bytes and pauses, whatever was asked; then `again` for ever, if given."""

    def made(plant: Plant, asked: Asked) -> Raw:
        return _pieces(pieces, again)

    return made


def _pieces(pieces: tuple[bytes | float, ...], again: bytes | float | None) -> Iterator[bytes | float]:
    yield from pieces
    while again is not None:
        yield again
        if isinstance(again, bytes) and len(again) < 100:
            yield 0.2


def changed(change: Callable[[Plant, Asked, Reply], None]) -> Made:
    """The proper answer, changed."""

    def made(plant: Plant, asked: Asked) -> Reply:
        reply = plant.answer(asked)
        change(plant, asked, reply)
        return reply

    return made


def with_headers(**headers: str) -> Made:
    """The proper answer with more headers; {far} and {near} in them stand for the traps. Underscores are hyphens."""

    def change(plant: Plant, asked: Asked, reply: Reply) -> None:
        for name, value in headers.items():
            filled = value.format(far=plant.far.host, near=plant.near.host, path=asked.target)
            reply.headers[name.replace("_", "-")] = filled

    return changed(change)


def records_changed(change: Callable[[Plant, Asked, dict[str, Any]], Any]) -> Made:
    """The proper page of records with its JSON changed: `change` alters it, or returns what to send instead."""

    def made(plant: Plant, asked: Asked) -> Reply:
        reply = plant.answer(asked)
        if reply.status == 200 and asked.method == "GET" and isinstance(reply.body, dict) and "data" in reply.body:
            instead = change(plant, asked, reply.body)
            reply.body = reply.body if instead is None else instead
        return reply

    return made
