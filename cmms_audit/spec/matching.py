"""How well a collection fits the words that a dialect has for a kind of resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache

from msgspec import Struct

from cmms_audit.dialect import Dialect, ResourceWords, squeezed
from cmms_audit.patterns import pattern
from cmms_audit.spec.collections import Collection, is_placeholder, path_steps
from cmms_audit.spec.json_api import plain_schema
from cmms_audit.spec.records import container_of, example_fields, record_in
from cmms_audit.spec.schema import Schema

# What a sign is worth. Only the order matters: a path says more than a schema's name, and that more than a heading.
_PATH, _ENDING, _SCHEMA_NAME, _HEADING, _STAND_IN = 200, 150, 110, 90, 40
_LATER_NAME = 2
_AT_HOME = 20
_BELOW_SOMETHING = 25
_ABILITIES = {"list": 4, "read": 4, "create": 2, "update": 1}
_NEAR_THE_TOP = 2
_LONGEST_PREFIX = 8
_ONE_LETTER = pattern(r"[A-Z]_(?=[A-Z])")
_SET = pattern(r"(?<=[a-z0-9_])(?:Set|Collection|_set|_collection)$")
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Candidate(Struct, frozen=True, eq=False, dict=True):
    """A collection with what its answers look like, worked out when first asked."""

    collection: Collection
    dialect: Dialect

    @cached_property
    def _listed(self) -> tuple[str | None, Schema | None]:
        return container_of(self.collection.own.get("GET"), self.dialect)

    @property
    def container(self) -> str | None:
        """The dotted name of the member that holds the records of the list."""
        return self._listed[0]

    @cached_property
    def record(self) -> Schema | None:
        """The schema of one record, with its fields on one level."""
        return plain_schema(self.served)

    @cached_property
    def served(self) -> Schema | None:
        """The schema of one record as served: as listed, as read, as answered to a write, or as it is to be written."""
        if self._listed[1] is not None:
            return self._listed[1]
        collection = self.collection
        operations = [collection.of_record.get("GET"), collection.update, collection.own.get("POST")]
        present = [operation for operation in operations if operation]
        schemas = [operation.success.schema for operation in present if operation.success]
        schemas += [operation.request for operation in reversed(present)]
        records = (record_in(schema, self.dialect) for schema in schemas)
        return next((record for record in records if record is not None), None)

    @cached_property
    def field_names(self) -> tuple[str, ...]:
        """The fields of one record, by its schema, else by the example of the list."""
        if self.record is not None:
            return tuple(self.record.properties)
        listing = self.collection.own.get("GET")
        answer = listing.success if listing else None
        return example_fields(answer.example, self.container) if answer else ()

    @cached_property
    def names(self) -> frozenset[str]:
        """What the last part of its path may be read as: the word itself, or with the word before it."""
        words = [singular(step) for step in self.collection.words[-2:]]
        if not words:
            return frozenset()
        bare = _without_trappings(self.collection.words[-1])
        return frozenset((words[-1], singular(bare), "".join(words), "".join(reversed(words))))

    @cached_property
    def after_prefix(self) -> str:
        """What follows a prefix in the last part of its path ("msdyn_workorders"); empty where there is none."""
        prefix, _, rest = (self.collection.words[-1] if self.collection.words else "").partition("_")
        return singular(_without_trappings(rest)) if prefix and len(prefix) <= _LONGEST_PREFIX else ""

    @cached_property
    def whole_path(self) -> str:
        """All of its path that tells it apart."""
        return "/" + "/".join(singular(step) for step in self.collection.steps)

    @cached_property
    def last_words(self) -> str:
        """The words of the last part of its path, with a space before and after each."""
        words = _WORD.findall(self.collection.words[-1]) if self.collection.words else []
        return _spaced(words)

    def shows(self, fields: Iterable[str]) -> int:
        """How many of these parts of field names a record has."""
        names = [squeezed(name) for name in self.field_names]
        return sum(any(squeezed(field) in name for name in names) for field in fields)


class Sign(Struct, frozen=True):
    """Why a candidate may be of a kind, and what that is worth; a `certain` one needs no fields in support."""

    worth: int
    says: str
    certain: bool = False


class Match(Struct, frozen=True, eq=False):
    """A candidate that fits, how well, and the strongest sign in plain words. `nearest`: no more than a stand-in."""

    candidate: Candidate
    score: int
    sign: str
    nearest: bool = False


class Vocabulary:
    """The words of one kind of resource, made ready for comparing with many candidates."""

    def __init__(self, words: ResourceWords) -> None:
        self.words = words
        self._names = {_wanted(name): index for index, name in reversed(list(enumerate(words.names)))}
        self._long_names = {_wanted(name) for name in words.names if " " in name}
        self._near = {_wanted(name): index for index, name in reversed(list(enumerate(words.near)))}
        self._endings = tuple(_spaced(ending.split()) for ending in words.endings)
        self._not_below = {singular(word) for word in words.not_below}

    def sign(self, candidate: Candidate) -> Sign | None:
        """The strongest sign that a candidate is of this kind."""
        path = candidate.collection.path
        spelled = {*candidate.names, candidate.whole_path}
        index = min((self._names[name] for name in spelled if name in self._names), default=None)
        if index is not None and not self._is_below_another_word(candidate):
            return Sign(
                _PATH - _LATER_NAME * index, f"its path {path} reads as '{self.words.names[index]}'", index == 0
            )
        prefixed = candidate.after_prefix in self._long_names
        if prefixed or (self._endings and candidate.last_words.endswith(self._endings)):
            return Sign(_ENDING, f"the last words of its path {path} fit")
        if self.words.single or candidate.collection.placeholders or not _is_list_of_records(candidate.collection):
            return None
        return self._sign_in_the_document(candidate) or self._stand_in(candidate)

    def _is_below_another_word(self, candidate: Candidate) -> bool:
        return any(singular(word) in self._not_below for word in candidate.collection.words[:-1])

    def _sign_in_the_document(self, candidate: Candidate) -> Sign | None:
        schema_name = candidate.record.name if candidate.record else ""
        if (index := self._names.get(singular(schema_name))) is not None:
            return Sign(_SCHEMA_NAME - index, f"its records are described as '{schema_name}'")
        for tag in candidate.collection.first.tags:
            if (index := self._names.get(singular(tag))) is not None:
                return Sign(_HEADING - index, f"it is listed under the heading '{tag}'")
        return None

    def _stand_in(self, candidate: Candidate) -> Sign | None:
        index = min((self._near[name] for name in candidate.names if name in self._near), default=None)
        if index is None or candidate.record is None:
            return None
        return Sign(_STAND_IN - index, f"it is called '{self.words.near[index]}', and its fields are like")


def best_match(words: ResourceWords, candidates: Iterable[Candidate], homes: Mapping[str, str]) -> Match | None:
    """The candidate that fits a kind of resource best; None where none does. `homes` are paths found, by kind."""
    vocabulary = Vocabulary(words)
    matches = [match for candidate in candidates if (match := _match(vocabulary, candidate, homes))]
    return max(matches, key=lambda match: match.score, default=None)


def _without_trappings(step: str) -> str:
    """A part of a path without what services of the OData kind put around names: "A_WorkOrderSet" is WorkOrder."""
    if _ONE_LETTER.match(step):
        step = step[2:]
    return _SET.sub("", step)


def _wanted(name: str) -> str:
    return "/" + singular(name[1:]) if name.startswith("/") else singular(name)


def _spaced(words: Iterable[str]) -> str:
    return "".join(f" {singular(word)}" for word in words) + " "


@lru_cache(maxsize=10_000)
def singular(word: str) -> str:
    """A word for comparing: squeezed, and without a plural's ending."""
    word = squeezed(word)
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _match(vocabulary: Vocabulary, candidate: Candidate, homes: Mapping[str, str]) -> Match | None:
    sign = vocabulary.sign(candidate)
    if sign is None:
        return None
    words, collection = vocabulary.words, candidate.collection
    below = _record_above(collection, homes)
    if not _has_the_shape(words, collection) or (below is not None and below != words.part_of):
        return None
    nearest = sign.worth <= _STAND_IN
    doubtful = nearest or (collection.placeholders > 0 and not below)
    needed = 0 if sign.certain and not doubtful else words.at_least + doubtful
    if (candidate.field_names or doubtful) and candidate.shows(words.fields) < needed:
        return None
    score = sign.worth
    score += sum(worth for name, worth in _ABILITIES.items() if _can(collection, name))
    score += _AT_HOME if below else -_BELOW_SOMETHING * collection.placeholders
    score -= 2 * len(collection.steps) + 10 * collection.first.deprecated
    return Match(candidate, score, sign.says, nearest)


def _has_the_shape(words: ResourceWords, collection: Collection) -> bool:
    """Whether there is anything to list, read or create; for a single answer, whether it stands near the top."""
    if words.single:
        return "GET" in collection.own and len(collection.steps) <= _NEAR_THE_TOP and not collection.placeholders
    takes_new_ones = _can(collection, "create") and not collection.placeholders
    return _can(collection, "list") or _can(collection, "read") or takes_new_ones


def _is_list_of_records(collection: Collection) -> bool:
    return _can(collection, "list") and _can(collection, "read")


def _can(collection: Collection, ability: str) -> bool:
    if ability == "update":
        return collection.update is not None
    if ability == "read":
        return "GET" in collection.of_record
    return {"list": "GET", "create": "POST"}[ability] in collection.own


def _record_above(collection: Collection, homes: Mapping[str, str]) -> str | None:
    """The kind of resource below one of whose records a collection hangs; None where it hangs below none known."""
    steps = collection.address
    for kind, path in homes.items():
        home = path_steps(path)
        if len(steps) > len(home) + 1 and steps[: len(home)] == home and is_placeholder(steps[len(home)]):
            return kind
    return None
