"""What is wrong with errors that were provoked, in words: their form, what they leave out, codes that change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import unquote

from cmms_audit.battery import ResponseDoc, members, pattern, squeezed
from cmms_audit.model import Exchange

from ._provoked import Provoked
from ._shapes import ErrorBody, correlation_id, distinct, hides_an_error, is_page, texts_in

_PARTS_OF_A_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_STEPS_OF_A_PATH = pattern(r"[./\[\]]+")
_PREFIX = pattern(r"^(?:uri|url|path)\s?=\s?", re.IGNORECASE)
_LONGEST_WORD = 100

Pairs = Sequence[tuple[Provoked, ErrorBody | None]]


def flaws(pairs: Pairs) -> list[str]:
    """What is wrong with these errors and their bodies, None where a body says nothing of an error."""
    read = [body for _, body in pairs if body]
    asked_for_records = [pair for pair in pairs if pair[0].wrong == "record"]
    others = [pair for pair in pairs if pair[0].wrong != "record"]
    counted = (
        (sum(hides_an_error(each.exchange) for each, _ in pairs), "are hidden in an answer that says success"),
        (sum(is_page(each.exchange) for each, _ in pairs), "are web pages instead of JSON"),
        (sum(_is_other_text(each.exchange) for each, _ in pairs), "are plain text or XML instead of JSON"),
        (sum(_says_nothing(each.exchange, body) for each, body in pairs), "say nothing in their body"),
        (sum(each.exchange.status >= 500 for each, _ in pairs), "blame the server (5xx) for the caller's mistake"),
        (sum(body.code is None for body in read), "have no code for programs"),
        (sum(body.message is None for body in read), "have no message for people"),
        (_not_named(others), "do not name the field or parameter at fault"),
        (_not_named(asked_for_records), "do not repeat the number that was asked for"),
    )
    found = [f"{number} of {len(pairs)} {says}" for number, says in counted if number]
    if not any(correlation_id(each.exchange) for each, _ in pairs):
        found.append("none carries an id under which it could be reported")
    found += changes(pairs)
    shapes = distinct(read)
    return [*found, f"there are {len(shapes)} different shapes"] if len(shapes) > 1 else found


def names_fault(error: Provoked, body: ErrorBody | None) -> bool:
    """Whether an error tells the parameter, field or id that was wrong; repeating the whole address tells nothing."""
    if not error.word or body is None:
        return False
    last_steps = (_STEPS_OF_A_PATH.split(field.rstrip("]"))[-1] for field in body.fields)
    if squeezed(error.word) in map(squeezed, (*body.fields, *last_steps)):
        return True
    word = _as_written_anyhow(error.word)
    return any(word.search(text) for text in texts_in(error.exchange.json) if not _is_address(text, error.exchange))


def is_unreadable(error: Provoked, body: ErrorBody | None) -> bool:
    """Whether a program cannot read the error at all."""
    return body is None or is_page(error.exchange)


def changes(pairs: Pairs) -> list[str]:
    """Where one mistake, made twice, or on several kinds of records, is not answered alike."""
    repeated, elsewhere = defaultdict(set), defaultdict(list)
    for each, body in pairs:
        answer = (each.exchange.status, body.code if body else None)
        repeated[each.wrong, each.word, each.operation.pointer if each.operation else ""].add(answer)
        if body and body.code and each.kind:
            same_word = "" if each.wrong == "record" else each.word
            elsewhere[each.wrong, same_word, each.exchange.status].append((each, body.code))
    found = []
    if any(len({code for _, code in answers}) > 1 for answers in repeated.values()):
        found.append("the same mistake made twice gets two different codes")
    elif any(len(answers) > 1 for answers in repeated.values()):
        found.append("the same mistake made twice gets two different statuses")
    elif any(_are_unlike(coded) for coded in elsewhere.values()):
        found.append("the same mistake gets other codes on other kinds of records, and no document lists them")
    return found


def promised(error: Provoked) -> ResponseDoc | None:
    """The documented answer that this error should be: of its status, its class, or the default.

    None where a page came under a status of success: what is described there is the record, and not the login.
    """
    if error.exchange.ok and is_page(error.exchange):
        return None
    status = str(error.exchange.status)
    responses = {each.status.upper(): each for each in error.operation.responses} if error.operation else {}
    found = responses.get(status) or responses.get(f"{status[0]}XX") or responses.get("DEFAULT")
    return found if found and found.schema else None


def _are_unlike(coded: Sequence[tuple[Provoked, str]]) -> bool:
    """Whether codes differ for no reason that a client could know: not the name of the records, nor a list of codes."""
    if len({code for _, code in coded}) < 2:
        return False
    by_kind = any(squeezed(each.kind).removesuffix("s") in squeezed(code) for each, code in coded)
    return not by_kind and not all(_is_listed(each, code) for each, code in coded)


def _is_listed(error: Provoked, code: str) -> bool:
    response = promised(error)
    schema = response.schema if response else None
    return schema is not None and any(code in map(str, inner.enum or ()) for _, inner in members(schema))


def _not_named(pairs: Pairs) -> int:
    return sum(bool(each.word) and not names_fault(each, body) for each, body in pairs)


def _says_nothing(exchange: Exchange, body: ErrorBody | None) -> bool:
    return body is None and not is_page(exchange) and not _is_other_text(exchange)


def _is_other_text(exchange: Exchange) -> bool:
    return bool(exchange.text.strip()) and exchange.json is None and not is_page(exchange)


def _as_written_anyhow(word: str) -> re.Pattern[str]:
    """The word as a message may write it: "asset_id", "assetId" or "The asset id is required"."""
    parts = _PARTS_OF_A_WORD.findall(word[:_LONGEST_WORD])
    loose = r"[^A-Za-z0-9]?".join(map(re.escape, parts)) or re.escape(word[:_LONGEST_WORD])
    return pattern(rf"(?<![A-Za-z0-9]){loose}(?![A-Za-z0-9])", re.IGNORECASE)


def _is_address(text: str, exchange: Exchange) -> bool:
    """Whether a text is no more than the address that was called, or a part of it."""
    bare = unquote(_PREFIX.sub("", text.strip()))
    return "/" in bare and bare in unquote(exchange.request.url)
