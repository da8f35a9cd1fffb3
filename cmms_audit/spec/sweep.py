"""One pass over every node of an API description: what has the wrong kind, where references lead, what breaks a rule.

The rest of the package reads such places as empty; this is where they are told. What is looked at under which keyword
is written in `spec/rules/`, what may stand where in `spec/grammar.py`.
"""

from __future__ import annotations

from collections import deque
from typing import Any, TypeAlias

from cmms_audit.documents import pointer_parts
from cmms_audit.spec.grammar import PATHS, ROOT, Kind
from cmms_audit.spec.library import Library, Node, SpecFile
from cmms_audit.spec.problems import Fault, FaultBook, SpecProblem, shown
from cmms_audit.spec.rules import LOOKS, Look
from cmms_audit.spec.rules.look import Visit
from cmms_audit.spec.rules.references import lost_reference, sibling_names

_LONGEST_REFERENCE_SHOWN = 200
_MOST_PROBLEMS = 200
_KIND_WORDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false"}
_IN_THE_TREE = ("/components/", "/paths/", "/definitions/", "/parameters/", "/responses/")
_WITH_EXTENSIONS = frozenset(("paths", "responses", "callbacks", "callback"))
_NOTHING = frozenset[type]()
READING = ("control-characters", "key-twice", "wrong-kind", "part-unread", "path-without-slash")
_REFERENCES = ("reference-lost", "reference-outside", "reference-network", "reference-absolute", "reference-circle")
UNREAD = frozenset(("part-unread", "path-without-slash", *_REFERENCES))

# For one key: the types that may stand there, the kind to look into, whether something else leaves it unread, the
# rule that looks at it, and the values at which it need not look.
_Row: TypeAlias = tuple[frozenset[type], "_Table | None", bool, "Look | None", frozenset[Any]]


class _Table:
    """A kind of the grammar with its rules, made for speed."""

    __slots__ = ("each", "is_path_map", "name", "rows")

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name
        self.is_path_map = kind is PATHS
        self.rows: dict[str, _Row] = {}
        self.each: _Row | None = None


def _tables(kind: Kind, made: dict[Kind, _Table]) -> _Table:
    if kind in made:
        return made[kind]
    table = made[kind] = _Table(kind)
    looks = LOOKS.get(kind.name, {})
    for key, member in kind.members.items():
        into = _tables(member.into, made) if member.into else None
        look, ordinary = looks.get(key, (None, frozenset()))
        table.rows[key] = (member.types, into, member.unread, look, ordinary)
    for key in looks.keys() - kind.members.keys():
        table.rows[key] = (_NOTHING, None, False, *looks[key])
    if kind.each:
        into = _tables(kind.each.into, made) if kind.each.into else None
        table.each = (kind.each.types, into, kind.each.unread, None, frozenset())
    return table


_MADE: dict[Kind, _Table] = {}
_ROOT = _tables(ROOT, _MADE)


