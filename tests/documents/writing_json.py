"""A writer of JSON that varies the white space at random, and notes what it wrote at which line."""

from __future__ import annotations

import json
from typing import Any

from cmms_audit.documents import pointer_join
from tests.documents.writing import Writer


class JsonWriter(Writer):
    """Writes a value as JSON with white space of any kind between its parts."""

    def document(self, value: Any) -> Any:
        self.space()
        self.lines[""] = self.line
        self.value(value, "")
        self.space()
        return value

    def space(self) -> None:
        if self.often():
            self.text += "".join(self.chance.choices(" \n\t", k=self.chance.randint(0, 4)))

    def value(self, value: Any, pointer: str) -> None:
        if isinstance(value, dict):
            self.members(list(value.items()), pointer, "{}")
        elif isinstance(value, list):
            self.members(list(enumerate(value)), pointer, "[]")
        else:
            self.text += json.dumps(value, ensure_ascii=self.often())

    def members(self, members: list[tuple[Any, Any]], pointer: str, brackets: str) -> None:
        self.text += brackets[0]
        if brackets == "{}" and members and self.rarely():
            members.insert(0, (members[-1][0], [{"an": "earlier"}, "value"]))
        seen = set()
        for number, (step, inner) in enumerate(members):
            self.text += "," if number else ""
            self.space()
            place = pointer_join(pointer, step)
            if step in seen:
                self.forget(place)
                self.again.append((place, self.line))
            seen.add(step)
            self.lines[place] = self.line
            if brackets == "{}":
                self.text += json.dumps(step, ensure_ascii=self.often())
                self.space()
                self.text += ":"
                self.space()
            self.value(inner, place)
            self.space()
        self.text += brackets[1]
