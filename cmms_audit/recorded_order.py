"""What was asked for, as it stands in the recording of an audit, and read back from there.

No secret is in it, and nothing of this machine: paths are those of the vendor file.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from cmms_audit.audit import Order
from cmms_audit.battery.check import Check
from cmms_audit.dialect import Dialect
from cmms_audit.errors import InputError
from cmms_audit.guide import Guide
from cmms_audit.model import Claim
from cmms_audit.permissions import Permissions
from cmms_audit.secrets import Secret
from cmms_audit.vendor import Allow, Budget, MappingNeed, ResourceHint, Vendor, Waiver, WebhookSettings
from cmms_audit.vendor_rules import NO_SPEC, is_url
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor

T = TypeVar("T")

_LARGEST_DOCUMENTS = 128 * 1024 * 1024  # bytes, all together
_PREVIOUS = Path("previous")  # keeps a document of the last release apart from the present one of the same name
_LEFT_OUT = ("path", "sha256", "credentials", "tls", "lines")  # of the machine, of the file itself, or secret


class UsedCredential(Struct, frozen=True):
    """All that is kept of a credential: its kind."""

    type: str


def order_members(order: Order, redactor: Redactor) -> dict[str, Any]:
    """An order as plain JSON values, without secrets."""
    vendor = order.vendor
    members = {name: getattr(vendor, name) for name in vendor.__struct_fields__ if name not in _LEFT_OUT}
    members["spec"] = as_named(vendor, vendor.spec)
    members["previous_spec"] = as_named(vendor, vendor.previous_spec) if vendor.previous_spec else None
    members["credentials"] = {role: credential.type for role, credential in vendor.credentials.items()}
    members["dialect"] = as_named(vendor, vendor.dialect)
    members["file"] = vendor.path.name
    asked = {
        "vendor": members,
        "permissions": order.permissions,
        "only": order.only,
        "skip": order.skip,
        "allow_hosts": sorted(order.allow_hosts),
    }
    plain: dict[str, Any] = without_secrets_in(msgspec.to_builtins(asked, enc_hook=_as_json), redactor)
    return plain


def recorded_order(
    recording: Recording, folder: Path, *, guide: Guide, checks: Sequence[Check], check_folders: Sequence[Path]
) -> Order:
    """The order of a recorded audit, to be judged again by a battery.

    The documents that it read are put into `folder`. Raises InputError where the recording does not hold an order, or
    not one that this version can read.
    """
    run, documents = recording.of_kind("run"), recording.of_kind("documents")
    if not run or not documents:
        raise InputError(f"{recording.path}: the run ended before it had read the documents; there is nothing to judge")
    asked = run[0]["order"]
    _demand_scenarios(asked["vendor"].get("scenarios", ()), guide)
    try:
        restore_documents(recording, folder)
        return Order(
            vendor=_vendor(asked["vendor"], run[0]["vendor_file_sha256"]),
            guide=guide,
            checks=checks,
            check_folders=check_folders,
            permissions=msgspec.convert(asked["permissions"], Permissions),
            only=tuple(asked["only"]),
            skip=tuple(asked["skip"]),
            spec_folders=(folder,),
            dialect=msgspec.convert(documents[-1]["dialect"], Dialect),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        _unreadable(recording, error)


def as_named(vendor: Vendor, name: str) -> str:
    """A document's address, or its path from the vendor file on: a report says nothing of this machine."""
    path = Path(name)
    if is_url(name) or not path.is_absolute():
        return name
    return path.relative_to(vendor.path.parent).as_posix() if path.is_relative_to(vendor.path.parent) else path.name


def restore_documents(recording: Recording, folder: Path) -> None:
    """Put the documents of a recording into a folder.

    Raises ValueError where one would lie outside of it, cannot be unpacked or written, or all of them are too large.
    """
    room = _LARGEST_DOCUMENTS
    for line in recording.of_kind("document"):
        place = (folder / _PREVIOUS if line["key"] == "previous_spec" else folder) / line["name"]
        if ".." in place.parts or not place.is_relative_to(folder):
            raise ValueError("a document of the recording would lie elsewhere")
        try:
            content = zlib.decompressobj().decompress(base64.b64decode(line["zlib_base64"]), room + 1)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except (zlib.error, OSError):
            raise ValueError("a document of the recording cannot be unpacked") from None
        room -= len(content)
        if room < 0:
            raise ValueError("the documents of the recording are too large")


def without_secrets_in(value: Any, redactor: Redactor) -> Any:
    """Plain JSON values with a mark for every secret in their texts; names and numbers stay as they are."""
    match value:
        case str():
            return redactor.text(value)
        case dict():
            return {key: without_secrets_in(member, redactor) for key, member in value.items()}
        case list() | tuple():
            return [without_secrets_in(member, redactor) for member in value]
        case _:
            return value


def _vendor(members: Mapping[str, Any], sha256: str) -> Vendor:
    """The vendor file as it was recorded: everything but its secrets."""

    def read(name: str, kind: type[T]) -> T:
        return msgspec.convert(members[name], kind)

    previous = members["previous_spec"]
    credentials: Any = {role: UsedCredential(kind) for role, kind in members["credentials"].items()}
    return Vendor(
        name=read("name", str),
        spec=read("spec", str),
        base_url=read("base_url", str),
        path=Path(members["file"]),
        sha256=sha256,
        credentials=credentials,
        scenarios=read("scenarios", tuple[str, ...]),
        product=members["product"] and read("product", str),
        previous_spec=previous if previous in (None, NO_SPEC) or is_url(previous) else str(_PREVIOUS / previous),
        docs_url=members["docs_url"] and read("docs_url", str),
        environment="sandbox" if members["environment"] == "sandbox" else "production",
        dialect=read("dialect", str),
        allow=read("allow", Allow),
        budget=read("budget", Budget),
        resources=read("resources", dict[str, ResourceHint]),
        webhooks=_webhooks(members["webhooks"]),
        volumes=read("volumes", dict[str, float]),
        claims=read("claims", dict[str, Claim]),
        mapping=read("mapping", tuple[MappingNeed, ...]),
        waivers=read("waivers", tuple[Waiver, ...]),
        warnings=read("warnings", tuple[str, ...]),
    )


def _demand_scenarios(names: Sequence[Any], guide: Guide) -> None:
    missing = next((str(name) for name in names if str(name) not in guide.scenarios), None)
    if missing is not None:
        raise InputError(f"there is no scenario {missing!r}, by which this audit was weighed; name its --profiles")


def _webhooks(members: Mapping[str, Any]) -> WebhookSettings:
    return WebhookSettings(**{name: value for name, value in members.items() if name != "secret"})


def _as_json(value: Any) -> Any:
    """What has no form in JSON of its own: paths and secrets by their names, other mappings as they are."""
    match value:
        case Path():
            return value.name
        case Secret():
            return value.reference
        case date():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case _:
            return list(value)


def _unreadable(recording: Recording, error: Exception) -> NoReturn:
    raise InputError(
        f"{recording.path}: it was written by another version, or is damaged, and cannot be judged again"
        f" ({type(error).__name__})"
    ) from None
