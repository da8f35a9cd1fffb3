"""The last gate judges each kind of traffic by its own rule, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Purpose, Reason
from cmms_audit.permissions import Permissions
from cmms_audit.wire.call import Call
from cmms_audit.wire.guard import Guard, unencrypted

API = "https://api.example/v1"
ORIGIN = "https://api.example:443"
GUARD = Guard(
    base_url=API,
    receivers={"main": "https://login.example:443", "rotated": "https://api.example:443"},
    permissions=Permissions(writes=True, burst=True, webhooks=True),
)


def call(method: str, url: str, purpose: Purpose, role: str | None = None) -> Call:
    return Call(method, url, "test", purpose, role)


ALLOWED = {
    "the api": call("GET", API + "/assets", Purpose.API, "main"),
    "the api, by its port": call("GET", "https://api.example:443/v1", Purpose.API, "main"),
    "a token at its own place": call("POST", "https://login.example/token", Purpose.TOKEN, "main"),
    "discovery at the issuer": call("GET", "https://login.example/.well-known/x", Purpose.DISCOVERY),
    "discovery at the api": call("GET", "https://api.example/.well-known/x", Purpose.DISCOVERY),
    "a document anywhere": call("GET", "https://docs.example/limits", Purpose.DOCUMENT),
    "a document of the api with main": call("GET", "https://api.example/openapi.json", Purpose.DOCUMENT, "main"),
    "the unencrypted port": call("GET", "http://api.example/v1", Purpose.STRANGER),
    "the unencrypted port, below the api": call("GET", "http://api.example/v1/assets", Purpose.STRANGER),
}

REFUSED = {
    "the api's token place": call("GET", "https://login.example/v1", Purpose.API, "main"),
    "a token elsewhere": call("POST", "https://api.example/token", Purpose.TOKEN, "main"),
    "a token of another role": call("POST", "https://login.example/token", Purpose.TOKEN, "rotated"),
    "a token of nobody": call("POST", "https://login.example/token", Purpose.TOKEN),
    "a token by GET": call("GET", "https://login.example/token", Purpose.TOKEN, "main"),
    "discovery elsewhere": call("GET", "https://docs.example/.well-known/x", Purpose.DISCOVERY),
    "discovery with a credential": call("GET", "https://login.example/.well-known/x", Purpose.DISCOVERY, "main"),
    "discovery by POST": call("POST", "https://login.example/.well-known/x", Purpose.DISCOVERY),
    "a document elsewhere with main": call("GET", "https://docs.example/limits", Purpose.DOCUMENT, "main"),
    "a document by DELETE": call("DELETE", "https://docs.example/limits", Purpose.DOCUMENT),
    "the unencrypted port with a credential": call("GET", "http://api.example/v1", Purpose.API, "main"),
    "the unencrypted port, above the api": call("GET", "http://api.example/v2", Purpose.STRANGER),
    "the unencrypted port of another host": call("GET", "http://other.example/v1", Purpose.STRANGER),
    "the unencrypted port for our own reads": call("GET", "http://api.example/v1", Purpose.API),
    "the unencrypted port by POST": call("POST", "http://api.example/v1", Purpose.STRANGER, "main"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_vendor_file_names_may_be_called(name: str) -> None:
    GUARD.check(ALLOWED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_else_may(name: str) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        GUARD.check(REFUSED[name])

    assert refusal.value.reason is Reason.NOT_PERMITTED


UNENCRYPTED = {
    "http://[::1]:8080/api": "http://[::1]:8080/api",
    "https://127.0.0.1:8443": "http://127.0.0.1:8443",
    "https://vendor.example/api": "http://vendor.example/api",
    "https://vendor.example:443": "http://vendor.example",
}


@pytest.mark.parametrize("base_url", UNENCRYPTED)
def test_the_unencrypted_address_is_what_is_left_without_the_s(base_url: str) -> None:
    guard = Guard(base_url=base_url, receivers={}, permissions=Permissions())

    assert unencrypted(base_url) == UNENCRYPTED[base_url]
    guard.check(call("GET", unencrypted(base_url), Purpose.STRANGER))


@pytest.mark.parametrize(
    ("base_url", "looked_at", "role"),
    [
        (API, ORIGIN.replace("api.", "other."), None),
        (API, API, None),
        (API, ORIGIN, "main"),
        ("http://api.example/v1", "http://api.example:80", None),
    ],
    ids=["another host", "no origin", "with a credential", "nothing encrypted"],
)
def test_only_the_encrypted_address_of_the_vendor_is_shaken_hands_with(
    base_url: str, looked_at: str, role: str | None
) -> None:
    guard = Guard(base_url=base_url, receivers={}, permissions=Permissions())
    with pytest.raises(CouldNotLook) as refusal:
        guard.check_handshake(call("TLS-USUAL", looked_at, Purpose.STRANGER, role))

    assert refusal.value.reason is Reason.NOT_PERMITTED


def test_in_an_offline_run_nobody_is_shaken_hands_with() -> None:
    guard = Guard(base_url=API, receivers={}, permissions=Permissions(offline=True))
    with pytest.raises(CouldNotLook) as refusal:
        guard.check_handshake(call("TLS-USUAL", ORIGIN, Purpose.STRANGER))

    assert refusal.value.reason is Reason.OFFLINE


@pytest.mark.parametrize(
    ("granted", "sent"),
    [({"webhooks": True}, call("POST", API + "/x", Purpose.API)), ({"writes": True}, call("GET", API, Purpose.BURST))],
)
def test_one_permission_is_not_another(granted: dict[str, Any], sent: Call) -> None:
    guard = Guard(base_url=API, receivers={}, permissions=Permissions(**granted))

    with pytest.raises(CouldNotLook):
        guard.check(sent)


@pytest.mark.parametrize(
    "method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "MERGE", "DEBUG", "BREW", "get", "", "G E T"]
)
def test_a_method_that_is_not_known_is_never_sent(method: str) -> None:
    with pytest.raises(CouldNotLook, match="never sent"):
        GUARD.check(call(method, API + "/assets", Purpose.API, "main"))


OPEN = "http://api.example/v1"
IN_THE_OPEN = {
    "the api": call("GET", OPEN, Purpose.API, "main"),
    "a wrong question": call("GET", OPEN, Purpose.PROVOKED, "main"),
    "a write": call("POST", OPEN, Purpose.API, "main"),
    "cleaning up": call("DELETE", OPEN, Purpose.CLEANUP, "main"),
    "a document": call("GET", OPEN, Purpose.DOCUMENT, "main"),
    "a token": call("POST", "http://login.example/token", Purpose.TOKEN, "main"),
}


def guarding(base_url: str, login: str = "http://login.example:80", **more: Any) -> Guard:
    return Guard(base_url=base_url, receivers={"main": login}, permissions=Permissions(writes=True), **more)


@pytest.mark.parametrize("name", IN_THE_OPEN)
def test_no_credential_travels_unencrypted(name: str) -> None:
    with pytest.raises(CouldNotLook, match=r"is not encrypted.*ask the vendor for an https:// address") as refusal:
        guarding(OPEN).check(IN_THE_OPEN[name])

    assert refusal.value.reason is Reason.NOT_PERMITTED


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.8.8.8"])
def test_but_on_this_machine_it_may(host: str) -> None:
    url = f"http://{host}/v1"

    guarding(url).check(call("GET", url, Purpose.API, "main"))


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example", "10.0.0.1", "0.0.0.0", "notlocalhost"])
def test_what_only_looks_like_this_machine_is_another(host: str) -> None:
    url = f"http://{host}/v1"

    with pytest.raises(CouldNotLook, match="is not encrypted"):
        guarding(url).check(call("GET", url, Purpose.API, "main"))


def test_who_carries_no_secret_may_go_unencrypted() -> None:
    """A stranger, and a vendor file that says that the API needs no credential."""
    guarding(OPEN).check(call("GET", OPEN, Purpose.STRANGER))
    guarding(OPEN, open_roles=frozenset({"main"})).check(call("GET", OPEN, Purpose.API, "main"))


def cleaning(method: str, url: str = API + "/x/1", **more: Any) -> Call:
    return Call(method, url, "test", Purpose.CLEANUP, "main", **more)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_what_was_created_is_looked_for_and_deleted(method: str) -> None:
    GUARD.check(cleaning(method))


@pytest.mark.parametrize(
    "sent",
    [
        cleaning("POST"),
        cleaning("PUT"),
        cleaning("PATCH"),
        cleaning("OPTIONS"),
        cleaning("DELETE", "https://other.example/x/1"),
        cleaning("DELETE", "http://api.example/v1"),
        cleaning("DELETE", body=b"{}"),
        cleaning("GET", headers=(("X-HTTP-Method-Override", "POST"),)),
        cleaning("GET", API + "/x?_method=PATCH"),
        cleaning("GET", API + "/x?action=purge"),
        cleaning("DELETE", API + "/x/1?action=purge"),
        cleaning("GET", API + "/x/1/close"),
    ],
)
def test_cleaning_up_does_nothing_else(sent: Call) -> None:
    with pytest.raises(CouldNotLook) as refusal:
        GUARD.check(sent)

    assert refusal.value.reason is Reason.NOT_PERMITTED


def test_nothing_is_cleaned_up_where_nothing_may_be_written() -> None:
    guard = Guard(base_url=API, receivers={}, permissions=Permissions(burst=True, webhooks=True))

    for method in ("GET", "DELETE"):
        with pytest.raises(CouldNotLook):
            guard.check(cleaning(method))
