"""auth.rotation: whether a new credential can be in use before the old one is withdrawn, and withdrawing works."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Finding,
    Operation,
    Page,
    Prose,
    check,
    met,
    not_met,
    partial,
    pattern,
    sentences,
)
from cmms_audit.model import Claim, Exchange, Reason

from . import _credentials, _roles
from ._lists import lists, readable_page

_CREDENTIAL = r"(?:api[- ]?keys?|keys?|credentials?|(?:client |access )?(?:secrets?|tokens?))"
_CREDENTIALS = pattern(rf"\b{_CREDENTIAL}\b", re.IGNORECASE)
_OVERLAP = pattern(
    r"\bboth\b.{0,40}\b(?:work|active|valid|accepted)\b|\boverlap|\bgrace period|\bside by side\b"
    r"|\bwhile the (?:old|previous|existing)\b.{0,40}\b(?:active|valid|works)\b|\b(?:two|multiple|several) active\b",
    re.IGNORECASE,
)
_OLD_ONE_ENDS = pattern(
    r"\b(?:old|previous|existing)\b.{0,60}\b(?:stops? working|expires?|remains?|stays?|continues?|keeps? working)\b",
    re.IGNORECASE,
)
_NO_OVERLAP = pattern(
    r"\bnever (?:both )?active together\b|\bactive when the old one is revoked\b"
    r"|\b(?:old|previous|existing)\b.{0,60}\b(?:immediately|at once|instantly)\b"
    r"|\b(?:immediately|instantly)\b.{0,20}\b(?:invalidates?|revokes?|replaces?)\b.{0,40}\b(?:old|previous|existing)\b",
    re.IGNORECASE,
)
_ABOUT_CHANGE = pattern("|".join(each.pattern for each in (_OVERLAP, _OLD_ONE_ENDS, _NO_OVERLAP, _CREDENTIALS)), re.I)
_QUICK_CHANGE = ("both", "overlap", "grace", "side by side", "old", "previous", "existing", "active", "immediately")
_QUICK_CREDENTIAL = ("key", "token", "secret", "credential")
_DURATION = pattern(r"\b(\d{1,4})\s{0,2}-?(hour|day|week)s?\b", re.IGNORECASE)
_HOURS = {"hour": 1, "day": 24, "week": 168}
_CREDENTIAL_PATH = pattern(r"/(?:api[-_]?keys?|(?:access[-_]?)?tokens?|(?:api[-_]?)?credentials?)/?$", re.I)
_ROTATING_PATH = pattern(
    r"/(?:rotate|regenerate|renew|roll|refresh|generate)[-_]?(?:api[-_]?)?(?:key|secret|token|credential)s?/?$"
    r"|/(?:api[-_]?keys?|(?:access[-_]?)?tokens?|credentials?|secrets?)/(?:\{[^/]{1,60}\}/)?(?:rotate|regenerate|renew|roll)/?$",
    re.IGNORECASE,
)
_OTHER_LISTS = 1
_LOGIN_PATH = pattern(r"oauth|/auth/|login|sign-?in", re.IGNORECASE)
_REVOKED = pattern(
    rf"/revoke\b|\brevo(?:k\w{{1,4}}|cation)\b.{{0,60}}\b{_CREDENTIAL}\b|\b{_CREDENTIAL}\b.{{0,60}}\brevo(?:k|c)", re.I
)
_NOT_REVOKED = pattern(
    r"\b(?:can ?not|can't|can never|not possible to|no way to)\s{1,2}(?:be\s{1,2})?(?:revok|withdraw)\w{0,4}\b"
    r"(?!.{0,60}\b(?:by|while|unless|when|if|after|once|without|using|through|via)\b)"
    r"|\birrevocable\b",
    re.IGNORECASE,
)


@check(question="auth.rotation", id="auth.rotation-documented", aspect="overlap", sends="nothing")
def rotation_documented(ctx: Context) -> Finding:
    """The documents say that an old and a new credential work side by side for a while."""
    said = _about_changing_credentials(list(sentences(_worth_reading(ctx), _ABOUT_CHANGE)))
    against = next((each for each in said if _NO_OVERLAP.search(each.text)), None)
    if against:
        finding = not_met(
            "as documented, the old credential ends when the new one starts", against, detail=_quoted(against)
        )
        return _test_claim(finding, ctx.claim, 0.0)
    overlapping = [each for each in said if _OVERLAP.search(each.text) or _hours_until_the_old_one_ends(each)]
    if overlapping:
        return _judge_overlap(ctx, overlapping)
    makers = _credential_makers(ctx)
    if makers:
        summary = "credentials are made and removed through the API, so a new one can be live before the old one goes"
        return partial(f"{summary}; the documents do not promise it", *makers[:2])
    own = _credentials.own_operations(ctx.spec)
    rotating = [each for each in own if each.method == "POST" and _ROTATING_PATH.search(each.path)]
    if rotating:
        summary = (
            f"a credential can be renewed by a call ({rotating[0].path}); whether the old one stays valid is not said"
        )
        return partial(summary, *rotating[:2])
    return ctx.absent("the documents do not say how a credential is changed while integrations run")


def _worth_reading(ctx: Context) -> Iterator[Prose]:
    """Texts on the API's own credentials that hold words for a change of one."""
    for each in _credentials.prose(ctx):
        lower = each.text.lower()
        if any(word in lower for word in _QUICK_CREDENTIAL) and any(word in lower for word in _QUICK_CHANGE):
            yield each


