"""What a credential may do: whether an operation is open to it, and which scopes a token is given."""

from __future__ import annotations

from cmms_audit.sandbox.granary.auth import (
    ALL_SCOPES,
    ANYONE,
    BASIC_ONLY,
    NO_SCOPES,
    REALM,
    UNENFORCED_SCOPES,
    Client,
    Identity,
)
from cmms_audit.sandbox.granary.calls import Operation
from cmms_audit.sandbox.granary.problems import Problem
from cmms_audit.sandbox.switch import Broken, Switch


def _unguarded(kind: str) -> Switch:
    return Switch(
        f"unguarded-{kind}",
        f"{kind} need no scope, although the document names one",
        questions=("auth.scopes",),
        flags=("scopes-not-enforced",),
    )


UNGUARDED_CREATES = _unguarded("creates")
UNGUARDED_UPDATES = _unguarded("updates")
UNGUARDED_DELETES = _unguarded("deletes")
UNGUARDED_BULK = _unguarded("bulk-writes")
UNGUARDED_ACTIONS = _unguarded("actions")
UNGUARDED_ATTACHMENTS = _unguarded("attachments")
UNGUARDED_SUBSCRIPTIONS = _unguarded("subscriptions")
UNGUARDED_READS = _unguarded("reads")
BARE_REFUSALS = Switch(
    "bare-refusals",
    "a missing scope is answered with 401, as if the credential were unknown",
    questions=("auth.scopes",),
)
WIDE_TOKENS = Switch(
    "wide-tokens",
    "a token carries all scopes of its client, whichever were asked for",
    questions=("auth.scopes",),
)
MADE_UP_SCOPES = Switch(
    "made-up-scopes",
    "a scope that does not exist is granted as if it did",
    questions=("auth.scopes",),
)
SWITCHES = (
    UNGUARDED_CREATES,
    UNGUARDED_UPDATES,
    UNGUARDED_DELETES,
    UNGUARDED_BULK,
    UNGUARDED_ACTIONS,
    UNGUARDED_ATTACHMENTS,
    UNGUARDED_SUBSCRIPTIONS,
    UNGUARDED_READS,
    BARE_REFUSALS,
    WIDE_TOKENS,
    MADE_UP_SCOPES,
)

_OF_ENDING = {
    "/bulk": UNGUARDED_BULK,
    "/transitions": UNGUARDED_ACTIONS,
    "/attachments": UNGUARDED_ATTACHMENTS,
    "/webhooks": UNGUARDED_SUBSCRIPTIONS,
}
_OF_METHOD = {
    "GET": UNGUARDED_READS,
    "POST": UNGUARDED_CREATES,
    "PATCH": UNGUARDED_UPDATES,
    "DELETE": UNGUARDED_DELETES,
}


def authorise(identity: Identity, operation: Operation, broken: Broken) -> None:
    """Refuse with 403 where the credential lacks a scope that the operation needs."""
    needed = operation.scopes
    unchecked = broken & {NO_SCOPES, UNENFORCED_SCOPES, BASIC_ONLY, _hole(operation)} or identity is ANYONE
    missing = [scope for scope in needed if scope not in identity.scopes]
    if unchecked or not missing:
        return
    if BARE_REFUSALS in broken:
        raise Problem("unauthorised", "not allowed", headers={"WWW-Authenticate": f'Bearer realm="{REALM}"'})
    challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{" ".join(needed)}"'
    detail = f"the credential lacks the scope {' '.join(missing)}"
    raise Problem("insufficient-scope", detail, headers={"WWW-Authenticate": challenge})


def _hole(operation: Operation) -> Switch:
    """The switch that leaves an operation unguarded."""
    by_method = _OF_METHOD[operation.method]
    ending = "/" + operation.path.rpartition("/")[2]
    return by_method if by_method is UNGUARDED_READS else _OF_ENDING.get(ending, by_method)


def granted(asked: frozenset[str], client: Client, broken: Broken) -> frozenset[str]:
    """The scopes that a token is given; all of the client's where none is asked for.

    Raises PermissionError, naming them, where some may not be given.
    """
    if not asked or broken & {NO_SCOPES, WIDE_TOKENS}:
        return client.scopes
    wrong = asked - client.scopes
    if MADE_UP_SCOPES in broken:
        wrong &= ALL_SCOPES
    if wrong:
        raise PermissionError(" ".join(sorted(wrong)))
    return asked
