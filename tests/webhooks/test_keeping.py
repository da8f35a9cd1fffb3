"""Captured deliveries in the evidence: without secrets, and the same when they are read back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from cmms_audit.errors import InputError
from cmms_audit.webhooks.captured import read_captured
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.keeping import keep, kept
from cmms_audit.webhooks.received import Received
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor

CAPTURE = Path(__file__).parent / "captures" / "webhook-site.json"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def written(folder: Path, deliveries: tuple[Delivery, ...], secret: str | None = SECRET) -> tuple[Received, ...]:
    redactor = Redactor()
    if secret:
        redactor.add("webhooks.secret", secret)
    journal = Journal(folder / "evidence.jsonl")
    try:
        return keep(deliveries, journal, redactor, secret)
    finally:
        journal.close()


def test_what_is_judged_is_what_was_written(tmp_path: Path) -> None:
    first = written(tmp_path, read_captured(CAPTURE))

    assert kept(Recording(tmp_path / "evidence.jsonl")) == first
    assert [each.delivery.number for each in first] == [1, 2, 3, 4, 5]
    assert all(each.signature.way and each.signature.way.covers_time for each in first)
    assert all(each.signature.tampered_fails for each in first)


def test_the_evidence_of_a_run_is_a_capture_too(tmp_path: Path) -> None:
    first = written(tmp_path, read_captured(CAPTURE))

    again = read_captured(tmp_path / "evidence.jsonl")

    assert [each.body for each in again] == [each.delivery.body for each in first]


def test_secrets_are_not_written(tmp_path: Path) -> None:
    one = read_captured(CAPTURE)[0]
    telling = replace(
        one,
        headers=(
            *one.headers,
            ("authorization", "Basic dmVuZG9yOnBsYW50"),
            ("x-gitlab-token", "tok-of-the-plant"),
            (f"x-sign-{SECRET}".lower(), "0" * 64),
        ),
        query="code=open-sesame&code=again",
        body=b'{"secret":"' + SECRET.encode() + b'"}',
    )
    (received,) = written(tmp_path, (telling,))
    text = (tmp_path / "evidence.jsonl").read_text(encoding="utf-8")

    for secret in (SECRET, SECRET.lower(), "dmVuZG9yOnBsYW50", "tok-of-the-plant", "open-sesame"):
        assert secret not in text
    assert "code=" in received.delivery.query
    assert kept(Recording(tmp_path / "evidence.jsonl")) == (received,)


def test_without_a_secret_a_signature_is_seen_but_not_verified(tmp_path: Path) -> None:
    (received, *_) = written(tmp_path, read_captured(CAPTURE), None)

    assert received.signature.headers == ("webhook-signature",)
    assert (received.signature.way, received.signature.secret_known) == (None, False)


def test_thousands_of_signatures_that_do_not_fit_cost_little(tmp_path: Path) -> None:
    one = read_captured(CAPTURE)[0]
    before = time.process_time()
    received = written(tmp_path, (one,) + (replace(one, body=b"x" * one.size),) * 2_000 + (one,))

    assert time.process_time() - before < 5
    assert [bool(received[place].signature.way) for place in (0, 1, -1)] == [True, False, True]


def test_a_run_without_a_capture_writes_nothing_of_it(tmp_path: Path) -> None:
    assert written(tmp_path, ()) == ()
    assert (tmp_path / "evidence.jsonl").read_bytes() == b""


@pytest.mark.parametrize("change", [('"body":', '"baddy":'), ('"hash":', '"hush":')])
def test_a_damaged_record_is_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    written(tmp_path, read_captured(CAPTURE))
    file = tmp_path / "evidence.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")

    with pytest.raises(InputError):
        kept(Recording(file))
