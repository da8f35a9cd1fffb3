"""What the vendor says about itself, in the document's description and on the documentation pages alike."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.sandbox.granary import auth, limits, monitoring, oauth, offers, problems, webhooks
from cmms_audit.sandbox.granary.calls import NO_VERSIONING, VERSION_IN_ANSWERS_ONLY
from cmms_audit.sandbox.granary.limits import Limit
from cmms_audit.sandbox.granary.tokens import token_seconds
from cmms_audit.sandbox.switch import Broken, Switch

SHORT_NOTICE = Switch(
    "short-notice",
    "breaking changes are announced only 30 days ahead",
    questions=("errors.versioning",),
    flags=("no-versioning-policy",),
)
RELEASE_NOTES_ONLY = Switch(
    "release-notes-only",
    "changes are told in the release notes, when they have already come",
    questions=("errors.versioning",),
)
SWITCHES = (SHORT_NOTICE, RELEASE_NOTES_ONLY)

TITLE = "Granary CMMS API"


def notice_days(broken: Broken) -> int:
    """How many days ahead a breaking change is announced."""
    return 30 if SHORT_NOTICE in broken else 365


def versioning(broken: Broken) -> str:
    """The versioning policy."""
    if NO_VERSIONING in broken:
        return "The API is improved continuously. Changes take effect when they are released."
    carrier = (
        "Every answer names its version in the header API-Version."
        if VERSION_IN_ANSWERS_ONLY in broken
        else "The version is part of the path (/api/v1)."
    )
    channel = (
        "in the release notes"
        if RELEASE_NOTES_ONLY in broken
        else "in the changelog and by e-mail to every registered contact, with a migration guide"
    )
    return (
        f"{carrier} Within a version, changes only add: new fields, new optional parameters, new operations. Breaking "
        f"changes come with a new version and are announced {notice_days(broken)} days before the old one ends, "
        f"{channel}. Operations on their way out carry Deprecation and Sunset headers."
    )


def rate_limits(published: Sequence[Limit], broken: Broken) -> str:
    """The rate limits."""
    if limits.NO_PUBLISHED_LIMITS in broken:
        return "We have generous limits under our fair use policy."
    no_other = "" if limits.LIMITS_IN_PART in broken else " No other limit applies."
    return f"Each credential may make {limits.in_words(published)}.{no_other} {_headers(broken)}"


def _headers(broken: Broken) -> str:
    return (
        "Every answer reports what is left of each limit in RateLimit and RateLimit-Policy; X-RateLimit-Limit, "
        "X-RateLimit-Remaining and X-RateLimit-Reset (seconds) do so for the minute, or for the limit that refused the "
        f"call. {at_limit(broken)}"
    )


def at_limit(broken: Broken) -> str:
    """What happens at the limit."""
    if limits.NO_429 in broken:
        return "Calls above a limit are answered with 503."
    if limits.BARE_429 in broken:
        return "Calls above a limit are answered with 429."
    return (
        "Calls above a limit are answered with 429 and Retry-After, in seconds; until then calls stay refused, "
        "and refused calls do not count. Other credentials are not affected."
    )


def authentication(broken: Broken) -> str:
    """How a client identifies itself."""
    if auth.BASIC_ONLY in broken:
        return "Send user name and password with HTTP Basic authentication."
    if auth.UNSTATED_METHOD in broken:
        return "Your account manager tells you how to get in."
    where = "or in the address, as api_key" if auth.DOCUMENTED_QUERY_KEYS in broken else "never in the address"
    keys = f"API keys are sent in the header {auth.KEY_HEADER}, {where}."
    if broken & {auth.KEYS_ONLY, auth.UNDOCUMENTED_OAUTH}:
        return keys
    scopes = "" if auth.NO_SCOPES in broken else " Tokens and keys are limited to scopes."
    log = " There is no audit log of API calls." if monitoring.AUDIT_LOG_DENIED in broken else ""
    return (
        f"OAuth 2.0 client credentials; access tokens {_life_of_tokens(broken)}{_withdrawal_of_tokens(broken)}. "
        f"{keys}{scopes} HTTP Basic authentication is not accepted.{log}"
    )


def _life_of_tokens(broken: Broken) -> str:
    seconds = token_seconds(broken)
    if seconds is None:
        return "never expire"
    return f"live {seconds} seconds" if seconds < 60 else f"live {seconds // 60} minutes"


def _withdrawal_of_tokens(broken: Broken) -> str:
    return "" if oauth.NO_REVOCATION in broken else " and can be revoked (RFC 7009)"


def rotation(broken: Broken) -> str:
    """How credentials are rotated."""
    if auth.BASIC_ONLY in broken:
        return "To change a password, write to support; the old one stops working at once."
    if auth.NO_KEY_OVERLAP in broken:
        return "A new credential becomes active when the old one is revoked; the two are never active together."
    overlap = "A new key or client secret can be issued while the old one is still active. "
    if oauth.NO_REVOCATION in broken:
        return f"{overlap}Both work for 30 days. A key or token cannot be revoked before its time."
    return (
        f"{overlap}Both work until the old one is "
        "revoked, or for 30 days at most, so integrations are switched over without an interruption. We recommend to "
        "rotate every 90 days. A revoked credential is refused within seconds."
    )


def lists(broken: Broken) -> str:
    """How lists are read."""
    size = offers.max_limit(broken)
    delta = (
        "To follow changes, ask for updated_since (inclusive) with the highest updated_at that you have seen; with "
        "include_deleted=true deleted records are listed too, with deleted_at."
    )
    return (
        f"Lists come in pages of up to {size:,} records, and every page names the next; they are cut by key, so no "
        "record is lost or repeated while others are added or removed. Unknown parameters, and values that make no "
        f"sense, are refused with 400. {'' if offers.NO_DELTA in broken else delta}"
    )


def events(broken: Broken) -> str:
    """Webhooks, or what to do instead."""
    if webhooks.NO_WEBHOOKS in broken:
        return "To learn of changes, list records with updated_since at regular intervals."
    return webhooks.promise(broken)


def errors(broken: Broken) -> str:
    """The form of errors."""
    hidden = " Errors about unknown records are returned with status 200; look into the body."
    return (
        "Errors are problem documents (RFC 9457, application/problem+json) with a stable code, a message, the request "
        "id, and each field or parameter at fault. The codes are listed at /docs/errors. JSON payloads may have 1 MiB, "
        f"files 10 MiB.{hidden if problems.ERRORS_AS_SUCCESS in broken else ''}"
    )
