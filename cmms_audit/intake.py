"""What the vendor handed over, made ready for the checks: the document, the dialect it speaks, the resources in it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.dialect import BASE, Dialect, detect, load_dialect
from cmms_audit.documents import DEFAULT_LIMITS, read_bytes
from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Claim, Exchange
from cmms_audit.spec.index import Spec
from cmms_audit.spec.limits import StatedLimit, binding_limits
from cmms_audit.spec.load import NotASpec, load_spec, parse_spec
from cmms_audit.spec.recognise import recognise_text
from cmms_audit.spec.resources import Resource, find_resources
from cmms_audit.vendor import Vendor
from cmms_audit.vendor_rules import NO_SPEC, is_url, local_file

if TYPE_CHECKING:
    from cmms_audit.wire.dialogue import Dialogue
    from cmms_audit.wire.redact import Redactor

INTAKE = "intake"
SAFE_SHARE = 0.8
LONGEST_PACED_WINDOW = 60  # seconds

# Most likely the user's slip, not the vendor's answer: a page about the API, or a file that holds no call to look at.
_WRONG_FILE = ("html-page", "postman", "edmx")


class Intake(Struct, frozen=True):
    """The document as read, the dialect, and the resources by kind; `previous` is what the last release published.

    `local` has the files that were read, by their keys in the vendor file.
    """

    document: Spec | NotASpec
    dialect: Dialect
    resources: Mapping[str, Resource]
    previous: Spec | NotASpec | None = None
    local: Mapping[str, Path] = field(default_factory=dict)

    def documented_rate(self, requests: int) -> float | None:
        """The slowest steady rate, in calls a second, that the document asks of a run of so many requests.

        Only limits of a minute or less are a speed, and a limit that the whole run cannot reach slows nobody down.
        None where no limit binds.
        """
        short = [limit for limit in self._limits() if limit.window <= LONGEST_PACED_WINDOW]
        return min((limit.per_second for limit in short if limit.count * SAFE_SHARE < requests), default=None)

    def documented_stock(self) -> int | None:
        """How many requests the document's limits of more than a minute leave to a run; None where there are none."""
        stock = (limit.count * SAFE_SHARE for limit in self._limits() if limit.window > LONGEST_PACED_WINDOW)
        return min((int(count) for count in stock), default=None)

    def _limits(self) -> list[StatedLimit]:
        spec = self.document
        return list(binding_limits(spec)) if isinstance(spec, Spec) else []


async def take_in(
    vendor: Vendor,
    dialogue: Dialogue | None,
    *,
    spec_folders: Sequence[Path],
    dialect_folders: Sequence[Path],
    redactor: Redactor,
    dialect: Dialect | None = None,
) -> Intake:
    """Read what the vendor file names.

    `dialogue` is None in an offline run; `spec_folders` are where a local document may lie, `dialect_folders` where
    dialects are looked for, unless the `dialect` is known. Local documents are read without the secrets that `redactor`
    knows. Raises InputError where a local document is missing, unreadable or no API description, and where a remote one
    is named in an offline run.
    """
    reader = _Reader(dialogue, spec_folders, redactor)
    names = [("spec", vendor.spec)]
    if vendor.previous_spec is not None and vendor.previous_spec != NO_SPEC:
        names.append(("previous_spec", vendor.previous_spec))
    document, *before = await asyncio.gather(*(reader.document(key, name) for key, name in names))
    spoken = dialect or _dialect(vendor, document, dialect_folders)
    given = {kind: hint.path for kind, hint in vendor.resources.items()}
    if vendor.webhooks.subscribe_path is not None:
        given.setdefault("webhooks", vendor.webhooks.subscribe_path)
    spec = document if isinstance(document, Spec) else cast(Spec, parse_spec(_NOTHING_DESCRIBED, "no document"))
    return Intake(document, spoken, find_resources(spec, spoken, given), before[0] if before else None, reader.local)


