"""The kinds of credential that a vendor file may hold, and who is sent the secrets of each.

How a request is authorised with one is the wire's business; what the file may not say is `credential_rules`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct, field

from cmms_audit.addresses import origin
from cmms_audit.secrets import Secret

Where = Literal["header", "query", "cookie"]
Keys = tuple[str | int, ...]


class _SentToApi(Struct, frozen=True):
    """A credential that goes to the origin of `base_url`, but for the fields in `unsent`, which go nowhere."""

    unsent: ClassVar[frozenset[str]] = frozenset()

    def secrets(self) -> tuple[tuple[str, Secret], ...]:
        """Each secret with the field of the vendor file that it stands in."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return tuple((name, value) for name, value in values if isinstance(value, Secret))

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(base_url)


class Key(Struct, frozen=True):
    """A key and the header, query parameter or cookie that it travels in."""

    where: Where
    name: str
    value: Secret


class ApiKey(_SentToApi, frozen=True):
    """A key that travels with every call, in a header, the query string or a cookie of the given name.

    `also` are further keys that travel beside it: some vendors want two.
    """

    where: Where
    name: str
    value: Secret
    also: tuple[Key, ...] = ()
    type: ClassVar[str] = "api-key"

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key that travels."""
        return (Key(self.where, self.name, self.value), *self.also)

    def secrets(self) -> tuple[tuple[str, Secret], ...]:
        """Each key; the further ones are numbered from 1 ("also.1.value")."""
        others = ((f"also.{number}.value", key.value) for number, key in enumerate(self.also, 1))
        return (("value", self.value), *others)


class Bearer(_SentToApi, frozen=True):
    """A token that travels with every call as `Authorization: Bearer` (RFC 6750)."""

    token: Secret
    type: ClassVar[str] = "bearer"


class Basic(_SentToApi, frozen=True):
    """A user name and password that travel with every call (RFC 7617)."""

    username: Secret
    password: Secret
    type: ClassVar[str] = "basic"


class OAuth2(_SentToApi, frozen=True):
    """Client credentials (RFC 6749, section 4.4). `scopes` are asked for; none are where it is empty.

    `audience` and `resources` (RFC 8707) say which API the token is for, where the vendor needs that. `client_auth`
    says how the client proves itself: in a Basic header, or in the body of the POST.
    """

    token_url: str
    client_id: Secret
    client_secret: Secret
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    client_auth: Literal["basic", "post"] = "basic"
    resources: tuple[str, ...] = ()
    type: ClassVar[str] = "oauth2"

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(self.token_url)


class Oidc(_SentToApi, frozen=True):
    """Client credentials whose token endpoint is found by what the issuer publishes about itself.

    As `OAuth2`; where `client_auth` is None, the issuer's own word decides how the client proves itself.
    """

    issuer: str
    client_id: Secret
    client_secret: Secret
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    client_auth: Literal["basic", "post"] | None = None
    resources: tuple[str, ...] = ()
    type: ClassVar[str] = "oidc"

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(self.issuer)


class Taken(Struct, frozen=True):
    """Where the answer to a login holds the session: in a header, a cookie, or a member of its JSON (dotted)."""

    where: Literal["header", "cookie", "json"]
    name: str


class Used(Struct, frozen=True):
    """Where the session travels with every call, and the text in front of it ("Bearer ")."""

    where: Literal["header", "cookie"]
    name: str
    prefix: str = ""


class Login(_SentToApi, frozen=True):
    """A user name and password that are sent to `url` once, for a session that travels with every call after.

    `username_field` and `password_field` are their names there, `beside` what else is sent with them. A session is
    renewed after `lifetime_seconds`; where that is None, when its answer says so, or when it is refused.
    """

    url: str
    username: Secret
    password: Secret
    taken: Taken
    used: Used
    send: Literal["json", "form"] = "json"
    username_field: str = "username"
    password_field: str = "password"  # noqa: S105 - the name of a field
    beside: Mapping[str, str | int | bool] = field(default_factory=dict)
    lifetime_seconds: float | None = None
    type: ClassVar[str] = "login"

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets; the session goes to that of `base_url`."""
        return origin(self.url)


