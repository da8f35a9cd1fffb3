"""Finds checks by reading a folder: one folder a group, one file a question; a user's own no less than the shipped.

Each folder is loaded as a package of its own name, so that two batteries never overwrite each other and files of one
group can share a helper (`from ._tokens import ...`). A file whose name begins with an underscore holds no checks.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import types
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from cmms_audit.battery.check import Check
from cmms_audit.documents import nearest
from cmms_audit.errors import InputError, Problem

ENTRY_POINT_GROUP = "cmms_audit.checks"


def discover(folders: Sequence[Path], *, questions: Iterable[str]) -> tuple[Check, ...]:
    """Every check of these folders, in the order of their ids.

    Raises InputError naming the file where one cannot be loaded, names an unknown question, or repeats an id.
    """
    known_questions = set(questions)
    found: dict[str, tuple[Check, Path]] = {}
    problems: list[Problem] = []
    for folder in folders:
        for path in _check_files(folder):
            for each in _checks_in(folder, path, problems):
                problems.extend(_declaration_problems(each, path, known_questions, found))
                found.setdefault(each.id, (each, path))
    if problems:
        raise InputError(*problems)
    return tuple(each for _, (each, _) in sorted(found.items()))


@cache
def installed_folders() -> tuple[Path, ...]:
    """Check folders that installed distributions offer through the entry-point group `cmms_audit.checks`.

    An entry point names a package; its own folder is the check folder.
    """
    folders = []
    for point in entry_points(group=ENTRY_POINT_GROUP):
        location = importlib.util.find_spec(point.value)
        if location and location.submodule_search_locations:
            folders.append(Path(next(iter(location.submodule_search_locations))))
    return tuple(sorted(folders))


def battery_sha256(folders: Sequence[Path]) -> str:
    """A hash over every file of the battery, so that a report can say which battery judged."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml"}:
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _check_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(
            Problem(str(folder), "there is no such folder of checks", "name a folder that holds group folders")
        )
    return sorted(path for path in folder.glob("*/*.py") if not path.name.startswith("_"))


def _checks_in(folder: Path, path: Path, problems: list[Problem]) -> list[Check]:
    try:
        module = _load(folder, path)
    except Exception as error:  # a user's file may fail in any way; it is named, not guessed at
        problems.append(Problem(str(path), f"this check file cannot be loaded: {type(error).__name__}: {error}"))
        return []
    return [value for value in vars(module).values() if isinstance(value, Check)]


def _load(folder: Path, path: Path) -> types.ModuleType:
    battery = "cmms_audit_battery_" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    group = f"{battery}.{path.parent.name}"
    _ensure_package(battery, folder)
    _ensure_package(group, path.parent)
    return importlib.import_module(f"{group}.{path.stem}")


def _ensure_package(name: str, folder: Path) -> None:
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def _declaration_problems(
    declared: Check, path: Path, questions: set[str], found: dict[str, tuple[Check, Path]]
) -> list[Problem]:
    problems = []
    if declared.question not in questions:
        right = nearest(declared.question, questions)
        problems.append(
            Problem(
                str(path),
                f"check {declared.id} names an unknown question {declared.question!r}",
                f"did you mean {right}?" if right else "",
            )
        )
    if declared.id in found and found[declared.id][0] is not declared:
        problems.append(Problem(str(path), f"check id {declared.id} is already taken by {found[declared.id][1]}"))
    return problems
