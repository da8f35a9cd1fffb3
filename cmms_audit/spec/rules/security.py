"""Rules about the ways in: whether what operations ask for is declared anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cmms_audit.spec.library import SpecFile
from cmms_audit.spec.problems import Fault, shown
from cmms_audit.spec.rules.look import Look, Seen, Visit
from cmms_audit.spec.security import SecurityScheme

_MOST_NEEDS = 100


def note_needs(seen: Seen, visit: Visit, _key: str, value: Any) -> None:
    """Note a `security` list down: the schemes may be declared further on."""
    seen.security.append((seen.file, visit, value))


LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {"security": (note_needs, frozenset())}


def undeclared_needs(
    noted: list[tuple[SpecFile, Visit, list[Any]]], schemes: Mapping[str, SecurityScheme]
) -> Iterator[Fault]:
    """Schemes and scopes that are asked for and declared nowhere; each once, at the first place that asks."""
    told: set[tuple[str, str]] = set()
    scopes = {name: _scopes(scheme) for name, scheme in schemes.items() if scheme.type == "oauth2" and scheme.flows}
    for file, visit, needs in noted:
        for index, name, scope in _asked_for(needs):
            if (name, scope) in told:
                continue
            told.add((name, scope))
            if name not in schemes and not scope and "/" not in name:  # from OpenAPI 3.2 on, also an address
                rule, what = "security-scheme-undeclared", f"the way in '{shown(name)}'"
            elif scope and scope not in scopes.get(name, {scope}):
                rule, what = "scope-undeclared", f"the right '{shown(scope)}' of '{shown(name)}'"
            else:
                continue
            yield Fault(rule, what, file, visit.pointer("security", index, name))


def _asked_for(needs: list[Any]) -> Iterator[tuple[int, str, str]]:
    """Every scheme (without a scope), and every scope of it."""
    for index, need in enumerate(needs[:_MOST_NEEDS]):
        for name, scopes in need.items() if isinstance(need, dict) else ():
            yield index, name, ""
            for scope in scopes if isinstance(scopes, list) else ():
                if isinstance(scope, str):
                    yield index, name, scope


def _scopes(scheme: SecurityScheme) -> set[str]:
    """The scopes that an OAuth 2.0 scheme declares in any of its flows."""
    return {scope for flow in scheme.flows.values() for scope in flow.scopes}
