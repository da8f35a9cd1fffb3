"""How a delivery is signed, found out by trying: with the secret known, one of the usual ways gives the very signature.

Vendors name their headers as they like, but combine few things: a hash, an encoding, a form of the secret, and what is
signed. A way that was found is held against other deliveries, and against tampered copies of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from cmms_audit.patterns import pattern

Encoding = Literal["hex", "base64"]
KeyForm = Literal["text", "base64", "hex", "sha256"]

_HASHES = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}  # by the length of the digest in bytes
_MOST_OF_EACH = 6  # headers, digests, times and ids of one delivery that are tried
_MOST_HASHED = 64 * 1024 * 1024  # bytes
_LONGEST_VALUE = 4096  # characters of a header
_TO_PLAIN_BASE64 = str.maketrans("-_", "+/", "=")

_SIGNATURE_HEADER = pattern(r"sign|hmac|digest|hash|x-hook-secret")
_TIME_HEADER = pattern(r"timestamp|-time$|^time$|sent-at|^x-.*-date$")
_ID_HEADER = pattern(r"(?:^|-)id$|delivery$|^x-.*(?:event|message|guid|uuid)")
_TOKEN_HEADER = pattern(r"(?:^|-)(?:token|nonce)$")
_TIME_IN_SIGNATURE = pattern(r"(?:^|[,; ])(?:t|ts|time|timestamp)=\s*(\d{9,16})")
_DIGEST = pattern(r"(?:^|[\s,;=:])\"?([0-9a-fA-F]{40,128}|[A-Za-z0-9+/_-]{27,86}={0,2})(?=$|[\s,;\":])")
_ASYMMETRIC = pattern(r"(?:^|[\s,])v1a,|(?:^|[\s,;])(?:alg|keyid)=|rsa-|ecdsa|ed25519")

# What is signed: the names of parts, and the letters between them. The names in front are those of whoever published
# the form, where many use it; sources: standardwebhooks.com, docs.stripe.com/webhooks, docs.github.com (validating
# webhook deliveries), docs.slack.dev (verifying requests), developers.samsara.com, developers.hubspot.com.
_FORMS: tuple[tuple[str, ...], ...] = (
    ("{body}",),
    ("{id}", ".", "{time}", ".", "{body}"),
    ("{time}", ".", "{body}"),
    ("{time}", ":", "{body}"),
    ("v0:", "{time}", ":", "{body}"),
    ("v1:", "{time}", ":", "{body}"),
    ("{time}", "{body}"),
    ("{body}", "{time}"),
    ("{id}", "{time}", "{body}"),
    ("{id}", ".", "{body}"),
    ("{url}", "{body}"),
    ("{method}", "{url}", "{body}", "{time}"),
    ("{time}", "{token}"),
    ("{time}",),
    ("{id}",),
)


class Signed(Struct, frozen=True):
    """What of a delivery a signature may cover. Header names are in lower case; `body` is as it came, byte for byte."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str = ""
    method: str = "POST"


class Way(Struct, frozen=True):
    """One way to sign. `header` carries the signature; `form` is what is signed, parts in braces.

    `time` and `id` name the headers of these parts ("" where the time stands in the signature's own header).
    """

    header: str
    hash: str
    encoding: Encoding
    key: KeyForm
    form: tuple[str, ...]
    time: str | None = None
    id: str | None = None
    token: str | None = None

    @property
    def covers_body(self) -> bool:
        """Whether another content would need another signature."""
        return "{body}" in self.form

    @property
    def covers_time(self) -> bool:
        """Whether a copy that is sent again later can be told from the first one."""
        return "{time}" in self.form


def signature_headers(delivery: Signed) -> tuple[str, ...]:
    """The names of the headers that look like a signature, whether or not it can be verified."""
    named = [name for name, value in delivery.headers if _SIGNATURE_HEADER.search(name) and _digests(value)]
    return tuple(dict.fromkeys(named))


def is_asymmetric(delivery: Signed) -> bool:
    """Whether a signature is of a kind that needs a public key of the vendor, not a shared secret.

    Sources: RFC 9421 (Signature-Input), Standard Webhooks ("v1a").
    """
    values = dict(delivery.headers)
    return "signature-input" in values or any(
        _ASYMMETRIC.search(value[:_LONGEST_VALUE]) for name, value in delivery.headers if _SIGNATURE_HEADER.search(name)
    )


def holds_several(delivery: Signed, way: Way) -> bool:
    """Whether the signature's header carries more than one signature, as it does while a secret is being changed."""
    return len(_digests(dict(delivery.headers).get(way.header, ""))) > 1


