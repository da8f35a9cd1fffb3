"""How callers prove who they are, as documented: security schemes and the needs of operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from cmms_audit.model import Evidence
from cmms_audit.spec.library import Node

SecurityNeed: TypeAlias = Mapping[str, tuple[str, ...]]
"""One way in: the schemes that are needed together, each with its scopes. An empty one needs nothing."""

_SWAGGER2_FLOWS = {"application": "clientCredentials", "accessCode": "authorizationCode"}


class Flow(Struct, frozen=True):
    """One way to get an OAuth 2.0 token; `scopes` are names with descriptions."""

    token_url: str
    authorization_url: str
    scopes: Mapping[str, str]


class SecurityScheme(Struct, frozen=True, eq=False):
    """A documented way to prove who calls.

    `type` is "oauth2", "apiKey", "http", "openIdConnect" or "mutualTLS"; `scheme` the word of an http scheme in lower
    case ("bearer", "basic"); `where` and `parameter` say where an apiKey travels; `flows` are named as in OpenAPI 3.
    """

    name: str
    type: str
    scheme: str
    where: str
    parameter: str
    flows: Mapping[str, Flow]
    openid_url: str
    description: str
    bearer_format: str
    node: Node

    @property
    def metadata_url(self) -> str:
        """Where the sign-in service describes itself (OpenAPI 3.2, RFC 8414); empty where it is not said."""
        return self.node.text("oauth2MetadataUrl")

    @property
    def deprecated(self) -> bool:
        """Whether it is marked as going away (OpenAPI 3.2)."""
        return self.node.flag("deprecated")

    @property
    def evidence(self) -> Evidence:
        """Where it stands in the document."""
        return self.node.evidence


def security_schemes(root: Node, swagger2: bool) -> dict[str, SecurityScheme]:
    """The schemes that a description declares, by name."""
    declared = root.child("securityDefinitions") if swagger2 else root.child("components").child("securitySchemes")
    return {name: _scheme(name, node) for name, node in declared.entries() if isinstance(node.value, dict)}


def security_needs(value: Any) -> tuple[SecurityNeed, ...] | None:
    """The alternatives that a `security` list gives; None where there is no such list."""
    if not isinstance(value, list):
        return None
    return tuple({name: _words(scopes) for name, scopes in need.items()} for need in value if isinstance(need, dict))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _scheme(name: str, node: Node) -> SecurityScheme:
    kind, scheme = node.text("type"), node.text("scheme").lower()
    if kind == "basic":  # Swagger 2.0 has a type of its own for it
        kind, scheme = "http", "basic"
    flows = {key: _flow(flow) for key, flow in node.child("flows").entries() if isinstance(flow.value, dict)}
    if node.text("flow"):  # Swagger 2.0: one flow, written into the scheme
        flows = {_SWAGGER2_FLOWS.get(node.text("flow"), node.text("flow")): _flow(node)}
    return SecurityScheme(
        name=name,
        type=kind,
        scheme=scheme,
        where=node.text("in") if kind == "apiKey" else "",
        parameter=node.text("name") if kind == "apiKey" else "",
        flows=flows,
        openid_url=node.text("openIdConnectUrl"),
        description=node.text("description"),
        bearer_format=node.text("bearerFormat"),
        node=node,
    )


def _flow(node: Node) -> Flow:
    scopes = node.child("scopes").value
    named = {name: str(says) for name, says in scopes.items()} if isinstance(scopes, dict) else {}
    authorization = node.text("authorizationUrl") or node.text("deviceAuthorizationUrl")
    return Flow(node.text("tokenUrl"), authorization, named)