async def proven_claims(claims: Mapping[str, Claim], dialogue: Dialogue | None) -> dict[str, Claim]:
    """The claims, each marked `proven` where the public page that it names could be read by anyone."""
    proven = await asyncio.gather(*(_is_public(claim, dialogue) for claim in claims.values()))
    return {
        question: replace(claim, proven=is_proven)
        for (question, claim), is_proven in zip(claims.items(), proven, strict=True)
    }


_NOTHING_DESCRIBED = '{"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}}'


class _Reader(Struct, frozen=True):
    """Reads the documents that a vendor file names, from the network or from its folders."""

    dialogue: Dialogue | None
    folders: Sequence[Path]
    redactor: Redactor
    local: dict[str, Path] = field(default_factory=dict)

    async def document(self, key: str, name: str) -> Spec | NotASpec:
        """The document under a key of the vendor file. Raises InputError where it cannot be used."""
        if name == NO_SPEC:
            return NotASpec("none", "the vendor publishes none")
        if is_url(name):
            return await self._fetched(key, name)
        document = self._local(key, name)
        if isinstance(document, NotASpec) and document.kind in _WRONG_FILE:
            way_out = "write `spec: none` to audit without one" if key == "spec" else f"leave {key} out"
            raise InputError(
                f"{key}: {name} is no API description: {document.says}; ask the vendor for the OpenAPI document"
                f" (a JSON or YAML file), or {way_out}"
            )
        return document

    def _local(self, key: str, name: str) -> Spec | NotASpec:
        try:
            path = self.local[key] = local_file(name, self.folders)
        except ValueError as error:
            raise InputError(f"{key}: {name}: {error}") from None
        if not self.redactor.knows_any:
            return load_spec(path, root=path.parent)
        data = read_bytes(path, DEFAULT_LIMITS)
        clean = without_secrets(data, self.redactor)
        return load_spec(path, root=path.parent) if clean == data else parse_spec(clean, str(path), root=path.parent)

    async def _fetched(self, key: str, url: str) -> Spec | NotASpec:
        if self.dialogue is None:
            raise InputError(
                f"{key}: {url} is on the network, and --offline reads nothing from there;"
                " download the document and name the file instead"
            )
        try:
            exchange = await self.dialogue.fetch_document(url, owner=INTAKE)
        except CouldNotLook as why:
            return NotASpec("unreadable", f"the document at {url} could not be fetched: {why.summary}")
        if exchange.ok:
            return _served(exchange, url)
        return NotASpec("unreadable", f"the address of the document is answered with status {exchange.status}")


def _served(exchange: Exchange, url: str) -> Spec | NotASpec:
    """What a vendor serves as its description; what cannot be read is his answer, and no slip of the user."""
    try:
        return parse_spec(exchange.text, url)
    except InputError as error:
        return NotASpec("unreadable", f"what is served as the description cannot be read: {error.problems[0]}")


def without_secrets(data: bytes, redactor: Redactor) -> bytes:
    """A local document as it is judged and recorded: as it is, unless it holds a secret of ours."""
    if not redactor.knows_any or not redactor.contains(data, in_doubt=True):
        return data
    return redactor.text(data.decode("utf-8", "replace")).encode("utf-8", "replace")


def _dialect(vendor: Vendor, document: Spec | NotASpec, folders: Sequence[Path]) -> Dialect:
    if vendor.dialect != "auto":
        return load_dialect(vendor.dialect, folders)
    if isinstance(document, Spec):
        return detect(document, folders)
    return load_dialect(BASE, folders)


async def _is_public(claim: Claim, dialogue: Dialogue | None) -> bool:
    if dialogue is None or not claim.evidence_url:
        return False
    try:
        exchange = await dialogue.fetch_document(claim.evidence_url, owner=INTAKE, with_main_if_refused=False)
    except CouldNotLook:
        return False
    return exchange.ok and not _is_closed(exchange)


def _is_closed(exchange: Exchange) -> bool:
    """Whether a page asks for a login, or for a name and address before it shows anything."""
    page = recognise_text(exchange.text)
    if page is not None and page.kind in ("login-page", "lead-form"):
        return True
    return re.search(r"<input[^>]{0,200}type\s*=\s*[\"']?password", exchange.text, re.IGNORECASE) is not None
