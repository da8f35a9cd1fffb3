"""How a delivery is signed, found out by trying: with the secret known, one of the usual ways gives the very signature.

Vendors name their headers as they like, but combine few things: a hash, an encoding, a form of the secret, and what is
signed. A way that was found is held against other deliveries, and against tampered copies of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from cmms_audit.patterns import pattern
from cmms_audit.webhooks.message_signatures import BASE, CONTENT_DIGEST, CREATED, signature_bases, signed_forms
from cmms_audit.webhooks.proof import (
    LONGEST_VALUE,
    MOST_OF_EACH,
    Encoding,
    Signed,
    decoded,
    digests,
    headers_of,
    kinds,
    signature_marks,
    word_marks,
)

KeyForm = Literal["text", "base64", "hex", "sha256", "in front"]

_MOST_HASHED = 64 * 1024 * 1024  # bytes, in one search
_EACH_COSTS = 2048  # bytes that might be hashed in the time that it takes to begin
_KEY_FORMS: tuple[KeyForm, ...] = ("text", "base64", "hex", "sha256", "in front")

_TIME_HEADER = pattern(r"timestamp|-time$|^time$|sent-at|^x-.*-date$")
_ID_HEADER = pattern(r"(?:^|-)id$|delivery$|^x-.*(?:event|message|guid|uuid)")
_TOKEN_HEADER = pattern(r"(?:^|-)(?:token|nonce)$")
_TIME_IN_SIGNATURE = pattern(r"(?:^|[,; ])(?:t|ts|time|timestamp)=\s*(\d{9,16})")

# What is signed: the names of parts, and the letters between them. The names in front are those of whoever published
# the form, where many use it; sources: standardwebhooks.com, docs.stripe.com/webhooks, docs.github.com (validating
# webhook deliveries), docs.slack.dev (verifying requests), developers.samsara.com, developers.hubspot.com,
# developer.squareup.com (validate webhooks), developer.atlassian.com (Trello webhooks).
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
    ("{body}", "{url}"),
    ("{method}", "{url}", "{body}"),
    ("{method}", "{url}", "{body}", "{time}"),
    ("{time}", "{token}"),
    ("{time}",),
    ("{id}",),
)


class Way(Struct, frozen=True):
    """One way to sign. `header` carries the signature; `form` is what is signed, parts in braces.

    `time` and `id` name the headers of these parts ("" where the time stands in the signature's own header). The `key`
    of the hash is the secret as it stands, what it stands for in base64 or hex, or its own digest; or it is no key,
    and the secret only stands in front of what is hashed.
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
        return "{body}" in self.form or (self.form[0] == BASE and CONTENT_DIGEST in self.form)

    @property
    def covers_time(self) -> bool:
        """Whether a copy that is sent again later can be told from the first one."""
        return "{time}" in self.form or (self.form[0] == BASE and bool({CREATED, "date"} & set(self.form)))


class _Message(Struct, frozen=True):
    """What may be signed, with how it is put together; `header` where only that one's signature can be of it."""

    form: tuple[str, ...]
    content: bytes
    time: str | None = None
    id: str | None = None
    token: str | None = None
    header: str | None = None


def holds_several(delivery: Signed, way: Way) -> bool:
    """Whether a delivery carries more than one signature of its kind, as it does while a secret is being changed.

    They stand in one header, or in two whose names differ in one word ("primary", "secondary").
    """
    stem = _stem(way.header)
    found = {
        digest
        for name, value in headers_of(delivery)
        if name == way.header or _stem(name) == stem
        for text in digests(value)
        for hash_name, _, digest in kinds(text)
        if hash_name == way.hash
    }
    return len(found) > 1


def holds_digests(delivery: Signed) -> bool:
    """Whether a header holds anything that a shared secret can have made."""
    return bool(_wanted(delivery))


def found_way(delivery: Signed, *secrets: str) -> Way | None:
    """The way in which this delivery is signed with one of these secrets; None where no usual one gives its signature.

    What is hashed is bounded, whatever a delivery holds and however many secrets there are.
    """
    wanted = _wanted(delivery)
    hashes = sorted({hash_name for hash_name, _ in wanted})
    keys = [(form, key) for secret in secrets for form in _KEY_FORMS if (key := _key(secret, form)) is not None]
    budget = _MOST_HASHED
    for message in _messages(delivery) if wanted else ():
        for hash_name, (form, key) in itertools.product(hashes, keys):
            budget -= len(message.content) + _EACH_COSTS
            if budget < 0:
                return None
            for header, encoding in wanted.get((hash_name, _hashed(key, form, message.content, hash_name)), ()):
                if message.header in (None, header):
                    return Way(header, hash_name, encoding, form, message.form, message.time, message.id, message.token)
    return None


def verifying(delivery: Signed, way: Way, secrets: Sequence[str]) -> str | None:
    """The first of these secrets with which a delivery carries the signature that this way gives it; None for none.

    Compares in constant time.
    """
    values = dict(headers_of(delivery))
    given = [digest for text in digests(values.get(way.header, "")) if (digest := decoded(text, way.encoding))]
    messages = _of_way(delivery, way, values) if given else []
    for secret in secrets:
        key = _key(secret, way.key)
        right = [_hashed(key, way.key, each, way.hash) for each in messages] if key is not None else []
        if any(hmac.compare_digest(one, other) for one in given for other in right):
            return secret
    return None


def sign(delivery: Signed, way: Way, secret: str) -> str:
    """The signature that a delivery would need, as the way writes it. Raises ValueError where a part is missing."""
    key, messages = _key(secret, way.key), _of_way(delivery, way, dict(headers_of(delivery)))
    if key is None or not messages:
        raise ValueError("the delivery lacks a part that this way signs")
    digest = _hashed(key, way.key, messages[0], way.hash)
    return digest.hex() if way.encoding == "hex" else base64.b64encode(digest).decode()


def _wanted(delivery: Signed) -> dict[tuple[str, bytes], list[tuple[str, Encoding]]]:
    """The digests that a delivery carries, by hash, each with the headers where they stand."""
    wanted: dict[tuple[str, bytes], list[tuple[str, Encoding]]] = {}
    marks = [each for each in (*signature_marks(delivery), *word_marks(delivery)) if each.is_header]
    for mark in dict.fromkeys(marks):
        for text in digests(mark.value):
            for hash_name, encoding, digest in kinds(text):
                wanted.setdefault((hash_name, digest), []).append((mark.where, encoding))
    return wanted


def _messages(delivery: Signed) -> Iterator[_Message]:
    """All that the headers of a delivery leave open to be signed, the usual forms first."""
    values = dict(headers_of(delivery))
    for form in signed_forms(delivery):
        yield from (_Message(form, each) for each in signature_bases(delivery, form))
    times: list[tuple[str, str | None]] = [(name, None) for name in _named(values, _TIME_HEADER)]
    times += [("", each.where) for each in signature_marks(delivery) if _TIME_IN_SIGNATURE.search(each.value)]
    ids, tokens = _named(values, _ID_HEADER), _named(values, _TOKEN_HEADER)
    for form in _FORMS:
        if "{url}" in form and not delivery.url:
            continue
        parts = itertools.product(
            times if "{time}" in form else ((None, None),),
            ids if "{id}" in form else (None,),
            tokens if "{token}" in form else (None,),
        )
        for (time, header), number, token in parts:
            way = Way(header or "", "", "hex", "text", form, time, number, token)
            yield from (_Message(form, each, time, number, token, header) for each in _of_way(delivery, way, values))


def _of_way(delivery: Signed, way: Way, values: Mapping[str, str]) -> list[bytes]:
    """What is signed in this way: one message, several where there are several signatures of RFC 9421; none where the
    delivery lacks a part of it.
    """
    if way.form[0] == BASE:
        return list(signature_bases(delivery, way.form))
    parts = {
        "{body}": delivery.body,
        "{url}": _bytes(delivery.url),
        "{method}": _bytes(delivery.method),
        "{time}": _time(way, values),
        "{id}": _header(values, way.id),
        "{token}": _header(values, way.token),
    }
    pieces = [parts.get(piece, piece.encode()) for piece in way.form]
    whole = [piece for piece in pieces if piece is not None]
    return [b"".join(whole)] if len(whole) == len(pieces) else []


def _named(values: Mapping[str, str], names: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(itertools.islice((name for name in values if names.search(name)), MOST_OF_EACH))


def _stem(name: str) -> str:
    return re.sub(r"-(?:primary|secondary|old|new|current|previous|next|\d)$", "", name)


def _key(secret: str, form: KeyForm) -> bytes | None:
    """The key of the hash; None where the secret is not of this form."""
    match form:
        case "text" | "in front":
            return _bytes(secret)
        case "base64":
            return decoded(secret.removeprefix("whsec_"), "base64")
        case "hex":
            return decoded(secret, "hex")
        case "sha256":
            return hashlib.sha256(_bytes(secret)).hexdigest().encode()


def _hashed(key: bytes, form: KeyForm, message: bytes, hash_name: str) -> bytes:
    if form == "in front":
        return hashlib.new(hash_name, key + message).digest()
    return hmac.digest(key, message, hash_name)


def _time(way: Way, values: Mapping[str, str]) -> bytes | None:
    if way.time != "":
        return _header(values, way.time)
    stated = _TIME_IN_SIGNATURE.search(values.get(way.header, "")[:LONGEST_VALUE])
    return stated[1].encode() if stated else None


def _header(values: Mapping[str, str], name: str | None) -> bytes | None:
    value = values.get(name) if name else None
    return _bytes(value) if value is not None else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
