"""The kinds of credential that a vendor file may hold, and who is sent the secrets of each.

How a request is authorised with one is the wire's business.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from cmms_audit.addresses import origin
from cmms_audit.secrets import Secret


class _SentToApi(Struct, frozen=True):
    """A credential that goes to the origin of `base_url`."""

    def secrets(self) -> tuple[tuple[str, Secret], ...]:
        """Each secret with the field of the vendor file that it stands in."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return tuple((name, value) for name, value in values if isinstance(value, Secret))

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(base_url)


class ApiKey(_SentToApi, frozen=True):
    """A key that travels with every call, in a header, the query string or a cookie of the given name."""

    where: Literal["header", "query", "cookie"]
    name: str
    value: Secret
    type: ClassVar[str] = "api-key"


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

    `client_auth` says how the client proves itself: in a Basic header, or in the body of the POST.
    """

    token_url: str
    client_id: Secret
    client_secret: Secret
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    client_auth: Literal["basic", "post"] = "basic"
    type: ClassVar[str] = "oauth2"

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(self.token_url)


class Oidc(_SentToApi, frozen=True):
    """Client credentials whose token endpoint is found by OpenID Connect discovery."""

    issuer: str
    client_id: Secret
    client_secret: Secret
    scopes: tuple[str, ...] = ()
    type: ClassVar[str] = "oidc"

    def receiver(self, base_url: str) -> str:
        """The origin that is sent the secrets."""
        return origin(self.issuer)


class NoCredential(_SentToApi, frozen=True):
    """The API is open to anyone."""

    type: ClassVar[str] = "none"


Credential = ApiKey | Bearer | Basic | OAuth2 | Oidc | NoCredential
