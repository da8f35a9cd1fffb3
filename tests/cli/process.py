"""Runs the command line as a process, as a user or a CI job does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

SMALL_SPEC = """\
openapi: 3.0.3
info: {title: Small CMMS, version: "1.0"}
servers: [{url: "https://sandbox.small.example/api/v1"}]
paths:
  /work-orders:
    get:
      parameters: [{name: limit, in: query, schema: {type: integer, maximum: 100}}]
      responses:
        "200":
          description: Work orders
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/WorkOrder"}}}}
components:
  schemas:
    WorkOrder: {type: object, properties: {id: {type: string}, title: {type: string}, status: {type: string}}}
"""


def cmms_audit(
    *arguments: str | Path, cwd: Path, environ: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `cmms-audit` with these arguments; never raises for its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "cmms_audit", *map(str, arguments)],
        cwd=cwd,
        env={**environment(cwd), **(environ or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def vendor_file(folder: Path, document: str = SMALL_SPEC, **members: object) -> Path:
    """A small vendor file with its `document` beside it; `members` replace or add top-level keys (None removes)."""
    (folder / "openapi.yaml").write_text(document, encoding="utf-8")
    content = {
        "vendor": "Small CMMS",
        "spec": "openapi.yaml",
        "base_url": "http://127.0.0.1:9/api/v1",
        "credentials": {"main": {"type": "api-key", "in": "header", "name": "X-Api-Key", "value": "${SMALL_KEY}"}},
        **members,
    }
    path = folder / "vendor.yaml"
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(yaml.safe_dump(kept, sort_keys=False), encoding="utf-8")
    return path


def environment(home: Path) -> dict[str, str]:
    """What a process is given of the environment: nothing of the user but where programs are."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "VIRTUAL_ENV", "PYTHONPATH")}
    return {**kept, "HOME": str(home), "SMALL_KEY": "small-secret-key-1", "NO_COLOR": "1", "COLUMNS": "120"}
