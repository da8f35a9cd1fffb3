"""XML text to a tree of plain elements that know their lines. No document type, no entities of its own, no fetching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.parsers import expat

from msgspec import Struct, field

from cmms_audit.documents.limits import DEFAULT_LIMITS, Limits
from cmms_audit.errors import InputError, Problem

_LONGEST_VALUE = 1_000_000  # characters of one attribute
_BEFORE_THE_START = "\ufeff \t\r\n"


class XmlElement(Struct, eq=False):
    """An element. Names are without their prefix; of two attributes that differ in it only, the one without counts."""

    name: str
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[XmlElement] = field(default_factory=list)
    text: str = ""

    def get(self, attribute: str) -> str:
        """The value of an attribute; empty where it is missing."""
        return self.attributes.get(attribute, "")

    def all(self, name: str) -> Iterator[XmlElement]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> XmlElement | None:
        """The first child of that name."""
        return next(self.all(name), None)


def parse_xml(text: str, source: str, *, limits: Limits = DEFAULT_LIMITS) -> XmlElement:
    """The root element of an XML text; `source` names it in messages.

    Raises InputError, with the line, where the text is not well-formed, has a document type (DOCTYPE), or is over a
    limit.
    """
    return _Builder(source, limits).build(text)


class _Builder:
    """Takes the events of one text."""

    def __init__(self, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._left = limits.nodes
        self._open: list[XmlElement] = []
        self._texts: list[list[str]] = []
        self._root: XmlElement | None = None
        self._lines_before = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def build(self, text: str) -> XmlElement:
        start = text.lstrip(_BEFORE_THE_START)
        self._lines_before = text[: len(text) - len(start)].count("\n")
        try:
            self._parser.Parse(start, True)
        except expat.ExpatError as error:
            what = f"is not well-formed XML: {expat.ErrorString(error.code)}"
            where = f"{self._source}:{error.lineno + self._lines_before}"
            raise InputError(Problem(where, what, f"look at column {error.offset + 1}")) from None
        except UnicodeEncodeError:
            raise InputError(Problem(self._source, "holds half characters, which no XML may")) from None
        if self._root is None:
            raise InputError(Problem(self._source, "holds no XML element"))
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1 + len(attributes)
        if self._left < 0:
            raise self._refused(f"more than {self._limits.nodes:,} values")
        if len(self._open) >= self._limits.depth:
            raise self._refused(f"nested more than {self._limits.depth} levels deep")
        if attributes and max(map(len, attributes.values())) > _LONGEST_VALUE:
            raise self._refused(f"an attribute of more than {_LONGEST_VALUE:,} characters")
        element = XmlElement(_local(name), self._line(), _without_prefixes(attributes))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def _characters(self, characters: str) -> None:
        self._texts[-1].append(characters)

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._refused("has a document type (DOCTYPE), which could define texts without end")

    def _refused(self, what: str) -> InputError:
        return InputError(Problem(f"{self._source}:{self._line()}", what, "such a document is not read"))

    def _line(self) -> int:
        return self._parser.CurrentLineNumber + self._lines_before


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _without_prefixes(attributes: dict[str, str]) -> dict[str, str]:
    with_prefix = {_local(name): value for name, value in attributes.items() if ":" in name}
    return {**with_prefix, **attributes} if with_prefix else attributes
