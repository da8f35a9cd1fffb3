"""What is written down of a delivery holds no secret, wherever the sender has put it, and whatever that costs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from cmms_audit.webhooks.delivery import Delivery, delivery_to_json
from cmms_audit.webhooks.proof import Signed
from cmms_audit.webhooks.received import Signature
from cmms_audit.webhooks.signatures import Way, sign
from cmms_audit.webhooks.verifier import Verifier
from cmms_audit.webhooks.written import LONGEST_NAME, without_secrets
from cmms_audit.wire import redact
from cmms_audit.wire.redact import MASKED, Redactor

SECRET = "sk_live_0123456789abcdefghij"
HOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def delivery(body: bytes = b"{}", *headers: tuple[str, str], query: str = "") -> Delivery:
    digest = hashlib.sha256(body).hexdigest()
    return Delivery(1, "steady", "2026-01-01T00:00:00+00:00", "POST", query, headers, body, len(body), digest, "200")


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.add("main.token", SECRET)
    return made


def test_a_body_that_is_no_text_is_left_out_where_it_holds_a_secret(redactor: Redactor) -> None:
    telling, harmless = delivery(SECRET.encode() + b"\xff"), delivery(b"\xff\xfe")

    assert without_secrets(telling, redactor).body == b""
    assert without_secrets(harmless, redactor) == harmless


def test_and_where_it_would_be_too_much_work_to_find_out(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(purse: Any, size: int) -> None:
        raise redact._TooMuch

    monkeypatch.setattr(redact._Purse, "pay", too_much)

    written = without_secrets(delivery(SECRET.encode() + b"\xff"), redactor)

    assert written.body == b""


@pytest.mark.parametrize("body", [b'{"echo":"' + SECRET.encode() + b'"}', SECRET.encode() + b"\xff"])
def test_the_digest_is_that_of_what_was_written(body: bytes, redactor: Redactor) -> None:
    came = delivery(body)
    written = without_secrets(came, redactor)

    assert written.sha256 == hashlib.sha256(written.body).hexdigest() != came.sha256


def test_no_part_of_a_delivery_keeps_a_secret(redactor: Redactor) -> None:
    came = delivery(SECRET.encode(), (f"x-{SECRET}", "1"), ("x-note", SECRET), query=f"k={SECRET}")

    assert SECRET not in str(delivery_to_json(without_secrets(came, redactor)))


@pytest.mark.parametrize("name", ["authorization", "x-gitlab-token", "x-webhook-secret", "x-api-key"])
def test_what_a_header_says_is_a_secret_is_masked_though_nobody_has_told_us(name: str, redactor: Redactor) -> None:
    came = delivery(b"{}", (name, "tok-of-the-plant"), ("x-event-id", "evt-1"))

    assert without_secrets(came, redactor).headers == ((name, MASKED), ("x-event-id", "evt-1"))
    assert without_secrets(came, redactor, masked=False) == came


def test_a_secret_that_was_taken_out_of_a_capture_was_one() -> None:
    capture = delivery(b"{}", ("x-webhook-token", "«webhooks.secret»"), ("x-other-token", "a-word-of-theirs"))

    assert Verifier(Redactor(), most_searched=1).look_at(capture).fixed == ("x-webhook-token",)


def test_names_of_headers_are_short_and_without_secrets_wherever_they_are_written(redactor: Redactor) -> None:
    long = "x-signature-" + "y" * 5_000
    named = Way(f"x-sign-{SECRET}", "sha256", "hex", "text", ("{time}", ".", "{body}"), f"x-{SECRET}-timestamp")
    beside = ((f"x-{SECRET}-timestamp", "1760000000"), (long, "a" * 64), (f"x-{SECRET}-token", "word-word"))
    right = sign(Signed(beside, b"{}"), named, HOOK)
    came = delivery(b"{}", *beside, (named.header, right))

    signature: Signature = Verifier(redactor, secrets=(HOOK,), most_searched=1).look_at(came)
    written = without_secrets(came, redactor)

    assert signature.way == replace(named, header="x-sign-«main.token»", time="x-«main.token»-timestamp")
    assert SECRET not in str((to_builtins(signature), written))
    assert max(len(name) for name, _ in written.headers) == LONGEST_NAME
    assert long[:LONGEST_NAME] in signature.headers
    assert set(signature.headers) <= {name for name, _ in written.headers}
