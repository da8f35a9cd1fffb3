"""What the OpenAPI document says of access: the ways to prove who calls, and what each operation asks for."""

from __future__ import annotations

from cmms_audit.sandbox.granary import auth, texts
from cmms_audit.sandbox.granary.calls import Operation
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.oauth import TOKEN_PATH
from cmms_audit.sandbox.switch import Broken

_KEY = {
    "type": "apiKey",
    "in": "header",
    "name": auth.KEY_HEADER,
    "description": "A key of an integration, limited to scopes; each operation names those that it needs.",
}
_QUERY_KEY = {"type": "apiKey", "in": "query", "name": "api_key", "description": "The same key, in the address."}


def scoped(operation: Operation, broken: Broken) -> bool:
    """Whether an operation names the scopes that it needs."""
    return bool(operation.scopes) and not broken & {auth.NO_SCOPES, auth.BASIC_ONLY}


def requirements(operation: Operation, broken: Broken) -> list[Json]:
    """What an operation asks for, one entry for each way that is open; empty where anyone may call."""
    if not operation.scopes or auth.UNSTATED_METHOD in broken:
        return []
    if auth.BASIC_ONLY in broken:
        return [{"basic": []}]
    by_key: list[Json] = [{"apiKey": []}]
    by_key += [{"apiKeyInAddress": []}] if auth.DOCUMENTED_QUERY_KEYS in broken else []
    if broken & {auth.KEYS_ONLY, auth.UNDOCUMENTED_OAUTH}:
        return by_key
    return [{"oauth2": list(operation.scopes) if scoped(operation, broken) else []}, *by_key]


def schemes(origin: str, broken: Broken) -> Json:
    """The ways to prove who calls."""
    if auth.UNSTATED_METHOD in broken:
        return {}
    if auth.BASIC_ONLY in broken:
        return {"basic": {"type": "http", "scheme": "basic", "description": texts.authentication(broken)}}
    keys = {"apiKey": _KEY} | ({"apiKeyInAddress": _QUERY_KEY} if auth.DOCUMENTED_QUERY_KEYS in broken else {})
    if broken & {auth.KEYS_ONLY, auth.UNDOCUMENTED_OAUTH}:
        return keys
    scopes = {} if auth.NO_SCOPES in broken else dict(auth.SCOPES)
    flow = {"tokenUrl": origin + TOKEN_PATH, "scopes": scopes}
    text = texts.authentication(broken)
    return {"oauth2": {"type": "oauth2", "description": text, "flows": {"clientCredentials": flow}}, **keys}
