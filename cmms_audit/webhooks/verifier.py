"""What the signatures of deliveries are worth, found out one delivery after another, before secrets are taken out.

What it costs is bounded by the receiver's limits and those that stand here, whatever comes.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.proof import Signed, is_asymmetric, signature_headers, signature_marks, word_marks
from cmms_audit.webhooks.received import OF_THE_FILE, Signature
from cmms_audit.webhooks.signatures import Way, found_way, holds_digests, holds_several, verifying
from cmms_audit.webhooks.written import LONGEST_NAME, written_name

if TYPE_CHECKING:
    from cmms_audit.wire.redact import Redactor

MOST_LEARNT = 8  # secrets that a sender tells
_MOST_CONTENTS = 50_000  # values of headers that are remembered


class Verifier:
    """Looks at the signatures of what comes from one sender, with every secret that is known.

    `secrets` are those that the sender should sign with; `given` one that it was offered, and may have taken.
    """

    def __init__(
        self, redactor: Redactor, *, secrets: tuple[str, ...] = (), given: str | None = None, most_searched: int
    ) -> None:
        """`most_searched`: for how many deliveries the way of signing is searched, in vain; each search takes time."""
        self._redactor = redactor
        self._told: tuple[str, ...] = ()
        self._secrets = secrets
        self._given = (given,) if given else ()
        self._left = most_searched
        self._usual: Way | None = None
        self._contents: dict[tuple[str, bytes], str] = {}

    @property
    def searches(self) -> bool:
        """Whether a way of signing that is new would still be found."""
        return self._left > 0

    def learn(self, secret: str) -> bool:
        """Take what the sender itself has told, which counts first, the latest before all; whether it was taken.

        Of too many the first are kept.
        """
        is_new = secret not in self._told and len(self._told) < MOST_LEARNT
        if is_new:
            self._told = (secret, *self._told)
        return is_new

    def look_at(self, delivery: Delivery, url: str = "") -> Signature:
        """What the signature of a delivery is worth; `url` is its address as it was given to the sender, if known."""
        query = f"?{delivery.query}" if delivery.query else ""
        signed = Signed(delivery.headers, delivery.body, f"{url}{query}" if url else "", delivery.method)
        found = self._found(signed, delivery.sha256)
        return self._without_secrets(self._verified(found, signed) if delivery.whole else found)

    def _found(self, signed: Signed, content: str) -> Signature:
        return Signature(
            headers=signature_headers(signed),
            secret_known=bool(self._told or self._secrets),
            public_key=is_asymmetric(signed),
            words=tuple(each.where for each in word_marks(signed)),
            fixed=self._fixed(signed, content),
        )

    def _verified(self, found: Signature, signed: Signed) -> Signature:
        """With the way in which it is signed, where one of the secrets fits."""
        secrets = (*self._told, *self._secrets, *self._given)
        way = self._way(signed, secrets)
        secret = verifying(signed, way, secrets) if way else None
        if way is None or secret is None:
            return found
        fails = verifying(replace(signed, body=signed.body + b" "), way, (secret,)) is None
        several = holds_several(signed, way)
        return replace(found, way=way, secret_known=True, several=several, tampered_fails=fails)

    def _way(self, signed: Signed, secrets: tuple[str, ...]) -> Way | None:
        """The usual way where it fits, else the one that is found."""
        if not secrets or not holds_digests(signed):
            return None
        if self._usual is not None and verifying(signed, self._usual, secrets) is not None:
            return self._usual
        if not self._left:
            return None
        self._left -= 1
        found = found_way(signed, *secrets)
        self._usual = found or self._usual
        return found

    def _fixed(self, signed: Signed, content: str) -> tuple[str, ...]:
        """Where a value stands that says nothing of the content."""
        marks = dict.fromkeys((*signature_marks(signed), *word_marks(signed)))
        fixed = []
        for mark in marks:
            value = hashlib.sha256(mark.value.encode("utf-8", "replace")).digest()
            key = (mark.where[:LONGEST_NAME], value)
            has_room = len(self._contents) < _MOST_CONTENTS
            first = self._contents.setdefault(key, content) if has_room else self._contents.get(key, content)
            if first != content or self._is_secret(mark.value):
                fixed.append(mark.where)
        return tuple(dict.fromkeys(fixed))

    def _is_secret(self, value: str) -> bool:
        """Whether the secret itself is sent along, as a password is."""
        scheme, _, word = value.rpartition(" ")
        known = (*self._told, *self._secrets, *self._given, f"«{OF_THE_FILE}»")
        return word in known or scheme.lower() == "basic"

    def _without_secrets(self, found: Signature) -> Signature:
        """The names of headers as they may be written down."""
        text = partial(written_name, redactor=self._redactor)
        names = {name: tuple(map(text, getattr(found, name))) for name in ("headers", "words", "fixed")}
        way = found.way
        if way is not None:
            named = {name: text(getattr(way, name)) for name in ("header", "time", "id", "token") if getattr(way, name)}
            way = replace(way, **named, form=tuple(map(text, way.form)))
        return replace(found, **names, way=way)
