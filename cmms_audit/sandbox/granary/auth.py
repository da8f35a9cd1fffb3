"""Who may call: demo credentials, scopes, and the check of a call's credential (RFC 6750).

Tokens are made and read in tokens.py; the token, revocation and discovery endpoints are in oauth.py.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from starlette.requests import Request

from cmms_audit.sandbox.granary.problems import Problem
from cmms_audit.sandbox.granary.tokens import UNSIGNED_TOKENS, Tokens, is_unsigned
from cmms_audit.sandbox.switch import Broken, Switch

ANONYMOUS_READS = Switch(
    "anonymous-reads",
    "reads are answered without any credential, although the document asks for one",
    questions=("auth.method",),
    flags=("anonymous-access",),
)
BASIC_ONLY = Switch(
    "basic-only",
    "user name and password are the only way in: no OAuth 2.0, no keys, no scopes",
    questions=("auth.method", "auth.scopes", "auth.rotation"),
    flags=("basic-auth-only", "scopes-not-enforced"),
)
BASIC_ACCEPTED = Switch(
    "basic-accepted",
    "user name and password are accepted beside OAuth 2.0 and keys, without saying so",
    questions=("auth.method",),
)
KEYS_ONLY = Switch(
    "keys-only",
    "API keys are the only way in: no OAuth 2.0",
    questions=("auth.method", "auth.scopes", "auth.rotation"),
    flags=("api-keys-only",),
)
KEYS_IN_QUERY = Switch(
    "keys-in-query",
    "keys and tokens are also accepted in the address",
    questions=("auth.method",),
)
NO_SCOPES = Switch(
    "no-scopes",
    "there are no scopes: every credential may do everything",
    questions=("auth.scopes",),
    flags=("scopes-not-enforced",),
)
UNENFORCED_SCOPES = Switch(
    "unenforced-scopes",
    "scopes are documented and granted, but never checked",
    questions=("auth.scopes",),
    flags=("scopes-not-enforced",),
)
TOKEN_SCOPES_IGNORED = Switch(
    "token-scopes-ignored",
    "a token may do whatever its client may, whichever scopes it was asked for",
    questions=("auth.scopes",),
    flags=("scopes-not-enforced",),
)
OLD_KEYS_LIVE = Switch(
    "old-keys-live",
    "a revoked key still works",
    questions=("auth.rotation",),
    flags=("claim-contradicted",),
)
NO_KEY_OVERLAP = Switch(
    "no-key-overlap",
    "a new key is dead until the old one is revoked",
    questions=("auth.rotation",),
)
ANONYMOUS_RECORDS = Switch(
    "anonymous-records",
    "lists ask for a credential, a single record does not",
    questions=("auth.method",),
    flags=("anonymous-access",),
)
MIXED_REFUSALS = Switch(
    "mixed-refusals",
    "whoever shows no credential is refused with 401, but told that there are no assets",
    questions=("auth.method",),
)
DOCUMENTED_QUERY_KEYS = Switch(
    "documented-query-keys",
    "a key may also travel in the address, as the document says",
    questions=("auth.method",),
)
UNSTATED_METHOD = Switch(
    "unstated-method",
    "API keys are the only way in, and no document says so",
    questions=("auth.method",),
    flags=("api-keys-only",),
)
UNDOCUMENTED_OAUTH = Switch(
    "undocumented-oauth",
    "OAuth 2.0 works and is published, but the document names API keys only",
    questions=("auth.method",),
)
SHARED_TENANTS = Switch(
    "shared-tenants",
    "all customers see the records of all",
    questions=("auth.method",),
)
BORDERLESS_IDS = Switch(
    "borderless-ids",
    "lists hold a customer's own records, but by its id any record can be opened",
    questions=("auth.method",),
)
SWITCHES = (
    ANONYMOUS_READS,
    BASIC_ONLY,
    BASIC_ACCEPTED,
    KEYS_ONLY,
    KEYS_IN_QUERY,
    NO_SCOPES,
    UNENFORCED_SCOPES,
    OLD_KEYS_LIVE,
    NO_KEY_OVERLAP,
    ANONYMOUS_RECORDS,
    MIXED_REFUSALS,
    DOCUMENTED_QUERY_KEYS,
    UNSTATED_METHOD,
    UNDOCUMENTED_OAUTH,
    SHARED_TENANTS,
    BORDERLESS_IDS,
    TOKEN_SCOPES_IGNORED,
)

SCOPES = {
    "sites:read": "Read sites and locations",
    "assets:read": "Read assets",
    "assets:write": "Create and change assets",
    "assets:delete": "Delete assets",
    "workorders:read": "Read work orders, their status changes and their attachments",
    "workorders:write": "Create and change work orders, change their status, attach files",
    "workorders:delete": "Delete work orders and attachments",
    "purchasing:read": "Read purchase orders",
    "purchasing:write": "Create and change purchase orders",
    "labor:read": "Read labour entries",
    "labor:write": "Create and change labour entries",
    "meters:read": "Read meters and their readings",
    "meters:write": "Record meter readings",
    "inventory:read": "Read stock",
    "requests:read": "Read service requests",
    "requests:write": "Create service requests",
    "users:read": "Read users",
    "webhooks:read": "Read webhook subscriptions and their deliveries",
    "webhooks:write": "Create, change and delete webhook subscriptions, replay deliveries",
    "audit:read": "Read the audit log",
    "usage:read": "Read usage statistics and failed transactions",
}
ALL_SCOPES = frozenset(SCOPES)
READ_SCOPES = frozenset(scope for scope in SCOPES if scope.endswith(":read"))

NO_OAUTH = frozenset({BASIC_ONLY, KEYS_ONLY, UNSTATED_METHOD})
KEYS_ALONE = frozenset({KEYS_ONLY, UNSTATED_METHOD})
QUERY_KEYS = frozenset({KEYS_IN_QUERY, DOCUMENTED_QUERY_KEYS})

KEY_HEADER = "X-Api-Key"
REALM = "granary"
# Where a broken vendor looks for a credential in the address.
QUERY_NAMES = {"api_key", "apikey", "api-key", "x-api-key", "key", "token", "access_token"}


@dataclass(frozen=True)
class Client:
    """A registered integration of a customer (`tenant`), with its own secret."""

    id: str
    secret: str
    name: str
    scopes: frozenset[str]
    tenant: str = "plant"


@dataclass(frozen=True)
class Key:
    """An API key of an integration. `state` is "live", "new" (issued during a rotation) or "revoked"."""

    value: str
    client: Client
    scopes: frozenset[str]
    state: str = "live"


# Demo credentials: public, and good for nothing but an embedded vendor on this machine.
MAIN = Client("gc-7f3a91d2c4", "gs-q8Zr4tLw0VnXy2Kb", "Demo integration", ALL_SCOPES)
READ_ONLY = Client("gc-2b86e05f7a", "gs-H5mDc9PsJ1uTe7Ga", "Demo reporting", READ_SCOPES)
NEIGHBOUR = Client("gc-5d19c7be30", "gs-N2xRk6WbE8yFj4Ov", "Demo neighbour", ALL_SCOPES, "neighbour")
MAIN_KEY = Key("gk-main-W3nC8xVd6QpLr0Yz", MAIN, ALL_SCOPES)
READ_ONLY_KEY = Key("gk-read-T9bFk2SjM5aHu7Ei", READ_ONLY, READ_SCOPES)
ROTATED_KEY = Key("gk-next-B1vGm4ZcX8oRw6Nq", MAIN, ALL_SCOPES, "new")
REVOKED_KEY = Key("gk-gone-K7yPs3LfD9tJh5Ue", MAIN, ALL_SCOPES, "revoked")
NEIGHBOUR_KEY = Key("gk-near-D4qHs7NzU1mXc9Ib", NEIGHBOUR, ALL_SCOPES)


@dataclass(frozen=True)
class Identity:
    """Who is calling, of which customer. `credential` tells the credentials of one client apart, for the limits."""

    client_id: str
    name: str
    scopes: frozenset[str]
    credential: str
    tenant: str = MAIN.tenant


ANYONE = Identity("anonymous", "Anonymous", frozenset(), "")


@dataclass
class Accounts:
    """The registered clients and keys, and the tokens issued so far."""

    clock: Callable[[], float]
    broken: Broken
    clients: tuple[Client, ...] = (MAIN, READ_ONLY, NEIGHBOUR)
    keys: tuple[Key, ...] = (MAIN_KEY, READ_ONLY_KEY, ROTATED_KEY, REVOKED_KEY, NEIGHBOUR_KEY)
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        """Begin without tokens."""
        self.tokens = Tokens(self.clock, self.broken)

    def client(self, id_: str, secret: str) -> Client | None:
        """The client with that id and secret."""
        found = next((client for client in self.clients if client.id == id_), None)
        return found if found and _same(found.secret, secret) else None

    def bearer(self, value: str) -> Identity | None:
        """Who a token stands for; None where it is unknown, expired or revoked."""
        if UNSIGNED_TOKENS in self.broken and is_unsigned(value):
            return self._identity(MAIN, MAIN.scopes, MAIN.id)
        token = self.tokens.alive(value)
        if token is None:
            return None
        scopes = token.client.scopes if TOKEN_SCOPES_IGNORED in self.broken else token.scopes
        return self._identity(token.client, scopes, token.client.id)

    def key(self, value: str) -> Identity | None:
        """Who a key stands for; None where it is unknown or not live."""
        key = next((each for each in self.keys if _same(each.value, value)), None)
        if key is None or not self._live(key):
            return None
        return self._identity(key.client, key.scopes, key.value)

    def _identity(self, client: Client, scopes: frozenset[str], credential: str) -> Identity:
        tenant = MAIN.tenant if SHARED_TENANTS in self.broken else client.tenant
        return Identity(client.id, client.name, scopes, credential, tenant)

    def _live(self, key: Key) -> bool:
        if key.state == "revoked":
            return OLD_KEYS_LIVE in self.broken
        return key.state == "live" or NO_KEY_OVERLAP not in self.broken

    def basic(self, encoded: str) -> Identity | None:
        """Who a user name and password stand for."""
        name, password = basic_pair(encoded)
        client = self.client(name, password)
        return self._identity(client, ALL_SCOPES, client.id) if client else None


def basic_pair(encoded: str) -> tuple[str, str]:
    """Name and password of a Basic header, form-decoded as RFC 6749 section 2.3.1 asks; empty where unreadable."""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(password)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode("utf-8", "surrogateescape"))


def authenticate(accounts: Accounts, request: Request) -> Identity:
    """Who is calling. Raises a 401 Problem where no valid credential came with the call."""
    broken = accounts.broken
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    key = request.headers.get(KEY_HEADER)
    in_query = _in_query(request) if broken & QUERY_KEYS else None
    oauth = not broken & NO_OAUTH
    if scheme.lower() == "bearer" and oauth:
        found = accounts.bearer(value.strip())
    elif scheme.lower() == "basic" and broken & {BASIC_ONLY, BASIC_ACCEPTED}:
        found = accounts.basic(value.strip())
    elif key and BASIC_ONLY not in broken:
        found = accounts.key(key)
    elif in_query:
        found = accounts.key(in_query) or accounts.bearer(in_query)
    elif not scheme and _is_open(request, broken):
        return ANYONE
    elif MIXED_REFUSALS in broken and request.url.path.endswith("/assets"):
        raise Problem("no-such-path", f"there is nothing at {request.url.path}")
    else:
        raise _refused(broken, "no credential that is accepted here came with the call", "")
    if found is None:
        raise _refused(broken, "the credential is unknown, expired or revoked", "invalid_token")
    return found


def _is_open(request: Request, broken: Broken) -> bool:
    """Whether a broken vendor lets anyone in."""
    is_record = bool(request.path_params)
    is_let_in = ANONYMOUS_READS in broken or (ANONYMOUS_RECORDS in broken and is_record)
    return is_let_in and request.method in {"GET", "HEAD"}


def _in_query(request: Request) -> str | None:
    return next((value for name, value in request.query_params.items() if name.lower() in QUERY_NAMES), None)


def _refused(broken: Broken, detail: str, error: str) -> Problem:
    scheme = "Basic" if BASIC_ONLY in broken else "ApiKey" if broken & KEYS_ALONE else "Bearer"
    challenge = f'{scheme} realm="{REALM}"'
    if error:
        challenge += f', error="{error}", error_description="{detail}"'
    return Problem("unauthorised", detail, headers={"WWW-Authenticate": challenge})
