"""Makes the recorded exchange of what was sent and what came: facts from the raw bytes, then secrets out, then down.

Nothing else writes exchanges. What it returns is what was written, so that judging sees the same live and later.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from cmms_audit.model import Exchange, Purpose, Reason, Request, Response
from cmms_audit.wire.call import Call
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.transport import Incoming

MOST_VALUES = 250_000  # of one answer: a page of 1,000 records has some 50,000, and 8 MiB could hold millions
KEPT_OF_FAILED = 65_536  # characters of a body that is not whole, or too large to be looked at
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"})
_TEXTUAL = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
_TEXTUAL_SUFFIXES = ("+json", "+xml", "+yaml")


class Recorder:
    """Writes the exchanges of one run."""

    def __init__(self, journal: Journal, redactor: Redactor) -> None:
        self._journal = journal
        self._redactor = redactor

    def record(
        self, call: Call, incoming: Incoming, *, started: datetime, elapsed: float, body_instead: str | None = None
    ) -> Exchange:
        """Record one exchange and return it as recorded; with another body than came, where one is given."""
        response, notes = self._response(call, incoming, body_instead)
        exchange = Exchange(
            id=self._journal.next_exchange_id(),
            owner=call.owner,
            purpose=call.purpose,
            role=call.role,
            request=self._request(call, incoming),
            response=response,
            started=started.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            elapsed=round(elapsed, 6),
            failure=self._redactor.text(incoming.failure) if incoming.failure else None,
            reason=incoming.reason,
            notes={**call.notes, **self._redactor.values(incoming.notes), **notes},
        )
        self._journal.record(exchange)
        return exchange

    def _request(self, call: Call, incoming: Incoming) -> Request:
        return Request(
            method=call.method,
            url=self._redactor.text(call.url),
            headers=self._redactor.headers(incoming.sent_headers or call.headers),
            body=None if call.body is None else self._redactor.text(_sent_text(call.body)),
        )

    def _response(
        self, call: Call, incoming: Incoming, body_instead: str | None
    ) -> tuple[Response | None, dict[str, Any]]:
        """The answer without secrets, and what its raw bytes tell."""
        if not incoming.status:
            return None, {}
        body = bytes(incoming.body)
        truncated = incoming.failure is not None
        text, notes = _text(body, incoming)
        if call.purpose is not Purpose.DOCUMENT and incoming.failure is None and _holds_too_much(text):
            incoming.fail(Reason.BUDGET, f"the answer holds more than {MOST_VALUES:,} values")
        recorded = self._redactor.text(text if body_instead is None else body_instead)
        if body and recorded == text:  # the digest of a body with a secret in it would help to guess the secret
            notes["sha256"] = hashlib.sha256(body).hexdigest()
        if call.purpose is not Purpose.TOKEN and self._echoes_credential(body, incoming):
            notes["echoes_credential"] = True
        if incoming.failure is not None and len(recorded) > KEPT_OF_FAILED:  # nothing is judged by its body
            recorded = recorded[:KEPT_OF_FAILED]
            notes["trimmed"] = True
        headers = self._redactor.answer_headers(incoming.headers)
        return Response(incoming.status, headers, recorded, len(body), truncated, incoming.http_version), notes

    def _echoes_credential(self, body: bytes, incoming: Incoming) -> bool:
        headers = "\n".join(value for _, value in incoming.headers)
        return self._redactor.contains(body) or self._redactor.contains(headers.encode("utf-8", "replace"))


def _text(body: bytes, incoming: Incoming) -> tuple[str, dict[str, Any]]:
    """The body as text, and notes on its bytes. JSON that is not proper UTF-8 becomes a failure of the exchange."""
    content_type = next((value for name, value in incoming.headers if name.lower() == "content-type"), "")
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        return body.decode(_charset(content_type)).removeprefix("\ufeff"), {}
    except UnicodeDecodeError:
        pass
    if media_type == "application/json" or media_type.endswith("+json"):
        if incoming.failure is None:
            incoming.fail(Reason.CONNECTIVITY, "the answer says that it is JSON, but its letters are not UTF-8")
        return body.decode("utf-8", "replace"), {"undecodable": True}
    if media_type.startswith(_TEXTUAL) or media_type.endswith(_TEXTUAL_SUFFIXES):
        return body.decode("utf-8", "replace"), {"undecodable": True}
    return "", {"binary": True}


def _holds_too_much(text: str) -> bool:
    return len(text) > MOST_VALUES and sum(map(text.count, "{[,")) > MOST_VALUES


def _charset(content_type: str) -> str:
    """The charset that a Content-Type names, if it is one in common use; else UTF-8."""
    for parameter in content_type.lower().split(";")[1:20]:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"')
        if name.strip() == "charset" and charset in _CHARSETS:
            return charset
    return "utf-8"


def _sent_text(body: bytes) -> str:
    """A request's body for the record; bytes that are no text are only counted."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return f"«{len(body)} bytes that are not text»"
