"""`cmms-audit` as it is, that besides notes every wait that a check asks for: who, when, how long; a JSON line each.

Run: .venv/bin/python benchmarks/noting_sleeps.py FILE ARGUMENTS-OF-CMMS-AUDIT...
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cmms_audit.cli.main import entry
from cmms_audit.wire.dialogue import AskedClock

_sleep = AskedClock.sleep


def main() -> None:
    """Run the command line, noting waits."""
    notes = Path(sys.argv[1])

    async def noted(clock: AskedClock, seconds: float) -> None:
        _note(notes, {"owner": clock._owner, "started": datetime.now(UTC).isoformat(), "elapsed": seconds})
        await _sleep(clock, seconds)

    AskedClock.sleep = noted  # type: ignore[method-assign]
    entry(sys.argv[2:])


def _note(notes: Path, wait: dict[str, Any]) -> None:
    with notes.open("a", encoding="utf-8") as file:
        file.write(json.dumps(wait) + "\n")


if __name__ == "__main__":
    main()
