"""Looks for the secrets of our own subscriptions in raw answers, before these are recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cmms_audit.paging import at
from cmms_audit.webhooks.secrets import secrets_in, without_told

if TYPE_CHECKING:
    from cmms_audit.webhooks.mailroom import Mailroom
    from cmms_audit.wire.courier import Inspect
    from cmms_audit.wire.transport import Incoming

_MOST_WITHHELD = 64


class ToldSecrets:
    """What a vendor has told as a secret in one run.

    A secret is kept out of everything by the redactor, which the mailroom sees to. One that is too common a text for
    that is only taken out of answers, where they call it a secret.
    """

    def __init__(self, mailroom: Mailroom | None) -> None:
        """`mailroom` is told what signatures are made with; without one nothing is looked for."""
        self._mailroom = mailroom
        self._withheld: set[str] = set()

    def taken(self, mark: str, *, alone: bool = False, id_names: Sequence[str] = (), sent: str = "") -> Inspect:
        """What takes the secret of the subscription with this mark from an answer; see `secrets_in`.

        `id_names` are the members (dotted) that may hold the id of the subscription, which is no secret; neither is
        what was `sent`.
        """

        def inspect(incoming: Incoming) -> str | None:
            mailroom, body = self._mailroom, bytes(incoming.body)
            is_alone = alone and 200 <= incoming.status < 300
            told = secrets_in(body, alone=is_alone) if mailroom is not None else ()
            if mailroom is None or not told:
                return self.withhold(incoming)
            ids = frozenset(_ids(body, id_names))
            beside = "\n".join((sent, *ids, *(value for name, value in incoming.headers if name.lower() == "location")))
            common = {each for each in told if not mailroom.learn_secret(mark, each, beside=beside)} - ids
            if len(self._withheld) < _MOST_WITHHELD:
                self._withheld |= common
            return without_told(body, common, alone=is_alone)

        return inspect

    def withhold(self, incoming: Incoming) -> str | None:
        """The answer without secrets that were taken out of another one; None where it may be recorded as it is."""
        if not self._withheld:
            return None
        body = bytes(incoming.body)
        plain = body.replace(rb"\/", b"/")
        return without_told(body, {each for each in self._withheld if any(one in plain for one in _spellings(each))})


def _spellings(text: str) -> tuple[bytes, bytes]:
    return text.encode("utf-8", "replace"), json.dumps(text)[1:-1].encode()


def _ids(body: bytes, names: Sequence[str]) -> Iterator[str]:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    for name in names:
        value = at(content, name)
        if isinstance(value, str | int):
            yield str(value)
