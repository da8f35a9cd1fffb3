"""Templates are compiled once, and a folder that holds rubbish or may not be written changes nothing but the time."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment

from cmms_audit.reports.html import _made_environment, compile_templates
from cmms_audit.reports.html.compiled import CompiledTemplates


def names(environment: Environment) -> list[str]:
    return [environment.get_template(name).name or "" for name in ("report.html.j2", "facts.html.j2")]


def test_a_template_that_was_compiled_is_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_templates(tmp_path)
    environment = _made_environment(False, CompiledTemplates(tmp_path, writes=False))
    monkeypatch.setattr(environment, "compile", lambda *_, **__: pytest.fail("was compiled again"))

    assert names(environment) == ["report.html.j2", "facts.html.j2"]


def test_rubbish_among_the_compiled_templates_is_passed_over(tmp_path: Path) -> None:
    compile_templates(tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:40])

    assert names(_made_environment(False, CompiledTemplates(tmp_path, writes=False)))


def test_nothing_is_written_where_python_writes_nothing(tmp_path: Path) -> None:
    names(_made_environment(False, CompiledTemplates(tmp_path, writes=False)))

    assert list(tmp_path.iterdir()) == []
