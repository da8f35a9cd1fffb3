"""Which path is the work orders, which the assets: found by the words and shapes that the dialect lists.

A resource that is not there is not found; where the dialect names a stand-in, it is marked as no more than the nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.dialect import Dialect
from cmms_audit.model import Evidence
from cmms_audit.spec.collections import Collection, collections, is_placeholder, path_steps
from cmms_audit.spec.index import Spec
from cmms_audit.spec.matching import Candidate, Match, best_match
from cmms_audit.spec.operations import Operation
from cmms_audit.spec.records import id_of
from cmms_audit.spec.schema import Schema

_NO_PLACE = Evidence("spec")


class Resource(Struct, frozen=True, eq=False):
    """A collection of records of one kind, and what can be done with it.

    `others` are operations below it (actions, attachments ...), `record` the schema of one record, `container` the
    dotted name of the member that holds the records ("" where the answer is the list itself), `because` why it was
    taken, in plain words. `given`: named by the user. `nearest`: only a stand-in, nothing carries a proper name.
    `served` is the schema of one record as it goes over the wire, where `record` has its fields on one level.
    """

    kind: str
    path: str
    list: Operation | None = None
    read: Operation | None = None
    create: Operation | None = None
    update: Operation | None = None
    delete: Operation | None = None
    others: tuple[Operation, ...] = ()
    record: Schema | None = None
    container: str | None = None
    id_field: str | None = None
    id_parameter: str | None = None
    because: str = ""
    given: bool = False
    evidence: Evidence = _NO_PLACE
    nearest: bool = False
    served: Schema | None = None


def find_resources(spec: Spec, dialect: Dialect, given: Mapping[str, str] | None = None) -> dict[str, Resource]:
    """The resources of a specification, by kind; only those that were found.

    `given` are paths by kind from the vendor file: they are taken as they are, also where nothing is described there,
    and kinds that the dialect does not know may be among them.
    """
    candidates = {key: Candidate(collection, dialect) for key, collection in collections(spec.operations).items()}
    found = {kind: _given(kind, path, candidates, spec, dialect) for kind, path in (given or {}).items()}
    independent_first = sorted(dialect.resources, key=lambda kind: bool(dialect.resources[kind].part_of))
    for kind in independent_first:
        if kind not in found:
            homes = {other: resource.path for other, resource in found.items()}
            match = best_match(dialect.resources[kind], candidates.values(), homes)
            if match:
                found[kind] = _found(kind, match, dialect)
    return found


def stand_in(kind: str, found: Mapping[str, Resource], dialect: Dialect) -> Resource | None:
    """What an audit can look at where a kind is missing, honestly labelled; None where there is nothing near either."""
    for other in dialect.stand_ins.get(kind, ()):
        if other in found:
            path = found[other].path
            because = f"nothing here is called {_plain(kind)}; the nearest are the {_plain(other)} at {path}"
            return replace(found[other], because=because, nearest=True)
    return None


def _given(kind: str, path: str, candidates: Mapping[str, Candidate], spec: Spec, dialect: Dialect) -> Resource:
    """The resource at a path that the user named, with or without what stands before all paths."""
    steps, prefix = path_steps(path), path_steps(spec.prefix)
    spellings = [steps, prefix + steps]
    if prefix and steps[: len(prefix)] == prefix:
        spellings.append(steps[len(prefix) :])
    for spelling in spellings:
        candidate = candidates.get("/" + "/".join(spelling))
        if candidate:
            resource = _resource(kind, candidate, dialect)
            return replace(resource, given=True, because="the vendor file names its path")
    because = "the vendor file names its path; the document describes nothing there"
    return Resource(kind, path, because=because, given=True)


def _found(kind: str, match: Match, dialect: Dialect) -> Resource:
    resource = _resource(kind, match.candidate, dialect)
    because = f"{match.sign}; {_abilities(resource)}"
    if match.nearest:
        because = f"nothing here is called {_plain(kind)}; the nearest is {resource.path}: {because}"
    return replace(resource, because=because, nearest=match.nearest)


def _resource(kind: str, candidate: Candidate, dialect: Dialect) -> Resource:
    collection = candidate.collection
    listing, read = collection.own.get("GET"), collection.of_record.get("GET")
    if listing and candidate.container is None and dialect.resources.get(kind) and dialect.resources[kind].single:
        listing, read = None, listing
    parameter = _id_parameter(collection)
    return Resource(
        kind=kind,
        path=collection.path,
        list=listing,
        read=read,
        create=collection.own.get("POST"),
        update=collection.update,
        delete=collection.of_record.get("DELETE"),
        others=tuple(collection.below),
        record=candidate.record,
        container=candidate.container,
        id_field=id_of(candidate.field_names, parameter, kind, dialect),
        id_parameter=parameter,
        evidence=collection.first.evidence,
        served=candidate.served,
    )


def _id_parameter(collection: Collection) -> str | None:
    """The name in the braces at the end of the path of one record."""
    paths: Iterable[str] = (operation.path for operation in collection.of_record.values())
    last = next((path_steps(path)[-1] for path in paths), "")
    if not is_placeholder(last) or last.count("{") > 1:  # a key of several parts is no single field
        return None
    return last.strip("():'").partition("{")[2].partition("}")[0] or last.strip("{}:")


def _abilities(resource: Resource) -> str:
    able = {
        "listed": resource.list,
        "read": resource.read,
        "created": resource.create,
        "changed": resource.update,
        "deleted": resource.delete,
    }
    words = [word for word, operation in able.items() if operation]
    listed = ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else "nothing more"
    return f"records can be {listed}"


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
