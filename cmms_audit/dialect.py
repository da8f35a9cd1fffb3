"""How a family of APIs speaks: names of resources, fields and parameters, read from profiles/dialects.

Words only. What to do with them is left to those who ask; a new vendor should need a new file, not new code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from cmms_audit.documents import Document, Limits, nearest, pointer_join, read, validate
from cmms_audit.documents.words import printable
from cmms_audit.errors import InputError, Problem
from cmms_audit.folders import profiles_folder

BASE = "rest"
_LIMITS = Limits(bytes=500_000, nodes=20_000, depth=20, alias_nodes=1_000)
_SUFFIXES = (".yaml", ".yml", ".json")
_SEPARATORS = dict.fromkeys(map(ord, " -_."))
_MARKS_NEEDED = 2
_SHARE_OF_PATHS = 0.1
PLACEHOLDERS = ("milliseconds", "seconds", "client_id", "username")


class ResourceWords(Struct, frozen=True):
    """How a kind of resource is called.

    `names` of the last part of its path, best first; `endings` that part may end in; `not_below` words in the path that
    make it something else; `near` names of stand-ins; `fields` parts of field names that speak for it, of which a
    record must show `at_least` unless it carries the first name; `part_of` the kind below whose records it may hang;
    `single` where it is one answer and no list.
    """

    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    not_below: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    at_least: int = 0
    part_of: str = ""
    single: bool = False


class Paging(Struct, frozen=True):
    """Names of paging: parameters (`size` to `range`), dotted members of answers, response headers."""

    size: tuple[str, ...] = ()
    page: tuple[str, ...] = ()
    offset: tuple[str, ...] = ()
    cursor: tuple[str, ...] = ()
    range: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    next_links: tuple[str, ...] = ()
    next_cursors: tuple[str, ...] = ()
    has_more: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


class Marks(Struct, frozen=True):
    """Parts of titles, paths and schema names by which a specification is recognised, in lower case."""

    titles: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()


class Signing(Struct, frozen=True):
    """How each call is signed (HMAC, RFC 2104).

    `parameters` are added to the query; a value may hold one of PLACEHOLDERS in braces. `text` is what is signed, the
    keyed `digest` of it, in this `encoding`, travels in `header`.
    """

    parameters: Mapping[str, str]
    text: Literal["url-without-scheme"]
    digest: Literal["sha256", "sha1", "sha512"]
    encoding: Literal["hex", "base64"]
    header: str


class Dialect(Struct, frozen=True):
    """A dialect file as typed values; every tuple is in order of preference.

    `fields` are by concept ("site", "updated"), `sort`, `filter`, `select`, `expand` and `changed_since` names of query
    parameters, `event_delivery` what stands in for webhooks, `extra_query` what every request carries, `searches`
    paths whose POST only reads, `signing` how calls are signed, where they are.
    """

    name: str
    title: str
    recognise: Marks
    resources: Mapping[str, ResourceWords]
    stand_ins: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, tuple[str, ...]]
    paging: Paging
    sort: tuple[str, ...]
    filter: tuple[str, ...]
    select: tuple[str, ...]
    expand: tuple[str, ...]
    changed_since: tuple[str, ...]
    idempotency_headers: tuple[str, ...]
    preconditions: tuple[str, ...]
    bulk: tuple[str, ...]
    event_delivery: str | None
    extra_query: Mapping[str, str]
    searches: tuple[str, ...]
    signing: Signing | None = None

    def field_in(self, concept: str, names: Collection[str]) -> str | None:
        """Which of a record's field names stands for a concept, in any spelling (siteId for site_id), if any does."""
        spelled = {squeezed(name): name for name in reversed(list(names))}
        known = (spelled.get(squeezed(word)) for word in self.fields.get(concept, ()))
        return next((name for name in known if name is not None), None)


class Described(Protocol):
    """What detection looks at: a specification."""

    @property
    def title(self) -> str:
        """Its title."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """Its paths."""
        ...

    @property
    def schema_names(self) -> Sequence[str]:
        """The names of its schemas."""
        ...


def squeezed(word: str) -> str:
    """A word for comparing: lower case, without spaces, dashes, underscores and dots."""
    return word.lower().translate(_SEPARATORS)


def load_dialect(name_or_path: str, folders: Sequence[Path]) -> Dialect:
    """Load a dialect by its name in one of the folders, or from a path.

    Raises InputError, with every problem of the file, where it does not exist or does not hold.
    """
    path = _found(name_or_path, folders)
    return _dialect(_extended(path, folders, ()))


def detect(spec: Described, folders: Sequence[Path]) -> Dialect:
    """The dialect whose marks a specification shows; the plain one where it shows none."""
    dialects = [load_dialect(name, folders) for name in dialect_names(folders)]
    best = max(dialects, key=lambda dialect: _marks_shown(dialect.recognise, spec), default=None)
    if best is None or _marks_shown(best.recognise, spec) < _MARKS_NEEDED:
        return next((dialect for dialect in dialects if dialect.name == BASE), None) or load_dialect(BASE, folders)
    return best


def dialect_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The names of the dialects in the folders, in order."""
    return tuple(sorted(path.stem for path in _files(folders)))


