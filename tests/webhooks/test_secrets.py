"""The secret that an API tells with a subscription is found, and no answer can name so many that a run gets slow."""

from __future__ import annotations

import json

from cmms_audit.webhooks.secrets import MOST, secrets_in


def test_a_secret_is_found_at_the_top_or_below() -> None:
    assert secrets_in(b'{"id": "1", "secret": "whsec_abcdef"}') == ("whsec_abcdef",)
    assert secrets_in(b'{"data": {"signing_secret": "0123456789"}}') == ("0123456789",)
    assert secrets_in(b'{"secret": "short", "key": 7}') == secrets_in(b"<html>") == ()


def test_a_vendor_who_names_thousands_is_believed_a_few() -> None:
    many = {f"m{number}": {"secret": f"secret-number-{number}"} for number in range(10_000)}

    assert len(secrets_in(json.dumps(many).encode())) == MOST
    assert secrets_in(json.dumps({"secret": "x" * 1_000_000}).encode()) == ()
