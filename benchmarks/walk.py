"""Walking a long list page by page in a real audit: peak memory of the whole process, and seconds.

Run: .venv/bin/python benchmarks/walk.py [--records 200000] [--page 1000]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from measuring import compile_ahead, once
from serving import served_apart

CHECK = "operations.every-record-once"
KEY = "walking-key-0123456789"


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--page", type=int, default=1_000)
    wanted = parser.parse_args()
    compile_ahead()
    print("| records | found | pages | MB of evidence | s | MB of memory |")
    print("|---|---|---|---|---|---|")
    for records in dict.fromkeys((wanted.records // 10, wanted.records)):
        print(measured(records, wanted.page), flush=True)


def measured(records: int, page: int) -> str:
    """One line of the table: a whole audit of one check against a list of so many records."""
    make_vendor = partial(Vendor, records, page)
    with served_apart(make_vendor) as origin, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        seconds, megabytes = once(command(origin, Path(folder), out, page), right_codes=(0,))
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        finding = next(each for each in report["findings"] if each["check"] == CHECK)
        evidence = (out / "evidence.jsonl").stat().st_size / 1e6
    facts = finding["facts"]
    if finding["verdict"] != "met" or facts["records"] != records:
        raise RuntimeError(f"the walk did not come to its end: {finding['summary']}")
    found = f"{facts['records']:.0f} | {facts['pages']:.0f} | {evidence:.0f}"
    return f"| {records} | {found} | {seconds:.1f} | {megabytes:.0f} |"


def command(origin: str, folder: Path, out: Path, page: int) -> list[str]:
    """The command that audits the vendor at this origin with one check, as fast as it answers."""
    (folder / "openapi.json").write_text(json.dumps(description(origin, page)), encoding="utf-8")
    (folder / "vendor.yaml").write_text(
        f"vendor: Long lists\nspec: openapi.json\nbase_url: {origin}/api\nenvironment: sandbox\n"
        f"credentials: {{main: {{type: api-key, in: header, name: X-Key, value: {KEY}}}}}\n"
        "budget: {requests: 2000, per_second: 1000, seconds: 600}\n",
        encoding="utf-8",
    )
    program = str(Path(sys.executable).with_name("cmms-audit"))
    return [program, "run", str(folder / "vendor.yaml"), "--only", CHECK, "--quiet", "--out", str(out)]


class Vendor:
    """An ASGI application with one long list of work orders."""

    def __init__(self, records: int, largest_page: int) -> None:
        self._records = records
        self._largest_page = largest_page

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the start of the server, and pages of the list."""
        if scope["type"] == "lifespan":
            while (message := await receive())["type"].startswith("lifespan."):
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        asked = dict(parse_qsl(scope["query_string"].decode("ascii")))
        body = self._page(int(asked.get("offset", 0)), min(int(asked.get("limit", 100)), self._largest_page))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _page(self, start: int, size: int) -> bytes:
        numbers = range(start, min(start + size, self._records))
        return json.dumps({"total": self._records, "items": [record(number) for number in numbers]}).encode()


def record(number: int) -> dict[str, Any]:
    """A work order of some 200 bytes."""
    return {
        "id": f"WO-{number:07}",
        "title": f"Inspect the bearing of pump {number % 977} in hall {number % 13}",
        "status": ("open", "done", "waiting")[number % 3],
        "priority": number % 4 + 1,
        "site_id": f"S-{number % 31}",
        "updated_at": f"2026-01-{number % 28 + 1:02}T08:00:00Z",
    }


def description(origin: str, largest_page: int) -> dict[str, Any]:
    """The vendor's OpenAPI document."""
    fields = {name: {"type": "integer" if name == "priority" else "string"} for name in record(1)}
    schema = {"type": "object", "properties": fields}
    page = {"type": "object", "properties": {"total": {"type": "integer"}, "items": {"type": "array", "items": schema}}}
    number = {"type": "integer", "minimum": 0}
    parameters = [
        {"name": "offset", "in": "query", "schema": number},
        {"name": "limit", "in": "query", "schema": {**number, "default": 100, "maximum": largest_page}},
    ]
    answer = {"description": "A page.", "content": {"application/json": {"schema": page}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Long lists", "version": "1.0"},
        "servers": [{"url": f"{origin}/api"}],
        "security": [{"key": []}],
        "paths": {"/work-orders": {"get": {"parameters": parameters, "responses": {"200": answer}}}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    }


if __name__ == "__main__":
    main()
