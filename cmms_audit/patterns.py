"""Regular expressions that are compiled when they are first used.

The battery and the readers know some three hundred, of which a run uses less than half; compiling all took a tenth
of the time of an offline audit of a small document.
"""

from __future__ import annotations

import re
from typing import Any, cast


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` would give, compiled later. A text that is no regular expression is found out at first use."""
    return cast("re.Pattern[str]", _Later(text, flags))


class _Later:
    def __init__(self, text: str, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Compile, and keep the methods, so that each costs no more than that of a compiled pattern."""
        compiled = re.compile(self.pattern, self._flags)
        for method in ("search", "match", "fullmatch", "finditer", "findall", "split", "sub"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
