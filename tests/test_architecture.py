"""The floors of ARCHITECTURE.md: an arrow between modules points down, and some rooms have doors for one only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmms_audit.folders import checks_folder
from tests.support import REPOSITORY, battery

PACKAGE = REPOSITORY / "cmms_audit"

# From the top floor to the ground; modules named together share a floor and may know each other.
FLOORS = (
    ("cli", "__main__"),
    ("conclude",),
    ("live", "replay", "leftovers"),
    ("minutes", "recorded_order", "audit", "first_contact", "hollow", "intake"),
    ("reports",),
    ("scoring", "capacity"),
    ("battery",),
    ("documentation",),
    ("events",),
    ("own_records", "own_removal", "own_search", "own_trials", "sample_bodies", "clean_up"),
    ("api",),
    ("wire", "webhooks"),
    ("mapping", "paging", "permissions", "spec_diff"),
    ("guide", "guide_rules", "spec", "vendor", "vendor_rules", "credential_rules"),
    ("dialect", "credentials", "tls"),
    ("secrets",),
    ("documents",),
    ("model", "errors", "addresses", "folders", "patterns", "webpage"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> Iterator[Path]:
    yield from (path for path in PACKAGE.rglob("*.py") if "data" not in path.relative_to(PACKAGE).parts[:1])


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def rooms(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("cmms_audit.") and name.count(".") >= 1}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_arrows_point_down(path: Path) -> None:
    room = room_of(path)
    if room in ("sandbox", "__init__"):
        return
    assert room in FLOOR_OF, f"{room} has no floor; give it one in ARCHITECTURE.md and here"
    upward = {other for other in rooms(imports(path)) if other in FLOOR_OF and FLOOR_OF[other] < FLOOR_OF[room]}
    assert not upward


def test_the_embedded_vendors_and_the_auditor_do_not_know_each_other() -> None:
    for path in modules():
        known = rooms(imports(path))
        if room_of(path) == "sandbox":
            assert known <= {"sandbox"}, path
        elif path.relative_to(PACKAGE).as_posix() != "cli/vendors.py":
            assert "sandbox" not in known, path


def test_only_the_transport_knows_the_http_client() -> None:
    users = {path.relative_to(PACKAGE).as_posix() for path in modules() if "httpcore" in imports(path)}
    assert users == {"wire/transport.py", "wire/network.py", "wire/failures.py"}


def test_checks_see_the_batterys_public_face_and_the_model_only() -> None:
    for path in checks_folder().rglob("*.py"):
        foreign = {name for name in imports(path) if name.startswith("cmms_audit")} - {"cmms_audit"}
        beside = {name for name in foreign if not re.match(r"cmms_audit\.(battery|model)(\.[A-Za-z_]\w*)?$", name)}
        assert not beside, path
        assert not any(
            re.match(r"cmms_audit\.battery\.(check|context|engine|plan|discover)\.", name) for name in foreign
        )


def test_nothing_in_the_package_names_a_check() -> None:
    ids = set(battery()) - set(_question_ids())
    for path in modules():
        if room_of(path) in ("sandbox", "data"):
            continue
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not strings & ids, path


def test_no_module_grows_past_four_hundred_lines() -> None:
    long = {
        path.relative_to(REPOSITORY).as_posix(): count
        for path in (*modules(), *checks_folder().rglob("*.py"))
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def _question_ids() -> Iterator[str]:
    yield from (each.question for each in battery().values())
