"""How a delivery is signed is found out from it and the secret alone, whatever the vendor calls its headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.webhooks.proof import Signed, is_asymmetric, signature_headers
from cmms_audit.webhooks.signatures import Way, found_way, holds_several, sign, verifying

VECTORS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"))
SECRET = "5f2d1c0b9a8e7f6d5c4b3a291807f6e5"  # hex, so that it can also be read as base64
BODY = b'{"event":"work_order.created","id":"WO-1"}'
TIME, ID = ("x-sent-timestamp", "1760000000"), ("x-event-id", "evt-1")


def verifies(delivery: Signed, way: Way, secret: str) -> bool:
    return verifying(delivery, way, (secret,)) is not None


def delivery_of(vector: dict[str, Any]) -> Signed:
    return Signed(tuple(vector["headers"].items()), vector["body"].encode(), vector.get("url", ""))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["of"])
def test_a_published_signature_is_verified_and_its_way_named(vector: dict[str, Any]) -> None:
    way = found_way(delivery_of(vector), vector["secret"])

    assert way is not None
    assert {"hash": way.hash, "encoding": way.encoding, "key": way.key, "form": "".join(way.form)} == vector["way"]
    assert (way.covers_body, way.covers_time) == (vector["body_covered"], vector["time_covered"])
    tampered = replace(delivery_of(vector), body=vector["body"].encode() + b" ")
    assert verifies(tampered, way, vector["secret"]) is not vector["body_covered"]
    assert not is_asymmetric(delivery_of(vector))


WAYS = [
    # header, prefix of the value, way: the habits of Stripe, Samsara, Shopify, NetBox, Fleetio, Limble and others
    ("stripe-signature", "t=1760000000,v1=", Way("", "sha256", "hex", "text", ("{time}", ".", "{body}"), "")),
    ("x-samsara-signature", "v1=", Way("", "sha256", "hex", "base64", ("v1:", "{time}", ":", "{body}"), TIME[0])),
    ("x-shopify-hmac-sha256", "", Way("", "sha256", "base64", "text", ("{body}",))),
    ("x-hook-signature", "", Way("", "sha512", "hex", "text", ("{body}",))),
    ("signature", "", Way("", "sha256", "hex", "sha256", ("{time}", "{token}"), "timestamp", None, "token")),
    ("x-acme-signature", "sha1=", Way("", "sha1", "hex", "text", ("{body}",))),
    ("x-acme-signature", "v1,", Way("", "sha256", "base64", "text", ("{id}", ".", "{body}"), None, ID[0])),
    ("x-acme-signature", "", Way("", "sha256", "hex", "hex", ("{url}", "{body}"))),
]


def signed(header: str, prefix: str, way: Way, *, body: bytes = BODY, secret: str = SECRET) -> Signed:
    """A delivery with a signature made in this way."""
    beside = (TIME, ID, ("timestamp", "1760000001"), ("token", "d41d8cd98f00"), ("content-type", "application/json"))
    bare = Signed((*beside, (header, f"{prefix}{'0' * 64}")), body, "https://plant.example/hook")
    return replace(bare, headers=(*beside, (header, prefix + sign(bare, replace(way, header=header), secret))))


@pytest.mark.parametrize(("header", "prefix", "way"), WAYS)
def test_a_way_is_found_whatever_the_headers_are_called(header: str, prefix: str, way: Way) -> None:
    delivery = signed(header, prefix, way)
    found = found_way(delivery, SECRET)

    assert found is not None
    assert (found.header, found.hash, found.form) == (header, way.hash, way.form)
    assert found_way(delivery, "another secret") is None


@given(body=st.binary(max_size=300), at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_a_tampered_copy_never_verifies_where_the_body_is_covered(body: bytes, at: int, flip: int) -> None:
    way = Way("x-acme-signature", "sha256", "hex", "text", ("{time}", ".", "{body}"), TIME[0])
    delivery = signed("x-acme-signature", "", way, body=body or b"x")
    content = bytearray(delivery.body)
    content[at % len(content)] ^= flip

    assert verifies(delivery, way, SECRET)
    assert not verifies(replace(delivery, body=bytes(content)), way, SECRET)


@given(
    name=st.sampled_from(["x-signature", "signature", "x-hmac", "x-hook-secret"]),
    value=st.text(max_size=300),
    secret=st.text(max_size=60),
)
def test_no_value_of_a_header_breaks_the_search(name: str, value: str, secret: str) -> None:
    delivery = Signed(((name, value), TIME, ID), BODY)

    assert found_way(delivery, secret) is None
    assert isinstance(signature_headers(delivery), tuple)


def test_more_than_one_signature_is_seen_while_a_secret_changes() -> None:
    way = Way("webhook-signature", "sha256", "base64", "text", ("{body}",))
    one = signed("webhook-signature", "v1,", way)
    value = dict(one.headers)["webhook-signature"]
    other = dict(signed("webhook-signature", "v1,", way, secret="the new one").headers)["webhook-signature"]
    two = replace(one, headers=(*one.headers[:-1], ("webhook-signature", f"{other} {value}")))

    assert not holds_several(one, way)
    assert holds_several(two, way)
    assert verifies(two, way, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        (("signature-input", 'sig1=("@method");keyid="k"'), ("signature", "sig1=:" + "A" * 86 + "==:")),
        (("webhook-signature", "v1a," + "A" * 86 + "=="),),
    ],
)
def test_a_signature_that_needs_a_public_key_is_told_from_one_with_a_secret(headers: Any) -> None:
    assert is_asymmetric(Signed(headers, BODY))
    assert not is_asymmetric(Signed((("x-hub-signature-256", "sha256=" + "0" * 64),), BODY))
