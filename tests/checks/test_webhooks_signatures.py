"""What proves where events come from: every way that vendors have is named, and only what is missing is called so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random

import pytest
from msgspec.structs import replace

from cmms_audit.model import Finding, Verdict
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.webhooks.verifier import Verifier
from cmms_audit.wire.redact import Redactor
from tests.checks.test_webhooks_seen import seen
from tests.events.trials import delivery, trial

SECRET = "s3cret-of-the-subscription"
KEY_LENGTHS = (71, 72, 128, 256, 512)  # bytes of signatures by ECDSA (DER) and RSA
RANDOM = random.Random(6)

Headers = tuple[tuple[str, str], ...]


def hexed(body: bytes, hash_name: str = "sha256") -> str:
    return hmac.new(SECRET.encode(), body, hash_name).hexdigest()


def in_base64(length: int) -> str:
    return base64.b64encode(RANDOM.randbytes(length)).decode()


def event(of: int, headers: Headers, *, at: float = 0.1, address: str = "steady", more: object = None) -> Received:
    """An event about a work order of the trial with these headers."""
    one = delivery(address, of, at + of, event=f"evt-{of}").delivery
    content = json.loads(one.body) | ({"more": more} if more else {})
    body = json.dumps(content).encode()
    digest = hashlib.sha256(body).hexdigest()
    return Received(
        replace(one, headers=(*one.headers, *headers), body=body, size=len(body), sha256=digest), Signature()
    )


def judged(*events: Received, secret: str | None = SECRET) -> Finding:
    """The finding over events that were looked at as they came, each address for itself."""
    verifiers: dict[str, Verifier] = {}
    came: dict[str, list[Received]] = {}
    for each in events:
        address = each.delivery.address
        verifier = verifiers.setdefault(
            address, Verifier(Redactor(), secrets=(secret,) if secret else (), most_searched=3)
        )
        signature = verifier.look_at(each.delivery, "https://plant.example/t0ken")
        came.setdefault(address, []).append(replace(each, signature=signature))
    return seen("webhooks.signature-holds", trial({name: tuple(each) for name, each in came.items()}))


def both(*headers: Headers) -> tuple[Received, Received]:
    """Two events about two work orders, with these headers in turn."""
    return event(1, headers[0]), event(2, headers[-1])


UNVERIFIED: dict[str, tuple[Headers, str]] = {
    "RSA": ((("x-signature", in_base64(256)),), "key of the vendor's own"),
    "RFC 9421 with RSA": (
        (
            ("content-digest", f"sha-256=:{in_base64(32)}:"),
            ("signature-input", 'sig1=("@method" "content-digest");keyid="k";alg="rsa-pss-sha512"'),
            ("signature", f"sig1=:{in_base64(256)}:"),
        ),
        "key of the vendor's own (signature)",
    ),
    "ECDSA in DER": ((("x-twilio-email-event-webhook-signature", in_base64(71)),), "key of the vendor's own"),
    "Ed25519": ((("x-signature-ed25519", RANDOM.randbytes(64).hex()),), "key of the vendor's own"),
    "PayPal": ((("paypal-transmission-sig", in_base64(256)),), "(paypal-transmission-sig)"),
    "JWT with a public key": (
        (("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ." + RANDOM.randbytes(256).hex()),),
        "key of the vendor's own (authorization)",
    ),
    "JWT with a secret": (
        (("x-acme-jwt", f"eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.{'a1B2' * 10}"),),
        "none of the usual ways",
    ),
    "another digest": ((("x-acme-sig", RANDOM.randbytes(32).hex()),), "none of the usual ways"),
    "a word that changes": ((("x-acme-token", "word-0815"),), "not known whether it is a signature"),
}


@pytest.mark.parametrize("name", UNVERIFIED)
def test_a_signature_that_cannot_be_verified_is_no_missing_one(name: str) -> None:
    headers, says = UNVERIFIED[name]
    finding = judged(event(1, headers))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, "vendor-silent")
    assert says in finding.summary


@pytest.mark.parametrize("length", KEY_LENGTHS)
def test_a_signature_by_a_public_key_is_known_by_its_length(length: int) -> None:
    assert "key of the vendor's own" in judged(event(1, (("x-vendor-sig", in_base64(length)),))).summary


@pytest.mark.parametrize(
    ("header", "prefix"),
    [("x-acme-sig", ""), ("authorization", "HMAC "), ("x-acme-mac", "sha256="), ("x-acme-token", "")],
)
def test_a_signature_is_verified_whatever_its_header_is_called(header: str, prefix: str) -> None:
    events = [event(of, ()) for of in (1, 2)]
    signed = [
        replace(
            each,
            delivery=replace(
                each.delivery, headers=(*each.delivery.headers, (header, prefix + hexed(each.delivery.body)))
            ),
        )
        for each in events
    ]
    finding = judged(*signed)

    assert finding.verdict is Verdict.PARTIAL
    assert f"({header}, sha256) was verified, but it covers no time" in finding.summary


NO_SIGNATURES: dict[str, tuple[Headers, ...]] = {
    "nothing": ((),),
    "a version": ((("x-signature-version", "1"), ("x-signature-algorithm", "HMAC-SHA256")),),
    "an assignment": ((("x-assigned-to", "0123456789abcdef0123456789abcdef01234567"),),),
    "RFC 9530": ((("content-digest", f"sha-256=:{in_base64(32)}:"),),),
}


@pytest.mark.parametrize("name", NO_SIGNATURES)
def test_what_is_no_signature_is_not_taken_for_one(name: str) -> None:
    finding = judged(*both(*NO_SIGNATURES[name]))

    assert finding.verdict is Verdict.PARTIAL
    assert "events carry no signature" in finding.summary


def test_a_checksum_of_the_content_is_no_signature_whatever_it_is_called() -> None:
    bare = event(1, ()).delivery
    headers = (("x-content-sha256-hash", bare.sha256), ("x-signature", bare.sha256))

    assert "carry no signature" in judged(event(1, headers)).summary


@pytest.mark.parametrize(
    "headers",
    [
        (("x-gitlab-token", SECRET),),
        (("authorization", f"Bearer {SECRET}"),),
        (("authorization", "Basic cGxhbnQ6d29yZA=="),),
    ],
)
def test_the_secret_itself_is_a_password_and_no_signature(headers: Headers) -> None:
    finding = judged(event(1, headers))

    assert finding.verdict is Verdict.PARTIAL
    assert f"a fixed word ({headers[0][0]}) and no signature" in finding.summary


@pytest.mark.parametrize(
    "header",
    [
        ("x-acme-token", "word-of-the-plant"),
        ("x-signature", "0" * 64),
        ("authorization", f"Bearer eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.{'a1B2' * 10}"),
    ],
)
def test_a_word_that_comes_with_every_content_signs_none(header: tuple[str, str]) -> None:
    finding = judged(*both((header,)))

    assert finding.verdict is Verdict.PARTIAL
    assert f"a fixed word ({header[0]})" in finding.summary


def test_the_same_event_under_the_same_signature_shows_nothing() -> None:
    again = event(1, (("x-signature", "0" * 64),))
    later = replace(again, delivery=replace(again.delivery, number=7))

    assert judged(again, later).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["signature", "hmacSignature", "HMAC"])
def test_a_signature_in_the_content_is_seen(name: str) -> None:
    finding = judged(event(1, (), more={name: in_base64(32)}))

    assert finding.verdict is Verdict.UNKNOWN
    assert f"{name} in the content" in finding.summary
    assert "no signature" in judged(event(1, (), more={name: "signed by J. Novak"})).summary


def dated(of: int, *, address: str = "steady", secret: str = SECRET) -> Received:
    """An event that is signed as it should be."""
    bare = event(of, (("x-time", "1760000000"),), address=address)
    right = hmac.new(secret.encode(), b"1760000000." + bare.delivery.body, "sha256").hexdigest()
    return replace(bare, delivery=replace(bare.delivery, headers=(*bare.delivery.headers, ("x-signature", right))))


def test_that_a_secret_can_be_changed_is_told() -> None:
    ones, others = (dated(1), dated(2)), (dated(1, secret="the new secret"), dated(2, secret="the new secret"))
    both_signed = [
        replace(one, delivery=replace(one.delivery, headers=(*one.delivery.headers, other.delivery.headers[-1])))
        for one, other in zip(ones, others, strict=True)
    ]

    assert "the secret can be changed" in (judged(*both_signed).detail or "")
    assert not judged(*ones).detail


def test_every_event_is_judged_at_every_address() -> None:
    whole = [dated(1), dated(2), dated(1, address="failing")]

    assert judged(*whole).verdict is Verdict.MET
    assert "all 3" in judged(*whole).summary
    bare = judged(*whole, event(2, (), address="failing"))
    assert (bare.verdict, bare.summary[:6]) == (Verdict.PARTIAL, "1 of 4")
    other = judged(*whole, dated(2, address="failing", secret="another secret"))
    assert other.verdict is Verdict.PARTIAL
    assert "1 of 4 events do not fit" in other.summary


def test_unsigned_events_are_seen_beside_signed_ones_that_nobody_can_verify() -> None:
    assert judged(dated(1), event(2, ()), secret=None).verdict is Verdict.PARTIAL
    assert judged(dated(1), dated(2), secret=None).verdict is Verdict.UNKNOWN
