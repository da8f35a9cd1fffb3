"""`cmms-audit spec-diff` as a user or a CI job calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cmms_audit.cli.spec_diff import Gate, _gate
from cmms_audit.folders import schemas_folder
from cmms_audit.reports.spec_diff.document import build, left_out_words, version_words
from cmms_audit.spec_diff import compare
from tests.cli.process import SMALL_SPEC, cmms_audit
from tests.spec_diff.pairs import NUMBER, TEXT, Document, a_spec, document, getting, posting, record, shared

BREAKING = SMALL_SPEC.replace("title: {type: string}", "title: {type: integer}")
RISKY = SMALL_SPEC.replace("status: {type: string}}", "status: {type: string, enum: [open, closed]}}")
RISKIER = RISKY.replace("[open, closed]", "[open, closed, paused]")


def files(folder: Path, old: str | Document, new: str | Document) -> tuple[str, str]:
    for name, content in (("old.yaml", old), ("new.yaml", new)):
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return "old.yaml", "new.yaml"


def report(folder: Path, old: str | Document, new: str | Document) -> dict[str, Any]:
    done = cmms_audit("spec-diff", *files(folder, old, new), "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_the_text_says_the_sum_first_and_both_places(tmp_path: Path) -> None:
    done = cmms_audit("spec-diff", *files(tmp_path, SMALL_SPEC, BREAKING), cwd=tmp_path)

    assert done.returncode == 0
    assert not done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[:5] == [
        "Small CMMS",
        "version 1.0, unchanged",
        "old.yaml → new.yaml",
        "",
        "1 change breaks integrations that work today, and no new version says so: both documents call themselves"
        " version 1.0.",
    ]
    assert re.search(r"old\.yaml:14 → new\.yaml:14; touches GET /work-orders", done.stdout)


def test_the_json_is_what_its_published_schema_says(tmp_path: Path) -> None:
    old, new = shared(record(a=TEXT, b=TEXT), written=True), shared(record(a=NUMBER), written=True)

    made = report(tmp_path, old, {**new, "info": {"title": "Toy", "version": "2"}})

    jsonschema.validate(made, json.loads((schemas_folder() / "spec-diff.schema.json").read_text()))
    assert made["counts"] == {"breaking": 2, "risky": 0, "compatible": 0}
    assert (made["same_version"], made["breaks_silently"]) == (False, False)
    assert [(each["kind"], each["subject"], each["direction"]) for each in made["changes"]] == [
        ("type-changed", "schema Order.a", "both"),
        ("field-removed", "schema Order.b", "both"),
    ]
    assert made["changes"][1]["new"] is None
    line = 1 + (tmp_path / "old.yaml").read_text().split('"b": {')[0].count("\n")
    assert (made["changes"][1]["old"]["file"], made["changes"][1]["old"]["line"]) == ("old.yaml", line)


def test_a_terminal_without_other_letters_gets_plain_ones(tmp_path: Path) -> None:
    environ = {"PYTHONIOENCODING": "ascii", "COLUMNS": "60"}

    done = cmms_audit("spec-diff", *files(tmp_path, SMALL_SPEC, BREAKING), cwd=tmp_path, environ=environ)

    assert done.returncode == 0
    assert "old.yaml -> new.yaml" in done.stdout
    assert done.stdout.isascii()
    assert all(len(line) <= 60 and line == line.rstrip() for line in done.stdout.splitlines())


def test_the_schema_is_published(tmp_path: Path) -> None:
    assert json.loads(cmms_audit("schema", "spec-diff", cwd=tmp_path).stdout)["properties"]["schema_version"]


def test_the_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    sources = files(tmp_path, SMALL_SPEC, BREAKING)
    for form in ("json", "md", "html", "text"):
        one, other = (cmms_audit("spec-diff", *sources, "--format", form, cwd=tmp_path).stdout for _ in range(2))
        assert one == other
        assert one


@pytest.mark.parametrize(
    ("old", "new", "gate", "code"),
    [
        (SMALL_SPEC, BREAKING, "breaking", 1),
        (SMALL_SPEC, BREAKING, "risky", 1),
        (RISKY, RISKIER, "breaking", 0),
        (RISKY, RISKIER, "risky", 1),
        (SMALL_SPEC, SMALL_SPEC, "risky", 0),
    ],
    ids=["broken", "worse than risky", "risky is not breaking", "risky", "nothing"],
)
def test_a_gate_fails_on_what_it_names_or_worse(tmp_path: Path, old: str, new: str, gate: str, code: int) -> None:
    done = cmms_audit("spec-diff", *files(tmp_path, old, new), "--fail-on", gate, cwd=tmp_path)

    assert done.returncode == code
    assert ("gate failed" in done.stderr) == bool(code)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing.yaml", "new.yaml"), "missing.yaml: there is no such file"),
        (("page.html", "new.yaml"), "page.html: it is no API description: it is a web page"),
        (("new.yaml", "other.yaml"), "other.yaml: is not an API description"),
        (("https://vendor.example/openapi.json", "new.yaml"), "download it"),
        (("new.yaml", "new.yaml", "--format", "pdf"), "pdf"),
        (("new.yaml", "new.yaml", "--json", "--format", "md"), "name one of them"),
        (("new.yaml", "new.yaml", "--out", "none/x.md"), "there is no such folder"),
        (("new.yaml", "new.yaml", "--out", "new.yaml"), "this is one of the two documents"),
        (("new.yaml", "new.yaml", "--out", "."), "this is a folder"),
        (("new.yaml",), "NEW"),
    ],
    ids=[
        "missing",
        "a page",
        "other YAML",
        "an address",
        "a format",
        "two formats",
        "a folder",
        "a source",
        "here",
        "one",
    ],
)
def test_wrong_input_ends_with_2_and_says_what_to_do(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    files(tmp_path, SMALL_SPEC, SMALL_SPEC)
    (tmp_path / "page.html").write_text("<!doctype html><html><body><h1>Our API</h1></body></html>")
    (tmp_path / "other.yaml").write_text("some: yaml\n")

    done = cmms_audit("spec-diff", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    assert (tmp_path / "new.yaml").read_text() == SMALL_SPEC


@pytest.mark.parametrize(
    ("name", "start"), [("d.json", "{"), ("d.md", "# "), ("d.html", "<!DOCTYPE"), ("d.txt", "Small")]
)
def test_a_file_is_written_in_the_format_that_its_name_says(tmp_path: Path, name: str, start: str) -> None:
    done = cmms_audit("spec-diff", *files(tmp_path, SMALL_SPEC, BREAKING), "--out", name, cwd=tmp_path)

    assert done.returncode == 0
    assert not done.stdout
    assert f"{name} is written" in done.stderr
    assert (tmp_path / name).read_text().startswith(start)


HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m|`*_[x](http://evil.example)@everyone"


def test_hostile_names_stay_text_in_every_format(tmp_path: Path) -> None:
    old = getting(record(**{HOSTILE: {**TEXT, "enum": [HOSTILE]}}), operationId=HOSTILE)
    new = getting(record(**{HOSTILE: {**TEXT, "enum": [HOSTILE, HOSTILE * 2]}, f"{HOSTILE}{{0}}{{what}}": TEXT}))
    sources = files(tmp_path, old, {**new, "info": {"title": HOSTILE, "version": HOSTILE}})

    shown = {
        form: cmms_audit("spec-diff", *sources, "--format", form, cwd=tmp_path)
        for form in ("text", "json", "md", "html")
    }

    for form, done in shown.items():
        assert done.returncode == 0, (form, done.stderr)
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
    assert "<script>" not in shown["html"].stdout
    assert "<script>" not in shown["md"].stdout
    assert not re.search(r"(?<!\\)\]\(http", shown["md"].stdout)


def test_the_page_loads_nothing_and_follows_the_reader(tmp_path: Path) -> None:
    page = cmms_audit(
        "spec-diff", *files(tmp_path, RISKY, RISKIER.replace("string}, title", "integer}, title")), "--format", "html",
        cwd=tmp_path,
    ).stdout  # fmt: skip

    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)|@import|url\(\s*[\"']?(?!#)", page)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert {"sum", "breaking", "risky"} <= set(re.findall(r'<section id="(\w+)"', page))
    assert "old.yaml:14" in page


def test_a_place_in_another_file_is_named_with_that_file(tmp_path: Path) -> None:
    for name, kind in (("old", "string"), ("new", "integer")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "order.yaml").write_text(f"type: object\nproperties:\n  a: {{type: {kind}}}\n")
        main = json.dumps(getting({"$ref": "order.yaml"}))
        (tmp_path / name / "api.json").write_text(main)

    done = cmms_audit("spec-diff", "old/api.json", "new/api.json", "--json", cwd=tmp_path)

    (change,) = json.loads(done.stdout)["changes"]
    assert (change["kind"], change["subject"]) == ("type-changed", 'schema "order.yaml".a')
    assert change["old"] == {"file": "old/order.yaml", "line": 3, "pointer": "/properties/a"}
    assert change["new"]["file"] == "new/order.yaml"


@pytest.mark.parametrize("form", ["text", "md", "html"])
def test_both_places_are_told_with_file_and_line(tmp_path: Path, form: str) -> None:
    for name, kind in (("old", "string"), ("new", "integer")):
        (tmp_path / name / "parts").mkdir(parents=True)
        (tmp_path / name / "parts" / "order.yaml").write_text(f"type: object\nproperties:\n  a: {{type: {kind}}}\n")
        (tmp_path / name / "api.json").write_text(json.dumps(getting({"$ref": "parts/order.yaml"})))

    told = cmms_audit("spec-diff", "old/api.json", "new/api.json", "--format", form, cwd=tmp_path).stdout

    assert "old/parts/order.yaml:3" in told
    assert "new/parts/order.yaml:3" in told


def test_names_of_the_vendor_keep_their_letters(tmp_path: Path) -> None:
    made = files(tmp_path, posting(record(title=TEXT)), posting(record(("title",), title=TEXT)))

    for form in ("text", "md", "html"):
        told = cmms_audit("spec-diff", *made, "--format", form, cwd=tmp_path).stdout
        assert "From now on title must be sent." in told
        assert "Title" not in told


def test_one_is_counted_as_one(tmp_path: Path) -> None:
    compatible = getting(record(a=TEXT, b=TEXT))
    made = files(tmp_path, getting(record(a=TEXT)), compatible)
    assert "1 change that needs no action" in cmms_audit("spec-diff", *made, "--format", "html", cwd=tmp_path).stdout

    made = files(tmp_path, compatible, getting(record(a=TEXT)))
    told = cmms_audit("spec-diff", *made, "--fail-on", "breaking", cwd=tmp_path).stderr
    assert told == "gate failed: 1 change is breaking\n"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("", "", "neither document has a version"),
        ("1", "1", "version 1, unchanged"),
        ("", "2", "version none → 2"),
        ("1", "2", "version 1 → 2"),
    ],
)
def test_the_versions_stand_side_by_side(old: str, new: str, says: str) -> None:
    assert version_words({"old": {"version": old}, "new": {"version": new}}) == says


@pytest.mark.parametrize(
    ("left_out", "unseen", "says"),
    [
        (0, 0, ""),
        (1, 0, "1 further change is left out: too many to list"),
        (1200, 7, "1,200 further changes are left out: too many to list; 7 places were not compared: "),
    ],
)
def test_what_is_left_out_is_counted(left_out: int, unseen: int, says: str) -> None:
    words = left_out_words({"left_out": left_out, "unseen": unseen})

    assert words.startswith(says)
    assert bool(words) == bool(says)


def test_a_comparison_in_part_says_so_and_holds_no_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.spec_diff.schemas._MOST_PAIRS", 1)
    old, new = (a_spec(getting(record(a=TEXT, b=each))) for each in (TEXT, NUMBER))

    made = build(compare(old, new), tool_version="1")

    assert made["unseen"]
    assert "Only part" in made["summary"]
    assert _gate(made, Gate.BREAKING) == 1


def test_harmless_changes_crowd_out_no_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.spec_diff.ledger._MOST_NOTES", 5)
    old = getting(record(z=TEXT))
    new = getting(record(z=NUMBER, **{f"a{number}": TEXT for number in range(50)}))

    found = compare(a_spec(old), a_spec(new))

    assert [change.subject for change in found.breaking] == ["GET /orders 200 z"]
    assert found.left_out
    assert not found.unseen


def test_nothing_heavy_is_loaded_for_the_text(tmp_path: Path) -> None:
    import subprocess
    import sys

    sources = files(tmp_path, SMALL_SPEC, BREAKING)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cmms_audit", "spec-diff", *sources],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert not imported & {"httpx", "jinja2", "jsonschema", "starlette", "uvicorn", "asyncio", "keyring"}


def test_an_unchanged_api_is_called_so(tmp_path: Path) -> None:
    made = report(tmp_path, document({}), document({}))

    assert (made["summary"], made["changes"]) == ("The two documents describe the same API.", [])
