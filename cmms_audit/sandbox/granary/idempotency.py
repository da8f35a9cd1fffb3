"""Safe retries: a create that carries an Idempotency-Key is done once, however often it is sent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from starlette.responses import Response

from cmms_audit.sandbox.granary.calls import Call, Handler, Parameter
from cmms_audit.sandbox.granary.fields import FieldError
from cmms_audit.sandbox.granary.problems import Problem
from cmms_audit.sandbox.switch import Broken, Switch

NO_IDEMPOTENCY = Switch(
    "no-idempotency",
    "a repeated create makes a second record; there is no Idempotency-Key",
    questions=("operations.safe-retries",),
    flags=("duplicate-on-retry",),
)
IGNORED_IDEMPOTENCY_KEY = Switch(
    "ignored-idempotency-key",
    "the Idempotency-Key is documented and ignored: a repeated create makes a second record",
    questions=("operations.safe-retries",),
    flags=("duplicate-on-retry",),
)
SWITCHES = (NO_IDEMPOTENCY, IGNORED_IDEMPOTENCY_KEY)

HEADER = "Idempotency-Key"
KEPT_SECONDS = 24 * 3600
MAX_KEY_LENGTH = 255

PARAMETER = Parameter(
    HEADER,
    "header",
    "A value of your own, new for each record. The same call repeated within 24 hours is done once and gets the "
    "same answer; another payload with the same key is refused with 422.",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
)


@dataclass(frozen=True)
class Remembered:
    """The answer that was given to a create, and a hash of what was sent."""

    payload: str
    status: int
    body: bytes
    headers: dict[str, str]
    until: float


def parameters(broken: Broken) -> tuple[Parameter, ...]:
    """The header parameter of a create, where this vendor has it."""
    return () if NO_IDEMPOTENCY in broken else (PARAMETER,)


def once(handler: Handler) -> Handler:
    """A create handler that is carried out once for each key."""

    async def handle(call: Call) -> Response:
        key = call.header(HEADER)
        if key is None or call.state.broken & {NO_IDEMPOTENCY, IGNORED_IDEMPOTENCY_KEY}:
            return await handler(call)
        if not 1 <= len(key) <= MAX_KEY_LENGTH:
            error = FieldError(HEADER, "too-long", f"1 to {MAX_KEY_LENGTH} characters")
            raise Problem("malformed-request", "", error)
        place = (call.identity.client_id, call.request.url.path, key)
        payload = hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()
        known = call.state.remembered.get(place)
        if known is None or known.until <= call.state.clock():
            answer = await handler(call)
            until = call.state.clock() + KEPT_SECONDS
            kept = Remembered(payload, answer.status_code, bytes(answer.body), dict(answer.headers), until)
            call.state.remembered[place] = kept
            return answer
        if known.payload != payload:
            error = FieldError(HEADER, "reused", "this key came before with another payload")
            raise Problem("idempotency-key-reused", "", error)
        return Response(known.body, known.status, known.headers | {"Idempotent-Replayed": "true"})

    return handle
