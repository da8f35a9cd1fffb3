"""Addresses: one reading for each, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.addresses import is_loopback, is_loopback_host, origin, parse_address, parse_bind


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example", "https://api.example:443"),
        ("http://api.example/v1?x=1#y", "http://api.example:80"),
        ("HTTPS://API.Example:8443/v1", "https://api.example:8443"),
        ("https://user.example?next=@evil.example", "https://user.example:443"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]/x", "http://[::1]:80"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://api.example", "begin with https"),
        ("file:///etc/passwd", "begin with https"),
        ("//api.example/v1", "begin with https"),
        ("api.example/v1", "begin with https"),
        ("https://key:secret@api.example", "user name or password"),
        ("https://api.example@evil.example/", "user name or password"),
        ("https://api.example\\@evil.example/", "backslash"),
        ("https://api.example/\nHost: evil", "control character"),
        ("https://api .example", "a space"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://api..example", "names no host"),
        ("https://bücher.example", "names no host"),
        ("https://\u212aelvin.example", "names no host"),
        ("https://api.example:99999", "port"),
        ("https://api.example:0", "port"),
        ("https://[::1]evil.example/", "names no host"),
        ("https://[1:2]/", "IPv6"),
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_address(url)


def test_a_refusal_never_repeats_the_password_in_the_address() -> None:
    with pytest.raises(ValueError) as refusal:
        parse_address("https://key:hunter2@api.example")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_an_address_on_this_machine_is_loopback() -> None:
    assert is_loopback("http://[::1]:8080/v1")
    assert not is_loopback("http://api.example/127.0.0.1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:8080", ("::1", 8080)), ("Localhost:65535", ("localhost", 65535))],
)
def test_a_place_to_listen_is_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_bind(text) == expected


@pytest.mark.parametrize("text", ["", "8080", "127.0.0.1", "::1:80", "http://127.0.0.1:80", "127.0.0.1:65536", "a b:1"])
def test_anything_else_is_no_place_to_listen(text: str) -> None:
    with pytest.raises(ValueError):
        parse_bind(text)


@given(st.text(max_size=60).map(lambda rest: f"https://{rest}"))
def test_what_is_read_as_an_address_reads_the_same_from_its_origin(url: str) -> None:
    try:
        address = parse_address(url)
    except ValueError:
        return

    assert parse_address(address.origin) == address