def _about_changing_credentials(said: Sequence[Prose]) -> list[Prose]:
    """Sentences that name a credential, or follow one that does, and speak of an old and a new one."""
    before = [None, *said]
    return [
        each
        for previous, each in zip(before, said, strict=False)
        if _names_credential(each) or (previous and previous.place is each.place and _names_credential(previous))
    ]


def _names_credential(sentence: Prose) -> bool:
    return bool(_CREDENTIALS.search(sentence.text))


def _hours_until_the_old_one_ends(sentence: Prose) -> float | None:
    return _hours_in(sentence) if _OLD_ONE_ENDS.search(sentence.text) else None


def _judge_overlap(ctx: Context, said: Sequence[Prose]) -> Finding:
    timed = next((each for each in said if _hours_in(each)), None)
    hours = _hours_in(timed) if timed else None
    if timed is None or hours is None:
        summary = "as documented, the old and the new credential work side by side; for how long is not said"
        return partial(summary, said[0], detail=_quoted(said[0]))
    summary = f"as documented, the old and the new credential work side by side for {_in_hours(hours)}"
    return _test_claim(met(summary, timed, detail=_quoted(timed), facts={"overlap_hours": hours}), ctx.claim, hours)


def _hours_in(sentence: Prose) -> float | None:
    match = _DURATION.search(sentence.text)
    return float(match[1]) * _HOURS[match[2].lower()] if match else None


def _in_hours(hours: float) -> str:
    return f"{hours:g} hour" + ("" if hours == 1 else "s")


def _quoted(sentence: Prose) -> str:
    return f"It says: “{sentence.text[:400]}”"


def _test_claim(finding: Finding, claim: Claim | None, hours: float) -> Finding:
    claimed = claim.numbers.get("overlap_hours") if claim else None
    if claimed is None:
        return finding
    return finding.tests_claim(
        "auth.rotation",
        claimed=f"{_in_hours(claimed)} of overlap",
        observed=f"{_in_hours(hours)} of overlap in the documents",
        contradicted=hours < claimed,
    )


def _credential_makers(ctx: Context) -> list[Operation]:
    """Operations that make a credential of an integration, which another operation can remove."""
    removable = {
        operation.path.rpartition("/{")[0] for operation in ctx.spec.operations if operation.method == "DELETE"
    }
    return [
        operation
        for operation in _credentials.own_operations(ctx.spec)
        if operation.method == "POST"
        and _CREDENTIAL_PATH.search(operation.path)
        and not _LOGIN_PATH.search(operation.path)
        and operation.path.rstrip("/") in removable
    ]


