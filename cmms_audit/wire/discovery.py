"""What an authorisation server publishes about itself: where to look, and what may be believed. Pure: sends nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from cmms_audit.addresses import origin
from cmms_audit.credentials import Oidc

_OPENID = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


def discovery_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's document may lie, in the order in which to look.

    OpenID Connect Discovery 1.0, section 4, puts it below the issuer; RFC 8414, section 3, between the host and the
    issuer's path; and many servers put the latter below the issuer, too.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    between = urlunsplit((parts.scheme, parts.netloc, _OAUTH + path, "", ""))
    below = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return tuple(dict.fromkeys((below + _OPENID, between, below + _OAUTH)))


class Endpoint(Struct, frozen=True):
    """Where tokens are asked for, and whether the client's secret goes in the body."""

    url: str
    secret_in_body: bool


def is_json(body: bytes) -> bool:
    """Whether an answer is a document at all: many servers answer any address with a page."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def discovered_endpoint(body: bytes, credential: Oidc) -> Endpoint:
    """The token endpoint that a discovery document names.

    Raises ValueError in plain words where the document is no such thing, speaks for another issuer (it must match to
    the letter: RFC 8414, section 3.3), or would have the client's secret sent to another origin.
    """
    if not is_json(body):
        raise ValueError("the discovery document is not JSON")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the discovery document is not a JSON object")
    if document.get("issuer") != credential.issuer:
        raise ValueError("the discovery document names another issuer than the vendor file")
    url = document.get("token_endpoint")
    if not isinstance(url, str) or _origin(url) != origin(credential.issuer):
        raise ValueError("the discovery document names no token endpoint on the issuer's own origin")
    how = credential.client_auth
    return Endpoint(url, _wants_secret_in_body(document) if how is None else how == "post")


def _wants_secret_in_body(document: dict[str, Any]) -> bool:
    """Whether an issuer takes the client's secret only in the body (client_secret_post). Basic is the default."""
    methods = document.get("token_endpoint_auth_methods_supported")
    return isinstance(methods, list) and "client_secret_post" in methods and "client_secret_basic" not in methods


def _origin(endpoint: str) -> str | None:
    try:
        return origin(endpoint)
    except ValueError:
        return None
