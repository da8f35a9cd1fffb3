"""The secret that an API tells with a subscription is found, and no answer can name so many that a run gets slow."""

from __future__ import annotations

import json
import time

import pytest

from cmms_audit.webhooks.secrets import LONGEST, MOST, secrets_in

ONE, TWO = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "0123456789abcdef"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"id": "1", "secret": ONE}, (ONE,)),
        ({"data": {"signing_secret": ONE}}, (ONE,)),
        ({"webhook": {"signingSecret": ONE, "url": "https://plant.example/x"}}, (ONE,)),
        ({"secret": ONE, "previous_secret": TWO}, (ONE, TWO)),
        ({"secrets": [ONE, TWO]}, (ONE, TWO)),
        ({"secrets": [{"value": ONE, "created": "2026-01-01"}, {"value": TWO}]}, (ONE, TWO)),
        ({"secret": {"current": ONE, "previous": TWO}}, (ONE, TWO)),
        ({"primaryKey": ONE, "secondaryKey": TWO}, (ONE, TWO)),
        ({"key": "webhook-key-0001", "secret": ONE}, (ONE,)),
        ({"key": TWO, "url": "https://plant.example/x"}, (TWO,)),
        ({"id": TWO, "key": TWO}, ()),
        ({"key": TWO, "links": {"self": f"https://vendor.example/webhooks/{TWO}"}}, ()),
        ({"key": "work_order"}, ()),
        ({"secret": "short", "key": 7}, ()),
        ({"secret": "whsec_****LaSw"}, ()),
        ({"secret": "••••••••LaSw"}, ()),
        ({"message": "the secret is told once only"}, ()),
        ({"value": ONE, "token": TWO}, ()),
        ([{"secret": ONE}], (ONE,)),
        ("just a text of words", ()),
    ],
)
def test_a_secret_is_found_by_its_name(answer: object, found: tuple[str, ...]) -> None:
    assert secrets_in(json.dumps(answer).encode()) == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (json.dumps({"secret": ONE}), (ONE,)),
        (json.dumps({"value": ONE}), (ONE,)),
        (json.dumps({"data": {"key": ONE}, "subscription_id": "WH-0000000001"}), (ONE,)),
        (json.dumps({"current": ONE, "previous": TWO}), (ONE, TWO)),
        (json.dumps([ONE, TWO]), (ONE, TWO)),
        (json.dumps(ONE), (ONE,)),
        (f"{ONE}\n", (ONE,)),
        ("<html>0123456789</html>", ()),
        ("there is no secret", ()),
        ("x" * (LONGEST + 1), ()),
        (json.dumps({"url": "https://plant.example/x", "active": True}), ()),
    ],
)
def test_an_address_of_its_own_tells_nothing_but_the_secret(answer: str, found: tuple[str, ...]) -> None:
    assert secrets_in(answer.encode(), alone=True) == found


def test_a_vendor_who_names_thousands_is_believed_a_few() -> None:
    many = {f"m{number}": {"secret": f"secret-number-{number}"} for number in range(10_000)}

    assert len(secrets_in(json.dumps(many).encode())) == MOST
    assert secrets_in(json.dumps({"secret": "x" * 1_000_000}).encode()) == ()


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({f"m{number}": {"key": f"key-of-record-{number:09}"} for number in range(50_000)}).encode(),
        json.dumps({"secrets": [[["x" * 9] * 99] * 99] * 99}).encode(),
        b'{"secret":' * 100_000,
        b'{"k": "' + b"s" * 1_000_000 + b'", "key": "' + b"s" * 500 + b'"}',
    ],
)
def test_no_answer_makes_the_search_slow(body: bytes) -> None:
    before = time.process_time()
    secrets_in(body)
    secrets_in(body, alone=True)

    assert time.process_time() - before < 2
