"""Compares who may call: the ways to sign in that each operation takes, their rights, and the schemes themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Node
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.security import SecurityNeed, SecurityScheme
from cmms_audit.spec_diff.ledger import IN, Ledger, Place, listed, named

Ways = dict[frozenset[str], frozenset[str]]
"""The ways in: the schemes that are needed together, and the rights ("scheme: right") that are needed in them."""

_OF_THE_API = "security of the API"


class Security:
    """The comparison of security. A scheme that has only another name counts as the same."""

    def __init__(self, ledger: Ledger, old: Spec, new: Spec) -> None:
        self._ledger = ledger
        self._old, self._new = old, new
        self._names = _renamed(old.security_schemes, new.security_schemes)
        self._described = _is_described(old), _is_described(new)
        self._api = ledger.place(_OF_THE_API, "the whole API", shared=True)
        self._schemes = {
            name: ledger.place(f"security scheme {named(name)}", "the whole API", shared=True)
            for name in self._names
            if name in new.security_schemes and name in old.security_schemes
        }
        self._compare_whole()

    def compare(self, place: Place, old: Operation, new: Operation) -> None:
        """Note what changed for one operation; what all take over from the description is noted there, once."""
        inherits = not ("security" in old.node.value or "security" in new.node.value)
        described = self._described == (True, True)
        if inherits or not described:
            place.links[self._api] = IN
        for name in _names_in(old.security) & _names_in(new.security) & self._schemes.keys():
            place.links[self._schemes[name]] = IN
        if inherits or not described:
            return
        nodes = old.node.at("security"), new.node.at("security")
        places = [
            node if node.value is not None else holder.node for node, holder in zip(nodes, (old, new), strict=True)
        ]
        self._needs(place, old.security, new.security, places[0], places[1])

    def _compare_whole(self) -> None:
        old, new = self._old, self._new
        roots = [_place_of_security(spec) for spec in (old, new)]
        if self._described[0] != self._described[1]:
            kind = "security-described" if self._described[1] else "security-undescribed"
            self._ledger.note(kind, self._api, *roots)
        elif self._described[0] and _inherited(old) and _inherited(new):
            self._needs(self._api, old.security, new.security, *roots)
        for name, place in self._schemes.items():
            before, after = old.security_schemes[name], new.security_schemes[name]
            if _works(before) != _works(after):
                words = _in_words(before), _in_words(after)
                self._ledger.note("security-scheme-changed", place, before.node, after.node, was=words[0], now=words[1])

    def _needs(
        self, place: Place, old: Sequence[SecurityNeed], new: Sequence[SecurityNeed], old_node: Node, new_node: Node
    ) -> None:
        before, after = _ways(old, self._names), _ways(new, {})
        if before == after:
            return
        note = self._ledger.note
        if _open(before) != _open(after):
            kind = "security-dropped" if _open(after) else "security-added"
            note(kind, place, old_node, new_node, was=_told(before), now=_told(after))
            return
        for way in sorted(before.keys() - after.keys(), key=sorted):
            words = _way(way)
            note("way-in-removed", place, old_node, new_node, aspect=f"by {words}", was=words)
        for way in sorted(after.keys() - before.keys(), key=sorted):
            words = _way(way)
            note("way-in-added", place, old_node, new_node, aspect=f"by {words}", now=words)
        for way in sorted(before.keys() & after.keys(), key=sorted):
            for right in sorted(before[way] ^ after[way]):
                kind = "scope-removed" if right in before[way] else "scope-added"
                note(kind, place, old_node, new_node, aspect=f"right {named(right)}", was=right, now=right)


def _names_in(needs: Sequence[SecurityNeed]) -> set[str]:
    return {name for need in needs for name in need}


def _is_described(spec: Spec) -> bool:
    return bool(spec.security_schemes or spec.security or any(each.security for each in spec.operations))


def _inherited(spec: Spec) -> bool:
    """Whether any operation takes over what the whole description asks for."""
    return any("security" not in each.node.value for each in spec.operations)


def _place_of_security(spec: Spec) -> Node:
    node = spec.root.at("security")
    if node.value is not None:
        return node
    return next((scheme.node for scheme in spec.security_schemes.values()), spec.root)


def _ways(needs: Sequence[SecurityNeed], names: Mapping[str, str]) -> Ways:
    """The ways in, schemes under their new names; where one way is listed twice, its fewest rights count."""
    ways: Ways = {}
    for need in needs:
        way = frozenset(names.get(name, name) for name in need)
        rights = frozenset(f"{names.get(name, name)}: {right}" for name, scopes in need.items() for right in scopes)
        ways[way] = min(ways.get(way, rights), rights, key=lambda each: (len(each), sorted(each)))
    return ways


def _open(ways: Ways) -> bool:
    return not ways or frozenset() in ways


def _told(ways: Ways) -> str:
    return listed([_way(way) for way in sorted(ways, key=sorted) if way]) or "nothing"


def _way(way: frozenset[str]) -> str:
    return " with ".join(sorted(way)) or "nobody in particular"


def _renamed(old: Mapping[str, SecurityScheme], new: Mapping[str, SecurityScheme]) -> dict[str, str]:
    """The new name of each old scheme: its own, or that of the only new scheme that works just like it."""
    names = {name: name for name in old if name in new}
    for name in old.keys() - new.keys():
        alike = [other for other in new.keys() - old.keys() if _signature(old[name]) == _signature(new[other])]
        if len(alike) == 1:
            names[name] = alike[0]
    return names


def _signature(scheme: SecurityScheme) -> tuple[str, ...]:
    flows = (f"{name} {flow.token_url}" for name, flow in sorted(scheme.flows.items()))
    return (scheme.type, scheme.scheme, scheme.where, scheme.parameter.lower(), scheme.openid_url, *flows)


def _works(scheme: SecurityScheme) -> str:
    """How a scheme works, for comparing: the name of a header is the same in any letters."""
    parameter = scheme.parameter.lower() if scheme.where == "header" else scheme.parameter
    return _in_words(replace(scheme, parameter=parameter))


def _in_words(scheme: SecurityScheme) -> str:
    where = f"{scheme.parameter} in the {scheme.where}" if scheme.type == "apiKey" else ""
    flows = listed([f"{name} at {flow.token_url or 'no address'}" for name, flow in sorted(scheme.flows.items())])
    return " ".join(part for part in (scheme.type, scheme.scheme, where, scheme.openid_url, flows) if part)
