"""Signatures of one sender, delivery after delivery: any secret that is known may fit, and no sender makes it slow."""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.received import Signature
from cmms_audit.webhooks.verifier import MOST_LEARNT, Verifier
from cmms_audit.wire.redact import Redactor

ROTATIONS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "rotations.yaml").read_text(encoding="utf-8"))
BODY = b'{"type":"work_order.created","data":{"id":"WO-1"}}'
SECRET = "secret-of-the-subscription"
URL = "https://plant.example/t0ken"


def delivery(*headers: tuple[str, str], body: bytes = BODY, query: str = "", number: int = 1) -> Delivery:
    digest = hashlib.sha256(body).hexdigest()
    at = "2026-11-22T12:00:00+00:00"
    return Delivery(number, "steady", at, "POST", query, headers, body, len(body), digest, "200")


def signed(message: bytes = BODY, secret: str = SECRET, **more: Any) -> Delivery:
    return delivery(("x-signature", hmac.new(secret.encode(), message, "sha256").hexdigest()), **more)


def verifier(*secrets: str, given: str | None = None, redactor: Redactor | None = None) -> Verifier:
    return Verifier(redactor or Redactor(), secrets=secrets, given=given, most_searched=3)


@pytest.mark.parametrize("rotation", ROTATIONS, ids=lambda rotation: rotation["of"])
def test_a_secret_that_is_being_changed_fits_as_long_as_one_does(rotation: dict[str, Any]) -> None:
    lines = [(name, line) for name, lines in rotation.get("lines", {}).items() for line in lines]
    came = delivery(*rotation["headers"].items(), *lines)

    found = verifier(*rotation["known"]).look_at(came)

    assert (found.way is not None, found.several) == (rotation["verifies"], rotation["several"])
    assert found.tampered_fails is rotation["verifies"]
    assert found.secret_known


def test_a_secret_that_is_changed_in_the_middle_goes_on_fitting() -> None:
    one = verifier("the-old-secret")
    before = one.look_at(signed(secret="the-old-secret"))
    one.learn("the-new-secret")

    assert before.way is not None
    assert one.look_at(signed(secret="the-new-secret")).way == before.way
    assert one.look_at(signed(secret="the-old-secret")).way == before.way


def test_what_the_vendor_calls_a_key_does_not_hide_the_secret_of_the_file() -> None:
    one = verifier(SECRET, given="the-one-that-was-offered")
    one.learn("key-of-some-record")

    assert one.look_at(signed()).way is not None
    assert one.look_at(signed(secret="the-one-that-was-offered")).way is not None
    assert one.look_at(signed(secret="another")).way is None


def test_an_address_is_part_of_what_is_signed_as_it_was_given() -> None:
    came = signed(b"https://plant.example/t0ken?at=1" + BODY, query="at=1")

    assert verifier(SECRET).look_at(came, URL).way is not None
    assert verifier(SECRET).look_at(came).way is None
    found = verifier(SECRET).look_at(came, URL)
    assert "t0ken" not in repr(found)


def test_a_word_shows_that_it_is_fixed_once_it_comes_with_another_content() -> None:
    one = verifier()
    word = ("x-gitlab-token", "word-of-the-plant")

    assert one.look_at(delivery(word)).fixed == ()
    assert one.look_at(delivery(word)).fixed == ()
    assert one.look_at(delivery(word, body=b"{}")).fixed == ("x-gitlab-token",)


def test_a_name_of_a_header_that_holds_a_secret_is_not_written_down() -> None:
    redactor = Redactor()
    redactor.add("main.key", "k3y-of-the-plant")
    name = "x-k3y-of-the-plant-signature"
    right = hmac.new(SECRET.encode(), BODY, "sha256").hexdigest()
    one = verifier(SECRET, redactor=redactor)

    found = one.look_at(delivery((name, right)))

    assert found.way is not None
    assert "k3y-of-the-plant" not in repr(found)
    assert one.look_at(delivery((name, right))) == found


def test_what_was_cut_off_is_not_verified() -> None:
    cut = replace(signed(), size=len(BODY) + 1)

    assert verifier(SECRET).look_at(cut) == Signature(("x-signature",), secret_known=True)


def test_deliveries_that_nothing_can_verify_leave_the_search_to_others() -> None:
    one = verifier(SECRET)
    for number in range(10):
        one.look_at(delivery(("authorization", "Bearer of-somebody"), number=number))

    assert one.look_at(signed(number=11)).way is not None


def test_too_many_secrets_are_not_believed() -> None:
    one = verifier()

    assert [one.learn(f"secret-{number}") for number in range(MOST_LEARNT + 2)] == [True] * MOST_LEARNT + [False] * 2
    assert not one.learn("secret-0")


HOSTILE = {
    "thousands of signatures": delivery(*[("x-signature", ",".join(f"{n:064x}" for n in range(5_000)))]),
    "many headers": delivery(*[(f"x-{kind}-{n}", f"{n:064x}") for n in range(20) for kind in ("sig", "time", "id")]),
    "all kinds": delivery(
        *[(f"x-sig-{n}", ",".join(digit * length for digit in "abcd")) for n, length in enumerate((40, 64, 96, 128))],
        *[(f"x-{n}-timestamp", "1") for n in range(30)],
        *[(f"x-{n}-event", "1") for n in range(30)],
        *[(f"x-{n}-token", "1" * 64) for n in range(30)],
    ),
    "one line of commas": delivery(("signature", "t=1," * 8_000), ("signature-input", 'a=("@path"),' * 2_000)),
    "components without end": delivery(
        ("signature-input", "a=(" + '"@path" ' * 4_000 + ")"), ("signature", f"a=:{'A' * 43}=:")
    ),
    "a large content": delivery(
        *[(f"x-sig-{n}", f"{n:064x}") for n in range(6)],
        *[(f"x-{n}-timestamp", "1") for n in range(6)],
        body=b"sig" * 300_000,
    ),
    "a deep content": delivery(("x-sig", "a" * 64), body=b'{"sig":' * 100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_delivery_makes_judging_slow(name: str) -> None:
    one = verifier("of-the-file-0815", given="of-ours-0815")
    for number in range(MOST_LEARNT):
        one.learn(f"c3VjaCBhIHNlY3JldCBvZiBtYW55IA{number}=")
    before = time.process_time()
    for number in range(20):
        one.look_at(replace(HOSTILE[name], number=number), URL)

    assert time.process_time() - before < 3


def test_thousands_of_deliveries_that_do_not_fit_cost_little() -> None:
    one = verifier(*(f"of-the-file-{number}" for number in range(8)), SECRET)
    one.look_at(signed())
    before = time.process_time()
    for number in range(2_000):
        one.look_at(signed(secret="another", number=number))

    assert time.process_time() - before < 4
