"""Operations grouped into collections: a list of records, one record below it, and what can be done with either."""

from __future__ import annotations

from collections.abc import Sequence, Set

from msgspec import Struct, field

from cmms_audit.spec.operations import Operation

_MOST_STEPS = 50  # a path of more leads nowhere
_API_WORDS = frozenset(("api", "rest", "apis"))


class Collection(Struct):
    """Everything at one address and below one of its records.

    `address` are all steps of the path, `steps` those that tell it apart from others.
    """

    path: str
    address: tuple[str, ...]
    steps: tuple[str, ...]
    own: dict[str, Operation] = field(default_factory=dict)
    of_record: dict[str, Operation] = field(default_factory=dict)
    below: list[Operation] = field(default_factory=list)

    @property
    def update(self) -> Operation | None:
        """How one record is changed."""
        return self.of_record.get("PATCH") or self.of_record.get("PUT") or self.of_record.get("POST")

    @property
    def first(self) -> Operation:
        """The operation that speaks for it."""
        found = next(iter([*self.own.values(), *self.of_record.values(), *self.below]))
        return self.own.get("GET") or self.own.get("POST") or self.of_record.get("GET") or found

    @property
    def words(self) -> tuple[str, ...]:
        """The steps of the whole path that are no placeholders."""
        return tuple(step for step in self.address if not is_placeholder(step))

    @property
    def placeholders(self) -> int:
        """How many records above it must be named to reach it."""
        return sum(map(is_placeholder, self.steps))


def is_placeholder(step: str) -> bool:
    """Whether a step of a path stands for a value ("{id}", ":id", or a key in brackets, as OData writes it)."""
    return step.startswith(("{", ":", "("))


def path_steps(path: str) -> tuple[str, ...]:
    """The parts of a path between slashes, an ending .json left out; a key in brackets is a part of its own."""
    steps = (step.removesuffix(".json") for step in path.split("/") if step)
    return tuple(part for step in steps for part in _key_apart(step))


def without_last_step(path: str) -> str:
    """The path of the collection that a record belongs to, written as its document would."""
    slash = "/" if path.endswith("/") else ""
    bare = path.rstrip("/")
    name, *key = _key_apart(bare.rpartition("/")[2])
    return (bare[: -len(key[0])] if key else bare[: -len(name)].rstrip("/")) + slash


def _key_apart(step: str) -> tuple[str, ...]:
    """A step and the key that it ends in: "WorkOrders" and "('{Id}')"; only the step where it names no key."""
    name, bracket, key = step.partition("(")
    return (name, bracket + key) if name and key.endswith(")") and "{" in key else (step,)


def collections(operations: Sequence[Operation]) -> dict[str, Collection]:
    """The collections of an API, by path without the slash at its end, in the order of the document."""
    shared = _shared_start({path_steps(operation.path) for operation in operations})
    found: dict[str, Collection] = {}
    for operation in operations:
        steps = path_steps(operation.path)
        of_record = len(steps) > 1 and is_placeholder(steps[-1])
        address = steps[:-1] if of_record else steps
        telling = address[max(shared, _api_words(address)) :]
        new = Collection(_written(operation, of_record), address, telling)
        collection = found.setdefault("/" + "/".join(address), new)
        (collection.of_record if of_record else collection.own).setdefault(operation.method, operation)
        if not of_record:
            collection.path = operation.path
    _hang_below(found)
    return found


def _written(operation: Operation, of_record: bool) -> str:
    """The path of a collection as its own document would write it."""
    if not of_record:
        return operation.path
    return without_last_step(operation.path)


def _hang_below(found: dict[str, Collection]) -> None:
    """Give every collection the operations below one of its records, and the actions right below itself."""
    for key, collection in found.items():
        steps = path_steps(key)
        for count in range(1, min(len(steps), _MOST_STEPS)):
            owner = found.get("/" + "/".join(steps[:count]))
            through_record = is_placeholder(steps[count])
            is_action = count == len(steps) - 1 and not collection.of_record
            if owner and (through_record or is_action):
                owner.below += [*collection.own.values(), *collection.of_record.values()]


def _shared_start(paths: Set[tuple[str, ...]]) -> int:
    """How many steps at the start are the same in all paths, and so tell nothing apart."""
    if len(paths) < 2:
        return 0
    shared = 0
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    return min(shared, min(map(len, paths)) - 1)


def _api_words(steps: tuple[str, ...]) -> int:
    """How many steps at the start are words like "api" and "v2"."""
    for count, step in enumerate(steps):
        is_version = step[:1] in "vV" and step[1:].replace(".", "").isdigit()
        if step.lower() not in _API_WORDS and not is_version:
            return count
    return len(steps)
