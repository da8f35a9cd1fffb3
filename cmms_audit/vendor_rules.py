"""What a vendor file may not say, beyond its schema: each rule names the lines that break it.

The rules take the file as it is, well formed or not, so that every problem of a file can be reported at once.
What has the wrong type is left to the schema, the credentials to `credential_rules`, what a secret resolves to, to
`secrets`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from msgspec import Struct

from cmms_audit.addresses import parse_address, parse_bind
from cmms_audit.documents import Document, nearest, pointer_join
from cmms_audit.errors import Problem
from cmms_audit.patterns import pattern

SECRET_FIELDS = ("value", "token", "username", "password", "client_id", "client_secret")
OTHER_SECRETS = (("webhooks", "secret"), ("tls", "password"))
WAIVER_KINDS: tuple[Literal["question", "flag", "fingerprint"], ...] = ("question", "flag", "fingerprint")
NO_SPEC = "none"
AUTO_DIALECT = "auto"

_LARGEST_NUMBER = 2**63
_LONGEST_QUOTE = 60
_MOST_NAMES_SHOWN = 12
_API_PATH = pattern(r"/(?:[^\s/\\?#][^\s\\?#]*)?")
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_PROSE = frozenset({"reason", "note", "sample"})

Keys = tuple[str | int, ...]


class Known(Struct, frozen=True):
    """The ids and names that a vendor file may use."""

    questions: Collection[str]
    flags: Collection[str]
    dialects: Collection[str]
    scenarios: Collection[str]


class VendorText(Struct, frozen=True):
    """A parsed vendor file that may be malformed. The paths it names may lead into `folders` only."""

    document: Document
    folders: tuple[Path, ...]

    def get(self, *keys: str | int) -> Any:
        """What stands there; None where nothing does."""
        value = self.document.value
        for key in keys:
            if isinstance(value, list) and isinstance(key, int):
                value = value[key] if key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *keys: str | int) -> str | None:
        """The text that stands there; None where there is none."""
        value = self.get(*keys)
        return value if isinstance(value, str) else None

    def members(self, *keys: str | int) -> dict[str, Any]:
        """The mapping that stands there; an empty one where there is none."""
        value = self.get(*keys)
        return value if isinstance(value, dict) else {}

    def items(self, *keys: str | int) -> list[Any]:
        """The list that stands there; an empty one where there is none."""
        value = self.get(*keys)
        return value if isinstance(value, list) else []

    def line(self, *keys: str | int) -> int | None:
        """The line of what stands there, or else of the nearest thing around it."""
        lines = (self.document.line(pointer_join("", *keys[:length])) for length in range(len(keys), -1, -1))
        return next((line for line in lines if line is not None), None)

    def where(self, *keys: str | int) -> str:
        """The same as "file:line", for messages."""
        line = self.line(*keys)
        return self.document.source if line is None else f"{self.document.source}:{line}"


def broken_rules(text: VendorText, known: Known, *, offline: bool) -> Iterator[Problem]:
    """Every rule that the file breaks, in no particular order."""
    yield from _hostile_values(text)
    yield from _missing_parts(text, offline)
    yield from _addresses(text)
    yield from _api_paths(text)
    yield from _local_paths(text, known)
    yield from _unknown_names(text, known)
    yield from _empty_claims(text)
    yield from _waivers(text)


def is_url(name: str) -> bool:
    """Whether a `spec` is meant as a web address and not as a path."""
    return "://" in name


def is_dialect_path(name: str, dialects: Collection[str]) -> bool:
    """Whether a `dialect` is meant as a path and not as a name."""
    return name not in dialects and ("/" in name or name.endswith((".yaml", ".yml", ".json")))


def local_file(name: str, folders: Sequence[Path]) -> Path:
    """The file that a path of the vendor file means, links followed, looked for in each folder in turn.

    Raises ValueError, in plain words, where it leads out of the folders or no file is there.
    """
    roots = [folder.resolve() for folder in folders]
    try:
        targets = [(root / name).resolve() for root in roots]
        inside = [target for target in targets if any(target.is_relative_to(root) for root in roots)]
        found = next((target for target in inside if target.is_file()), None)
    except (OSError, RuntimeError, ValueError):
        raise ValueError("it cannot be followed") from None
    if not inside:
        raise ValueError("it leads out of the vendor file's folder")
    if found is None:
        raise ValueError("there is no such file")
    return found


def _hostile_values(text: VendorText) -> Iterator[Problem]:
    """References outside credential fields, control characters, and numbers that no one can mean."""
    for keys, value in _everything(text.document.value):
        words = [key for key in keys[-1:] if isinstance(key, str)]
        if isinstance(value, str) and not _holds_secret(keys):
            words.append(value)
        if any(_unprintable(letter, keys) for word in words for letter in word):
            yield Problem(text.where(*keys), "this text holds a line break or control character", "remove it")
        if any("${" in word for word in words):
            problem = "${...} is read only in credential fields, in webhooks.secret and in tls.password"
            yield Problem(text.where(*keys), problem, "write the value itself")
        if isinstance(value, int | float) and not abs(value) < _LARGEST_NUMBER:
            yield Problem(text.where(*keys), "this number is too large, or is none", "write it in digits")


def _everything(root: Any) -> Iterator[tuple[Keys, Any]]:
    """Every value of a document with the keys that lead to it."""
    waiting: list[tuple[Keys, Any]] = [((), root)]
    while waiting:
        keys, value = waiting.pop()
        yield keys, value
        if isinstance(value, dict):
            waiting += [((*keys, key), member) for key, member in value.items()]
        elif isinstance(value, list):
            waiting += [((*keys, index), member) for index, member in enumerate(value)]


def _holds_secret(keys: Keys) -> bool:
    match keys:
        case ("credentials", _, field):
            return field in SECRET_FIELDS
        case ("credentials", _, "also", int(), "value"):
            return True
        case _:
            return keys in OTHER_SECRETS


def _unprintable(letter: str, keys: Keys) -> bool:
    """Whether a letter could forge a line or steer a terminal; prose and sample records may have line breaks."""
    if letter in "\n\t":
        return _PROSE.isdisjoint(keys)
    return ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in _BIDI_CONTROLS


def _missing_parts(text: VendorText, offline: bool) -> Iterator[Problem]:
    """An audit without a network can do without an address and a credential; any other needs both."""
    root = text.document.value
    if not isinstance(root, dict):
        return
    if "base_url" not in root and ("credentials" in root or not offline):
        problem = "base_url is missing: the address that all calls of the API begin with"
        yield Problem(text.where(), problem, "add it; only an --offline audit without credentials can do without")
    if "main" not in text.members("credentials") and not offline:
        problem = "credentials.main is missing: what lets the audit in"
        yield Problem(text.where("credentials"), problem, "for an API that is open to anyone write main: {type: none}")


def _addresses(text: VendorText) -> Iterator[Problem]:
    for keys in _address_places(text):
        yield from _unreadable(text, keys, parse_address)
    yield from _unreadable(text, ("webhooks", "bind"), parse_bind)
    base_url = text.text("base_url") or ""
    if "?" in base_url or "#" in base_url:
        yield Problem(text.where("base_url"), "base_url holds a ? or #", "leave out that part and what follows it")


def _address_places(text: VendorText) -> Iterator[tuple[str, ...]]:
    yield from (("base_url",), ("docs_url",), ("webhooks", "public_url"))
    yield from ((key,) for key in ("spec", "previous_spec") if is_url(text.text(key) or ""))
    yield from (
        ("credentials", role, field) for role in text.members("credentials") for field in ("token_url", "issuer", "url")
    )
    yield from (("claims", question, "evidence") for question in text.members("claims"))


def _unreadable(text: VendorText, keys: tuple[str, ...], parse: Callable[[str], object]) -> Iterator[Problem]:
    value = text.text(*keys)
    if value is None:
        return
    try:
        parse(value)
    except ValueError as error:
        yield Problem(text.where(*keys), f"{keys[-1]} cannot be used: {error}")


def _api_paths(text: VendorText) -> Iterator[Problem]:
    """Paths below base_url: they may not lead to another host, nor up."""
    places = [("resources", kind, "path") for kind in text.members("resources")]
    for keys in [*places, ("webhooks", "subscribe", "path")]:
        path = text.text(*keys)
        if path is not None and (not _API_PATH.fullmatch(path) or _leads_up(path)):
            problem = f"{quoted(path)} is no path of the API"
            yield Problem(text.where(*keys), problem, "write it as it follows base_url, such as /work-orders")


def _leads_up(path: str) -> bool:
    return ".." in re.split(r"[/\\]", unquote(path))


def _local_paths(text: VendorText, known: Known) -> Iterator[Problem]:
    for key, name in _path_places(text, known):
        try:
            local_file(name, text.folders)
        except ValueError as error:
            advice = "put it beside the vendor file or below, or name its folder on the command line"
            yield Problem(text.where(key), f"{key} {quoted(name)} cannot be read: {error}", advice)


def _path_places(text: VendorText, known: Known) -> Iterator[tuple[str, str]]:
    for key in ("spec", "previous_spec"):
        name = text.text(key)
        if name is not None and name != NO_SPEC and not is_url(name):
            yield key, name
    dialect = text.text("dialect")
    if dialect is not None and is_dialect_path(dialect, known.dialects):
        yield "dialect", dialect


def _unknown_names(text: VendorText, known: Known) -> Iterator[Problem]:
    dialect = text.text("dialect")
    if dialect is not None and not is_dialect_path(dialect, known.dialects):
        yield from _unknown(text, ("dialect",), "dialect", dialect, [AUTO_DIALECT, *known.dialects])
    for index, scenario in enumerate(text.items("scenarios")):
        yield from _unknown(text, ("scenarios", index), "scenario", scenario, known.scenarios)
    for question in text.members("claims"):
        yield from _unknown(text, ("claims", question), "question", question, known.questions)
    for index, waiver in enumerate(text.items("waivers")):
        if isinstance(waiver, dict):
            for kind, names in (("question", known.questions), ("flag", known.flags)):
                yield from _unknown(text, ("waivers", index, kind), kind, waiver.get(kind), names)


def _unknown(text: VendorText, keys: Keys, kind: str, word: Any, choices: Collection[str]) -> Iterator[Problem]:
    if not isinstance(word, str) or word in choices:
        return
    near = nearest(word, choices)
    names = ", ".join(choices) if len(choices) <= _MOST_NAMES_SHOWN else "those that `cmms-audit checks list` shows"
    advice = f"did you mean '{near}'?" if near else f"possible here: {names}"
    yield Problem(text.where(*keys), f"there is no {kind} {quoted(word)}", advice)


def _empty_claims(text: VendorText) -> Iterator[Problem]:
    for question, claim in text.members("claims").items():
        if isinstance(claim, dict) and "answer" not in claim and not claimed_numbers(claim):
            problem = "this claim says neither yes nor no, and gives no number"
            yield Problem(text.where("claims", question), problem, "add answer: yes, no or partly")


def claimed_numbers(claim: Mapping[str, Any]) -> dict[str, float]:
    """Every number given with a claim; one that stands deeper is named with dots ("reads.per_hour")."""
    return {
        ".".join(map(str, keys)): float(value)
        for keys, value in _everything(claim)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER
    }


def _waivers(text: VendorText) -> Iterator[Problem]:
    for index, waiver in enumerate(text.items("waivers")):
        if not isinstance(waiver, dict):
            continue
        if sum(kind in waiver for kind in WAIVER_KINDS) != 1:
            problem = "a waiver names one thing: a question, a flag or a fingerprint"
            yield Problem(text.where("waivers", index), problem, "write one waiver for each")


def quoted(word: str) -> str:
    """A word from the file for a message: in quotes, short, control characters written out."""
    return repr(word if len(word) <= _LONGEST_QUOTE else f"{word[:_LONGEST_QUOTE]}...")
