"""Whether an address, and the same one without encryption, let credentials travel in the open."""

from __future__ import annotations

from typing import Literal

from cmms_audit.battery import Finding, Page, is_loopback, met, not_met, partial
from cmms_audit.model import Exchange


def judge_plain(plain: Exchange, page: Page) -> Finding:
    """Judge what an unencrypted call was answered with; `page` came over the encrypted address."""
    if 300 <= plain.status < 400:
        return _judge_sent_on(plain, page)
    if plain.status == 401 or (plain.ok and plain.json is not None):
        summary = f"the API answers unencrypted calls too (status {plain.status}), so a credential can leak on the way"
        return not_met(summary, plain).raises("plain-http-credentials")
    if plain.ok:
        return encrypted_only("without encryption there is a page for people, not the API", page, plain)
    return encrypted_only(f"an unencrypted call is turned away (status {plain.status})", page, plain)


def _judge_sent_on(plain: Exchange, page: Page) -> Finding:
    location = (plain.header("location") or "").strip().lower()
    if location.startswith("https://"):
        return encrypted_only("an unencrypted call is sent on to the encrypted address", page, plain)
    if location.startswith(("http://", "/")):
        return partial("an unencrypted call is sent on, but to an address that is not encrypted either", plain, page)
    return encrypted_only(f"an unencrypted call is turned away (status {plain.status})", page, plain)


def answers_alike(plain: Exchange, encrypted: Exchange) -> bool:
    """Whether a stranger gets the same refusal without encryption as with it, as from one and the same program."""
    one, other = plain.json, encrypted.json
    if not (isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys()):
        return False
    same_words = any(isinstance(text, str) and text == other[name] for name, text in one.items())
    return same_words and plain.status == encrypted.status and 400 <= plain.status < 500


def encrypted_only(how: str, page: Page, *places: Exchange) -> Finding:
    """The address without encryption does not serve the API; `how` says what it does."""
    return met(f"calls travel encrypted; {how}", page, *places).clears("plain-http-credentials")


def reaches(url: str) -> Literal["encrypted", "this machine", "a network, unencrypted"] | None:
    """How a credential would travel; "this machine" where unencrypted but not over a network.

    None for a relative address and one that cannot be read.
    """
    try:
        local = is_loopback(url)
    except ValueError:
        return None
    if url.lower().startswith("https:"):
        return "encrypted"
    return "this machine" if local else "a network, unencrypted"