class Signed(_SentToApi, frozen=True):
    """Two ids that travel with every call, and a secret that never does: it signs the call as the dialect says."""

    client_id: Secret
    username: Secret
    client_secret: Secret
    type: ClassVar[str] = "signed"
    unsent: ClassVar[frozenset[str]] = frozenset({"client_secret"})


class NoCredential(_SentToApi, frozen=True):
    """The API is open to anyone."""

    type: ClassVar[str] = "none"


Credential = ApiKey | Bearer | Basic | OAuth2 | Oidc | Login | Signed | NoCredential


def read_credential(raw: Mapping[str, Any], secret: Callable[..., Secret]) -> Credential:
    """A credential from what stands in the vendor file and breaks no rule.

    `secret` gives the secret at some keys below it: secret("value"), secret("also", 0, "value").
    """
    match raw["type"]:
        case "api-key":
            also = (
                Key(key["in"], key["name"], secret("also", at, "value")) for at, key in enumerate(raw.get("also", ()))
            )
            return ApiKey(raw["in"], raw["name"], secret("value"), tuple(also))
        case "bearer":
            return Bearer(secret("token"))
        case "basic":
            return Basic(secret("username"), secret("password"))
        case "oauth2":
            client = secret("client_id"), secret("client_secret")
            how = raw.get("client_auth", "basic")
            return OAuth2(raw["token_url"], *client, _scopes(raw), raw.get("audience"), how, _resources(raw))
        case "oidc":
            client = secret("client_id"), secret("client_secret")
            how = raw.get("client_auth")
            return Oidc(raw["issuer"], *client, _scopes(raw), raw.get("audience"), how, _resources(raw))
        case "login":
            return _login(raw, secret)
        case "signed":
            return Signed(secret("client_id"), secret("username"), secret("client_secret"))
        case _:
            return NoCredential()


def secret_places(raw: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[Keys]:
    """The keys below a credential, well formed or not, that lead to a place where a secret may stand."""
    yield from ((name,) for name in fields)
    also = raw.get("also")
    if isinstance(also, list):
        yield from (("also", at, "value") for at in range(len(also)))


def where_used(raw: Mapping[str, Any]) -> Used | None:
    """Where the session of a `type: login` travels, with the defaults filled in; None where nothing says by which name.

    A header or cookie is sent back as it came; a member of JSON as `Authorization: Bearer`.
    """
    (kind, name), *_ = raw["take"].items()
    use = raw.get("use", {})
    where: Literal["header", "cookie"] = use.get("in", "cookie" if kind == "cookie" else "header")
    default = "Authorization" if kind == "json" and where == "header" else name if kind == where else None
    chosen = use.get("name", default)
    if chosen is None:
        return None
    bearer = where == "header" and chosen.lower() == "authorization"
    return Used(where, chosen, use.get("prefix", "Bearer " if bearer else ""))


def _login(raw: Mapping[str, Any], secret: Callable[..., Secret]) -> Login:
    used = where_used(raw)
    assert used is not None, "a rule of the vendor file"  # noqa: S101
    (kind, name), *_ = raw["take"].items()
    fields = raw.get("fields", {})
    return Login(
        url=raw["url"],
        username=secret("username"),
        password=secret("password"),
        taken=Taken(kind, name),
        used=used,
        send=raw.get("send", "json"),
        username_field=fields.get("username", "username"),
        password_field=fields.get("password", "password"),
        beside=raw.get("with", {}),
        lifetime_seconds=raw.get("lifetime_seconds"),
    )


def _scopes(raw: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(raw.get("scopes", ())))


def _resources(raw: Mapping[str, Any]) -> tuple[str, ...]:
    given = raw.get("resource", ())
    return (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))