@check(question="auth.rotation", id="auth.both-keys-work", aspect="overlap", sends="reads")
async def both_keys_work(ctx: Context) -> Finding:
    """The credentials `main` and `rotated`, of which one was issued beside the other, both work now."""
    if "rotated" not in ctx.vendor.roles:
        return _roles.not_given("rotated", "a credential that was issued beside the first")
    resource, old = await readable_page(ctx)
    new = await _opened_by(ctx, "rotated", resource.kind)
    if isinstance(new, Page):
        summary = "the credential and the one issued beside it both work at the same time"
        claimed = ctx.claim.numbers.get("overlap_hours") if ctx.claim else None
        finding = met(summary, old, new)
        if claimed is None:
            return finding
        observed = "both work now; for how long was not waited for"
        return finding.tests_claim(
            "auth.rotation", claimed=f"{_in_hours(claimed)} of overlap", observed=observed, contradicted=False
        )
    finding = not_met(
        "the credential that was issued beside the first one is refused while the first one works", old, new
    )
    return _test_claim_of_refusal(finding, ctx.claim)


def _test_claim_of_refusal(finding: Finding, claim: Claim | None) -> Finding:
    if claim is None or claim.answer == "no":
        return finding
    hours = claim.numbers.get("overlap_hours")
    return finding.tests_claim(
        "auth.rotation",
        claimed=f"{_in_hours(hours)} of overlap" if hours else "an overlap",
        observed="the second credential is refused",
        contradicted=True,
    )


@check(question="auth.rotation", id="auth.revocation-documented", aspect="revocation", sends="nothing")
def revocation_documented(ctx: Context) -> Finding:
    """The documents say how a credential is withdrawn."""
    own = _credentials.own_operations(ctx.spec)
    revoking = [operation for operation in own if _credentials.REVOKING_PATH.search(operation.path)]
    if revoking:
        return met(f"there is an operation that withdraws a credential: {revoking[0].path}", *revoking[:2])
    texts = (each for each in _credentials.prose(ctx) if "revo" in each.text.lower())
    said = [each for each in sentences(texts, _REVOKED) if not _credentials.is_of_others(each)]
    denied = [each for each in said if _NOT_REVOKED.search(each.text)]
    if said and len(denied) < len(said):
        of_use = next(each for each in said if each not in denied)
        return met("the documents speak of withdrawing a credential", of_use, detail=_quoted(of_use))
    if denied:
        return not_met("as documented, a credential cannot be withdrawn", denied[0], detail=_quoted(denied[0]))
    makers = _credential_makers(ctx)
    if makers:
        return met(f"credentials can be removed through the API, below {makers[0].path}", *makers[:2])
    return ctx.absent("the documents do not say how a credential is withdrawn")


@check(question="auth.rotation", id="auth.revoked-key-refused", aspect="revocation", sends="reads", severity="critical")
async def revoked_key_refused(ctx: Context) -> Finding:
    """The credential `revoked`, which was withdrawn, opens nothing: none of the lists that are tried."""
    if "revoked" not in ctx.vendor.roles:
        return _roles.not_given("revoked", "a credential that was withdrawn")
    resource, still_live = await readable_page(ctx)
    answers = [await _opened_by(ctx, "revoked", resource.kind)]
    for other in [each for each in lists(ctx) if each.kind != resource.kind][:_OTHER_LISTS]:
        with suppress(CouldNotLook):
            answers.append(await _opened_by(ctx, "revoked", other.kind))
    opened = [answer for answer in answers if isinstance(answer, Page)]
    if opened:
        return not_met("a credential that was withdrawn still opens the records", *opened)
    statuses = ", ".join(dict.fromkeys(str(each.status) for each in answers if isinstance(each, Exchange)))
    return met(f"a credential that was withdrawn is refused (status {statuses})", *answers, still_live)


async def _opened_by(ctx: Context, role: str, kind: str) -> Page | Exchange:
    """The page that a credential opens, or the exchange in which it was refused."""
    try:
        return await ctx.api.page(kind, credential=role)
    except CouldNotLook as why:
        refusal = next((place for place in why.evidence if isinstance(place, Exchange)), None)
        if why.reason is not Reason.CREDENTIAL or refusal is None:
            raise
        return refusal
