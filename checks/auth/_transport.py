"""Whether an address, and the unencrypted port of a host, let credentials travel in the open."""

from __future__ import annotations

from typing import Literal

from cmms_audit.battery import Finding, Page, is_loopback, met, not_met
from cmms_audit.model import Exchange


def judge_plain(plain: Exchange, page: Page) -> Finding:
    """Judge what an unencrypted call was answered with; `page` came over the encrypted address."""
    location = plain.header("location") or ""
    if 300 <= plain.status < 400 and location.startswith("https://"):
        return encrypted_only("an unencrypted call is sent on to the encrypted address", page, plain)
    if plain.status == 401 or (plain.ok and plain.json is not None):
        summary = f"the API answers unencrypted calls too (status {plain.status}), so a credential can leak on the way"
        return not_met(summary, plain).raises("plain-http-credentials")
    if plain.ok:
        return encrypted_only("the unencrypted port shows a page for people, not the API", page, plain)
    return encrypted_only(f"an unencrypted call is turned away (status {plain.status})", page, plain)


def encrypted_only(how: str, page: Page, *places: Exchange) -> Finding:
    """The unencrypted port does not serve the API; `how` says what it does."""
    strict = page.exchange.header("strict-transport-security")
    detail = "" if strict else "The header Strict-Transport-Security is missing, which would keep clients from trying."
    return met(f"calls travel encrypted; {how}", page, *places, detail=detail).clears("plain-http-credentials")


def reaches(url: str) -> Literal["this machine", "a network, encrypted", "a network, unencrypted"] | None:
    """Where a credential would travel; None for a relative address and one that cannot be read."""
    try:
        local = is_loopback(url)
    except ValueError:
        return None
    if local:
        return "this machine"
    return "a network, encrypted" if url.lower().startswith("https:") else "a network, unencrypted"