def found_way(delivery: Signed, secret: str) -> Way | None:
    """The way in which this delivery is signed with this secret; None where no usual one gives its signature."""
    budget = _MOST_HASHED
    for way in _ways(delivery):
        budget -= len(delivery.body) + 256
        if budget < 0:
            return None
        if verifies(delivery, way, secret):
            return way
    return None


def verifies(delivery: Signed, way: Way, secret: str) -> bool:
    """Whether a delivery carries the signature that this way gives it. Compares in constant time."""
    values = dict(delivery.headers)
    key, message = _key(secret, way.key), _message(delivery, way, values)
    if key is None or message is None:
        return False
    right = hmac.new(key, message, way.hash).digest()
    given = [_decoded(text, way.encoding) for text in _digests(values.get(way.header, ""))]
    return any(each is not None and hmac.compare_digest(each, right) for each in given)


def sign(delivery: Signed, way: Way, secret: str) -> str:
    """The signature that a delivery would need, as the way writes it. Raises ValueError where a part is missing."""
    key, message = _key(secret, way.key), _message(delivery, way, dict(delivery.headers))
    if key is None or message is None:
        raise ValueError("the delivery lacks a part that this way signs")
    digest = hmac.new(key, message, way.hash).digest()
    return digest.hex() if way.encoding == "hex" else base64.b64encode(digest).decode()


def _ways(delivery: Signed) -> Iterator[Way]:
    """Every way that the headers of a delivery leave open, the usual ones first."""
    times = (*_named(delivery, _TIME_HEADER), "")
    ids, tokens = _named(delivery, _ID_HEADER), _named(delivery, _TOKEN_HEADER)
    keys: tuple[KeyForm, ...] = ("text", "base64", "hex", "sha256")
    for form in _FORMS:
        parts = [
            times if "{time}" in form else (None,),
            ids if "{id}" in form else (None,),
            tokens if "{token}" in form else (None,),
        ]
        for header, value in [each for each in delivery.headers if _SIGNATURE_HEADER.search(each[0])][:_MOST_OF_EACH]:
            kinds = dict.fromkeys(kind for text in _digests(value) for kind in _kinds(text))
            for (digest, encoding), key, (time, number, token) in itertools.product(
                kinds, keys, itertools.product(*parts)
            ):
                yield Way(header, digest, encoding, key, form, time, number, token)


def _named(delivery: Signed, names: re.Pattern[str]) -> tuple[str, ...]:
    found = [name for name, _ in delivery.headers if names.search(name)]
    return tuple(dict.fromkeys(found))[:_MOST_OF_EACH]


def _digests(value: str) -> list[str]:
    """What in a header's value may be a digest, in hex or base64."""
    found = (match[1] for match in _DIGEST.finditer(value[:_LONGEST_VALUE]))
    return list(itertools.islice(dict.fromkeys(found), _MOST_OF_EACH))


def _kinds(text: str) -> Iterator[tuple[str, Encoding]]:
    """The hash that a digest may come from, and how it is written; both, where it can be read both ways."""
    encodings: tuple[Encoding, ...] = ("hex", "base64")
    for encoding in encodings:
        digest = _decoded(text, encoding)
        if digest is not None and len(digest) in _HASHES:
            yield _HASHES[len(digest)], encoding


def _decoded(text: str, encoding: Encoding) -> bytes | None:
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        bare = text.translate(_TO_PLAIN_BASE64)
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _key(secret: str, form: KeyForm) -> bytes | None:
    """The key of the hash; None where the secret is not of this form."""
    match form:
        case "text":
            return secret.encode()
        case "base64":
            return _decoded(secret.removeprefix("whsec_"), "base64")
        case "hex":
            return _decoded(secret, "hex")
        case "sha256":
            return hashlib.sha256(secret.encode()).hexdigest().encode()


def _message(delivery: Signed, way: Way, values: Mapping[str, str]) -> bytes | None:
    """What is signed; None where the delivery lacks a part of it."""
    parts = {
        "{body}": delivery.body,
        "{url}": delivery.url.encode(),
        "{method}": delivery.method.encode(),
        "{time}": _time(way, values),
        "{id}": _header(values, way.id),
        "{token}": _header(values, way.token),
    }
    pieces = [parts.get(piece, piece.encode()) for piece in way.form]
    return None if any(piece is None for piece in pieces) else b"".join(piece for piece in pieces if piece is not None)


def _time(way: Way, values: Mapping[str, str]) -> bytes | None:
    if way.time != "":
        return _header(values, way.time)
    stated = _TIME_IN_SIGNATURE.search(values.get(way.header, "")[:_LONGEST_VALUE])
    return stated[1].encode() if stated else None


def _header(values: Mapping[str, str], name: str | None) -> bytes | None:
    value = values.get(name) if name else None
    return value.encode() if value is not None else None
