"""Which operations and texts are about the credentials of the API itself, and not about other tokens and keys.

A download link, a device, an invitation or a cluster may have a token too; what is said of those says nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from cmms_audit.battery import Context, Field, Operation, Prose, Spec, pattern, squeezed

_CREDENTIAL = pattern(
    r"(?:(?:personal[-_]?)?access[-_]?|api[-_]?|auth[-_]?|refresh[-_]?|bearer[-_]?)?tokens?(?:#\w{1,20})?|jwt"
    r"|api[-_]?keys?|(?:api[-_]?|oauth[-_]?)?credentials?|(?:client[-_]?)?secrets?|oauth2?|auth|authenticat\w{1,4}"
    r"|log-?in|sign-?in|sessions?|api-token-auth|revoke(?:[-_]?token)?|revocation"
    r"|(?:rotate|regenerate|renew|roll|refresh|generate)[-_]?(?:api[-_]?)?(?:key|secret|token|credential)s?",
    re.IGNORECASE,
)
_OWNER = pattern(
    r"api|rest|v\d{1,4}(?:\.\d{1,3})?|users?|me|my|self|current|profiles?|accounts?|org|orgs|organi[sz]ations?"
    r"|compan(?:y|ies)|merchants?|tenants?|apps?|applications?|installations?|clients?|integrations?|customers?|teams?"
    r"|workspaces?|namespaces|service[-_]?accounts?|identity|iam|admin|security|settings|developers?"
    r"|realms?|protocol|openid[-_]?connect|connect|password",
    re.IGNORECASE,
)
_OTHERS = pattern(
    r"\b(?:down|up)loads?\b|\bdevices?\b|kube|\bclusters?\b|\binvit|\blinks?\b|\bpre-?signed\b|\bregistr(?:y|ation)\b"
    r"|\bdatabases?\b|\bssh\b|\bcsrf\b|\bpush\b|\bverif(?:y|ication)\b|\bshar(?:e|ed|ing)\b|\bguests?\b"
    r"|\binference\b|\bwebhooks?\b|\bidempoten|\bpasswords?[- ]reset"
    r"|\breset(?:ting)?[- ](?:\w{1,12} )?(?:links?|tokens?|codes?)",
    re.IGNORECASE,
)
_MADE_AT = pattern(
    r"/(?:api[-_]?keys?|(?:access[-_]?)?tokens?|(?:api[-_]?)?credentials?)(?:/(?:provision|create|issue|generate))?/?$",
    re.IGNORECASE,
)
REVOKING_PATH = pattern(r"/(?:revoke|revocation|revoke[-_]token)/?$", re.IGNORECASE)
_EXPIRY = pattern(r"^(?:expir\w*|validuntil|validto|ttl|lifetime|expiresin|notafter)$")


@lru_cache(maxsize=4)
def own_operations(spec: Spec) -> tuple[Operation, ...]:
    """Operations that hand out, change or withdraw credentials of the API."""
    paths = frozenset(each.path.rstrip("/") for each in spec.operations)
    return tuple(each for each in spec.operations if _is_own(each.path, paths))


def _is_own(path: str, paths: frozenset[str]) -> bool:
    """Whether a step of the path names credentials, and no step before it is a collection of something else."""
    steps = path.strip("/").split("/")
    at = next((at for at, step in enumerate(steps) if _CREDENTIAL.fullmatch(step)), None)
    if at is None or _OTHERS.search(path.replace("_", " ")):
        return False
    between = (step for step in steps[at + 1 : -1] if not step.startswith("{"))  # "/oauth2/dropbox/tokens"
    return all(_CREDENTIAL.fullmatch(step) or _OWNER.fullmatch(step) for step in between) and not any(
        _is_of_others(steps, before, paths) for before in range(at)
    )


def _is_of_others(steps: list[str], at: int, paths: frozenset[str]) -> bool:
    """Whether a step is a collection of records that are not users, clients and the like."""
    if steps[at].startswith("{") or _OWNER.fullmatch(steps[at]):
        return False
    return steps[at + 1].startswith("{") or "/" + "/".join(steps[: at + 1]) in paths


def prose(ctx: Context) -> Iterator[Prose]:
    """Texts on the document as a whole, on its security schemes, and of the operations on its own credentials."""
    yield from (each for each in ctx.spec.prose() if not each.of_operation)
    yield from (Prose(each.description, each) for each in ctx.spec.security_schemes.values() if each.description)
    for operation in own_operations(ctx.spec):
        for name in ("summary", "description"):
            if text := operation.node.text(name):
                yield Prose(text, operation.node.at(name), of_operation=True)


def is_of_others(sentence: Prose) -> bool:
    """Whether a sentence speaks of a token or key for something else: a download, a device, an invitation."""
    return bool(_OTHERS.search(sentence.text))


def expiry_fields(spec: Spec) -> Iterator[Field]:
    """Fields of a credential that is made or handed out by a call, which say when it runs out."""
    for operation in own_operations(spec):
        if operation.method == "POST" and _MADE_AT.search(operation.path):
            yield from (each for each in _fields_of(operation) if _EXPIRY.match(squeezed(each.name)))


def _fields_of(operation: Operation) -> Iterator[Field]:
    answer = operation.success.schema if operation.success else None
    for schema in (operation.request, answer):
        if schema is not None:
            yield from schema.fields()
