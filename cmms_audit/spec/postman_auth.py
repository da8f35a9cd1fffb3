"""How the requests of a Postman collection prove who calls, as security schemes. Of values only names are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.origins import Origins
from cmms_audit.spec.postman_parts import Place, description_of, filled_in

Security = list[dict[str, list[str]]]

_GRANTS = {
    "authorization_code": "authorizationCode",
    "authorization_code_with_pkce": "authorizationCode",
    "client_credentials": "clientCredentials",
    "password_credentials": "password",
    "implicit": "implicit",
}
_KEY_NAME = pattern(
    r"(?:x[-_])?(?:[\w]{1,20}[-_])?(?:api[-_]?key|auth[-_]?token|access[-_]?token|auth[-_]?key|subscription[-_]?key)",
    re.IGNORECASE,
)
_SCHEMES = {"basic": "basic", "bearer": "bearer", "apikey": "apikey", "api-key": "apikey", "token": "bearer"}
_LONGEST_SCOPES = 5_000
_LONGEST_NAME = 60


def is_key(name: str) -> bool:
    """Whether a header or parameter of that name carries a key that proves who calls."""
    return len(name) <= _LONGEST_NAME and _KEY_NAME.fullmatch(name) is not None


class Schemes:
    """The security schemes that a collection turns out to use, each once."""

    def __init__(self, origins: Origins, variables: Mapping[str, str]) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self._origins = origins
        self._variables = variables
        self._names: dict[str, str] = {}
        self._used: Counter[str] = Counter()

    def of_block(self, auth: Place) -> Security | None:
        """What an auth block asks for; None where there is no block, and so the one around it counts."""
        kind = auth.text("type").lower()
        if not kind:
            return None
        if kind == "noauth":
            return []
        return self._needed(self._scheme(kind, auth), auth.pointer, kind)

    def of_header(self, header: Place) -> Security | None:
        """What a header of a request proves by itself; None where it proves nothing."""
        name, value = header.text("key").strip(), header.text("value").strip()
        if name.lower() == "authorization":
            word = value.split(" ")[0].lower() if " " in value else ""
            kind = _SCHEMES.get(word, "")
            if kind in ("basic", "bearer"):
                return self._needed({"type": "http", "scheme": kind}, header.pointer, kind)
            return self._needed({"type": "apiKey", "in": "header", "name": "Authorization"}, header.pointer, "apikey")
        return self.of_key(header, "header")

    def of_key(self, pair: Place, where: str) -> Security | None:
        """What a header or query parameter proves that is called like a key; None for every other."""
        name = pair.text("key").strip()
        if not is_key(name):
            return None
        return self._needed({"type": "apiKey", "in": where, "name": name}, pair.pointer, "apikey")

    def _needed(self, scheme: dict[str, Any], pointer: str, name: str) -> Security:
        written = repr(scheme)
        if written not in self._names:
            self._used[name] += 1
            self._names[written] = f"{name}-{self._used[name]}" if self._used[name] > 1 else name
            self.found[self._names[written]] = self._origins.mark(scheme, pointer)
        return [{self._names[written]: []}]

    def _scheme(self, kind: str, auth: Place) -> dict[str, Any]:
        settings = _settings(auth, kind)
        described = {"description": text} if (text := description_of(auth)) else {}
        if kind == "apikey":
            where = "query" if settings.get("in") == "query" else "header"
            return {"type": "apiKey", "in": where, "name": settings.get("key") or "unnamed", **described}
        if kind == "oauth2":
            return {"type": "oauth2", "flows": self._flows(settings), **described}
        if kind == "jwt":
            return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", **described}
        return {"type": "http", "scheme": kind, **described}

    def _flows(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """The one flow that is set up; Postman's own default where none is named."""
        scopes = settings.get("scope", "")[:_LONGEST_SCOPES].replace(",", " ").split()
        flow: dict[str, Any] = {"scopes": dict.fromkeys((each for each in scopes if "{{" not in each), "")}
        for member, key in (("tokenUrl", "accessTokenUrl"), ("authorizationUrl", "authUrl")):
            if settings.get(key):
                flow[member] = filled_in(settings[key], self._variables).split("?")[0]
        return {_GRANTS.get(settings.get("grant_type", ""), "authorizationCode"): flow}


_SETTINGS = frozenset({"in", "grant_type", "accessTokenUrl", "authUrl", "scope"})


def _settings(auth: Place, kind: str) -> dict[str, str]:
    """The settings of a block that are no secrets: a list of pairs in version 2.1, a mapping in version 2.0."""
    names = _SETTINGS | {"key"} if kind == "apikey" else _SETTINGS
    block = auth.at(kind).value
    if isinstance(block, list):
        block = {each.text("key"): each.at("value").value for each in auth.members(kind)}
    if not isinstance(block, dict):
        return {}
    return {name: value for name, value in block.items() if name in names and isinstance(value, str)}
