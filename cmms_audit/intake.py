"""What the vendor handed over, made ready for the checks: the document, the dialect it speaks, the resources in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.dialect import Dialect, detect, load_dialect
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
    from cmms_audit.wire.session import Session

INTAKE = "intake"
SAFE_SHARE = 0.8
LONGEST_PACED_WINDOW = 60  # seconds

# Most likely the user's slip, not the vendor's answer: a page about the API, or a file that holds no call to look at.
_WRONG_FILE = ("html-page", "postman", "edmx")


class Intake(Struct, frozen=True):
    """The document as read, the dialect, and the resources by kind; `previous` is what the last release published."""

    document: Spec | NotASpec
    dialect: Dialect
    resources: Mapping[str, Resource]
    previous: Spec | NotASpec | None = None

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
    vendor: Vendor, session: Session | None, *, spec_folders: Sequence[Path], dialect_folders: Sequence[Path]
) -> Intake:
    """Read what the vendor file names.

    `session` is None in an offline run; `spec_folders` are where a local document may lie, `dialect_folders` where
    dialects are looked for. Raises InputError where a local document is missing, unreadable or no API description, and
    where a remote one is named in an offline run.
    """
    document = await _document("spec", vendor.spec, session, spec_folders)
    previous = None
    if vendor.previous_spec not in (None, NO_SPEC):
        previous = await _document("previous_spec", vendor.previous_spec, session, spec_folders)
    dialect = _dialect(vendor, document, dialect_folders)
    given = {kind: hint.path for kind, hint in vendor.resources.items()}
    spec = document if isinstance(document, Spec) else cast(Spec, parse_spec(_NOTHING_DESCRIBED, "no document"))
    return Intake(document, dialect, find_resources(spec, dialect, given), previous)


async def proven_claims(claims: Mapping[str, Claim], session: Session | None) -> dict[str, Claim]:
    """The claims, each marked `proven` where the public page that it names could be read by anyone."""
    return {question: replace(claim, proven=await _is_public(claim, session)) for question, claim in claims.items()}


_NOTHING_DESCRIBED = '{"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}}'


async def _document(key: str, name: str, session: Session | None, folders: Sequence[Path]) -> Spec | NotASpec:
    """The document that the vendor file names under a key. Raises InputError where it cannot be used."""
    if name == NO_SPEC:
        return NotASpec("none", "the vendor publishes none")
    document = await _named_document(key, name, session, folders)
    if isinstance(document, NotASpec) and document.kind in _WRONG_FILE:
        way_out = "write `spec: none` to audit without one" if key == "spec" else f"leave {key} out"
        raise InputError(
            f"{key}: {name} is no API description: {document.says}; ask the vendor for the OpenAPI document"
            f" (a JSON or YAML file), or {way_out}"
        )
    return document


async def _named_document(key: str, name: str, session: Session | None, folders: Sequence[Path]) -> Spec | NotASpec:
    if not is_url(name):
        path = local_file(name, folders)
        return load_spec(path, root=path.parent)
    if session is None:
        raise InputError(
            f"{key}: {name} is on the network, and --offline reads nothing from there;"
            " download the document and name the file instead"
        )
    return await _fetched(name, session)


async def _fetched(url: str, session: Session) -> Spec | NotASpec:
    try:
        exchange = await session.fetch_document(url, owner=INTAKE)
    except CouldNotLook as why:
        return NotASpec("unreadable", f"the document at {url} could not be fetched: {why.summary}")
    if exchange.ok:
        return parse_spec(exchange.text, url)
    return NotASpec("unreadable", f"the address of the document is answered with status {exchange.status}")


def _dialect(vendor: Vendor, document: Spec | NotASpec, folders: Sequence[Path]) -> Dialect:
    if vendor.dialect != "auto":
        return load_dialect(vendor.dialect, folders)
    if isinstance(document, Spec):
        return detect(document, folders)
    return load_dialect("rest", folders)


async def _is_public(claim: Claim, session: Session | None) -> bool:
    if session is None or not claim.evidence_url:
        return False
    try:
        exchange = await session.fetch_document(claim.evidence_url, owner=INTAKE, with_main_if_refused=False)
    except CouldNotLook:
        return False
    return exchange.ok and not _is_closed(exchange)


def _is_closed(exchange: Exchange) -> bool:
    """Whether a page asks for a login, or for a name and address before it shows anything."""
    page = recognise_text(exchange.text)
    if page is not None and page.kind in ("login-page", "lead-form"):
        return True
    return re.search(r"<input[^>]{0,200}type\s*=\s*[\"']?password", exchange.text, re.IGNORECASE) is not None
