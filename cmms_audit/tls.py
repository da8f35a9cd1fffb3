"""A plant's own certificates: the authority that it trusts, and the certificate with which it shows who it is.

Which hosts see them is the wire's business: those that the vendor file names for the API and its logins, no others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from cmms_audit.errors import InputError
from cmms_audit.secrets import Secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

LARGEST_FILE = 1024 * 1024  # bytes


class TlsSettings(Struct, frozen=True):
    """Files in PEM form, as absolute paths. `key` is None where it stands in the file of `certificate`."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    password: Secret | None = None


class UnusableFileError(ValueError):
    """A file of the section tls that cannot be used: the key of the section, and why in plain words."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def equip(context: ssl.SSLContext, settings: TlsSettings) -> ssl.SSLContext:
    """Let a context trust the plant's authority besides those it trusts, and show the plant's certificate; return it.

    Raises InputError where a file cannot be used: it may have changed since the vendor file was read.
    """
    try:
        _trust(context, settings)
        _show(context, settings)
    except UnusableFileError as unusable:
        raise InputError(f"tls.{unusable.field} of the vendor file cannot be used: {unusable}") from None
    return context


def unusable_files(settings: TlsSettings) -> Iterator[UnusableFileError]:
    """Every file that cannot be used. Reads them all."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for load in (_trust, _show):
        try:
            load(context, settings)
        except UnusableFileError as unusable:
            yield unusable


def _trust(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.ca is not None:
        _add_certificates(context, _text(settings.ca, "ca"), "ca")


def _show(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.certificate is None:
        return
    import ssl

    certificate = _text(settings.certificate, "certificate")
    _add_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate, "certificate")
    field = "certificate" if settings.key is None else "key"
    key = certificate if settings.key is None else _text(settings.key, field)
    if "PRIVATE KEY-----" not in key:
        elsewhere = ", and tls.key names no other file for it" if settings.key is None else " (in PEM form)"
        raise UnusableFileError(field, f"it holds no private key{elsewhere}")
    if "ENCRYPTED" in key and settings.password is None:
        raise UnusableFileError(field, "the key is locked, and tls.password is missing")
    password = settings.password.reveal() if settings.password is not None else ""
    try:  # a password of our own in any case: OpenSSL would ask for one at the terminal
        context.load_cert_chain(settings.certificate, settings.key, password=lambda: password)
    except ssl.SSLError as error:
        raise UnusableFileError(field, _what_is_wrong(error, key)) from None
    except (OSError, ValueError):
        raise UnusableFileError(field, "it cannot be read") from None


def _what_is_wrong(error: ssl.SSLError, key: str) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not belong to the certificate"
    return "the key does not open with tls.password" if "ENCRYPTED" in key else "the private key is damaged"


def _add_certificates(context: ssl.SSLContext, text: str, field: str) -> None:
    import ssl

    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise UnusableFileError(field, "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from None


def _text(path: Path, field: str) -> str:
    """A PEM file; the letters around its blocks may be anything."""
    try:
        if not path.is_file():
            raise UnusableFileError(field, "there is no such file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError:
        raise UnusableFileError(field, "it cannot be read") from None
    if len(content) > LARGEST_FILE:
        raise UnusableFileError(field, f"it is larger than {LARGEST_FILE // 1024} KiB")
    return content.decode("ascii", "ignore")
