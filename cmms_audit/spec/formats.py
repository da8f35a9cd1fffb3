"""The languages that an API description may be written in, and what each of them can tell of an API at all.

A language that has no words for rate limits says nothing by its silence on them; only OpenAPI has words for everything.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Format = Literal["openapi", "swagger", "postman", "odata"]

# Questions of the guide, or whole groups of them, on which the silence of a document counts as an answer.
_SILENCE_COUNTS: dict[Format, frozenset[str]] = {
    # A collection holds examples of calls; nothing in it says that there are no others.
    "postman": frozenset(),
    # Metadata lists every field of its records, and pages by the rules of its protocol; a vendor has many services.
    "odata": frozenset({"data.documented", "data.hierarchy", "operations.pagination"}),
}
_NAMES = {"openapi": "OpenAPI", "swagger": "Swagger", "postman": "Postman collection"}


class WrittenIn(Struct, frozen=True):
    """What a document was written in before it was read: the language, its version, and how much was found in it.

    `holds` is in plain words ("examples of 34 calls"); empty for OpenAPI and Swagger, which need no conversion.
    """

    format: Format
    version: str
    holds: str = ""

    @property
    def name(self) -> str:
        """The language with its version, as people write it."""
        if self.format == "odata":
            return f"OData {self.version} metadata"
        return f"{_NAMES[self.format]} {self.version[:20]}".rstrip()

    @property
    def converted(self) -> bool:
        """Whether it was turned into OpenAPI by us, so that what is wrong by OpenAPI's rules is not the vendor's."""
        return self.format in _SILENCE_COUNTS

    def tells(self, subject: str) -> bool:
        """Whether silence on a subject, a question id or the group before its dot, says that there is no such thing."""
        if self.format not in _SILENCE_COUNTS:
            return True
        counts = _SILENCE_COUNTS[self.format]
        return subject in counts or subject.partition(".")[0] in counts
