"""What of a delivery may prove where it comes from: signatures, and words that only the sender should know.

Recognised by name and form alone, with no secret at hand. Whether a signature is right stands in `signatures`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import parse_qsl

from msgspec import Struct

from cmms_audit.patterns import pattern

Encoding = Literal["hex", "base64"]

HASHES = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}  # by the length of the digest in bytes
MOST_OF_EACH = 6  # headers, digests, times and ids of one delivery that are looked at
LONGEST_VALUE = 4096  # characters of a header
_TO_PLAIN_BASE64 = str.maketrans("-_", "+/", "=")
_SHORTEST_WORD = 8  # characters
_DEEPEST = 2  # levels of a body
_MOST_MEMBERS = 200  # of one level

_SIGNATURE = pattern(
    r"(?<!as)(?<!de)sign|(?:^|[-_])sig|sig$|hmac|(?:^|[-_])mac(?:[-_]|$)|digest|hash|-webhook$|jwt|^authorization$"
)
_WORD = pattern(r"token|secret|(?:api|access|auth)[-_]?key|passw|(?:^|[-_])auth$|jwt|^authorization$")
_BESIDE = pattern(r"[-_](?:id|version|alg\w*|method|type|timestamp|time|date|expires|uri|url|input|headers)$")
_CHECKSUM = pattern(r"^(?:(?:content|repr)-)?digest$|^content-md5$")  # RFC 9530, RFC 3230
_IN_CONTENT = pattern(r"^(?:hmac[-_]?)?signature$|^hmac$|^sig$", re.IGNORECASE)
_DIGEST = pattern(r"(?:^|[\s,;=:])\"?([0-9a-fA-F]{40,128}|[A-Za-z0-9+/_-]{27,86}={0,2})(?=$|[\s,;\":&])")
_OTHER = pattern(r"(?:^|[\s,;=:])\"?([A-Za-z0-9+/_.-]{22,4096}={0,2})(?=$|[\s,;\":&])")
_JWT = pattern(r"(?:^|\s)(eyJ[A-Za-z0-9_-]{2,1000})\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*$")
_FIXED_SCHEME = pattern(r"(?:bearer|basic|token|api-?key)\s", re.IGNORECASE)
_ASYMMETRIC = pattern(
    r"(?:^|[\s,])v1a,|(?:^|[-_\s\"=])rsa[-_\d]|[-_]rsa$|withrsa|ecdsa|ed25519|(?<![a-z0-9+/])(?:rs|es|ps)(?:256|384|512)",
    re.IGNORECASE,
)
_LENGTHS_WITH_PUBLIC_KEY = frozenset((*range(68, 73), *range(100, 105), *range(136, 140), 128, 256, 384, 512))  # bytes


class Signed(Struct, frozen=True):
    """What of a delivery a signature may cover. Header names are in lower case; `body` is as it came, byte for byte.

    `url` is the address as it was given to the sender, with the query that came; "" where it is not known.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str = ""
    method: str = "POST"


class Mark(Struct, frozen=True):
    """A value that may prove where a delivery comes from, and where it stands: the name of a header, or in words."""

    where: str
    value: str
    is_header: bool = True


def signature_marks(delivery: Signed) -> tuple[Mark, ...]:
    """What looks like a signature, whether or not it can be verified; a mere checksum of the content is none."""
    found = itertools.chain(_in_headers(delivery), _in_content(delivery.body), _in_query(delivery.url))
    return tuple(itertools.islice(found, MOST_OF_EACH))


def signature_headers(delivery: Signed) -> tuple[str, ...]:
    """Where something stands that looks like a signature: the names of headers, or such as "hmac in the content"."""
    return tuple(dict.fromkeys(each.where for each in signature_marks(delivery)))


def word_marks(delivery: Signed) -> tuple[Mark, ...]:
    """Headers with a word that only the sender should know: a token, a password. It may also be a signature."""
    found = (
        Mark(name, value)
        for name, value in headers_of(delivery)
        if _WORD.search(name) and not _BESIDE.search(name) and len(value) >= _SHORTEST_WORD
    )
    return tuple(itertools.islice(found, MOST_OF_EACH))


