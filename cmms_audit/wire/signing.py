"""Calls that a vendor wants signed: parameters that say who calls and when, and a keyed digest over the address. Pure.

How the text is made stands in the dialect; the secret never travels.
"""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from cmms_audit.addresses import parse_address
from cmms_audit.credentials import Signed
from cmms_audit.dialect import Signing
from cmms_audit.wire.call import Call
from cmms_audit.wire.credentials import with_header, with_parameter

_AS_IT_IS = "!$%&'()*+,/:;=?@[]~"  # what travels in an address unchanged, beside letters, digits and "-._"


def sign(call: Call, credential: Signed, signing: Signing, now: datetime) -> tuple[Call, str]:
    """The call with its parameters and signature in place, and the signature, which must not be recorded."""
    words = {
        "milliseconds": str(int(now.astimezone(UTC).timestamp() * 1000)),
        "seconds": str(int(now.astimezone(UTC).timestamp())),
        "client_id": credential.client_id.reveal(),
        "username": credential.username.reveal(),
    }
    url = call.url
    for name, value in signing.parameters.items():
        url = with_parameter(url, name, _filled(value, words))
    url = quote(url, safe=_AS_IT_IS, errors="replace")  # as it is sent, to the letter
    signature = _digest(_signed_text(url), credential.client_secret.reveal(), signing)
    return with_header(replace(call, url=url), signing.header, signature), signature


def _filled(value: str, words: dict[str, str]) -> str:
    """A value of the dialect with its one placeholder filled; what is filled in is not looked at again."""
    for name, word in words.items():
        before, placeholder, after = value.partition(f"{{{name}}}")
        if placeholder:
            return before + word + after
    return value


def _signed_text(url: str) -> str:
    """The address as the server sees it: without its scheme, and without the port where it is the usual one."""
    address, parts = parse_address(url), urlsplit(url)
    host = address.origin.partition("://")[2].removesuffix({"http": ":80", "https": ":443"}[address.scheme])
    return host + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _digest(text: str, secret: str, signing: Signing) -> str:
    digest = hmac.new(secret.encode("utf-8"), text.encode("utf-8"), signing.digest).digest()
    return digest.hex() if signing.encoding == "hex" else base64.b64encode(digest).decode("ascii")
