"""Where the shipped battery and profiles are: beside the package in a repository, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def checks_folder() -> Path:
    """The folder of the shipped battery, one folder a group."""
    return _shipped("checks")


def profiles_folder() -> Path:
    """The folder that holds `dialects/` and `scenarios/`."""
    return _shipped("profiles")


def schemas_folder() -> Path:
    """The folder of the published JSON Schemas."""
    return _PACKAGE / "schemas"


def _shipped(name: str) -> Path:
    inside = _PACKAGE / "data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