def is_asymmetric(delivery: Signed) -> bool:
    """Whether a signature is of a kind that needs a public key of the vendor, not a shared secret.

    Sources: RFC 9421 (Signature-Input), Standard Webhooks ("v1a"), RFC 7518 (alg of a JWT); else by its length.
    """
    values = dict(headers_of(delivery))
    told = values.get("signature-input", "")
    if told and "hmac-" not in told and not any(len(_raw(each)) == 32 for each in digests(values.get("signature", ""))):
        return True
    return any(_needs_public_key(each) for each in signature_marks(delivery))


def headers_of(delivery: Signed) -> tuple[tuple[str, str], ...]:
    """The headers, each once: lines of one name are one value (RFC 9110, section 5.2), cut where it is too long."""
    values: dict[str, str] = {}
    for name, value in delivery.headers:
        known = values.get(name)
        if known is None or len(known) < LONGEST_VALUE:
            values[name] = (value if known is None else f"{known}, {value}")[:LONGEST_VALUE]
    return tuple(values.items())


def digests(value: str) -> list[str]:
    """What in a header's value may be a digest, in hex or base64."""
    found = (match[1] for match in _DIGEST.finditer(value[:LONGEST_VALUE]))
    return list(itertools.islice(dict.fromkeys(found), MOST_OF_EACH))


def kinds(text: str) -> Iterator[tuple[str, Encoding, bytes]]:
    """The hash that a digest may come from, how it is written, and its bytes; both, where it can be read both ways."""
    encodings: tuple[Encoding, ...] = ("hex", "base64")
    for encoding in encodings:
        digest = decoded(text, encoding)
        if digest is not None and len(digest) in HASHES:
            yield HASHES[len(digest)], encoding, digest


def decoded(text: str, encoding: Encoding) -> bytes | None:
    """The bytes that a text stands for; None where it is not written so."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        bare = text.translate(_TO_PLAIN_BASE64)
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _in_headers(delivery: Signed) -> Iterator[Mark]:
    for name, value in headers_of(delivery):
        if not _SIGNATURE.search(name) or _BESIDE.search(name) or _CHECKSUM.search(name):
            continue
        if name == "authorization" and _FIXED_SCHEME.match(value) and not _JWT.search(value):
            continue
        if _OTHER.search(value) and not _is_checksum(value, delivery.body):
            yield Mark(name, value)


def _in_content(body: bytes) -> Iterator[Mark]:
    """Members of a JSON body that are called a signature, and are as long as one."""
    lower = body.lower()
    if b"sig" not in lower and b"hmac" not in lower:
        return
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    for name, value in _texts(content, _DEEPEST):
        if _IN_CONTENT.search(name) and _is_as_long_as_one(value):
            yield Mark(f"{name} in the content", value, is_header=False)


def _in_query(url: str) -> Iterator[Mark]:
    try:
        given = parse_qsl(url.partition("?")[2], max_num_fields=MOST_OF_EACH)
    except ValueError:
        return
    for name, value in given:
        if _IN_CONTENT.search(name) and _is_as_long_as_one(value):
            yield Mark(f"{name} in the address", value, is_header=False)


def _texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict) or not depth:
        return
    for name, inner in itertools.islice(value.items(), _MOST_MEMBERS):
        if isinstance(inner, str):
            yield name, inner
        else:
            yield from _texts(inner, depth - 1)


def _is_as_long_as_one(value: str) -> bool:
    return len(value) <= LONGEST_VALUE and (any(True for _ in kinds(value)) or _has_length_of_public_key(value))


def _is_checksum(value: str, body: bytes) -> bool:
    """Whether a digest of the body alone stands there, which anybody can make."""
    texts = digests(value)
    return bool(texts) and all(
        any(hashlib.new(name, body).digest() == digest for name, _, digest in kinds(text)) for text in texts
    )


def _needs_public_key(mark: Mark) -> bool:
    if _ASYMMETRIC.search(mark.where) or _ASYMMETRIC.search(mark.value):
        return True
    token = _JWT.search(mark.value)
    if token is not None:
        return bool(_ASYMMETRIC.search((decoded(token[1], "base64") or b"").decode("utf-8", "replace")))
    return any(_has_length_of_public_key(match[1]) for match in _OTHER.finditer(mark.value))


def _has_length_of_public_key(text: str) -> bool:
    return "." not in text and len(_raw(text)) in _LENGTHS_WITH_PUBLIC_KEY


def _raw(text: str) -> bytes:
    """The bytes of a text in hex, or in base64; none where it is neither."""
    return decoded(text, "hex") or decoded(text, "base64") or b""