class Sweep:
    """One pass over a description and the parts of other files that it refers to.

    `book` holds what was found, `fragments` the parts that lie outside the tree of the main document, each with its
    file, pointer, value and kind. The other members are what rules note down for when everything was seen.
    """

    def __init__(self, root: Node, version: str) -> None:
        self.root = root
        self.library: Library = root.library
        self.file = root.file
        self.version = version
        self.book = FaultBook()
        self.fragments: list[tuple[SpecFile, str, Any, str]] = []
        self.composed: list[tuple[SpecFile, str]] = []
        self.unknown_required: list[tuple[SpecFile, Visit, list[str]]] = []
        self.security: list[tuple[SpecFile, Visit, list[Any]]] = []
        self.examples: list[tuple[Node, Node]] = []
        self.examples_seen = 0
        self.parts_looked_at = 0
        self.wrong_kinds: set[str] = set()  # pointers in the main document
        self._told: dict[SpecFile, set[str]] = {}
        self._parts_seen: set[int] = set()
        self._pointers_seen: dict[SpecFile, set[str]] = {}
        self._waiting: deque[tuple[SpecFile, str, Any, _Table]] = deque([(root.file, "", root.value, _ROOT)])
        self._files: set[SpecFile] = set()

    @property
    def swagger2(self) -> bool:
        """Whether the description is written in Swagger 2.0."""
        return self.version == "2.0"

    @property
    def modern(self) -> bool:
        """Whether schemas are those of JSON Schema 2020-12, as from OpenAPI 3.1 on."""
        return self.version not in ("2.0", "3.0")

    def tell(self, rule: str, what: str, visit: Visit, *steps: str | int) -> None:
        """Take down a fault in the file that is being looked at."""
        if self.book.room_for(rule):
            self.book.keep(Fault(rule, what, self.file, visit.pointer(*steps)))

    def run(self) -> Sweep:
        """Look at everything once."""
        while self._waiting:
            file, pointer, value, table = self._waiting.popleft()
            self.file = file
            if file not in self._files:
                self._files.add(file)
                self._look_at_file(file)
            if pointer or file is not self.root.file:
                if self._was_seen(file, pointer):
                    continue
                self.fragments.append((file, pointer, value, table.name))
            self._walk(Visit(value, None, pointer, table))
            self._parts_seen.add(id(value))
        return self

    def _was_seen(self, file: SpecFile, pointer: str) -> bool:
        """Whether this part, or one that it lies in, was looked at already; if not, it counts as seen from now on."""
        seen = self._pointers_seen.setdefault(file, set())
        around = pointer
        while around not in seen:
            if not around:
                seen.add(pointer)
                return False
            around = around.rpartition("/")[0]
        return True

    def _look_at_file(self, file: SpecFile) -> None:
        document = file.document
        if document.repaired_line is not None:
            what = "holds control characters, which were read as spaces"
            self.book.add(Fault("control-characters", what, file, "", document.repaired_line))
        for double in document.duplicates:
            key = shown(pointer_parts(double.pointer)[-1])
            what = f"the key '{key}' is given twice; only the last one counts"
            self.book.add(Fault("key-twice", what, file, double.pointer, double.line))

    def _walk(self, start: Visit) -> None:
        seen = self._parts_seen  # parts of other files that were referred to before what is around them
        stack = [start]
        while stack:
            visit = stack.pop()
            mark = len(stack)
            value = visit.value
            if seen and id(value) in seen:
                continue
            table: _Table = visit.kind
            if type(value) is dict:
                if "$ref" in value and type(value["$ref"]) is str:
                    self._reference(visit, value["$ref"], table)
                if table.each is None:
                    self._members(visit, value, table.rows, stack)
                else:
                    self._each(visit, value, table.each, stack)
            elif type(value) is list and table.each is not None:
                self._entries(visit, value, table.each, stack)
            if len(stack) - mark > 1:  # what stands first is looked at first
                stack[mark:] = stack[: mark - 1 : -1] if mark else stack[::-1]

    def _members(self, visit: Visit, value: dict[str, Any], rows: dict[str, _Row], stack: list[Visit]) -> None:
        for key, child in value.items():
            row = rows.get(key)
            if row is None:
                continue
            types, into, unread, look, ordinary = row
            if types and type(child) not in types:
                if child is not None:
                    self._wrong_kind(visit, key, types, unread)
                continue
            if into is not None and type(child) is not bool and type(child) is not str:
                stack.append(Visit(child, visit, key, into))
            if look is not None and (not ordinary or type(child) is not str or child not in ordinary):
                look(self, visit, key, child)

    def _each(self, visit: Visit, value: dict[str, Any], row: _Row, stack: list[Visit]) -> None:
        table: _Table = visit.kind
        types, into, unread, _, _ = row
        for key, child in value.items():
            if table.name in _WITH_EXTENSIONS and key.startswith("x-"):
                continue
            if table.is_path_map and not key.startswith("/"):
                self.tell("path-without-slash", "a path that does not start with a slash is not read", visit, key)
            if type(child) in types:
                if into is not None and type(child) is not bool:
                    stack.append(Visit(child, visit, key, into))
            elif child is not None and types and key != "$ref":
                self._wrong_kind(visit, key, types, unread)

    def _entries(self, visit: Visit, value: list[Any], row: _Row, stack: list[Visit]) -> None:
        types, into, unread, _, _ = row
        for index, child in enumerate(value):
            if type(child) in types:
                if into is not None and type(child) is not bool:
                    stack.append(Visit(child, visit, index, into))
            elif child is not None and types:
                self._wrong_kind(visit, index, types, unread)

    def _wrong_kind(self, visit: Visit, key: str | int, types: frozenset[type], unread: bool) -> None:
        words = " or ".join(word for kind, word in _KIND_WORDS.items() if kind in types)
        what = f"'{shown(key)}'" if isinstance(key, str) else f"entry {key + 1} of '{shown(visit.step)}'"
        rule = "part-unread" if unread else "wrong-kind"
        if self.book.room_for(rule):
            pointer = visit.pointer(key)
            if self.file is self.root.file:
                self.wrong_kinds.add(pointer)
            self.book.keep(Fault(rule, f"{what} should be {words}", self.file, pointer))

    def _reference(self, visit: Visit, reference: str, table: _Table) -> None:
        siblings = len(visit.value) > 1 and sibling_names(visit.value, table.name, self.modern)
        if siblings:
            self.tell("reference-siblings", f"beside a reference: {', '.join(siblings)}", visit, siblings[0])
        told = self._told.setdefault(self.file, set())
        if reference in told:
            return
        told.add(reference)
        node = Node(self.library, self.file, visit.value, "")
        followed = self.library.follow(node)
        reason = self.library.failures.get((self.file, reference))
        if reason is not None:
            short = reference[:_LONGEST_REFERENCE_SHOWN]
            self.tell(lost_reference(reason), f"the reference '{short}' {reason}", visit, "$ref")
        elif followed.file is not self.root.file or not followed.pointer.startswith(_IN_THE_TREE):
            self._look_into(reference, table)

    def _look_into(self, reference: str, table: _Table) -> None:
        """Look later at the part that a reference leads to; it may itself be a reference, so not at the end of it."""
        target = self.library.target(self.file, reference)
        if target is not None and isinstance(target.value, dict | list):
            self._waiting.append((target.file, target.pointer, target.value, table))


def reading_problems(sweep: Sweep) -> tuple[SpecProblem, ...]:
    """What could not be read as it is written; at most two hundred of those that leave a part unread, and of others."""
    faults = sweep.book.faults((*READING, *_REFERENCES))
    unread = [fault for fault in faults if fault.rule in UNREAD][:_MOST_PROBLEMS]
    others = [fault for fault in faults if fault.rule not in UNREAD][:_MOST_PROBLEMS]
    return tuple(SpecProblem(each.rule, each.what, each.evidence, each.rule in UNREAD) for each in (*unread, *others))


def is_whole(sweep: Sweep) -> bool:
    """Whether no part of the description had to be left unread."""
    return not any(sweep.book.counts[rule] for rule in UNREAD)
