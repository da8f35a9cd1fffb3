"""The report as JSON text: the same report gives the same bytes, and no character in it can steer a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from cmms_audit.patterns import pattern

_INVISIBLE = pattern(
    "[\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)


def render_json(report: Mapping[str, Any]) -> str:
    """The report as text, indented by two blanks, ending in a line feed.

    Control, bidirectional and zero-width characters are written as escapes, so that they are visible to a reader
    and unharmed for a program. Raises ValueError for a number that JSON does not have (infinity, not a number).
    """
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return _INVISIBLE.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
