"""Rules about the addresses that an API is served at."""

from __future__ import annotations

from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.problems import shown
from cmms_audit.spec.rules.look import Look, Seen, Visit

_VARIABLE = pattern(r"\{([^{}]{1,200})\}")


def address(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """An address with parts to fill in: each part needs a declaration with a usable default."""
    if "{" not in value:
        return
    names = _VARIABLE.findall(value)[:50]
    seen.tell("server-templated", f"the address {shown(value)}", visit, key)
    variables = visit.value.get("variables")
    declared = variables if isinstance(variables, dict) else {}
    for name in dict.fromkeys(names):
        if name not in declared:
            seen.tell("server-variable-undeclared", f"'{shown(name)}' in {shown(value)}", visit, key)


def variables(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A variable needs a default (OpenAPI 3, Server Variable Object), and that must be one of its values."""
    for name, variable in value.items():
        if not isinstance(variable, dict):
            continue
        listed = variable.get("enum")
        if variable.get("default") is None:
            seen.tell("server-variable-no-default", f"the variable '{shown(name)}'", visit, key, name)
        elif isinstance(listed, list) and listed and variable["default"] not in listed:
            what = f"the default of '{shown(name)}' is not one of the values that are listed for it"
            seen.tell("server-default-not-allowed", what, visit, key, name)


LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {"url": (address, frozenset()), "variables": (variables, frozenset())}
