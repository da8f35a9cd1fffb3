"""Misbehaviours below the level of JSON: slow, endless, broken, packed and malformed answers."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Iterator

from tests.hostile.desk import HALF_CLOSE, RESET, Asked, Raw, Reply
from tests.hostile.plant import Plant
from tests.hostile.switches import Made, Misbehaviour, at, changed, raw

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_PAGE = b'{"data": [{"id": "1", "name": "one"}], "total": 1}'
_MIB = 1024 * 1024


def whole(head: bytes, body: bytes = _PAGE) -> Made:
    """An answer as these bytes, with the connection closed behind it."""
    return raw(head + body)


def packed(encoding: str, start: bytes, again: bytes) -> Made:
    """A compressed answer without an end."""
    return raw(
        HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode() + start, again=again * (_MIB // 64 // len(again))
    )


def _zeros(window: int) -> tuple[bytes, bytes]:
    """The start of a compressed stream, and a piece to repeat that unpacks to a mebibyte of blanks."""
    stream = zlib.compressobj(9, zlib.DEFLATED, window)
    start = stream.compress(b" ") + stream.flush(zlib.Z_FULL_FLUSH)
    return start, stream.compress(b" " * _MIB) + stream.flush(zlib.Z_FULL_FLUSH)


_ZSTD_START = bytes.fromhex("28b52ffd 00 58")  # magic number, no size given, a window of 2 MiB
_ZSTD_AGAIN = bytes([0x02, 0x00, 0x10, 0x20])  # a block: 128 KiB of the same letter
_BROTLI_START = bytes.fromhex("5b ffff 0f 00 e0")


def endless_headers(plant: Plant, asked: Asked) -> Raw:
    """Headers without an end."""
    return itertools.chain(
        [HEAD], (f"X-Header-{number}: {'x' * 500}\r\n".encode() * 50 for number in itertools.count())
    )


def one_header(name: bytes, value: bytes) -> Made:
    """The proper page with another header."""
    return whole(HEAD + name + b": " + value + b"\r\nContent-Length: %d\r\n\r\n" % len(_PAGE))


def with_status(status: bytes) -> Made:
    """The proper page with another status line."""
    return whole(status + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_PAGE))


def more_than_asked(plant: Plant, asked: Asked) -> Raw:
    """Three answers to one request, the later ones for whoever asks next on this connection."""
    lie = Reply(200, {"data": [{"id": "smuggled"}]}, {"X-Smuggled": "1"}).bytes_for("GET")
    return [plant.answer(asked).bytes_for(asked.method) + lie + lie, 3.0]


def half_closed(plant: Plant, asked: Asked) -> Raw:
    """Half an answer, then no more, though the connection stays."""
    return [HEAD + b"Content-Length: 5000\r\n\r\n" + _PAGE, HALF_CLOSE, 30.0]


def reset_now_and_then(plant: Plant, asked: Asked) -> Reply | Raw:
    """Every second answer breaks off."""
    if next(plant.calls) % 2:
        return plant.answer(asked)
    return [HEAD + b"Content-Length: 5000\r\n\r\n" + _PAGE, RESET]


def bodies_where_none_belong(plant: Plant, asked: Asked) -> Reply | Raw:
    """HEAD, 204 and 304 with a body."""
    reply = plant.answer(asked)
    if asked.method == "HEAD" or reply.status == 204:
        status = b"204 Gone" if reply.status == 204 else b"200 OK"
        return [b"HTTP/1.1 " + status + b"\r\nContent-Length: 50\r\n\r\n" + b"x" * 50, 3.0]
    return reply


def slow_after_a_while(plant: Plant, asked: Asked) -> Reply | Raw:
    """Ten good answers, then each slower than the one before."""
    number = next(plant.calls)
    if number < 10:
        return plant.answer(asked)
    return _after(number / 10, plant.answer(asked).bytes_for(asked.method))


def _after(seconds: float, answer: bytes) -> Iterator[bytes | float]:
    yield seconds
    yield answer


def huge_body(plant: Plant, asked: Asked) -> Reply:
    """Fifty megabytes in one JSON string."""
    return Reply(200, b'{"data": [{"id": "1", "name": "' + b"x" * (50 * _MIB) + b'"}]}')


def cut_gzip(plant: Plant, asked: Asked, reply: Reply) -> None:
    """A gzip stream that stops in the middle."""
    body = gzip.compress(json.dumps(reply.body, default=str).encode())
    reply.body, reply.headers["Content-Encoding"] = body[: len(body) // 2], "gzip"


CONNECTIONS = (
    Misbehaviour("never-answers", "a connection, and no word", at("api", raw(again=0.5)), proves_nothing=True),
    Misbehaviour(
        "never-accepts-tokens", "no word from the token endpoint", at("token", raw(again=0.5)), proves_nothing=True
    ),
    Misbehaviour("never-gives-documents", "no word where the document lies", at("document docs", raw(again=0.5))),
    Misbehaviour(
        "drip-headers", "a letter of a header now and then", at("api", raw(HEAD, again=b"x")), proves_nothing=True
    ),
    Misbehaviour(
        "drip-body",
        "a letter of the body now and then",
        at("api", raw(HEAD + b"Content-Length: 9999\r\n\r\n", again=b" ")),
        proves_nothing=True,
    ),
    Misbehaviour(
        "drip-document", "a letter of the document now and then", at("document docs", raw(HEAD + b"\r\n", again=b" "))
    ),
    Misbehaviour("slower-and-slower", "each answer takes longer than the last", at("api", slow_after_a_while)),
    Misbehaviour("endless-body", "a body without an end", at("api", raw(HEAD + b"\r\n[", again=b"1," * 9999))),
    Misbehaviour(
        "endless-chunks", "chunks without an end", at("api", raw(_CHUNKED, again=b"4000\r\n" + b" " * 0x4000 + b"\r\n"))
    ),
    Misbehaviour("endless-headers", "headers without an end", at("api", endless_headers)),
    Misbehaviour(
        "endless-continue", "100 Continue without an end", at("api", raw(again=b"HTTP/1.1 100 Continue\r\n\r\n" * 9))
    ),
    Misbehaviour(
        "switching-protocols", "101 to something else", at("api", raw(b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", 30.0))
    ),
    Misbehaviour("bomb-gzip", "gzip that unpacks to no end", at("api", packed("gzip", *_zeros(31)))),
    Misbehaviour("bomb-deflate", "deflate that unpacks to no end", at("api", packed("deflate", *_zeros(15)))),
    Misbehaviour("bomb-zstd", "zstd that unpacks to no end", at("api", packed("zstd", _ZSTD_START, _ZSTD_AGAIN))),
    Misbehaviour("bomb-brotli", "bytes called br", at("api", packed("br", _BROTLI_START, b"\xff\xff"))),
    Misbehaviour(
        "bomb-document", "a document that unpacks to no end", at("document docs", packed("gzip", *_zeros(31)))
    ),
    Misbehaviour("gzip-cut-off", "gzip that stops in the middle", at("api", changed(cut_gzip))),
    Misbehaviour(
        "length-too-long", "a longer body announced", at("api", whole(HEAD + b"Content-Length: 99999\r\n\r\n"))
    ),
    Misbehaviour("length-too-short", "a shorter body announced", at("api", whole(HEAD + b"Content-Length: 7\r\n\r\n"))),
    Misbehaviour(
        "length-twice", "two lengths", at("api", whole(HEAD + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n"))
    ),
    Misbehaviour(
        "length-and-chunks",
        "a length, and chunks",
        at("api", raw(HEAD + b"Content-Length: 3\r\n" + _CHUNKED[17:] + b"2\r\n[]\r\n0\r\n\r\n")),
    ),
    Misbehaviour("chunks-broken", "a chunk of no known size", at("api", whole(_CHUNKED, b"zz\r\n[]\r\n0\r\n\r\n"))),
    Misbehaviour(
        "chunks-immense", "a chunk of 2 to the power of 80", at("api", whole(_CHUNKED, b"f" * 20 + b"\r\n[]"))
    ),
    Misbehaviour("reset", "every second answer breaks off", at("api", reset_now_and_then)),
    Misbehaviour("half-closed", "half an answer on an open connection", at("api", half_closed), proves_nothing=True),
    Misbehaviour("garbage", "bytes that are no HTTP", at("api", raw(bytes(range(256)) * 40)), proves_nothing=True),
    Misbehaviour(
        "http-0.9", "a page without status or headers", at("api", raw(b"<html>hello</html>")), proves_nothing=True
    ),
    Misbehaviour("http-1.0", "HTTP/1.0, closed behind the page", at("api", with_status(b"HTTP/1.0 200 OK"))),
    Misbehaviour("status-999", "999", at("api", with_status(b"HTTP/1.1 999 Go away"))),
    Misbehaviour("status-word", "a word for a status", at("api", with_status(b"HTTP/1.1 OK fine"))),
    Misbehaviour(
        "status-escapes", "escape sequences in the reason", at("api", with_status(b"HTTP/1.1 418 \x1b[2J\x1b]0;x\x07"))
    ),
    Misbehaviour(
        "headers-ten-thousand", "ten thousand headers", at("api", whole(HEAD + b"A: b\r\n" * 10_000 + b"\r\n"))
    ),
    Misbehaviour("header-names", "odd letters in a header's name", at("api", one_header(b"X \x01\xff(){}<>@", b"1"))),
    Misbehaviour(
        "header-escapes", "escapes and NUL in a header", at("api", one_header(b"X-Note", b"\x1b[31m\x00\xe2\x80\xae"))
    ),
    Misbehaviour(
        "header-newlines", "an ETag with line ends", at("api", one_header(b"ETag", b'"a\nSet-Cookie: x=1\rX: y"'))
    ),
    Misbehaviour("more-than-asked", "further answers behind the one asked for", at("api", more_than_asked)),
    Misbehaviour("bodies-where-none-belong", "HEAD and 204 with a body", at("api", bodies_where_none_belong)),
    Misbehaviour("fifty-megabytes", "50 MB in one string", at("api", huge_body)),
)