def _files(folders: Iterable[Path]) -> list[Path]:
    """The dialect files, one for each name: an earlier folder wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in _SUFFIXES and not path.name.startswith("."):
                found.setdefault(path.stem, path)
    return list(found.values())


def _found(name_or_path: str, folders: Sequence[Path]) -> Path:
    files = {path.stem: path for path in _files(folders)}
    if name_or_path in files:
        return files[name_or_path]
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        return path
    near = nearest(name_or_path, files)
    advice = f"did you mean '{near}'?" if near else "possible here: " + ", ".join(sorted(files))
    raise InputError(f"there is no dialect called '{name_or_path}' ({advice})")


def _extended(path: Path, folders: Sequence[Path], below: tuple[Path, ...]) -> dict[str, Any]:
    """The content of a dialect file, with what it inherits."""
    document = read(path, limits=_LIMITS)
    problems = [*validate(document, "dialect"), *_overreach(document, path, below), *_placeholders(document)]
    if problems:
        raise InputError(*problems)
    value: dict[str, Any] = document.value
    if "extends" not in value:
        return value
    try:
        base = _found(value["extends"], folders)
    except InputError as error:
        raise InputError(Problem(document.where("/extends"), str(error))) from None
    merged: dict[str, Any] = _merged(value, _extended(base, folders, (*below, path.resolve())))
    return merged | {key: value[key] for key in ("signing",) if key in value}  # half of another's would sign nothing


def _overreach(document: Document, path: Path, below: tuple[Path, ...]) -> Iterable[Problem]:
    """What the schema cannot see: a file that extends itself, and one that calls a write a read."""
    if path.resolve() in below:
        yield Problem(document.where("/extends"), "dialects extend each other in a circle", "extend 'rest'")
    shipped = path.resolve().is_relative_to((profiles_folder() / "dialects").resolve())
    if isinstance(document.value, dict) and document.value.get("searches") and not shipped:
        what = "only a dialect that is shipped with cmms-audit may say that a POST is a read"
        yield Problem(document.where("/searches"), what, "leave `searches` out")


def _placeholders(document: Document) -> Iterable[Problem]:
    """What stands in braces in the parameters of a signature: one of our words, and one only."""
    signing = document.value.get("signing") if isinstance(document.value, dict) else None
    parameters = signing.get("parameters") if isinstance(signing, dict) else None
    for name, value in parameters.items() if isinstance(parameters, dict) else ():
        words = re.findall(r"\{([^{}]{0,60})\}", value) if isinstance(value, str) else []
        where = document.where(pointer_join("", "signing", "parameters", name))
        if len(words) > 1:
            yield Problem(where, f"'{name}' holds more than one word in braces", "give each a parameter of its own")
        for word in words:
            if word not in PLACEHOLDERS:
                near = nearest(word, PLACEHOLDERS)
                advice = f"did you mean '{{{near}}}'?" if near else "possible here: " + _in_braces(PLACEHOLDERS)
                yield Problem(where, f"{{{printable(word)}}} is no word that can be filled in", advice)


def _in_braces(words: Iterable[str]) -> str:
    return ", ".join(f"{{{word}}}" for word in words)


def _merged(own: Any, inherited: Any) -> Any:
    """Own words first: mappings are merged, lists joined without repetition, anything else replaces."""
    if isinstance(own, dict) and isinstance(inherited, dict):
        rest = {key: value for key, value in inherited.items() if key not in own and key != "recognise"}
        return {**{key: _merged(value, inherited.get(key)) for key, value in own.items()}, **rest}
    if isinstance(own, list) and isinstance(inherited, list):
        return list(dict.fromkeys([*own, *inherited]))
    return own


def _dialect(value: dict[str, Any]) -> Dialect:
    queries, writes = value.get("queries", {}), value.get("writes", {})
    return Dialect(
        name=value["dialect"],
        title=value["title"],
        recognise=Marks(**{key: tuple(map(str.lower, words)) for key, words in value.get("recognise", {}).items()}),
        resources={kind: ResourceWords(**_tuples(words)) for kind, words in value.get("resources", {}).items()},
        stand_ins=_tuples(value.get("stand_ins", {})),
        fields=_tuples(value.get("fields", {})),
        paging=Paging(**_tuples(value.get("paging", {}))),
        sort=tuple(queries.get("sort", ())),
        filter=tuple(queries.get("filter", ())),
        select=tuple(queries.get("select", ())),
        expand=tuple(queries.get("expand", ())),
        changed_since=tuple(queries.get("changed_since", ())),
        idempotency_headers=tuple(writes.get("idempotency_headers", ())),
        preconditions=tuple(writes.get("preconditions", ())),
        bulk=tuple(writes.get("bulk", ())),
        event_delivery=value.get("event_delivery"),
        extra_query=value.get("extra_query", {}),
        searches=tuple(value.get("searches", ())),
        signing=Signing(**value["signing"]) if "signing" in value else None,
    )


def _tuples(words: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in words.items()}


def _marks_shown(marks: Marks, spec: Described) -> int:
    """How clearly a specification shows a dialect's marks: two for each sort of mark that it shows."""
    title = spec.title.lower()
    in_title = any(mark in title for mark in marks.titles)
    marked = sum(any(mark in path.lower() for mark in marks.paths) for path in spec.paths)
    in_paths = marked > 0 and marked >= _SHARE_OF_PATHS * len(spec.paths)
    in_schemas = any(name.lower().startswith(mark) for name in spec.schema_names for mark in marks.schemas)
    return 2 * (in_title + in_paths + in_schemas)
